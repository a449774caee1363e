"""Every route with who may use it, as `docs/security/routes.md` has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from werkzeug.routing import Rule

from dashboard.access import Access, access_of, open_to_substitutes
from policy.model import Role

PAGE = Path(__file__).resolve().parents[3] / "docs" / "security" / "routes.md"
COLUMNS: tuple[tuple[str, Role | None], ...] = (
    ("nobody", None),
    ("pupil", Role.PUPIL),
    ("teacher", Role.TEACHER),
    ("intern", Role.INTERN),
    ("staff", Role.STAFF),
    ("coordinator", Role.COORDINATOR),
    ("management", Role.MANAGEMENT),
    ("counsellor", Role.COUNSELLOR),
)
SUBSTITUTE = "substitute"
_HEAD = """# Who may use which route
Made by the tests from the app itself (`python -m tests.dashboard.walk --write`), and tried on it by
`tests/dashboard/walk`. `x`: comes in. `key`: a device with its own key, and nobody's session. `*`: only after a
step-up (signed in a moment ago, or proved again). Whoever comes in is still asked whether the group, the child or the
device in the address is theirs; that is tried by `tests/dashboard/walk/test_ids.py`. A pupil has no account; the
column is there because the role exists.

"""


@dataclass(frozen=True, slots=True)
class Row:
    """One method of one route, and who may come in (names of the columns)."""

    method: str
    path: str
    endpoint: str
    access: Access
    enters: frozenset[str]

    @property
    def cells(self) -> tuple[str, ...]:
        if self.access.by_key:
            return (*(("",) * len(COLUMNS)), "")
        mark = "x*" if getattr(self.access, "fresh", False) else "x"
        return tuple(mark if name in self.enters else "" for name in (*(c[0] for c in COLUMNS), SUBSTITUTE))


def methods(rule: Rule) -> tuple[str, ...]:
    """The methods of a rule that somebody wrote down."""
    return tuple(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def _enters(access: Access, rule: Rule) -> Iterator[str]:
    yield from (name for name, role in COLUMNS if not access.by_key and access.allows(role))
    own = access.everybody or (access.allows(Role.TEACHER) and open_to_substitutes(rule.endpoint, rule.rule))
    if own and not access.by_key:
        yield SUBSTITUTE


def rows(app: Flask) -> tuple[Row, ...]:
    """Every route of the map, in the order of addresses."""
    found = []
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        assert access is not None, rule
        enters = frozenset(_enters(access, rule))
        found += [Row(method, rule.rule, rule.endpoint, access, enters) for method in methods(rule)]
    return tuple(sorted(found, key=lambda row: (row.path, row.method)))


def page(app: Flask) -> str:
    """The text of `docs/security/routes.md`."""
    names = [name for name, _ in COLUMNS] + [SUBSTITUTE]
    lines = [f"| route | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for row in rows(app):
        told = f"{row.method} `{row.path.replace('|', chr(92) + '|')}`" + (" (key)" if row.access.by_key else "")
        lines.append(f"| {told} | {' | '.join(row.cells)} |".replace("  ", " "))
    return _HEAD + "\n".join(lines) + "\n"
