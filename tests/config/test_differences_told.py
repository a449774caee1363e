"""What a school does otherwise than its protocol, in words."""

from __future__ import annotations

import re

import pytest

from config import load
from config.differences_told import DifferenceLine, difference_lines
from config.texts import languages
from policy.model import Policy

DECIDED = "basis: {decided: 2026-09-01}"
TEMPLATE = load._template("kalisto")


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLASWACHT_STRICT_TEXTS", "1")


def school(*rules: str, protocol: str = "kalisto", **lines: str) -> Policy:
    text = re.sub(r"(?m)^protocol: .*$", f"protocol: {protocol}", TEMPLATE)
    text = text.replace("rules: []", "rules:\n" + "\n".join(f"  - {{{DECIDED}, {one}}}" for one in rules))
    for key, value in lines.items():
        text = re.sub(rf"(?m)^(# )?{key}: .*$", f"{key}: {value}", text)
    return load.parse_school(text.encode()).policy


def told(policy: Policy, lang: str = "nl", public: bool = False) -> tuple[DifferenceLine, ...]:
    lines = difference_lines(policy, lang, groups={"8": "Groep 8"}, public=public)
    assert lines is not None
    return lines


@pytest.mark.parametrize("protocol", load.protocol_names())
def test_a_school_that_takes_a_protocol_as_it_comes_has_nothing_to_tell(protocol: str) -> None:
    assert difference_lines(load.factory_policy(protocol)) == ()


def test_looser_in_the_break_is_told_with_its_decision_and_what_would_hold() -> None:
    (line,) = told(school("id: default-video, facet: place, categories: [video], holds_in: lesson"))
    assert (line.bearing, line.label, line.article) == ("looser", "hier ruimer", "")
    assert line.text == (
        "Video in de pauze: hier open (besluit van 01-09-2026). "
        "De standaard van Klaswacht: dicht, de leerkracht mag het openzetten."
    )


def test_stricter_than_an_article_names_the_article() -> None:
    rule = "id: kalisto-social, facet: place, categories: [social, video, chat], holds_in: lesson, liftable_by: nobody"
    (line,) = told(school(rule))
    assert (line.bearing, line.article, line.rules) == ("stricter", "leerlingen 8", ("kalisto-social",))
    assert line.text.startswith("Chatten, sociale media en video in de les: hier dicht, niemand zet het open")
    assert "Het protocol (leerlingen 8): dicht, de leerkracht mag het openzetten." in line.text


def test_breaks_with_computers_are_looser_than_regenboog() -> None:
    (line,) = told(school("id: regenboog-no-computer-in-breaks, gate: break, effect: allow", protocol="regenboog"))
    assert line.text.startswith(
        "De computer in de pauze: hier open (besluit van 01-09-2026). Het protocol (leerlingen 8)"
    )
    assert line.text.endswith(": dicht.")


def test_the_public_page_counts_closed_sites_and_names_opened_ones() -> None:
    policy = school("id: y, facet: print, groups: ['8']", lists="{games: [a.nl, b.nl]}", open_sites="[instagram.com]")
    public, office = (" ".join(line.text for line in told(policy, public=public)) for public in (True, False))
    assert "2 sites in schooltijd: hier dicht" in public
    assert "a.nl" not in public and "a.nl en b.nl" in office
    assert "instagram.com" in public and "op de eigen lijst van open sites" in public
    assert "Printen in schooltijd, voor Groep 8" in public


@pytest.mark.parametrize("lang", languages())
def test_every_kind_of_difference_has_a_sentence(lang: str) -> None:
    rules = (
        "id: a, facet: action, actions: [upload], media: [picture]",
        "id: b, facet: personal, effect: deny",
        "id: c, facet: words, kinds: [coarse], actions: [post]",
        "id: d, facet: words, kinds: [sex], liftable_by: nobody",
        "id: e, facet: app, apps: [minecraft], roles: [teacher, pupil]",
        "id: f, facet: connect, devices: [phone], consent: true",
        "id: g, gate: break, holds_in: break",
        "id: h, gate: locked, sites: [x.nl], holds_in: at school, liftable_by: nobody",
        "id: i, gate: locked, apps: [tor], roles: [staff], holds_in: at school, liftable_by: nobody",
        "id: j, facet: place, categories: [mail], effect: hold, second_thought: true, roles: [teacher]",
        "id: k, facet: place, sites: [y.nl, z.nl, p.nl, q.nl, r.nl, s.nl, t.nl], groups: ['7'], holds_in: at school",
        "id: default-personal, facet: personal, types: [iban], effect: hold",
    )
    policy = school(*rules, hold_unknown="true", interns_permit="true")
    lines = told(policy, lang)
    assert {rule for line in lines for rule in line.rules} >= set("abcdefghijk")
    assert all(re.fullmatch(r"[^{}]+\.", line.text) and "  " not in line.text for line in lines)
    assert any("Stagiairs" in line.text or "Interns" in line.text for line in lines)


def test_a_protocol_of_somebody_else_has_nothing_to_compare_with() -> None:
    from tests.cast import POLICY

    assert difference_lines(POLICY) is None
