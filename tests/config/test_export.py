"""A version of the rules as a file: what is written out makes the same rules when it is read back."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from config.export import policy_text, renewed, same_decisions, school_text, settings_of, with_revision
from config.json_schema import school_schema
from config.load import ConfigError, factory_policy, parse_school, protocol_names, write_template
from config.read import read_yaml
from config.written import SETTINGS, SHARED, SPOKEN, own_rules, yaml_text
from policy.codec import policy_from_dict, policy_to_dict
from policy.model import Basis, BasisKind, HoldsIn, Policy
from policy.ownwords import own_term

SMALL = "protocol: kalisto\nschedule:\n  days:\n    mon: {lessons: ['08:30-14:00']}\n"
HOSTS = st.sampled_from(["kletsplein.test", "bieb.nl", "een.twee.drie.test", "xn--bcher-kva.test", "192.168.1.1"])
WORDS = st.sampled_from(
    ["NO", "08:30", "010", "1e3", "~", "2026-02-30", "a: b", "#1", "'t plein", "é\u2028"[:1], "yes", "7"]
)
TEXTS = WORDS | st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
DAYS = st.integers(0, 700).map(lambda more: date(2026, 8, 1) + timedelta(more))
DAY = st.sampled_from(
    [
        {},
        {"lessons": ["08:30-14:00"], "breaks": ["10:15-10:30", "12:00-12:30"]},
        {"lessons": ["08:30-12:00", "13:00-15:00"], "free": ["12:00-13:00"]},
        {"lessons": ["00:00-24:00"]},
        {"breaks": ["09:00-09:15"], "lessons": ["08:30-09:00", "09:15-12:00"]},
    ]
)
BASES = (
    st.fixed_dictionaries({"decided": DAYS}, optional={"note": TEXTS})
    | st.just({"clause": "kalisto.pupils.8"})
    | TEXTS.map(lambda text: {"law": text})
)


def lists_of(values: Any) -> Any:
    return st.lists(values, min_size=1, max_size=4)


@st.composite
def rules(draw: Any) -> dict[str, Any]:
    """A rule whose parts fit together; its words come from the schema."""
    known = school_schema()["$defs"]["RulePart"]["properties"]

    def words(key: str) -> Any:
        return lists_of(st.sampled_from(known[key]["items"]["enum"]))

    about = draw(
        st.sampled_from(
            [
                {"facet": st.just("place"), "sites": lists_of(HOSTS)},
                {"facet": st.just("place"), "categories": lists_of(st.sampled_from(["social", "games", "video"]))},
                {"facet": st.just("action"), "actions": words("actions")},
                {"facet": st.just("action"), "actions": st.just(["upload", "chat"]), "media": words("media")},
                {"facet": st.just("words"), "kinds": words("kinds")},
                {"facet": st.just("app"), "apps": lists_of(st.sampled_from(["spel", "Spel.exe"]))},
                {"facet": st.just("print")},
                {"facet": st.just("personal"), "types": words("types")},
                {"facet": st.just("connect"), "devices": words("devices")},
                {"gate": st.just("break")},
            ]
        )
    )
    more = {
        "roles": words("roles"),
        "groups": lists_of(st.sampled_from(["7", "1a", "010"])),
        "holds_in": st.sampled_from(known["holds_in"]["enum"]),
        "liftable_by": st.sampled_from(known["liftable_by"]["enum"]),
        "effect": st.sampled_from(["deny", "hold"]),
        "consent": st.booleans(),
        "second_thought": st.booleans(),
    }
    own = st.sampled_from(["eigen-regel", "default-games", "nog-een", "08"])
    return draw(st.fixed_dictionaries({"id": own, "basis": BASES, **about}, optional=more))


BY_NAME = {
    "Day": DAY,
    "RulePart": rules(),
    "EgressPart": st.just({}),
    "DnsPart": st.fixed_dictionaries(
        {}, optional={"upstream": st.just(["9.9.9.9"]), "zones": st.just({"intern.school": ["10.0.0.1:53"]})}
    ),
    "ListenPart": st.just({}),
    "PublicPart": st.just({"except": ["koningsdag"], "also": ["goede vrijdag"]}),
    "HolidaysPart": st.fixed_dictionaries(
        {"region": st.sampled_from(["noord", "midden", "zuid"])}, optional={"confirmed": st.just(["2026-2027"])}
    ),
    "SpecialPart": st.fixed_dictionaries(
        {"on": DAYS, "time": st.just("09:00-11:00"), "kind": st.sampled_from(["lesson", "break"]), "name": TEXTS}
    ),
}
BY_KEY = {"lists": st.dictionaries(st.sampled_from(["social", "games", "education"]), lists_of(HOSTS), max_size=3)}


def drawn(schema: dict[str, Any], whole: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a schema: what a school may write, for every key that there is or will be."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return BY_NAME[name] if name in BY_NAME else st.deferred(lambda: drawn(whole["$defs"][name], whole))
    if "anyOf" in schema:
        return drawn(next(one for one in schema["anyOf"] if one.get("type") != "null"), whole)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "object":
        return drawn_block(schema, whole)
    if kind == "array":
        return st.lists(drawn(schema["items"], whole), max_size=3)
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(schema.get("minimum", 0), schema.get("maximum", 99))
    if schema.get("format") == "date":
        return DAYS
    if "example.nl" in schema.get("examples", ()):
        return HOSTS
    return st.from_regex(schema["pattern"], fullmatch=True) if "pattern" in schema else TEXTS


def drawn_block(schema: dict[str, Any], whole: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "patternProperties" in schema and "properties" not in schema:
        ((pattern, values),) = schema["patternProperties"].items()
        keys = HOSTS if "s/*" in pattern else st.from_regex(pattern, fullmatch=True)
        return st.dictionaries(keys.filter(str.isascii), drawn(values, whole), max_size=2)
    needed = set(schema.get("required", ()))
    fields_ = {
        key: BY_KEY[key] if key in BY_KEY else drawn(value, whole) for key, value in schema["properties"].items()
    }
    return st.fixed_dictionaries(
        {key: value for key, value in fields_.items() if key in needed},
        optional={key: value for key, value in fields_.items() if key not in needed},
    )


SCHOOLS = drawn(school_schema(), school_schema())


def exported(text: str) -> tuple[Policy, Policy]:
    """A written school's policy, and the policy of what is written out of it."""
    read = parse_school(text.encode())
    found = school_text(read.policy, read.written, settings_of(text.encode(), "school.yaml"), revision=7, head=["kop"])
    assert found.exact
    again = parse_school(found.text.encode())
    assert again.revision == 7
    assert again.settings == read.settings
    assert again.written == read.written, "the next version would look different without being it"
    return read.policy, again.policy


