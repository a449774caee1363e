"""Run in the installed program, as the user of its home: makes the database of an older program, or says what is there.

`make` takes the newest migration away from this program and lets the rest make a new database, as the program of before
did; then rows go in by SQL, because that program's code is not here. `tell` asks this program's code, `raw` the file.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from typing import Any

from alembic import command

from cli.home import Home
from cli.school import opened
from store import copies, migrate
from store.db import Database
from store.migrate import HEADS, Chain

SCHOOL = "school"
GROUPS = {"g5": "Groep 5", "g7": "Groep 7"}
PUPILS = {f"p{number}": f"Kanarie Vogel {number}" for number in range(40)}


def make(home: Home) -> None:
    before = sorted(copies.known(Chain.MAIN))[-2]
    real = command.upgrade
    head = HEADS[Chain.MAIN]

    def to_before(config: Any, target: str) -> None:
        real(config, before if str(config.get_main_option("version_locations")).endswith("main") else target)

    place = copies.place(home.database_url)
    mode = place.stat().st_mode
    for path in copies.files(home.database_url):
        path.unlink(missing_ok=True)
    command.upgrade, migrate.HEADS[Chain.MAIN] = to_before, before
    # What follows on a migration looks for tables that are not there yet.
    migrate.wipe = lambda *_: True
    with closing(Database(home.database_url, create=True, key=home.columns_key)) as database:
        migrate.upgrade(database, Chain.MAIN)
    with closing(sqlite3.connect(place)) as rows, rows:
        for key, name in GROUPS.items():
            put(rows, "groups", id=key, name=name)
        for number, (key, name) in enumerate(PUPILS.items()):
            put(rows, "people", id=key, name=name, role="pupil")
            put(rows, "memberships", person_id=key, group_id=list(GROUPS)[number % 2])
    place.chmod(mode)
    print(f"OLDER {before} of {head}")


def put(database: sqlite3.Connection, table: str, **row: str) -> None:
    """A row with what is given, and of every other column that must be filled something empty of its type."""
    empty = {"INTEGER": 0, "BIGINT": 0, "BOOLEAN": 0, "JSON": "[]", "VARCHAR": ""}
    filled: dict[str, object] = {"school_id": SCHOOL}
    columns = database.execute(f"pragma table_info({table})").fetchall()
    if not {one[1] for one in columns} >= row.keys():
        raise SystemExit(f"`{table}` has other columns by now: {columns}")
    for _, name, kind, must, default, _ in columns:
        if name in row:
            filled[name] = row[name]
        elif must and default is None and name not in filled:
            filled[name] = empty[kind.split("(")[0]]
    marks = ", ".join("?" * len(filled))
    database.execute(f"insert into {table} ({', '.join(filled)}) values ({marks})", list(filled.values()))


def tell(home: Home) -> None:
    with closing(opened(home, migrate=False)) as store:
        found = {key: store.people.person(SCHOOL, key) for key in PUPILS}
        there = [key for key, one in found.items() if one is not None and one.name == PUPILS[key] and one.groups]
        print(f"PUPILS {len(there)} GROUPS {len(store.people.groups(SCHOOL))}")


def raw(home: Home) -> None:
    with closing(sqlite3.connect(copies.place(home.database_url))) as database:
        at = database.execute("select version_num from alembic_version").fetchone()[0]
        names = {name for (name,) in database.execute("select name from people")}
        print(f"RAW {at} {len(names & set(PUPILS.values()))}")


if __name__ == "__main__":
    {"make": make, "tell": tell, "raw": raw}[sys.argv[1]](Home.here())
