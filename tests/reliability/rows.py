"""A row of the paper: what one test saw while something was broken. The tests write them, `paper` reads them.

A test says what it breaks with `@pytest.mark.fault(part, what)`, both literal text, and fills the fixture `row`. The
row is written when the test has passed, and an older one goes as the test begins: no row tells of a test that failed.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHORT = bool(os.environ.get("KLASWACHT_SHORT"))
"""Whether waits are cut short; the paper says with which the rows were made."""


def folder() -> Path:
    """Where rows are kept between the tests and the paper."""
    return Path(os.environ.get("KLASWACHT_RELIABILITY") or ROOT / "var" / "reliability")


@dataclass(slots=True)
class Row:
    """One fault. All are short sentences of what was seen, in the words of who reads the paper.

    `well` is how long until all was well, and counted from what. `kept` is what was compared afterwards, `reached` how
    often something reached a site that is closed. `asked` is how many requests pupils made meanwhile.
    """

    part: str
    fault: str
    pupil: str = ""
    help: str = ""
    teacher: str = ""
    coordinator: str = ""
    well: str = ""
    kept: str = ""
    reached: int = -1
    asked: int = 0
    note: str = ""
    short: bool = SHORT

    @property
    def path(self) -> Path:
        """Its file."""
        return folder() / f"{re.sub(r'[^a-z0-9]+', '-', f'{self.part} {self.fault}'.lower()).strip('-')}.json"

    def lacking(self) -> list[str]:
        """What a test forgot to fill in."""
        missing = [
            name for name in ("pupil", "help", "teacher", "coordinator", "well", "kept") if not getattr(self, name)
        ]
        return missing + ([] if self.reached >= 0 else ["reached"])

    def write(self) -> None:
        """Keep it for the paper."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), "utf-8")


def read() -> dict[tuple[str, str], Row]:
    """All rows that are kept, by part and fault."""
    rows = (Row(**json.loads(path.read_text("utf-8"))) for path in sorted(folder().glob("*.json")))
    return {(row.part, row.fault): row for row in rows}


def faults(source: str) -> Iterator[tuple[str, str]]:
    """Every `pytest.mark.fault(part, what)` in a file of tests, in its order."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
            part, what = (ast.literal_eval(one) for one in node.args)
            yield part, what


def all_faults() -> list[tuple[str, str]]:
    """Those of every test here, file by file."""
    return [one for path in sorted(HERE.glob("test_*.py")) for one in faults(path.read_text("utf-8"))]
