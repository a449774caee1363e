"""The JSON Schema of `school.yaml`, for editors: keys and words to complete, with a line about each.

An editor sees spelling and shape. What only the whole file tells (overlaps, clauses, lists that no rule speaks of) is
told by `klaswacht policy validate`, with the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from config.factory import category_names
from config.load import protocol_names
from config.schema import SchoolFilePart
from config.settings import RETENTION_DAYS
from config.texts import has, say

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFS = "$defs"
_FACTORY_ONLY = ("safety", "default")  # grounds of rules that come with the product


def school_schema(lang: str = "nl") -> dict[str, Any]:
    """The schema, with explanations in `lang`."""
    found = SchoolFilePart.model_json_schema(by_alias=True)
    for name, model in _models(found):
        model.pop("description", None)  # a docstring, for who reads the code
        model.pop("title", None)
        for key, field in model.get("properties", {}).items():
            _tidy(field)
            code = description_code(name, key)
            if has(code, lang):
                field["description"] = say(code, lang)
    _know_more(found)
    return {"$schema": _DIALECT, "title": "Klaswacht school.yaml", **found}


def _know_more(schema: dict[str, Any]) -> None:
    """What the models tell by code: the words of this product, how long at most, which keys go together."""
    fields, parts = schema["properties"], schema[_DEFS]
    fields["protocol"] = {"type": "string", "enum": list(protocol_names())} | _described(fields["protocol"])
    categories = parts["RulePart"]["properties"]["categories"]
    categories["items"] = {"anyOf": [{"enum": sorted(category_names())}, categories["items"]]}
    (hosts,) = fields["lists"]["patternProperties"].values()
    fields["lists"]["properties"] = dict.fromkeys(sorted(category_names()), hosts)
    for key, most in RETENTION_DAYS.items():
        parts["RetentionPart"]["properties"][key] |= {"minimum": 1, "maximum": most}
    basis = parts["BasisPart"]
    for key in _FACTORY_ONLY:
        del basis["properties"][key]
    basis["oneOf"] = [{"required": [key]} for key in ("clause", "decided", "law")]
    parts["RulePart"]["oneOf"] = [{"required": [key]} for key in ("facet", "gate")]


def _described(field: dict[str, Any]) -> dict[str, Any]:
    return {"description": field["description"]} if "description" in field else {}


def description_code(model: str, key: str) -> str:
    """Where the explanation of a key is found in the texts: `schema.rule.holds_in`."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model.removesuffix("Part")).lower()
    return f"schema.{name}.{key}"


def _models(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield SchoolFilePart.__name__, schema
    yield from schema.get(_DEFS, {}).items()


def _tidy(field: dict[str, Any]) -> None:
    """Take out what says nothing to a person, and refuse keys that no pattern fits."""
    field.pop("title", None)
    if not field.get("examples", True):
        del field["examples"]
    if "patternProperties" in field:
        field["additionalProperties"] = False
    for inner in (field.get("items"), *field.get("anyOf", ()), *field.get("patternProperties", {}).values()):
        if isinstance(inner, dict):
            _tidy(inner)
