"""Whatever somebody writes in school.yaml: it is a policy, or one clear line."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.load import ConfigError, parse_school
from config.read import read_yaml
from policy.model import Policy
from policy.schedule import period_at

SOME_KEYS = """school id name protocol language workers listen address proxy keyed dashboard groups egress ports hosts
trust schedule days mon tue sun lessons breaks free closed from to lists social open_sites tunnels rules retention
blocked basis clause decided safety note facet gate effect roles holds_in liftable_by categories sites actions media
kinds apps consent 7 intranet.nl:443 x.test"""
SOME_WORDS = """kalisto regenboog nl NO yes ~ 08:30-14:00 10:15-10:30 14:00-08:30 2026-12-19 pupil place action words
app locked break games social chat upload picture coarse lesson teacher nobody deny allow kalisto.pupils.8 x.test
127.0.0.1 127.0.0.1:9443 intranet.nl:443 ::1 a.pem 0 1 65536 010 true"""
KEYS = st.sampled_from(SOME_KEYS.split())
WORDS = st.sampled_from(SOME_WORDS.split())
SCALARS = WORDS | st.text(max_size=12).map(json.dumps) | st.integers().map(str) | st.floats().map(str)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(KEYS | st.text(max_size=6).map(json.dumps), inner, max_size=5).map(
            lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
        )
    ),
    max_leaves=20,
)
GOOD = {
    "protocol": "kalisto",
    "schedule": "{days: {mon: {lessons: ['08:30-14:00'], breaks: ['10:15-10:30']}}}",
    "rules": "[{id: own, basis: {decided: 2026-09-01}, facet: place, sites: [x.test]}]",
}


def a_policy_or_one_line(data):
    try:
        read = parse_school(data)
    except ConfigError as error:
        assert "\n" not in str(error)
        assert str(error).startswith("school.yaml")
        assert error.problem
        assert 0 <= error.line <= data.count(b"\n") + data.count(b"\r") + 2
        return
    assert isinstance(read.policy, Policy)
    assert any(rule.id == "floor-places" for rule in read.policy.rules)
    for group in (None, *read.policy.schedule.groups):
        period_at(read.policy.schedule, group, datetime(2026, 11, 23, 9, tzinfo=UTC))


quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
long = settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b"a: \xf0\x9f\x98\x80\n")
def test_any_bytes(data):
    a_policy_or_one_line(data)


@quick
@given(st.text(max_size=300))
@example("\x85")
@example("\u2028: \u2029")
@example("? !!null")
@example("%YAML 1.3\n---\n")
@example("- &a !!str")
@example("a: |\n  b\n ---\n")
def test_any_text(text):
    a_policy_or_one_line(text.encode("utf-8", "surrogatepass"))


@quick
@given(st.dictionaries(KEYS, PLAIN, max_size=6))
def test_any_values_under_known_keys(found):
    a_policy_or_one_line("".join(f"{key}: {value}\n" for key, value in found.items()).encode())


@quick
@given(KEYS, PLAIN)
def test_any_value_in_an_otherwise_good_file(key, value):
    a_policy_or_one_line("".join(f"{k}: {v}\n" for k, v in {**GOOD, key: value}.items()).encode())


@quick
@given(st.dictionaries(KEYS, PLAIN, max_size=8))
def test_any_keys_in_a_rule(rule):
    rows = ", ".join(f"{k}: {v}" for k, v in {"id": "own", **rule}.items())
    a_policy_or_one_line("".join(f"{k}: {v}\n" for k, v in {**GOOD, "rules": f"[{{{rows}}}]"}.items()).encode())


@pytest.mark.full
@pytest.mark.timeout(900)
@long
@given(st.dictionaries(KEYS, PLAIN, max_size=8))
def test_any_values_for_long(found):
    a_policy_or_one_line("".join(f"{k}: {v}\n" for k, v in {**GOOD, **found}.items()).encode())


@quick
@given(st.text(alphabet=" \n\t-:[]{}&*!?|>'\"%@`,#ab0~=<.", max_size=80))
def test_any_yaml_signs(text):
    try:
        read_yaml(text.encode(), "f.yaml")
    except ConfigError as error:
        assert "\n" not in str(error)
