"""Services: an opened site works, a closed one does not half work, and one film is one film."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical
from policy.authority import Refusal, may_grant
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Agreement,
    Decision,
    Effect,
    Facet,
    Grant,
    LiftableBy,
    Reason,
    Search,
    Snapshot,
)
from policy.services import Place, Service, Services
from tests.cast import ANJA, CHAT, KNOWLEDGE, LESSON, RULES, VIDEO, at, grant, pupil, rule, with_rules, with_state

SERVICES = KNOWLEDGE.services
TALK = rule("talk", facet=Facet.ACTION, actions=frozenset({Action.CHAT, Action.LIVE, Action.POST}))
# Without the rule that nobody may lift chatting.
SCHOOL = with_rules(*(one for one in RULES if one is not CHAT), TALK)
VIEW = frozenset({Facet.PLACE})


def school(*grants: Grant, **changes: object) -> Snapshot:

    return replace(SCHOOL, state=replace(SCHOOL.state, grants=grants, **changes))


def answer(
    url: str, snapshot: Snapshot = SCHOOL, action: Action = Action.VISIT, *, navigation: bool = True, who=None
) -> Decision:
    address = canonical(url)
    assert address is not None
    hosts = (address.host,)
    return decide(AccessRequest(action, who or pupil(), hosts, address, navigation=navigation), snapshot, LESSON)


@pytest.mark.parametrize("host", ["film.com", "www.film.com", "fi.lm", "eu.filmcdn.com"])
def test_a_closed_site_is_closed_with_all_its_hosts(host: str) -> None:
    assert answer(f"https://{host}/").effect is Effect.DENY


@pytest.mark.parametrize("host", ["film.com", "m.film.com", "fi.lm", "eu.filmcdn.com", "cdn.shared.net"])
def test_an_opened_site_works_with_all_that_it_needs(host: str) -> None:
    closed = rule("shared", facet=Facet.PLACE, sites=("shared.net",))

    opened = school(grant(sites=("film.com",)))
    opened = replace(opened, policy=replace(opened.policy, rules=(*opened.policy.rules, closed)))
    assert answer(f"https://{host}/", opened, navigation=False).effect is Effect.ALLOW


def test_what_a_site_shares_with_others_is_not_closed_with_it() -> None:
    closed = with_rules(*RULES, rule("film", facet=Facet.PLACE, sites=("film.com",)))
    assert answer("https://eu.filmcdn.com/", closed).effect is Effect.DENY
    assert answer("https://cdn.shared.net/", closed).effect is Effect.ALLOW


def test_a_site_that_is_only_its_www_name_is_meant_with_all_of_it() -> None:
    mail = Services((Service("mail", "Mail", "mail", ("www.mail.com",), ("cdn.mail.com",), ("shared.net",)),))
    assert mail.closed(("www.mail.com",)) == ("www.mail.com", "cdn.mail.com")
    assert mail.widened(("www.mail.com",)) == ("www.mail.com", "cdn.mail.com", "shared.net")
    assert mail.closed(("mail.com",)) == ("mail.com",)


def test_a_corner_of_a_site_opens_that_corner_and_what_carries_it() -> None:
    opened = school(grant(sites=("music.film.com",)))
    assert answer("https://music.film.com/", opened).effect is Effect.ALLOW
    assert answer("https://eu.filmcdn.com/", opened).effect is Effect.ALLOW
    assert answer("https://film.com/", opened).effect is Effect.DENY


def test_an_agreed_site_works_within_the_agreement() -> None:
    agreed = Agreement("a", at("08:45"), at("09:30"), groups=frozenset({"7"}), sites=("film.com",))
    inside = school(grant(sites=("film.com",), start=at("08:30")), agreements=(agreed,))
    assert answer("https://eu.filmcdn.com/x", inside).effect is Effect.ALLOW
    assert answer("https://leren.nl/", inside).reason is Reason.AGREEMENT


@pytest.mark.parametrize(
    ("url", "asked", "reason"),
    [
        ("https://film.com/live_chat?v=1", Action.VISIT, Reason.CHAT),
        ("https://film.com//live%5Fchat/x", Action.VISIT, Reason.CHAT),
        ("https://film.com/comment", Action.SUBMIT, Reason.POST),
        ("https://film.com/@school/live", Action.VISIT, Reason.LIVE),
    ],
)
def test_talk_on_a_site_that_may_be_looked_at_stays_closed(url: str, asked: Action, reason: Reason) -> None:
    looking = school(grant(sites=("film.com",), facets=VIEW))
    assert answer(url, looking, asked).reason is reason
    assert answer(url, school(grant(sites=("film.com",))), asked).effect is Effect.ALLOW


@pytest.mark.parametrize(
    "url", ["https://film.com/live_chats", "https://film.com/comment", "https://film.com/@a/lives"]
)
def test_a_page_that_only_looks_like_talk_is_a_page(url: str) -> None:
    assert answer(url, school(grant(sites=("film.com",), facets=VIEW))).effect is Effect.ALLOW


def test_a_photo_that_is_sent_in_a_chat_is_both() -> None:
    upload = rule("photos", facet=Facet.ACTION, actions=frozenset({Action.UPLOAD}))

    base = school(grant(sites=("film.com",), facets=VIEW))
    for rules in ((VIDEO, TALK), (VIDEO, upload)):
        closed = replace(base, policy=replace(base.policy, rules=rules))
        assert answer("https://film.com/live_chat", closed, Action.UPLOAD).effect is Effect.DENY


# --- one single item --------------------


ITEM = grant(items=("film:abc",))


@pytest.mark.parametrize("url", ["https://film.com/watch?v=abc&t=1", "https://fi.lm/abc", "https://film.com/embed/abc"])
def test_an_item_is_known_by_all_its_addresses(url: str) -> None:
    assert SERVICES.item(canonical(url)) == "film:abc"


@pytest.mark.parametrize("url", ["https://film.com/", "https://film.com/watch", "https://film.com/watch?v=a&v=b"])
def test_what_is_no_single_item_is_none(url: str) -> None:
    assert SERVICES.item(canonical(url)) is None


def test_a_permission_for_one_film_is_for_that_film_by_itself() -> None:
    opened = school(ITEM)
    assert answer("https://film.com/embed/abc?start=3", opened).effect is Effect.ALLOW
    assert answer("https://film.com/embed/xyz", opened).effect is Effect.DENY
    assert answer("https://film.com/", opened).effect is Effect.DENY
    assert answer("https://film.com/comment", opened, Action.SUBMIT, navigation=False).effect is Effect.DENY
    assert answer("https://film.com/embed/abc", opened, who=pupil("bo", "8")).effect is Effect.DENY


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("https://film.com/embed/abc?start=3&autoplay=1", True),
        ("https://film.com/embed/abc?playlist=xyz", False),
        ("https://film.com/embed/abc?list=PL1", False),
        ("https://film.com/embed/abc/", True),
        ("https://film.com/embed/abc/comments", False),
        ("https://film.com/embed/abc%2F..%2Fxyz", False),
        ("https://chat.film.com/embed/abc", False),
    ],
)
def test_nothing_rides_along_with_a_permitted_film(url: str, opened: bool) -> None:
    assert answer(url, school(ITEM)).open is opened


def test_a_permitted_film_may_be_seen_and_nothing_sent_to_it() -> None:
    address = canonical("https://film.com/embed/abc")
    for changes in ({"action": Action.SUBMIT}, {"action": Action.UPLOAD}, {"websocket": True}):
        request = replace(AccessRequest(Action.VISIT, pupil(), ("film.com",), address), **changes)
        assert not decide(request, school(ITEM), LESSON).open


def test_the_answer_about_a_film_holds_until_its_permission_begins_or_ends() -> None:
    ends, begins = replace(ITEM, end=at("09:05")), replace(ITEM, start=at("09:05"))
    assert answer("https://film.com/watch?v=abc", school(ends)).valid_until == at("09:05")
    assert answer("https://film.com/watch?v=abc", school(begins)).valid_until == at("09:05")


def test_a_permission_is_for_acting_at_its_site_and_not_at_what_that_shares() -> None:
    given = school(grant(sites=("film.com",)))
    address = canonical("https://cdn.shared.net/live_chat")
    request = AccessRequest(Action.CHAT, pupil(), ("cdn.shared.net",), address, navigation=False)
    assert decide(request, given, LESSON).reason is Reason.CHAT


def test_a_rule_for_one_site_leaves_the_services_other_sites_alone() -> None:
    closed = with_rules(rule("film", facet=Facet.PLACE, sites=("fi.lm",)))
    assert answer("https://fi.lm/abc", closed).effect is Effect.DENY
    assert answer("https://eu.filmcdn.com/", closed).effect is Effect.DENY
    assert answer("https://film.com/", closed).effect is Effect.ALLOW


def test_talk_through_a_relay_is_talk() -> None:
    looking = school(grant(sites=("film.com",), facets=VIEW))
    assert answer("https://translate.google.nl/translate?u=https://film.com/", looking).effect is Effect.ALLOW
    assert answer("https://translate.google.nl/translate?u=https://film.com/live_chat", looking).reason is Reason.CHAT


@pytest.mark.parametrize(
    "wish",
    [
        {"items": ("nope:abc",)},
        {"items": ("film:",)},
        {"items": (":",)},
        {"items": ("film:" + "a" * 5000,)},
        {"categories": frozenset({"nonsense"})},
        {"sites": ("com",)},
        {"sites": ("github.io",)},
        {"sites": ("Film.COM",)},
        {"sites": ("",)},
    ],
)
def test_a_wish_for_what_does_not_exist_is_refused(wish: dict[str, object]) -> None:
    assert may_grant(ANJA, grant(**wish), SCHOOL, LESSON).reason is Refusal.NOTHING


def test_the_film_gets_what_it_needs_in_the_background_only() -> None:
    opened = school(ITEM)
    for url in ("https://eu.filmcdn.com/part1", "https://film.com/player/7.js", "https://cdn.shared.net/a.css"):
        assert answer(url, opened, navigation=False).effect is Effect.ALLOW
    assert answer("https://eu.filmcdn.com/part1", opened).effect is Effect.DENY
    assert answer("https://film.com/suggestions", opened, navigation=False).effect is Effect.DENY


def test_the_films_page_with_everything_around_it_leads_to_the_film_alone() -> None:
    decision = answer("https://film.com/watch?v=abc", school(ITEM))
    assert (decision.effect, decision.instead) == (Effect.DENY, "https://film.com/embed/abc")
    assert answer("https://film.com/watch?v=xyz", school(ITEM)).instead is None
    assert answer("https://film.com/watch?v=abc", SCHOOL).instead is None
    assert answer("https://film.com/watch?v=abc", school(ITEM), navigation=False).instead is None
    assert answer("https://film.com/watch?v=abc", school(ITEM), who=pupil("bo", "8")).instead is None


def test_a_film_that_stays_closed_leads_nowhere() -> None:

    late = replace(ITEM, end=at("08:50"))
    assert answer("https://film.com/embed/abc", school(late)).instead is None


def test_a_teacher_may_permit_one_film_where_the_site_may_be_opened() -> None:
    verdict = may_grant(ANJA, ITEM, SCHOOL, LESSON)
    assert verdict.allowed
    assert verdict.grant is not None and verdict.grant.items == ("film:abc",)
    locked = with_rules(
        rule("video", facet=Facet.PLACE, categories=frozenset({"video"}), liftable_by=LiftableBy.MANAGEMENT)
    )
    assert may_grant(ANJA, ITEM, locked, LESSON).reason is Refusal.NOT_LIFTABLE


def test_a_permission_for_one_film_lifts_no_words() -> None:

    item = grant(items=("film:abc",), facets=frozenset(Facet))
    address = canonical("https://zoek.nl/s?q=kut")
    request = AccessRequest(Action.SEARCH, pupil(), ("zoek.nl",), address, search=Search("zoek", "kut"))
    assert decide(request, with_state(grants=(item,)), LESSON).reason is Reason.WORDS


@pytest.mark.property
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_address_makes_a_service_fail(path: str, query: str) -> None:
    address = canonical(f"https://film.com/{path}?{query}")
    if address is not None:
        SERVICES.item(address)
        SERVICES.action(address, sending=True)
        SERVICES.needs("film:abc", address.host, address, navigation=False)


@pytest.mark.parametrize(
    ("pattern", "path", "item"),
    [
        ("/p/{item}", "/p/abc", "abc"),
        ("/p/{item}", "/p/abc/", "abc"),
        ("/p/{item}", "/p/abc/def", None),
        ("/p/{item}", "/p/abc%2Fdef", None),
        ("/p/{item}", "/people/abc", None),
        ("/@*/video/{item}", "/@jan/video/12", "12"),
        ("/@*/video/{item}", "/jan/video/12", None),
        ("/", "/anything", ""),
        ("/a.b", "/aXb", None),
    ],
)
def test_a_path_is_meant_by_whole_segments(pattern: str, path: str, item: str | None) -> None:
    assert Place(paths=(pattern,)).item(canonical(f"https://film.com{path}")) == item
