"""What a form asks a site to fetch: the form of a web proxy, and forms that only look a little like one."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical
from policy.targets import fetched
from tests.cast import KNOWLEDGE

pytestmark = pytest.mark.evasion("E03")

RELAYS = KNOWLEDGE.relays
CLOSED = "https://social.com/app"


def hosts(fields: list[tuple[str, str]], url: str = "https://onbekend.example/go", *, listed: bool = False):
    address = canonical(url)
    assert address is not None
    return fetched(address, fields, RELAYS, listed=listed)


@pytest.mark.parametrize("name", ["url", "u", "URL", "form.url", "target", "adres"])
@pytest.mark.parametrize(
    "value",
    [CLOSED, f" {CLOSED}\n", "social.com", "https:/social.com", b64encode(CLOSED.encode()).decode(), CLOSED[::-1]],
)
def test_the_form_of_a_web_proxy_is_read(name: str, value: str) -> None:
    assert hosts([("x", "1"), (name, value)]) == ("social.com",)


def test_what_somebody_writes_is_no_address_to_fetch() -> None:
    assert hosts([("bericht", CLOSED), ("text", f"kijk op {CLOSED}")]) == ()
    assert hosts([("website", f"kijk op {CLOSED} of daar")]) == ()
    assert hosts([("url", "jan@social.com"), ("page", "3"), ("site", "home")]) == ()


def test_a_listed_site_is_believed_and_a_known_relay_is_not() -> None:
    assert hosts([("url", CLOSED)], listed=True) == ()
    assert hosts([("u", CLOSED)], "https://translate.google.com/translate", listed=True) == ("social.com",)
    assert hosts([("q", CLOSED)], "https://translate.google.com/translate", listed=True) == ()


@pytest.mark.property
@given(st.lists(st.tuples(st.sampled_from(["url", "u", "x"]), st.text(max_size=200)), max_size=40))
def test_no_form_makes_it_fail(fields: list[tuple[str, str]]) -> None:
    hosts(fields)
