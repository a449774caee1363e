"""The page of an export: where each file goes in the Admin console, what each policy is for, and the five minutes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from config.chromebook.data import Known, Scope, System, policies, policies_checked
from config.chromebook.school import MOST_CLOSED, Facts
from config.texts import say

_LONGEST_VALUE = 90  # characters of a value that stands in the table as it is
STEPS = ("unit", "certificate", "proxy", "policies", "guest", "wifi", "extension", "laptops")
"""What the coordinator does in the Admin console, in this order."""
CHECKS = ("policy", "test", "direct", "incognito", "bookmark", "extension", "android")
"""The five minutes on a real Chromebook."""
REAL_ONLY = ("console", "onc", "device", "android", "guest")
"""What only a real Chromebook can show."""


@dataclass(frozen=True, slots=True)
class Row:
    """One policy in the table; `own` names the file that has its value when it is too long to be shown."""

    known: Known
    value: str
    why: str
    chromebook: bool
    device: bool


def html(facts: Facts, values: Mapping[str, Any], made: Sequence[str], lang: str, today: date) -> str:
    """The whole page, in one file that needs nothing else. `made` are the names of the other files."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # here: every command reads this module

    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("page.html")
    extension = facts.extension
    steps = [one for one in STEPS if one != "extension" or extension is not None]
    checks = [one for one in CHECKS if one != "extension" or extension is not None]
    return template.render(
        t=partial(say, lang=lang),
        lang=lang,
        facts=facts,
        extension=extension,
        unit=say("chromebook.unit", lang, group=facts.group),
        rows=_rows(values, lang),
        files=[(name, say(f"chromebook.file.{_kind(name)}", lang)) for name in made],
        steps=steps,
        checks=checks,
        limits=REAL_ONLY,
        today=today.isoformat(),
        checked=policies_checked().isoformat(),
        most=MOST_CLOSED,
    )


def _rows(values: Mapping[str, Any], lang: str) -> list[Row]:
    known = policies()
    return [
        Row(
            known[name],
            _shown(value, lang),
            say(f"chromebook.why.{name}", lang),
            System.CHROMEOS in known[name].on,
            known[name].scope is Scope.DEVICE,
        )
        for name, value in values.items()
    ]


def _shown(value: Any, lang: str) -> str:
    """A value as it is typed; of a long one how long it is."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= _LONGEST_VALUE:
        return text
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], str):
        return say("chromebook.many", lang, count=len(value))
    return say("chromebook.in_file", lang) if len(text) > 3 * _LONGEST_VALUE else text


def _kind(name: str) -> str:
    """By what word a file is told: without its folder, number and ending."""
    words = {
        "chromebook-gebruikers.json": "users",
        "chromebook-apparaten.json": "devices",
        "chrome-linux.json": "laptops",
        "klaswacht.onc": "onc",
        "niet-inspecteren.csv": "unseen",
        "klaswacht-ca.crt": "certificate",
        "klaswacht-ca-next.crt": "next_certificate",
        "firefox/policies.json": "firefox",
    }
    return words.get(name, "pac")
