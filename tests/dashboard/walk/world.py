"""Two schools in one database with something of everything in both, and visitors who notice what an answer lacks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cli.demo.school import seed
from dashboard.actions.desk import Desk
from dashboard.shield import SESSION_COOKIE, token_for
from policy.model import Device, DeviceClass, Group, Role
from store import account_tables, event_tables, tables
from store.people import Person
from tests.access import filled
from tests.access.school import _MORE, Seeded, Standing, standing
from tests.dashboard.walk.headers import must_be_safe

BASE = "https://wacht.school"
NEIGHBOURS = "buren"
MARK = "Buurschool"
"""Is in every name and text of the other school: no page of ours may show it."""

OURS = {None: "", Role.TEACHER: "anja", Role.INTERN: "iris", Role.STAFF: "stan", Role.COUNSELLOR: "coen"}
LOGINS = ("", "anja", "bram", "iris", "stan", "coordinator", "directie", "coen", "invaller")
_SECRET = b"s" * 32
_WORDS = {
    tables.people: "name",
    tables.groups: "name",
    tables.devices: "name",
    tables.notes: "text",
    tables.registers: "name",
    tables.grants: "goal",
    tables.agreements: "goal",
    tables.prepared: "name",
    tables.sanctions: "reason",
    tables.ban_proposals: "reason",
    event_tables.asks: "line",
    event_tables.reports: "note",
}


def next_door(ours: Standing) -> Standing:
    """Fill the other school: the same ids where people choose them, ids of its own, and its mark in every name."""
    store, now = ours.store, ours.now
    desk = Desk(store, ours.desk.knowledge, NEIGHBOURS, ours.desk.settings)
    other = replace(ours, desk=desk)
    store.policies.add(NEIGHBOURS, ours.seed.file.policy, "school.yaml", "setup", now)
    seed(desk, now)
    store.people.put_people(NEIGHBOURS, _MORE, "setup", now)
    for one in _MORE:
        store.accounts.add(NEIGHBOURS, one.id.removeprefix("staff-"), one.id, one.role, now)
    filled.fill(other)
    store.people.put_group(NEIGHBOURS, Group("buur9", "Groep negen", (8,)), "setup", now)
    store.people.put_people(NEIGHBOURS, [Person("buur9-1", Role.PUPIL, "Kind", ("buur9",))], "setup", now)
    store.devices.put(NEIGHBOURS, Device("buur9-boek", "Boek", DeviceClass.PUPIL, "buur9", "buur9-1"), "setup", now)
    with store.database.write(NEIGHBOURS) as change:
        for table, column in _WORDS.items():
            keys = list(table.primary_key.columns)
            there = sa.select(*keys, table.c[column]).where(
                table.c.school_id == NEIGHBOURS, table.c[column].is_not(None)
            )
            for *found, text in change.execute(there).all():
                this = (key == one for key, one in zip(keys, found, strict=True))
                change.execute(sa.update(table).where(*this).values({column: f"{MARK} {text}"}))
    return other


@contextmanager
def whole(seeded: Seeded, folder: Path) -> Iterator[Standing]:
    """A fresh copy of both schools."""
    with standing(seeded, folder) as school:
        yield school


type Rows = dict[str, frozenset[tuple[str, ...]]]
NOT_OF_A_CHANGE = frozenset({"sessions", "audit", "schools", "attempts"})
"""Tables that move by a look or a refusal: when a session was last used, who tried, and the counters."""


def _plain(value: object) -> str:
    return value if isinstance(value, str) else f"#{json.dumps(value, default=str)}"


def rows(school: Standing, of: str | None = None) -> Rows:
    """What the database has, table by table, of one school or of all."""
    found: Rows = {}
    store = school.store
    pairs = ((store.database, tables.metadata), (store.accounts.database, account_tables.metadata))
    for database, metadata in pairs:
        with database.read() as connection:
            for table in metadata.sorted_tables:
                if table.name in NOT_OF_A_CHANGE:
                    continue
                asked = sa.select(table) if of is None else sa.select(table).where(table.c.school_id == of)
                found[table.name] = frozenset(tuple(map(_plain, row)) for row in connection.execute(asked))
    return found


def changed(before: Rows, after: Rows) -> Mapping[str, list[tuple[str, ...]]]:
    """The rows that came, went or are otherwise, by table."""
    both = {name: sorted(before[name] ^ after[name]) for name in before}
    return {name: lines for name, lines in both.items() if lines}


def ids_of(school: Standing, of: str) -> frozenset[str]:
    """Everything that another school's rows may be called by."""
    found: set[str] = set()
    store = school.store
    for database, metadata in ((store.database, tables.metadata), (store.accounts.database, account_tables.metadata)):
        with database.read() as connection:
            for table in metadata.sorted_tables:
                names = [c for c in table.c if c.name == "id" or c.name.endswith("_id") or c.name == "uid"]
                for column in names:
                    if column.name != "school_id" and isinstance(column.type, sa.String | sa.types.TypeDecorator):
                        asked = sa.select(column).where(table.c.school_id == of).distinct()
                        found |= {value for (value,) in connection.execute(asked) if isinstance(value, str) and value}
    return frozenset(found)


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser; every answer it gets is looked at (`must_be_safe`)."""

    login: str
    client: FlaskClient
    cookie: str = ""
    seen: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def token(self) -> str:
        return token_for(_SECRET, self.cookie)

    def open(self, method: str, path: str, **more: object) -> TestResponse:
        headers = {"Origin": BASE, "Accept": "text/html", **more.pop("headers", {})}
        answer = self.client.open(path, method=method, base_url=BASE, headers=headers, **more)
        self.seen.append((method, path, answer.status_code))
        must_be_safe(answer, path)
        return answer

    def get(self, path: str, **more: object) -> TestResponse:
        return self.open("GET", path, **more)

    def post(self, path: str, form: Mapping[str, object] | None = None, **more: object) -> TestResponse:
        return self.open("POST", path, data={**(form or {}), "csrf": self.token}, **more)


def visitor(school: Standing, login: str) -> Visitor:
    """A browser that is signed in as `login` (empty: nobody, with the cookie that comes before signing in)."""
    client = school.app.test_client()
    name, value = (SESSION_COOKIE, school.session(login)) if login else ("__Host-klaswacht-voor", "vreemd")
    client.set_cookie(name, value, domain="wacht.school", secure=True)
    return Visitor(login, client, value)
