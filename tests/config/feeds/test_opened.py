"""The index in use: followed by itself, never half, and asked beside the factory's lists."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from config.feeds.compiled import POINTER
from config.feeds.guards import Kept
from config.feeds.update import Outcome
from config.settings import Settings
from policy.match import covers
from tests.config.feeds.bench import BY, HOST, WITHIN, Bench, names


def test_a_reader_in_use_sees_a_new_index_within_two_seconds_and_the_old_one_serves_until_then(bench):
    bench.add(bench.say(*names(1000)))
    index, swaps, wrong = bench.index(), [], []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            if index.categories("www.site1.example") != {"games"}:
                wrong.append(time.monotonic())

    readers = [threading.Thread(target=ask) for _ in range(2)]
    for reader in readers:
        reader.start()
    index.follow(lambda: swaps.append(time.monotonic()))
    try:
        for extra in range(3):
            bench.say(*names(1000), f"new{extra}.example")
            assert bench.update() is Outcome.TAKEN
            end = time.monotonic() + WITHIN
            while not index.categories(f"new{extra}.example"):
                assert time.monotonic() < end
                time.sleep(0.02)
    finally:
        stop.set()
        index.stop()
        for reader in readers:
            reader.join()
    assert len(swaps) == 3
    assert wrong == []
    assert len([name for name in bench.files() if name.startswith("index-")]) == 1, "old files are removed"


def damage_slots(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"<html>"),
        lambda path: path.write_bytes(path.read_bytes()[:-10]),
        damage_slots,
        lambda path: path.unlink(),
        lambda path: (path.parent / POINTER).write_text("../../etc/passwd"),
    ],
)
def test_a_damaged_index_is_refused_and_said(damage, bench, caplog):
    bench.add(bench.say(*names(50)))
    damage(bench.home / "lists" / (bench.home / "lists" / POINTER).read_text())
    index = bench.index()
    assert index.problem
    assert not index.categories("site1.example")
    assert "the lists that come with it go on" in caplog.text
    bench.say(*names(51))
    bench.update()
    assert index.look()
    assert index.categories("site50.example")
    assert not index.problem


@pytest.mark.evasion("S19")
def test_a_damaged_new_index_leaves_the_old_one_in_use(bench, caplog):
    bench.add(bench.say(*names(50)))
    index = bench.index()
    bench.say(*names(51))
    bench.update()
    damage_slots(bench.home / "lists" / (bench.home / "lists" / POINTER).read_text())
    assert not index.look()
    assert index.categories("site1.example")
    assert not index.categories("site50.example")
    assert "the one before it stays in use" in caplog.text
    caplog.clear()
    assert not index.look()
    assert caplog.text == "", "it is said once"


def test_factory_lists_and_feeds_are_asked_together(bench):
    bench.add(bench.say("one.example", "www.tiktok.com"))
    known = load.knowledge(Settings(), bench.index()).categories
    assert known.categories("one.example") == {"games"}
    assert known.categories("www.tiktok.com") == {"games", "social"}
    assert known.categories("www.kindertelefoon.nl") == {"help"}
    assert known.known() >= {"games", "help"}


@given(st.dictionaries(st.sampled_from(["social", "chat", "games"]), st.lists(HOST, max_size=6), min_size=1), HOST)
def test_feeds_say_what_a_slow_look_over_them_says(tmp_path_factory, lists, host):
    bench = Bench(tmp_path_factory.mktemp("any"), replace(BY, kept=Kept(frozenset())))
    suffixed = {category: [f"{name}.x{n}.example" for n, name in enumerate(found)] for category, found in lists.items()}
    for category, found in suffixed.items():
        if found:
            bench.add(bench.say(*found, file=category), category, category, "domains")
    index = bench.index()
    for asked in (f"{host}.x0.example", f"{host}.x1.example", f"a.{host}.x2.example"):
        slow = {category for category, found in suffixed.items() if any(covers(name, asked) for name in found)}
        assert index.categories(asked) == slow
