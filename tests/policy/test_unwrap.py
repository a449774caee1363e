"""Addresses inside addresses: a closed site stays closed however its address is wrapped."""

from __future__ import annotations

import json
import os
from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import knowledge
from policy.address import canonical
from policy.decide import decide
from policy.model import AccessRequest, Action, Care, Effect, Facet, Reason
from policy.unwrap import MAX_DEPTH, look_inside
from tests.cast import KNOWLEDGE, LESSON, SNAPSHOT, grant, pupil, rule, with_rules, with_state

RELAYS = KNOWLEDGE.relays
DATA = os.environ.get("KLASWACHT_TEST_DATA")


def plain(text: str) -> str:
    return text


def percent(text: str) -> str:
    return quote(text, safe="")


def twice_percent(text: str) -> str:
    return percent(percent(text))


def base64(text: str) -> str:
    return percent(b64encode(text.encode()).decode())


def base64url(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def reversed_(text: str) -> str:
    return percent(text[::-1])


def every_second(text: str) -> str:
    """As service-worker proxies write it."""
    return percent("".join(chr(ord(char) ^ 2) if place % 2 else char for place, char in enumerate(text)))


def xored(text: str) -> str:
    return percent("".join(chr(ord(char) ^ 21) for char in text))


def hexadecimal(text: str) -> str:
    return text.encode().hex()


def base32(text: str) -> str:
    return b32encode(text.encode()).decode().rstrip("=").lower()


def turned(places: int) -> Callable[[str], str]:
    """Every letter some places on, as the emperor wrote."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    there = letters[places:] + letters[:places]
    table = str.maketrans(letters + letters.upper(), there + there.upper())
    return lambda text: percent(text.translate(table))


WAYS = (
    *(plain, percent, twice_percent, base64, base64url, reversed_, every_second, xored, hexadecimal, base32),
    *(turned(places) for places in (1, 3, 13, 25)),
)
# Under these a name by itself, without `https://`, can be told as well.
NAME_WAYS = (plain, percent, twice_percent, base64, base64url, reversed_, every_second, hexadecimal, turned(13))
PLACES = (
    "https://relay.example/service/{}",
    "https://relay.example/a/b/{}",
    "https://relay.example/p?url={}",
    "https://relay.example/p?a=b&x={}&c=d",
    "https://relay.example/p?{}",
    "http://1.2.3.4/{}",
)
CLOSED = ("https://social.com/app", "http://www.x.com", "https://games.com:443/play?level=2", "https://sub.chat.com/")


def asked(url: str, **changes: object) -> AccessRequest:
    address = canonical(url)
    assert address is not None
    return AccessRequest(Action.VISIT, pupil(), (address.host,), address, **changes)


def answer(url: str, school=SNAPSHOT):
    return decide(asked(url), school, LESSON)


def inside(url: str) -> list[str]:
    address = canonical(url)
    assert address is not None
    return [one.address.host for one in look_inside(address, RELAYS).found]


@pytest.mark.evasion("E03")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("closed", CLOSED)
def test_a_closed_site_is_closed_in_every_relay(closed: str, way, place: str) -> None:
    decision = answer(place.format(way(closed)))
    assert decision.effect is Effect.DENY, (closed, way, place)


@pytest.mark.evasion("E03")
@pytest.mark.parametrize("way", NAME_WAYS)
def test_a_name_without_http_is_seen_too(way) -> None:
    assert answer(f"https://relay.example/go/{way('www.social.com')}").effect is Effect.DENY
    assert answer(f"https://relay.example/go?site={way('social.com/app')}").effect is Effect.DENY


@pytest.mark.evasion("E03")
@pytest.mark.property
@given(
    st.sampled_from(CLOSED),
    st.lists(st.sampled_from(WAYS), min_size=1, max_size=4),
    st.sampled_from(PLACES),
    st.text("abcdefgh0123456789", max_size=12),
)
def test_a_closed_site_is_closed_in_relays_inside_relays(closed: str, ways, place: str, pad: str) -> None:
    text = closed
    for depth, way in enumerate(ways):
        text = way(text)
        if depth < len(ways) - 1:
            text = f"https://mirror{depth}.example/{pad}?to={text}"
    assert answer(place.format(text)).effect is Effect.DENY


@pytest.mark.evasion("E03")
@pytest.mark.parametrize(
    "rest",
    [
        "u=%20social.com",
        "u=+www.social.com",
        'u="social.com"',
        "u=(social.com)",
        "u=[%22social.com%22]",
        "u=%7B%22host%22%3A%22social.com%22%7D",
        "u=a|social.com",
        "u=x,social.com",
        "u=jan@social.com/x",
        "u=%5C%5Csocial.com/x",
        "u=//social.com/x",
        "u=https:/social.com",
        "u=https:social.com",
        "u=https:%5C%5Csocial.com",
        "u=HTTPS://SoCiAl.CoM",
        "u=soc%09ial.com",
        "u=ｓｏｃｉａｌ.com",
        "u=social。com",
        "u=https://" + "a" * 1500 + "@social.com/",
        "u=_aHR0cHM6Ly9zb2NpYWwuY29tLw_",
        "u=a1aHR0cHM6Ly9zb2NpYWwuY29tLw",
        "u=v1.aHR0cHM6Ly9zb2NpYWwuY29tLw",
        "u=aHR0cHM6%0ALy9zb2NpYWwuY29tLw",
        "u=aHR0cHM6%20Ly9zb2NpYWwuY29tLw==",
        "u=aAB0AHQAcABzADoALwAvAHMAbwBjAGkAYQBsAC4AYwBvAG0ALwA",
        "u=uggcf%3A%2F%2Ffbpvny.pbz%2F",
        "u=eC5jb20",
        "u=iuuq://a.nl/kwwsv://vrfldo.frp/",
        "q=view-source:https://social.com",
        "q=%20https://social.com",
        "q=ahttps://social.com",
        "q=//social.com/",
        "q=moc.laicos//:sptth",
        f"q={every_second('https://social.com/')}",
        "q=68747470733a2f2f736f6369616c2e636f6d",
        "ref=https://social.com/",
    ],
)
def test_no_neighbour_and_no_disguise_hides_an_address(rest: str) -> None:
    assert answer(f"https://relay.example/p?{rest}").effect is Effect.DENY


@pytest.mark.evasion("E03")
@pytest.mark.parametrize("path", ["/aHR0/cHM6/Ly9zb2NpYWwuY29tLw", "/x/_aHR0cHM6Ly9zb2NpYWwuY29tLw", "/a;social.com"])
def test_no_disguise_in_a_path_hides_an_address(path: str) -> None:
    assert answer(f"https://relay.example{path}").effect is Effect.DENY


@pytest.mark.parametrize(
    "url",
    [
        "https://relay.example/?utm_source=social.com",
        "https://relay.example/?via=social.com",
        "https://leren.nl/wiki/Social.com",
        "https://leren.nl/?url=https://social.com/",
        "https://relay.example/?q=social.com",
        "https://relay.example/?login_hint=leerling@social.com&x=1",
        "https://relay.example/user/jan@social.com",
        "https://relay.example/?email=jan%40social.com",
    ],
)
def test_where_somebody_came_from_and_what_is_written_about_is_not_fetched(url: str) -> None:
    assert answer(url).effect is Effect.ALLOW


@pytest.mark.evasion("E08")
def test_an_address_without_a_name_inside_another_is_one() -> None:
    bare = rule("bare", facet=Facet.PLACE, categories=frozenset({"bare-ip"}))
    school = with_rules(bare)
    assert answer("https://relay.example/?u=http://0x7f000001/", school).category == "bare-ip"
    assert answer("https://relay.example/jquery/3.6.0.1/x.js", school).effect is Effect.ALLOW


def test_what_a_free_host_calls_itself_is_no_search_engine() -> None:
    assert answer("https://google.github.io/search?q=https://social.com/").effect is Effect.DENY


@pytest.mark.evasion("E04")
def test_a_name_that_cannot_be_read_in_a_relays_own_is_closed() -> None:
    assert answer("https://onleesbaar.translate.goog/").reason is Reason.UNREADABLE


def test_of_a_name_inside_only_the_site_is_told() -> None:
    decision = answer("https://relay.example/?u=https://sanne-heeft-een-geheim.social.com/")
    assert decision.host == "social.com"


@pytest.mark.evasion("E04")
def test_deeper_than_anybody_writes_is_closed_as_unreadable() -> None:
    text = "https://leren.nl/"
    for _ in range(MAX_DEPTH + 3):
        text = b64encode(text.encode()).decode().rstrip("=")
    decision = answer(f"https://relay.example/?u={text}")
    assert (decision.effect, decision.reason) == (Effect.DENY, Reason.UNREADABLE)


def test_long_work_on_a_learning_site_is_not_taken_for_packing() -> None:
    drawing = b64encode(b'{"x": 1, "y": "https://leren.nl/"}' * 2000).decode()
    assert answer(f"https://leren.nl/teken?d={percent(drawing)}").effect is Effect.ALLOW


@pytest.mark.evasion("E04")
def test_more_percent_signs_than_anybody_writes_are_unreadable() -> None:
    text = "https://leren.nl/"
    for _ in range(20):
        text = percent(text)
    assert answer(f"https://relay.example/?u={text}").reason is Reason.UNREADABLE


@pytest.mark.evasion("E04")
def test_padding_does_not_hide_what_stands_behind_it() -> None:
    padding = "&".join(f"field{n}=abcdefghijklmnop{n}" for n in range(4000))
    assert answer(f"https://relay.example/?{padding}&u=https://social.com/").effect is Effect.DENY
    many = "&".join(f"u{n}=https://site{n}.example/" for n in range(200))
    assert answer(f"https://relay.example/?{many}&u=https://social.com/").effect is Effect.DENY


@pytest.mark.evasion("E04", "S09")
@pytest.mark.parametrize(
    "url",
    [
        "https://relay.example/" + "%25" * 20_000 + "41",
        "https://relay.example/?" + "https:" * 20_000,
        "https://relay.example/?" + "hvtrs8" * 10_000,
        "https://relay.example/?" + "//:sptth" * 10_000,
        "https://relay.example/" + "a." * 40_000,
        "https://relay.example/" + "aHR0c" * 20_000,
        "https://relay.example/?" + "&".join(f"a{n}=aHR0cHM6Ly9hLm5sLw" for n in range(8000)),
    ],
)
def test_no_address_is_slow_to_look_into(url: str) -> None:
    started = perf_counter()
    answer(url)
    assert perf_counter() - started < 5


def test_the_inner_site_is_what_the_answer_is_about() -> None:
    decision = answer("https://translate.google.nl/translate?sl=en&tl=nl&u=https://social.com/")
    assert (decision.effect, decision.host, decision.category) == (Effect.DENY, "social.com", "social")
    assert any("inside, by translate: social.com" in step.detail for step in decision.trace)


def test_a_permission_for_the_inner_site_opens_it_through_a_relay() -> None:
    url = "https://translate.google.nl/translate?u=https://social.com/"
    assert answer(url, with_state(grants=(grant(sites=("social.com",)),))).effect is Effect.ALLOW


@pytest.mark.evasion("E04")
def test_an_open_site_is_open_through_a_relay() -> None:
    assert answer("https://leren-nl.translate.goog/les?_x_tr_sl=nl").effect is Effect.ALLOW
    assert answer("https://archive.org/web/2020/https://leren.nl/").effect is Effect.ALLOW


@pytest.mark.evasion("E03")
@pytest.mark.parametrize("closed", ["https://adult.com/", "https://vpn.com/get"])
def test_the_safety_floor_holds_inside_a_relay_for_everybody(closed: str) -> None:
    decision = answer(f"https://relay.example/?u={base64(closed)}")
    assert (decision.reason, decision.host) == (Reason.LOCKED, canonical(closed).host)


@pytest.mark.evasion("E04")
def test_known_relays_are_told_by_their_form() -> None:
    assert inside("https://translate.google.co.uk/x?u=social.com") == ["social.com"]
    assert inside("https://nl-social-com.translate.goog/a/b") == ["nl.social.com"]
    assert inside("https://k-com.translate.goog/?_x_tr_hp=tikto") == ["tiktok.com"]
    assert inside("https://my--site-com.translate.goog/") == ["my-site.com"]
    assert inside("https://archive.org/web/2019/http://social.com/a?b=c") == ["social.com"]
    assert inside("https://translate.google.nope/x?a=b") == []


@pytest.mark.evasion("E04")
def test_a_site_written_before_the_name_of_another_is_seen() -> None:
    assert "social.com" in inside("https://social.com.relay.example/")
    assert "www.social.com" in inside("https://www.social.com.cdn.relay.example/x")
    assert "www.social.com" in inside("https://www-social-com.relay.example/")
    assert answer("https://social.com.cdn.relay.example/").effect is Effect.DENY
    assert answer("https://app.leren.nl/").effect is Effect.ALLOW


@pytest.mark.evasion("E04")
def test_a_relay_inside_a_relay_is_unwrapped() -> None:
    assert "www.social.com" in inside("https://archive.org/web/2019/https://www-social-com.translate.goog/")


@pytest.mark.parametrize(
    "url",
    [
        "https://zoek.nl/s?q=social.com",
        "https://www.google.nl/search?q=https%3A%2F%2Fsocial.com&sourceid=chrome",
        "https://onbekend.example/zoeken?q=social.com",
    ],
)
def test_a_site_that_is_searched_for_is_a_word_and_no_relay(url: str) -> None:
    assert answer(url).effect is Effect.ALLOW


@pytest.mark.evasion("E03")
def test_a_whole_address_in_the_search_field_of_an_unlisted_site_is_one_to_fetch() -> None:
    assert answer("https://onbekend.example/zoeken?q=https://social.com/").effect is Effect.DENY
    assert answer(f"https://onbekend.example/zoeken?q={base64('https://social.com/')}").effect is Effect.DENY


@pytest.mark.parametrize(
    "url",
    [
        "https://krant.example/wp-content/plugins/elementor/assets/js/frontend.min.js?ver=3.18.2",
        "https://krant.example/files/2026/verslag.pdf?download=true",
        "https://login.krant.example/auth?redirect_uri=https%3A%2F%2Fapp.leren.nl%2Fstart&state=aGFsbG8gd2VyZWxk",
        "https://krant.example/les/3.2.1/breuken.html#social.com",
        "https://krant.example/app.js.map?h=4f3c2b1a0d9e8f7c6b5a4d3c2b1a0f9e",
        "https://mijn.school.nl/?token=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    ],
)
def test_ordinary_pages_are_not_taken_for_relays(url: str) -> None:
    assert answer(url).effect is Effect.ALLOW


@pytest.mark.evasion("E03")
def test_a_request_that_carries_its_target_in_a_header_is_a_proxy() -> None:
    decision = decide(asked("https://onbekend.example/v3", relay="bare-server"), SNAPSHOT, LESSON)
    assert (decision.reason, decision.category) == (Reason.LOCKED, "bypass")


def test_a_reading_tool_of_one_child_opens_itself_and_not_what_is_closed() -> None:
    school = with_state(care=(Care("c", person="sam", sites=("lees.example",)),))
    assert answer("https://lees.example/?url=https://leren.nl/", school).reason is Reason.CARE
    assert answer("https://lees.example/?url=https://social.com/", school).effect is Effect.DENY


@pytest.mark.evasion("E04")
def test_what_is_searched_through_a_relay_is_judged_by_its_words() -> None:
    decision = answer("https://translate.google.nl/translate?u=https%3A%2F%2Fzoek.nl%2Fs%3Fq%3Dkut")
    assert (decision.effect, decision.reason) == (Effect.DENY, Reason.WORDS)
    assert Facet.WORDS in {step.at for step in decision.trace}


@pytest.mark.property
@given(st.text(max_size=300))
def test_no_text_makes_looking_inside_fail(text: str) -> None:
    for url in (f"https://relay.example/{text}", f"https://relay.example/?{text}", f"https://relay.example/?u={text}"):
        address = canonical(url)
        if address is not None:
            look_inside(address, RELAYS)


@pytest.mark.property
@given(st.text("%/:.?&=htps2fHVTR8-", max_size=200))
def test_no_broken_address_makes_looking_inside_fail(text: str) -> None:
    address = canonical(f"https://relay.example/?{text}")
    if address is not None:
        known = knowledge().relays
        look_inside(address, known)


@pytest.mark.evasion("E04")
@pytest.mark.data
def test_embedded_addresses_are_found_as_a_browser_finds_them() -> None:
    assert DATA
    known = knowledge().relays
    wrong = []
    for line in (Path(DATA) / "url" / "chromium_embedded_url.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        address = canonical(row["url"])
        found = list(known.fetched(address)) if address else []
        wanted = canonical(row["embedded"]) if row["embedded"] else None
        if found[:1] != ([wanted] if wanted else []):
            wrong.append(row["url"])
    assert wrong == []
