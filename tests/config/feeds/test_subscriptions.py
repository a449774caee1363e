"""Subscriptions: added, kept for their owner only, and taken out again."""

from __future__ import annotations

import pytest

from config.feeds import update
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Lists, Shelf, id_for, right_id


def test_a_school_without_lists_has_no_folder_and_knows_nothing(bench):
    index = bench.index()
    assert not index.categories("one.example")
    assert not index.known()
    assert len(index) == 0
    assert not index.problem
    assert bench.lists.shelf() == Shelf()
    assert not (bench.home / "lists").exists()


def test_a_list_that_is_added_names_the_category_of_its_sites(bench):
    added = bench.add(bench.say("one.example", "two.example"))
    index = bench.index()
    assert index.categories("www.one.example") == {"games"}
    assert not index.categories("example")
    assert (added.now.names, added.now.form, len(index)) == (2, "domains", 2)


def test_everything_in_the_folder_is_for_its_owner_only(bench):
    bench.add(bench.say("one.example"))
    assert (bench.home / "lists").stat().st_mode & 0o077 == 0
    for path in (bench.home / "lists").iterdir():
        assert path.name == "lock" or path.stat().st_mode & 0o077 == 0, path


def test_a_site_in_two_lists_has_both_categories_and_loses_one_with_its_list(bench):
    bench.add(bench.say("one.example"))
    bench.add(bench.say("chat.one.example", file="chat.txt"), "chat", "chat")
    assert bench.index().categories("chat.one.example") == {"games", "chat"}
    with bench.lists.alone():
        update.remove(bench.lists, "games", bench.by)
    assert bench.index().categories("chat.one.example") == {"chat"}
    with bench.lists.alone():
        update.remove(bench.lists, "chat", bench.by)
    assert not bench.index().categories("chat.one.example")
    assert bench.files() == {"lock", "subscriptions.json"}


def test_what_the_list_itself_takes_out_is_not_in_it(bench):
    lines = ["||one.example^", "||www.two.example^", "||two.example^", "||in.three.example^", "||three.example^"]
    added = bench.add(bench.say(*lines, "@@||two.example^", "@@||in.three.example^"), form="adblock")
    index = bench.index()
    assert index.categories("one.example")
    assert not index.categories("two.example")
    assert not index.categories("www.two.example")
    assert index.categories("three.example"), "a name cannot have a hole; it is counted"
    assert added.now.skipped == {"exception_below": 1}


def test_an_id_is_used_once_and_is_made_from_the_source(bench):
    bench.add(bench.say("one.example"))
    with pytest.raises(FeedError, match="there is a feed `games` already"):
        bench.add(bench.home / "feed.txt")
    assert id_for("https://x.example/download/adult.tar.gz") == "adult"
    assert id_for("/data/v2fly#category-social-media-!cn") == "category-social-media-cn"
    assert right_id(id_for("https://x.example/")) == "x-example"
    with pytest.raises(FeedError):
        right_id("../x")


def test_two_updates_cannot_mix(bench):
    with bench.lists.alone(), pytest.raises(FeedError, match="being updated"), Lists(bench.home).alone():
        pass
