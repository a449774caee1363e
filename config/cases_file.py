"""The golden cases that come with the product: decisions that every version must give, and the clauses they show.

A protocol is only as good as its examples; `config.coverage` counts them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from config.read import ConfigError, read_yaml

_ROOT = files("config").joinpath("cases")
_NO_PROTOCOL = "kalisto"  # what `klaswacht check` takes when a line names none


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """One case: its id, the protocol that it is decided by, the clauses and rules that must be in the answer."""

    id: str
    protocol: str
    clauses: tuple[str, ...]
    rules: tuple[str, ...]


@cache
def golden_cases() -> tuple[GoldenCase, ...]:
    """All cases, in the order of their files; read once a process.

    Raises:
        ConfigError: a file of cases cannot be read.
    """
    found: list[GoldenCase] = []
    for path in sorted(_ROOT.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".yaml"):
            found += [_case(entry, path.name) for entry in read_yaml(path.read_bytes(), path.name).value or ()]
    return tuple(found)


def _case(entry: Any, file: str) -> GoldenCase:
    try:
        told, wanted = entry["input"], entry["expect"]
        return GoldenCase(
            id=str(entry["id"]),
            protocol=str(told.get("protocol", _NO_PROTOCOL)),
            clauses=tuple(map(str, wanted.get("clauses", ()))),
            rules=tuple(map(str, wanted.get("rules", ()))),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(file, 0, "a case has no `id`, `input` or `expect`", "write all three") from error
