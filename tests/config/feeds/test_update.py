"""What is no good never replaces what is; what every list comes to, compiled."""

from __future__ import annotations

import gzip
import os
import random
import time
from pathlib import Path

import pytest

from config import load
from config.factory import category_names
from config.feeds.catalogue import checked_on, offers
from config.feeds.formats import FORMS
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Shelf, right_id
from config.feeds.update import Outcome
from tests.config.feeds.bench import names


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "nothing in it"),
        (b"<html><p>Sign in to the network</p></html>", "web page"),
        (b"# only words\n", "form"),
        (gzip.compress(b"one.example\n" * 9999, mtime=0)[:50], "damaged"),
        (b"one.example\n" + b"\xff\xfe what? \n" * 20, "no names"),
        (os.urandom(5000), "form|no names|damaged"),
    ],
)
def test_a_damaged_list_never_replaces_a_working_one(body, why, bench):
    path = bench.say(*names(10))
    bench.add(path)
    path.write_bytes(body)
    assert bench.update() is Outcome.FAILED
    assert bench.index().categories("site3.example") == {"games"}
    assert bench.feed().now.names == 10
    assert bench.feed().problem
    assert not {name for name in bench.files() if name.endswith((".new", ".read")) or name.startswith(".")}
    path.unlink()
    assert bench.update() is Outcome.FAILED
    bench.say(*names(10))
    assert bench.update() is Outcome.SAME
    assert not bench.feed().problem


def test_a_list_that_cannot_be_read_is_not_added(bench):
    (bench.home / "page.html").write_text("<html>")
    with pytest.raises(FeedError):
        bench.add(bench.home / "page.html")
    assert bench.lists.shelf() == Shelf()
    assert bench.files() == {"lock"}


def test_a_damaged_state_file_is_said_and_not_overwritten(bench):
    bench.add(bench.say("one.example"))
    state = bench.home / "lists" / "subscriptions.json"
    for damage in (
        b"{",
        b"[]",
        b'{"version": 9}',
        b'{"version": 1, "kept": "", "night": "", "feeds": [{"id": "../x"}]}',
    ):
        state.write_bytes(damage)
        with pytest.raises(FeedError, match=r"subscriptions\.json"):
            bench.lists.shelf()
    assert bench.index().categories("one.example"), "the index needs no state"


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_million_names_are_compiled_in_a_minute_and_found(bench):
    dice = random.Random(1)
    path = bench.home / "feed.txt"
    found = [f"site{n}.example{dice.randrange(50_000)}.com" for n in range(1_000_000)]
    path.write_text("\n".join(found))
    start = time.monotonic()
    bench.add(path)
    assert time.monotonic() - start < 60
    index = bench.index()
    assert len(index) == 1_000_000
    assert all(index.categories(name) == {"games"} for name in dice.sample(found, 10_000))


def test_every_offer_of_the_catalogue_can_be_added_as_it_stands():
    assert checked_on().year == 2026
    assert len(offers()) >= 12
    for name, offer in offers().items():
        assert right_id(name) == offer.id
        assert offer.category in category_names()
        assert offer.form in FORMS
        assert offer.address.startswith("https://") and offer.homepage.startswith("https://")
        assert offer.licence and offer.note
        assert ("#" in offer.address) is (offer.form == "v2fly")
    assert any("UT1 asks not to be loaded" in line for line in (Path(load.__file__).parent / "feeds.yaml").open())
