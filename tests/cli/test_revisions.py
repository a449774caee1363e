"""Who comes second with a file: refused when something would be lost, and never by what only the product changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import school
from cli.home import Home
from cli.revisions import say_number
from config import load
from config.export import school_text
from dashboard.actions.amending import ORIGIN
from dashboard.actions.revisions import Outcome, Source, renew, roll_back, source_of, take
from policy.model import Policy
from store import Store

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SMALL = "protocol: kalisto\nschedule:\n  days:\n    mon: {lessons: ['08:30-14:00']}\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    home = Home(tmp_path / "var")
    home.prepare()
    opened = school.opened(home)
    yield opened
    opened.close()


def read(more: str = ""):
    return load.parse_school((SMALL + more).encode())


def taken(store: Store, more: str = "", **options: bool):
    found = take(store, "school", read(more), "jan", NOW, **({"own": True} | options))
    return found.outcome, found.current.number, found.base


def tap(store: Store, policy: Policy, based_on: int) -> None:
    assert store.policies.add("school", policy, ORIGIN, "cor", NOW, based_on=based_on)


def older(policy: Policy) -> Policy:
    """The same school by an older program."""
    return replace(policy, rules=tuple(rule for rule in policy.rules if rule.id != "default-games"))


def test_two_who_start_from_one_version_do_not_undo_each_other(store):
    assert taken(store) == (Outcome.TAKEN, 1, 0)
    assert taken(store, "revision: 1\nhold_unknown: true\n", own=False) == (Outcome.TAKEN, 2, 1)
    assert taken(store, "revision: 1\ninterns_permit: true\n", own=False) == (Outcome.MOVED, 2, 1)
    assert taken(store, "revision: 1\n", own=False) == (Outcome.OLDER, 2, 1)
    assert taken(store, "revision: 1\nhold_unknown: true\n", own=False) == (Outcome.SAME, 2, 1)
    assert taken(store, "revision: 9\ninterns_permit: true\n", own=False) == (Outcome.MOVED, 2, 9)
    assert taken(store, "revision: 1\ninterns_permit: true\n", own=False, force=True) == (Outcome.TAKEN, 3, 1)


def test_there_and_back_is_no_change_that_a_file_could_undo(store):
    taken(store)
    tap(store, replace(read().policy, open_sites=("bieb.nl",)), 1)
    tap(store, read().policy, 2)
    assert taken(store, "hold_unknown: true\n") == (Outcome.TAKEN, 4, 1)


def test_somebody_who_writes_at_the_same_moment_is_not_overwritten(store, monkeypatch):
    taken(store)
    policies = type(store.policies)
    add = policies.add

    def meanwhile(self, *arguments, **options):
        monkeypatch.setattr(policies, "add", add)
        tap(store, replace(read().policy, open_sites=("bieb.nl",)), 1)
        return add(self, *arguments, **options)

    monkeypatch.setattr(policies, "add", meanwhile)
    assert taken(store, "hold_unknown: true\n") == (Outcome.RACED, 2, 1)
    assert store.policies.current("school").policy.open_sites == ("bieb.nl",)


def test_a_timetable_by_region_is_still_one_after_a_tap(store):
    region = "  holidays: {region: zuid, confirmed: [2026-2027]}\n"
    taken(store, region)
    current = store.policies.current("school")
    tap(store, replace(current.policy, open_sites=("bieb.nl",)), 1)
    current = store.policies.current("school")
    assert "region: zuid" in school_text(current.policy, current.written).text


def test_what_comes_with_the_product_is_renewed_under_rules_that_no_file_holds(store):
    taken(store)
    tap(store, older(replace(read().policy, open_sites=("bieb.nl",))), 1)
    current = renew(store, "school", store.policies.current("school"), NOW)
    assert (current.number, source_of(current.origin)) == (3, Source.RENEWAL)
    assert current.policy == replace(read().policy, open_sites=("bieb.nl",))
    assert renew(store, "school", current, NOW) == current


def test_a_renewal_is_no_change_that_a_file_could_undo(store):
    file = read()
    store.policies.add("school", older(file.policy), file.digest, "school.yaml", NOW)
    renew(store, "school", store.policies.current("school"), NOW)
    assert taken(store, "hold_unknown: true\n") == (Outcome.TAKEN, 3, 1)


def test_going_back_keeps_the_safety_floor_of_this_program(store):
    store.policies.add("school", older(replace(read().policy, open_sites=("bieb.nl",))), "x", "jan", NOW)
    tap(store, read().policy, 1)
    done = roll_back(store, "school", store.policies.get("school", 1), 2, "jan", NOW)
    assert done.outcome is Outcome.TAKEN
    assert done.current.policy == replace(read().policy, open_sites=("bieb.nl",))
    assert source_of(done.current.origin) is Source.ROLLBACK
    tap(store, read().policy, 3)
    raced = roll_back(store, "school", store.policies.get("school", 1), 3, "jan", NOW)
    assert (raced.outcome, raced.current.number) == (Outcome.RACED, 4)


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ("a" * 64, Source.FILE),
        (f"import:{'a' * 64}", Source.IMPORT),
        (ORIGIN, Source.DASHBOARD),
        ("rollback:3", Source.ROLLBACK),
        ("test", Source.OTHER),
    ],
)
def test_where_a_version_came_from(origin, source):
    assert source_of(origin) is source


def test_a_file_that_cannot_be_written_is_left_as_it_is(tmp_path):
    path = tmp_path / "school.yaml"
    assert not say_number(path, 3)
    path.write_text(SMALL)
    assert not say_number(path, 3)
    link = tmp_path / "link.yaml"
    path.write_text(f"revision: 1\n{SMALL}")
    path.chmod(0o640)
    link.symlink_to(path)
    assert say_number(link, 3)
    assert link.is_symlink()
    assert path.read_text() == f"revision: 3\n{SMALL}"
    assert path.stat().st_mode & 0o777 == 0o640