# --- out and back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", protocol_names())
def test_every_protocol_comes_back_as_it_was(tmp_path, protocol):
    write_template(tmp_path / "school.yaml", protocol)
    before, after = exported((tmp_path / "school.yaml").read_text())
    assert before == after == factory_policy(protocol)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHOOLS)
def test_whatever_a_school_writes_comes_back_as_it_was(school):
    text = yaml_text(school)
    assert read_yaml(text.encode(), "x").value == school
    try:
        parse_school(text.encode())
    except ConfigError:
        assume(False)
    before, after = exported(text)
    assert before == after


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHOOLS)
def test_rules_that_no_longer_know_how_they_were_written_come_back_too(school):
    """What an older program kept: a policy and nothing beside it; its days off are written out one by one."""
    try:
        policy = parse_school(yaml_text(school).encode()).policy
    except ConfigError:
        assume(False)
    kept = policy_from_dict(policy_to_dict(policy))
    again = parse_school(school_text(kept).text.encode()).policy
    assert again.rules == policy.rules
    assert (again.schedule.days, again.schedule.groups) == (policy.schedule.days, policy.schedule.groups)
    assert {name for name in (f.name for f in fields(Policy)) if getattr(again, name) != getattr(policy, name)} <= {
        "schedule"
    }


def test_every_part_of_a_policy_is_written_out():
    """Who adds a field to the policy says here how a file has it."""
    known = SHARED | {"protocol", "rules", "schedule", "terms", "passed_words"}
    assert {field.name for field in fields(Policy)} == known
    assert not SETTINGS & (SHARED | SPOKEN)


def test_a_click_on_the_dashboard_comes_back_with_the_timetable_as_it_was_put():
    text = SMALL + "  holidays: {region: zuid, confirmed: [2026-2027]}\n"
    read = parse_school(text.encode())
    clicked = replace(
        read.policy,
        terms=(own_term("kletskoek", "coarse", part=True, severity=1),),
        passed_words=("naam van ons toneel",),
        lists={"social": ("kletsplein.test",)},
        open_sites=("bieb.nl",),
        hold_unknown=True,
    )
    found = school_text(clicked, read.written)
    assert found.exact
    assert "region: zuid" in found.text
    assert parse_school(found.text.encode()).policy == clicked


