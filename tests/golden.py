"""The golden cases of `tests/cases/*.yaml`: one reading of them for every room that must give the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.read import read_yaml

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """One golden decision: a line of `klaswacht check` and what must be in the answer."""

    id: str
    input: dict[str, Any]
    expect: dict[str, Any]

    def differs(self, answer: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
        """What the answer says otherwise: name to (expected, given)."""
        return {name: (want, answer.get(name)) for name, want in self.expect.items() if answer.get(name) != want}


def cases() -> list[Case]:
    """All of them, in the order of their files."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        document: Any = read_yaml(path.read_bytes(), path.name).value
        found += [Case(entry["id"], entry["input"], entry["expect"]) for entry in document]
    return found


CASES = cases()
IDS = [case.id for case in CASES]
