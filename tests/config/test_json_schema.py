"""What an editor knows of a school.yaml: it takes what the guard takes, and marks what the guard refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from config.json_schema import description_code, school_schema
from config.load import ConfigError, parse_school, protocol_names, write_template
from config.read import read_yaml
from config.texts import has, languages
from policy.model import Facet, Role

SCHEMA = school_schema()
GOOD = "protocol: kalisto\nschedule: {days: {mon: {lessons: ['08:30-14:00']}}}\n"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}


def complaints(value: Any, schema: dict[str, Any] = SCHEMA, at: str = "") -> Iterator[str]:
    """What a validator of JSON Schema finds; those words of the standard that our schema uses."""
    unknown = schema.keys() - KNOWN
    assert not unknown, f"this test does not know {unknown}"
    if "$ref" in schema:
        yield from complaints(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], at)
    if "anyOf" in schema and all(any(complaints(value, one, at)) for one in schema["anyOf"]):
        yield f"{at}: none of its kinds"
    if "oneOf" in schema and sum(not any(complaints(value, one, at)) for one in schema["oneOf"]) != 1:
        yield f"{at}: not one of its kinds"
    kinds = (
        [schema.get("type", list(TYPES))] if isinstance(schema.get("type"), str) else schema.get("type", list(TYPES))
    )
    if not any(isinstance(value, TYPES[kind]) and not (kind == "integer" and value is True) for kind in kinds):
        yield f"{at}: not {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: not in {schema['enum']}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{at}: not like {schema['pattern']}"
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**6):
        yield f"{at}: too long or short"
    if schema.get("format") == "date" and isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        yield f"{at}: no date"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: out of bounds"
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from complaints(item, schema.get("items", {}), f"{at}.{number}")
    if isinstance(value, dict):
        yield from (f"{at}: {key} is missing" for key in schema.get("required", ()) if key not in value)
        for key, item in value.items():
            known = schema.get("properties", {}).get(key)
            fits = [part for pattern, part in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
            if known is None and not fits and schema.get("additionalProperties", True) is False:
                yield f"{at}.{key}: unknown key"
            for part in [*([known] if known else []), *fits]:
                yield from complaints(item, part, f"{at}.{key}")


KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "examples", "format", "propertyNames"),
    *("type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "items", "minItems", "maxItems"),
    *("properties", "patternProperties", "additionalProperties", "required", "anyOf", "oneOf"),
}


def as_an_editor_reads(text: str) -> Any:
    """An editor's YAML has text where ours has a day."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value.isoformat() if isinstance(value, date) else value

    return plain(read_yaml(text.encode(), "school.yaml").value)


@pytest.mark.parametrize("protocol", protocol_names())
def test_an_editor_finds_nothing_wrong_with_the_template(tmp_path, protocol):
    write_template(tmp_path / "school.yaml", protocol)
    assert list(complaints(as_an_editor_reads((tmp_path / "school.yaml").read_text()))) == []


FULL = (
    GOOD.replace("}}}\n", "}}, groups: {7: {fri: {}}}, closed: [{from: 2026-12-19, to: 2026-12-20}]}\n")
    + """
revision: 4
lists: {social: [kletsplein.test], onze-soort: [a.test]}
tunnels: {b.test: eigen administratie}
egress: {hosts: {"intranet.test:443": "192.168.1.10:443"}}
listen: {address: "::1", groups: {7: 8107}}
public: [030-1234567]
rules:
  - {id: eigen, basis: {decided: 2026-09-01, note: 7}, facet: place, categories: [games, onze-soort], groups: [7]}
  - {id: pauze, basis: {law: wet}, gate: break, holds_in: break}
"""
)


def test_an_editor_takes_what_the_guard_takes():
    parse_school(FULL.encode())
    assert list(complaints(as_an_editor_reads(FULL))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "protocoll: kalisto\n",
        "youtube: soft\n",
        "language: fr\n",
        "workers: 17\n",
        "retention: {blocked: 15}\n",
        "hold_unknown: NO\n",
        "open_sites: bieb.nl\n",
        "open_sites: ['https://bieb.nl/x']\n",
        "rules: [{id: a, basis: {decided: 2026-09-01}, facet: plaats, sites: [a.test]}]\n",
        "rules: [{id: a, basis: {decided: 2026-09-01}, facet: place, sites: [a.test], effect: help}]\n",
        "rules: [{id: a, basis: {decided: 2026-09-01}, gate: help}]\n",
        "rules: [{id: a, basis: {decided: 2026-09-01}, sites: [a.test]}]\n",
        "rules: [{id: a, basis: {note: zomaar}, facet: print}]\n",
        "rules: [{id: a, basis: {safety: zomaar}, facet: print}]\n",
        "rules: [{id: a, basis: {decided: 2026-09-01}, facet: place, sites: [a.test], roles: [leerling]}]\n",
        "words: {terms: [{text: kletskoek, kind: grof}]}\n",
        "listen: {groups: {'a b': 8080}}\n",
    ],
)
def test_an_editor_marks_what_the_guard_refuses(wrong):
    with pytest.raises(ConfigError):
        parse_school((GOOD + wrong).encode())
    assert list(complaints(as_an_editor_reads(GOOD + wrong))) != []


@pytest.mark.parametrize("wrong", ["08:30", "8:30-14:00", "08:30-25:00"])
def test_an_editor_marks_a_time_that_is_none(wrong):
    text = GOOD.replace("08:30-14:00", wrong)
    with pytest.raises(ConfigError):
        parse_school(text.encode())
    assert list(complaints(as_an_editor_reads(text))) != []


def test_an_editor_completes_words():
    rule = SCHEMA["$defs"]["RulePart"]["properties"]
    assert rule["roles"]["items"]["enum"] == [role.value for role in Role]
    assert rule["facet"]["anyOf"][0]["enum"] == [facet.value for facet in Facet]
    assert SCHEMA["properties"]["protocol"]["enum"] == list(protocol_names())
    assert "social" in SCHEMA["properties"]["lists"]["properties"]
    assert "social" in rule["categories"]["items"]["anyOf"][0]["enum"]


def models() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "SchoolFilePart", SCHEMA
    yield from SCHEMA["$defs"].items()


def test_every_block_refuses_keys_that_it_does_not_know():
    assert [name for name, model in models() if model.get("additionalProperties") is not False] == []


@pytest.mark.parametrize("lang", languages())
def test_every_key_is_explained_in_every_language(lang):
    keys = [description_code(name, key) for name, model in models() for key in model["properties"]]
    assert [code for code in keys if not has(code, lang)] == []
    assert json.loads(json.dumps(school_schema(lang)))["properties"]["school"]["description"]


def test_no_value_is_left_as_text_of_any_kind():
    """A new word of a file says what it looks like (`WithJsonSchema`), or an editor cannot help with it."""
    bare = [
        f"{name}.{key}"
        for name, model in models()
        for key, field in model["properties"].items()
        for leaf in (field.get("items", field), *field.get("anyOf", ()))
        if leaf.get("type") == "string" and not leaf.keys() & {"enum", "pattern", "format"}
    ]
    assert bare == []
