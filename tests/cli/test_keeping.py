"""The rules in force are kept in a file while the guard runs, each time that they moved."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from cli.keeping import Keeping
from config.private_folder import columns_key
from policy.model import Group, Sanction, SanctionTarget
from proxy_addons.last_known import LastKnown
from store import Store, StoreUnavailable, open_store
from tests.cast import KNOWLEDGE, LESSON, POLICY


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(str(tmp_path / "klaswacht.db"), key=columns_key(tmp_path), migrate=True)
    yield opened
    opened.close()


def test_what_is_in_force_is_kept_once_for_every_move(store: Store, tmp_path: Path) -> None:
    file = LastKnown(tmp_path, b"s" * 32)
    keeping = Keeping(file, store, "school", KNOWLEDGE, threading.Event())
    with pytest.raises(StoreUnavailable):
        keeping.look(LESSON)  # there are no rules yet, and an empty file would be worse than none
    assert file.read("school", KNOWLEDGE) is None
    store.policies.add("school", POLICY, "file", "cor", LESSON)
    assert keeping.look(LESSON)
    assert not keeping.look(LESSON)
    store.people.put_group("school", Group("7", "Groep 7", (7,)), "cor", LESSON)
    assert keeping.look(LESSON)
    found = file.read("school", KNOWLEDGE)
    assert found is not None
    assert found[0] == store.snapshot("school", KNOWLEDGE, LESSON)


def test_a_clock_that_was_ahead_for_a_while_keeps_no_ban_out_of_the_file(store: Store, tmp_path: Path) -> None:
    file = LastKnown(tmp_path, b"s" * 32)
    keeping = Keeping(file, store, "school", KNOWLEDGE, threading.Event())
    store.policies.add("school", POLICY, "file", "cor", LESSON)
    ban = Sanction("ban", "sam", SanctionTarget.CHROMEBOOK, LESSON, LESSON + timedelta(hours=1), "dir")
    store.measures.add_sanction("school", ban, LESSON)
    assert keeping.look(LESSON + timedelta(days=1))
    assert keeping.look(LESSON)
    found = file.read("school", KNOWLEDGE)
    assert found is not None
    assert found[0].state.sanctions == (ban,)