def test_the_file_is_whole_the_settings_come_from_the_schools_own_file():
    home = SMALL + "language: en\nyoutube: moderate\ntunnels: {a.test: eigen administratie}\nlisten: {proxy: 0}\n"
    read = parse_school(home.encode())
    found = school_text(factory_policy("regenboog"), "", settings_of(home.encode(), "x"), revision=3, head=["Versie 3"])
    again = parse_school(found.text.encode())
    assert again.settings == replace(read.settings, protocol="regenboog")
    assert found.text.startswith("# Versie 3\nrevision: 3\n")


def test_what_looks_like_something_else_stays_text():
    words = [
        "NO",
        "08:30",
        "010",
        "1e3",
        "null",
        "~",
        "2026-12-19",
        "1.50",
        "-1",
        "true",
        "a: b",
        "[x",
        "# x",
        "é",
        "😀",
    ]
    assert read_yaml(yaml_text({"a": words, "b": dict.fromkeys(words, "x")}).encode(), "x").value == {
        "a": words,
        "b": dict.fromkeys(words, "x"),
    }


def test_what_cannot_be_written_as_a_file_is_told_and_not_made_up():
    broken = replace(factory_policy(), open_sites=("this is no host",))
    with pytest.raises(ConfigError, match="is not a host"):
        school_text(broken)
    assert "this is no host" in policy_text(broken), "it can still be compared"
    with pytest.raises(ConfigError):
        school_text(replace(broken, protocol=replace(broken.protocol, id="gone")))


# --- another version of the product --------------------------------------------------------------------------------


def of_an_older_program(policy: Policy) -> Policy:
    """The same school, but the product had fewer rules, another floor and fewer clauses then."""
    fewer = tuple(rule for rule in policy.rules if rule.id != "default-games")
    milder = tuple(
        replace(rule, categories=frozenset({"adult"})) if rule.id == "floor-places" else rule for rule in fewer
    )
    return replace(policy, rules=milder, protocol=replace(policy.protocol, clauses=policy.protocol.clauses[:3]))


def test_what_comes_with_the_product_is_renewed_and_the_schools_own_stays():
    read = parse_school(
        (
            SMALL + "open_sites: [bieb.nl]\nrules:\n  - {id: eigen, basis: {decided: 2026-09-01}, facet: print}\n"
        ).encode()
    )
    old = of_an_older_program(read.policy)
    assert renewed(old, read.written) == read.policy
    assert renewed(old) == read.policy
    assert renewed(read.policy, read.written) == read.policy
    found = school_text(old, read.written)
    assert not found.exact
    assert found.policy == read.policy
    assert same_decisions(old, read.policy)


def test_rules_that_cannot_be_renewed_stay_as_they_are():
    gone = replace(factory_policy(), protocol=replace(factory_policy().protocol, id="opgeheven"))
    assert renewed(gone) == gone


def test_a_decision_in_the_place_of_a_standard_rule_is_the_schools_own():
    rule = next(rule for rule in factory_policy().rules if rule.id == "default-games")
    own = replace(rule, basis=Basis(BasisKind.SCHOOL, decided=date(2026, 9, 1)), holds_in=HoldsIn.LESSON)
    policy = replace(factory_policy(), rules=(*(r for r in factory_policy().rules if r.id != own.id), own))
    assert own_rules(policy) == (own,)
    assert own_rules(factory_policy()) == ()
    assert school_text(policy).exact


# --- the number in a file ------------------------------------------------------------------------------------------


def test_only_the_number_of_a_file_is_changed():
    text = f"# uitleg\r\nrevision: 12   # waar dit vandaan komt\r\n{SMALL}"
    changed = with_revision(text.encode(), 130)
    assert changed == text.replace("12 ", "130 ", 1).encode()


@pytest.mark.parametrize("text", [SMALL, f"{SMALL}public: ['x\n\n  revision: 4']\n", "revision: [\n"])
def test_a_file_without_a_number_of_its_own_is_left_alone(text):
    assert with_revision(text.encode(), 3) is None
