"""Safe search for pupils: the engine hears it once, whatever the child wrote, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical
from policy.model import Address, DeviceClass, Principal, Role, Snapshot
from policy.safe import ACCOUNTS, Safe, is_protected, protected, safe_form, safe_query
from policy.search import Engine, Engines, SafeSearch
from tests.cast import KNOWLEDGE, POLICY, SNAPSHOT, STRANGER, pupil, visit

ON = SafeSearch(
    params=(("safe", "on"), ("lock", "1")),
    drop=("unsafe",),
    headers=(("X-Safe", "Strict"),),
    cookies=(("safe", "on"),),
)
ENGINES = Engines(
    (
        Engine("zoek", ("zoek.nl",), ("/s",), safe=ON),
        Engine("film", ("film.com",), ("/results",), safe=SafeSearch(headers=(("X-Film", "Strict"),), paths=("/",))),
        Engine("los", ("los.nl",), ("/s",)),
        Engine("naam", ("naam.nl",), safe=SafeSearch(names=(("naam.nl", "veilig.naam.nl"),))),
        Engine("donker", ("donker.nl",), safe=SafeSearch(none=True)),
    )
)
SCHOOL = replace(SNAPSHOT, knowledge=replace(KNOWLEDGE, engines=ENGINES))
TEACHER = Principal(Role.TEACHER, "anja", ("7",), device_class=DeviceClass.STAFF)


def at(url: str) -> Address:
    address = canonical(url)
    assert address is not None
    return address


def safe(url: str, who: Principal | None = None, school: Snapshot = SCHOOL) -> Safe | None:
    return safe_form(at(url), who or pupil(), school)


def sent(url: str) -> str:
    """The address that a pupil's request goes out with."""
    found = safe(url)
    assert found is not None and found.path_and_query is not None
    return found.path_and_query


@pytest.mark.evasion("E16")
def test_a_pupils_search_says_safe() -> None:
    assert sent("https://zoek.nl/s?q=kat") == "/s?q=kat&safe=on&lock=1"
    assert sent("https://zoek.nl/s") == "/s?safe=on&lock=1"
    found = safe("https://www.zoek.nl/s?q=kat")
    assert found is not None
    assert (found.headers, found.cookies) == ((("X-Safe", "Strict"),), (("safe", "on"),))


@pytest.mark.evasion("E16")
@pytest.mark.parametrize(
    "written",
    [
        "safe=off",
        "safe=off&safe=off",
        "SAFE=off",
        "%73afe=off",
        "+safe=off",
        "safe[]=off",
        "safe",
        "safe=",
        "safe=on&safe=off",
        "safe=on&safe=on",
        "unsafe=1",
        "s%61fe=off&lock=0",
    ],
)
def test_what_the_child_wrote_does_not_count(written: str) -> None:
    for query in (f"q=kat&{written}", f"{written}&q=kat", f"a=1&{written}&q=kat&{written}"):
        fields = parse_qsl(sent(f"https://zoek.nl/s?{query}").partition("?")[2], keep_blank_values=True)
        said = [(name, value) for name, value in fields if name.strip().lower().startswith(("safe", "lock", "unsafe"))]
        assert said == [("safe", "on"), ("lock", "1")]
        assert ("q", "kat") in fields


def test_the_rest_of_the_query_stays_byte_for_byte() -> None:
    rest = "q=caf%C3%A9+%26+%20x;y&&oq=%zz&safety=1&=3&a=b=c&client=search&leeg="
    assert sent(f"https://zoek.nl/s?{rest}") == f"/s?{rest}&safe=on&lock=1"


def test_an_address_that_says_it_already_is_left_alone() -> None:
    found = safe("https://zoek.nl/s?safe=on&q=kat&lock=1")
    assert found is not None
    assert found.path_and_query is None


def test_only_where_words_are() -> None:
    assert safe("https://zoek.nl/over-ons?q=kat") is None
    assert safe("https://leren.nl/?q=kat") is None
    assert safe("https://los.nl/s?q=kat") is None
    assert safe("https://naam.nl/?q=kat") is None
    assert safe("https://donker.nl/?q=kat") is None


