"""How many connections one address and one device may have."""

from __future__ import annotations

import pytest

from proxy_addons import crowd
from proxy_addons.crowd import Crowd, Place, admitting, plain
from proxy_addons.facts import Away


def come(there: Crowd, address: str = "10.0.7.2") -> Place:
    place = there.come(address)
    assert isinstance(place, Place)
    return place


@pytest.mark.evasion("S11")
def test_one_address_can_not_take_everybodys_place() -> None:
    there = Crowd()
    places = [come(there) for _ in range(crowd.PER_ADDRESS)]
    assert not any(place.full for place in places)
    beyond = [come(there) for _ in range(crowd.ROOM)]
    assert all(place.full for place in beyond)
    assert there.come("10.0.7.2") is Away.TOO_MANY
    for place in beyond:
        place.leave()
    others = come(there, "10.0.7.3")
    places.pop().leave()
    come(there).leave()
    others.leave()
    for place in places:
        place.leave()
        place.leave()
    assert len(there) == 0 and there.counts == ({}, {})


def test_one_device_can_not_take_all_of_its_groups_place() -> None:
    there = Crowd()
    places = [come(there) for _ in range(crowd.PER_KEY + crowd.ROOM + 1)]
    assert all(place.claim("Basic a") for place in places[:-1])
    assert [place.full for place in places] == [False] * crowd.PER_KEY + [True] * crowd.ROOM + [False]
    assert not places[-1].claim("Basic a")
    assert places[-1].claim("Basic b") and come(there).claim(None)
    places[0].leave()
    assert come(there).claim("Basic a")


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "no address"])
def test_nobody_comes_in_from_outside(address: str) -> None:
    assert Crowd().come(address) is Away.OUTSIDE


@pytest.mark.parametrize(
    ("address", "known"),
    [("::ffff:10.0.7.2", "10.0.7.2"), ("fe80::1%eth0", "fe80::1"), ("10.0.7.2", "10.0.7.2"), ("odd:", "odd:")],
)
def test_an_address_is_known_by_one_spelling(address: str, known: str) -> None:
    assert plain(address) == known


def test_a_school_may_have_addresses_of_the_whole_world_and_nobody_else() -> None:
    there = Crowd(("2001:4c3c:20::/64", "10.20.0.0/16"))
    come(there, "2001:4c3c:20::5")
    assert there.come("2001:4c3c:21::5") is Away.OUTSIDE
    assert Crowd().come("2001:4c3c:20::5") is Away.OUTSIDE
    admits = admitting(("2001:4c3c:20::/64", "145.1.0.0/16"))
    assert all(map(admits, ("2001:4c3c:20::5", "::ffff:145.1.2.3", "::ffff:10.0.0.1", "fe80::1%wire")))
    assert not any(map(admits, ("8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1", "", "geen adres")))
