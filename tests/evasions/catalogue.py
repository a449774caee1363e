"""The tricks by id, what the guard does about each, and the tests that try it, for `docs/security/evasions.md`.

The words are in `catalogue.yaml`. The tests are found by their marker: `@pytest.mark.evasion("E08")` on a function, a
class, or a whole file (`pytestmark`), wherever it lives.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from config.read import read_yaml

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
PAGE = ROOT / "docs" / "security" / "evasions.md"
WORDS = Path(__file__).with_name("catalogue.yaml")

_HEAD = """# Tricks, and what the guard does about them
Made by the tests (`python -m tests.evasions --write`): every row names the tests that try the trick on the real parts.
The ids are ours. What is under *remains* is still possible; it is written down because a school must know it.

| id | trick | what the guard does | tried by | remains |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Trick:
    """One row: `does` and `remains` are sentences. `untried` says why no test tries it (empty: one does)."""

    id: str
    trick: str
    does: str
    remains: str
    untried: str = ""


def tricks() -> tuple[Trick, ...]:
    """All of them, in the order of the file. Raises `ValueError` for a row that is not whole."""
    document: Any = read_yaml(WORDS.read_bytes(), WORDS.name).value
    found = []
    for name, row in document.items():
        if row.keys() - {"untried"} != {"trick", "does", "remains"} or not all(row.values()):
            raise ValueError(f"`{name}` in {WORDS.name} needs `trick`, `does` and `remains` (and may have `untried`)")
        words = (" ".join(str(row.get(key, "")).split()) for key in ("trick", "does", "remains", "untried"))
        found.append(Trick(name, *words))
    return tuple(found)


@cache
def trying() -> dict[str, list[str]]:
    """The tests of each id, as `file::test` below `tests/`, in order; read once, which takes some seconds."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for test, ids in _marked(path):
            for one in ids:
                found.setdefault(one, []).append(test)
    return found


def page() -> str:
    """The page as it should be."""
    tests = trying()
    rows = []
    for one in tricks():
        tried = "<br>".join(f"`{test}`" for test in _short(tests.get(one.id, []))) or f"nothing yet: {one.untried}"
        rows.append(f"| {one.id} | {_cell(one.trick)} | {_cell(one.does)} | {tried} | {_cell(one.remains)} |\n")
    return _HEAD + "".join(rows)


def _marked(path: Path) -> Iterator[tuple[str, list[str]]]:
    module = ast.parse(path.read_text("utf-8"), str(path))
    name = path.relative_to(TESTS).as_posix()
    everywhere = [
        one
        for node in module.body
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "pytestmark" for target in node.targets)
        for one in _ids(node.value)
    ]
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            whole = [*everywhere, *_of(node)]
            inner = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
            yield from ((f"{name}::{node.name}::{one.name}", [*whole, *_of(one)]) for one in inner if _is_test(one))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(node):
            yield f"{name}::{node.name}", [*everywhere, *_of(node)]


def _is_test(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return node.name.startswith("test_")


def _of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [one for decorator in node.decorator_list for one in _ids(decorator)]


def _ids(node: ast.expr) -> list[str]:
    """The words in every call of `pytest.mark.evasion` below a node."""
    calls = [
        one for one in ast.walk(node) if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.mark.evasion"
    ]
    return [str(arg.value) for call in calls for arg in call.args if isinstance(arg, ast.Constant)]


def _short(tests: list[str]) -> list[str]:
    """At most six names; of a file with more of them its name and how many."""
    if len(tests) <= 6:
        return tests
    by_file: dict[str, list[str]] = {}
    for test in tests:
        by_file.setdefault(test.partition("::")[0], []).append(test)
    return [
        one
        for file, names in by_file.items()
        for one in (names if len(names) <= 2 else [f"{file} ({len(names)} tests)"])
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