@pytest.mark.evasion("E16")
def test_an_engine_behind_another_name_hears_it_too() -> None:
    fronted = safe_form(at("https://letters.nl/s?q=kat&safe=off"), pupil(), SCHOOL, ("letters.nl", "zoek.nl"))
    assert fronted is not None
    assert fronted.path_and_query == "/s?q=kat&safe=on&lock=1"


def test_a_header_alone_leaves_the_address_alone() -> None:
    assert safe("https://www.film.com/watch?v=1&safe=off") == Safe(headers=(("X-Film", "Strict"),))


def test_it_holds_for_pupils_and_on_pupils_devices() -> None:
    assert protected(pupil())
    assert protected(STRANGER)
    assert protected(replace(TEACHER, device_class=DeviceClass.PUPIL))
    assert not protected(TEACHER)
    assert not protected(replace(TEACHER, device_class=DeviceClass.DIGIBOARD))
    assert not protected(Principal(Role.PUPIL, device_class=DeviceClass.INFRASTRUCTURE))
    assert is_protected(None)
    assert is_protected(visit("zoek.nl"))
    assert safe("https://zoek.nl/s?q=kat", TEACHER) is None
    assert safe("https://zoek.nl/s?q=kat", replace(TEACHER, device_class=DeviceClass.PUPIL)) is not None


# --- private accounts ------------------------------------------------------------------------------------------------

WITH_DOMAINS = replace(SCHOOL, policy=replace(POLICY, domains=("school.nl", "leerling.school.nl")))


def test_only_the_schools_own_google_accounts_come_in() -> None:
    for host in ("google.com", "www.google.com", "mail.google.com", "accounts.google.com"):
        assert safe(f"https://{host}/", school=WITH_DOMAINS) == Safe(
            headers=((ACCOUNTS, "school.nl,leerling.school.nl"),)
        )
    for host in ("google.nl", "google.com.evil.nl", "notgoogle.com", "youtube.com"):
        assert safe(f"https://{host}/", school=WITH_DOMAINS) is None
    assert safe("https://mail.google.com/", TEACHER, WITH_DOMAINS) is None


def test_without_domains_of_the_school_nothing_is_said_about_accounts() -> None:
    assert safe("https://mail.google.com/") is None


def test_a_domain_that_would_break_a_header_is_left_out() -> None:
    odd = replace(SCHOOL, policy=replace(POLICY, domains=("school.nl", "a\r\nx: y", "b,c", "")))
    assert safe("https://mail.google.com/", school=odd) == Safe(headers=((ACCOUNTS, "school.nl"),))


# --- any query -------------------------------------------------------------------------------------------------------

_PIECES = st.lists(
    st.sampled_from(["q=kat", "safe=off", "SAFE=x", "%53afe=1", "a=1", "", "safe", "=", "b;safe=1", "safe=on"]),
    max_size=10,
)


@given(_PIECES)
def test_the_field_is_there_once_and_all_else_is_kept_in_order(pieces: list[str]) -> None:
    query = "&".join(pieces)
    made = safe_query(query, (("safe", "on"),))
    fields = [(name.strip().lower(), value) for name, value in parse_qsl(made, keep_blank_values=True)]
    assert [value for name, value in fields if name == "safe"] == ["on"]
    others = [piece for piece in query.split("&") if not piece.lower().startswith(("safe", "%53afe"))] if query else []
    kept = [piece for piece in made.split("&") if not piece.lower().startswith(("safe", "%53afe"))]
    assert kept == others
    assert safe_query(made, (("safe", "on"),)) == made


@given(st.text(max_size=100))
def test_no_query_breaks_it(text: str) -> None:
    assert "safe=on" in safe_query(text, (("safe", "on"),)).split("&")


def test_a_query_is_left_alone_where_nothing_is_to_be_said() -> None:
    assert safe_query("a=1&&b", ()) == "a=1&&b"
