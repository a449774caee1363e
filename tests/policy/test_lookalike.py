"""Names that pretend to be another one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical, canonical_host
from policy.decide import decide
from policy.lookalike import Protected, mixed_scripts, reading, shown
from policy.model import AccessRequest, Action, Effect, Facet
from tests.cast import LESSON, RULES, pupil, rule, with_rules

PROTECTED = Protected.of(
    ("basispoort.nl", "klasse.nl", "discord.com", "roblox.com", "microsoft.com", "xn--mnchen-3ya.de", "kk1.nl")
)
SCHOOL = with_rules(*RULES, rule("look-alike", facet=Facet.PLACE, categories=frozenset({"look-alike"})))


def pretended(name: str) -> str | None:
    host = canonical_host(name)
    assert host is not None
    return PROTECTED.pretended(host)


@pytest.mark.evasion("E14")
@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("dіscord.com", "discord"),  # Cyrillic i
        ("www.dlscord.com", "discord"),
        ("basisp0ort.nl", "basispoort"),
        ("basispoort.nl.bаsispoort.nl", "basispoort"),  # Cyrillic a
        ("robl0x.com", "roblox"),
        ("rоblох.gg", "roblox"),
        ("rnicrosoft.com", "microsoft"),
        ("mìcrosoft.com", "microsoft"),
        ("рурl.com", None),  # a whole word of one script that nobody protects
    ],
)
def test_a_name_that_reads_like_a_protected_one_is_told(name: str, real: str | None) -> None:
    assert pretended(name) == (real if real else "mixed scripts" if name == "рурl.com" else None)


@pytest.mark.evasion("E14")
@pytest.mark.parametrize("name", ["pаypal.example", "xn--80ak6aa92e.foo-аb.nl"])
def test_two_alphabets_in_one_label_are_told(name: str) -> None:
    assert pretended(name) == "mixed scripts"


@pytest.mark.evasion("E14")
@pytest.mark.parametrize(
    "name",
    [
        "basispoort.nl",
        "www.basispoort.nl",
        "discord.gg",
        "münchen.de",
        "xn--mnchen-3ya.de",
        "россия.рф",
        "日本語テスト.jp",
        "café.nl",
        "coördinator.nl",
        "kki.nl",
        "1.2.3.4",
        "basispoorten.nl",
        "disco.nl",
        "basis-poort.nl",
        "klas5e.nl",
        "kîk1.nl",
        "localhost",
    ],
)
def test_an_honest_name_is_left_alone(name: str) -> None:
    assert pretended(name) is None


@pytest.mark.evasion("E14")
def test_a_pretending_site_is_closed_and_the_real_one_is_not() -> None:
    def effect(url: str) -> Effect:
        address = canonical(url)
        assert address is not None
        return decide(AccessRequest(Action.VISIT, pupil(), (address.host,), address), SCHOOL, LESSON).effect

    assert effect("https://basisp0ort.nl/") is Effect.DENY
    assert effect("https://basispoort.nl/") is Effect.ALLOW
    assert effect("https://bаsispoort.nl/") is Effect.DENY


def test_a_label_is_shown_as_a_browser_would() -> None:
    assert shown("xn--mnchen-3ya") == "münchen"
    assert shown("xn--\u0000") == "xn--\u0000"
    assert shown("gewoon") == "gewoon"


def test_scripts_that_belong_together_are_not_mixed() -> None:
    assert not mixed_scripts("日本ノテスト")
    assert not mixed_scripts("abc1-2")
    assert mixed_scripts("abв")


@pytest.mark.property
@given(st.text(max_size=40))
def test_reading_never_fails_and_read_twice_is_the_same(label: str) -> None:
    assert reading(reading(label)) == reading(reading(reading(label)))
    host = canonical_host(f"{label}.nl")
    if host is not None:
        PROTECTED.pretended(host)
