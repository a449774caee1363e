"""What it costs that names and texts are sealed in the database: the same school, sealed and in plain letters.

    .venv/bin/python -m bench.sealing [--runs 100] [--days 200] [--write]

300 pupils in 12 groups with a year behind them (`bench.year`), in one file as it is and in a copy in which every word
is as it was typed. Both are asked in turn, in one process, so that a busy machine slows both; what is timed is
processor time.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench import permission as report
from bench import year
from cli.home import Home
from config import load
from dashboard.actions.desk import Desk
from dashboard.actions.lesson import see_lesson
from policy.model import Action, Effect, Member, Reason, Role
from store import Store, open_store
from store.db import Database
from store.events import Event, What
from store.sealing import Sealer, bind
from tests.store.before import unseal

MARKS = ("<!-- bench:sealing -->", "<!-- /bench:sealing -->")
GROUP = year.groups()[0].id


class Plain(Sealer):
    """Seals nothing."""

    def close(self, place: str, text: str, *, exact: bool) -> str:
        """The text."""
        return text

    def open(self, place: str, sealed: str, *, exact: bool) -> str:
        """The text."""
        return sealed


@contextlib.contextmanager
def desks(folder: Path, days: int) -> Iterator[dict[str, Desk]]:
    """The school in plain letters, and sealed."""
    home = Home(folder)
    load.write_template(home.school_file)
    file = load.read_school(home.school_file)
    knowledge, school = load.knowledge(file.settings), file.settings.school.id
    main, accounts = folder / "klaswacht.db", folder / "accounts.db"
    with contextlib.closing(open_store(str(main), str(accounts), key=home.columns_key, migrate=True)) as store:
        store.policies.add(school, file.policy, "bench", year.BY, year.utc_now())
        year.before(store, school, year.utc_now(), days)
        store.accounts.add(school, "anja@school.nl", "t0", Role.TEACHER, year.utc_now())
    for one in (main, accounts):
        shutil.copy(one, folder / f"plain-{one.name}")
    plain = [Database(str(folder / f"plain-{one.name}")) for one in (main, accounts)]
    unseal(*(str(folder / f"plain-{one.name}") for one in (main, accounts)), home.columns_key)
    for database in plain:
        database.sealer = Plain()
        bind(database.engine.dialect, database.sealer)
    stores = {"plain": Store(*plain), "sealed": open_store(str(main), str(accounts), key=home.columns_key)}
    try:
        yield {name: Desk(store, knowledge, school, file.settings) for name, store in stores.items()}
    finally:
        for store in stores.values():
            store.close()


def tasks(desk: Desk) -> dict[str, Callable[[], object]]:
    """What is measured."""
    now, who = year.utc_now(), Member("t0", Role.TEACHER, (GROUP,))
    blocked = Event(
        What.BLOCKED, now, Effect.DENY, Reason.PLACE, Action.VISIT, host="kletsplein.test", group=GROUP, person="l0"
    )
    grant = desk.store.grants

    def permit() -> object:
        found = next(iter(grant.live(desk.school, now - year.timedelta(days=1))), None)
        return found if found is None else grant.add(desk.school, replace(found, id=""), now)

    return {
        "a snapshot": lambda: desk.store.snapshot(desk.school, desk.knowledge, now),
        "Mijn les, read anew": lambda: see_lesson(desk, who, GROUP, now),
        "the account of a login": lambda: desk.store.accounts.find(desk.school, "anja@school.nl"),
        "100 events written": lambda: desk.store.events.add_batch(desk.school, [blocked] * 100, now),
        "a permission written": permit,
    }


def timed(both: dict[str, Desk], runs: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of processor time, by what and by which; the first round is not counted."""
    todo = {name: tasks(desk) for name, desk in both.items()}
    times: dict[str, dict[str, list[float]]] = {}
    for number in range(runs + 1):
        for what in todo["plain"]:
            for name in sorted(todo, reverse=number % 2 == 1):
                began = time.process_time()
                todo[name][what]()
                if number:
                    times.setdefault(what, {}).setdefault(name, []).append(time.process_time() - began)
    return times


def rows(times: dict[str, dict[str, list[float]]]) -> list[str]:
    """All of it as Markdown."""
    lines = ["| | plain, median | sealed, median | ratio |", "|---|--:|--:|--:|"]
    for what, found in times.items():
        plain, sealed = median(found["plain"]), median(found["sealed"])
        lines.append(f"| {what} | {1000 * plain:.2f} ms | {1000 * sealed:.2f} ms | {sealed / plain:.2f} |")
    return lines


def main() -> int:
    """Measure, tell, and write if asked."""
    parser = argparse.ArgumentParser(description="What sealing costs.")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--days", type=int, default=year.DAYS, help="school days behind it; a year has 200")
    parser.add_argument("--write", action="store_true", help="write the table to docs/performance.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, desks(Path(folder), given.days) as both:
        told = rows(timed(both, given.runs))
    print(report.machine(), "", *told, sep="\n")
    if given.write:
        report.write(told, MARKS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
