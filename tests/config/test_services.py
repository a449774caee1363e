"""The services that come with the product: whole, consistent, and working in the lesson they are opened for."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from config.factory import category_names, factory_files
from config.load import factory_policy, knowledge
from policy.address import canonical, canonical_host, known_suffix
from policy.decide import decide
from policy.model import FOREVER, AccessRequest, Action, Grant, Principal, Role, Snapshot, State, Strength

KNOWN = knowledge()
SERVICES = KNOWN.services.services
IDS = [service.id for service in SERVICES]


def test_every_service_is_there_once_and_in_a_category():
    assert [one for one, times in Counter(IDS).items() if times > 1] == []
    assert {service.category for service in SERVICES} <= category_names()
    assert all(service.sites for service in SERVICES)


@pytest.mark.parametrize("service", SERVICES, ids=IDS)
def test_every_host_of_a_service_is_canonical_and_somebodys(service):
    names = [*service.own, *service.shared, *(h for _, place in service.actions for h in place.hosts)]
    names += [host for place in (*service.items, *service.player) for host in place.hosts]
    assert [name for name in names if canonical_host(name) != name or not known_suffix(name)] == []
    assert set(service.own).isdisjoint(service.shared)


@pytest.mark.parametrize("service", SERVICES, ids=IDS)
def test_a_service_is_in_its_category_with_all_its_own_hosts(service):
    for host in service.own:
        assert service.category in KNOWN.categories.categories(host), host


@pytest.mark.parametrize("service", SERVICES, ids=IDS)
def test_every_path_and_place_of_a_service_can_be_met(service):
    for place in (*(place for _, place in service.actions), *service.items, *service.player):
        assert place.hosts or place.paths or place.query, service.id
        for path in place.paths:
            assert path.startswith("/"), path
            host = place.hosts[0] if place.hosts else service.sites[0]
            made = path.replace("{item}", "abc123").replace("*", "x")
            query = f"?{place.query}=abc123" if place.query else ""
            address = canonical(f"https://{host}{made}{query}")
            assert address is not None and place.holds(address), path


@pytest.mark.parametrize("service", [one for one in SERVICES if one.items], ids=lambda one: one.id)
def test_a_single_item_is_known_again(service):
    for place in service.items:
        host = place.hosts[0] if place.hosts else service.sites[0]
        for path in place.paths or ("/",):
            query = f"?{place.query}=abc123" if place.query else ""
            address = canonical(f"https://{host}{path.replace('{item}', 'abc123').replace('*', 'x')}{query}")
            if service.action(address, sending=False) is None:  # where one talks is no item
                assert KNOWN.services.item(address) == f"{service.id}:abc123", path


@pytest.mark.parametrize("service", [one for one in SERVICES if one.alone], ids=lambda one: one.id)
def test_an_item_by_itself_is_an_address_of_that_item(service):
    assert re.search(r"\{item\}", service.alone)
    alone = service.alone_at("abc123")
    assert alone is not None
    assert KNOWN.services.item(alone) == f"{service.id}:abc123"


@pytest.mark.parametrize("service", [one for one in SERVICES if one.alone], ids=lambda one: one.id)
def test_where_a_permitted_item_leads_to_is_open(service):
    now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    who = Principal(Role.PUPIL, groups=("7",), strength=Strength.GROUP)
    grant = Grant("g", now, FOREVER, Role.MANAGEMENT, groups=frozenset({"7"}), items=(f"{service.id}:abc123",))
    school = Snapshot(0, "s", factory_policy(), KNOWN, state=State(grants=(grant,)))
    for place in service.items:
        host = place.hosts[0] if place.hosts else service.sites[0]
        for path in place.paths or ("/",):
            query = f"?{place.query}=abc123" if place.query else ""
            address = canonical(f"https://{host}{path.replace('{item}', 'abc123').replace('*', 'x')}{query}")
            asked = decide(AccessRequest(Action.VISIT, who, (address.host,), address), school, now)
            if asked.instead is not None:
                alone = canonical(asked.instead)
                assert decide(AccessRequest(Action.VISIT, who, (alone.host,), alone), school, now).open, asked.instead


@pytest.mark.parametrize(
    ("url", "sending", "action"),
    [
        ("https://www.instagram.com/direct/inbox/", False, Action.CHAT),
        ("https://www.youtube.com/live_chat?v=1", False, Action.CHAT),
        ("https://www.youtube.com/watch?v=1", False, None),
        ("https://www.instagram.com/natgeo/", False, None),
    ],
)
def test_talk_on_a_well_known_site_is_told(url, sending, action):
    assert KNOWN.services.action(canonical(url), sending=sending) is action


def test_a_wrong_word_in_a_services_file_is_told():
    for document in factory_files("services"):
        assert set(document.value) == {"services"}, document.file
