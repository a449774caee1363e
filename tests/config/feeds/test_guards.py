"""What a list may not do: change too much at once, or close what is kept open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from config.factory import category_hosts
from config.feeds import update
from config.feeds.guards import KEPT_CATEGORIES, Guard, Kept, Left, kept_open
from config.feeds.packed import FeedError
from config.feeds.update import Outcome, changed_too_much
from config.settings import Listen, Settings
from policy.address import _suffixes, site_of
from policy.match import covers
from tests.config.feeds.bench import HOST, names


@pytest.mark.evasion("S19")
def test_a_change_of_more_than_a_fifth_waits_for_a_yes_and_the_version_in_force_stays(bench):
    bench.add(bench.say(*names(100)))
    bench.say(*names(121))
    assert bench.update() is Outcome.WAITS
    assert not bench.index().categories("site120.example")
    assert (bench.feed().now.names, bench.feed().waits.names) == (100, 121)
    bench.say(*names(500))
    assert bench.update(yes=True) is Outcome.TAKEN, "what was seen is what is taken"
    assert bench.index().categories("site120.example")
    assert len(bench.index()) == bench.feed().now.names == 121
    assert bench.feed().waits is None


def test_a_change_of_a_fifth_is_taken_and_the_version_before_it_is_kept(bench):
    bench.add(bench.say(*names(100)))
    bench.say(*names(120))
    assert bench.update() is Outcome.TAKEN
    bench.say(*names(96))
    assert bench.update() is Outcome.TAKEN
    assert bench.feed().before.names == 120
    assert len((bench.home / "lists" / "games.previous").read_text().splitlines()) == 120
    bench.say(*names(76))
    assert bench.update() is Outcome.WAITS


def test_what_waited_is_forgotten_when_the_list_is_itself_again(bench):
    bench.add(bench.say(*names(100)))
    bench.say(*names(10))
    assert bench.update() is Outcome.WAITS
    bench.say(*names(100))
    assert bench.update() is Outcome.SAME
    assert bench.feed().waits is None
    assert "games.waiting" not in bench.files()


def test_going_back_gives_the_version_before_and_the_newer_one_waits(bench):
    bench.add(bench.say(*names(100)))
    bench.say(*names(110))
    bench.update()
    with bench.lists.alone():
        update.step_back(bench.lists, bench.feed())
        update.make_index(bench.lists, bench.by)
    assert not bench.index().categories("site105.example")
    assert bench.update() is Outcome.WAITS, "the same version is not taken again by night"
    assert bench.update(yes=True) is Outcome.TAKEN
    assert bench.index().categories("site105.example")
    with bench.lists.alone(), pytest.raises(FeedError, match="before"):
        update.step_back(bench.lists, replace(bench.feed(), before=None))


@pytest.mark.parametrize(("before", "after", "too_much"), [(100, 120, False), (100, 121, True), (100, 79, True)])
def test_a_fifth_is_the_most_that_a_list_may_change(before, after, too_much):
    assert changed_too_much(before, after) is too_much


POISON = {
    "public_suffix": ["github.io", "co.uk", "amazonaws.com", "blogspot.com"],
    "single_label": ["nl", "com", "localhost"],
    "private_address": ["127.0.0.1", "0.0.0.0", "10.0.0.1", "192.168.1.1", "::1", "fe80::1"],
    "kept_open": ["leren.nl", "www.leren.nl", "school.nl", "www.school.nl", "deep.in.school.nl"],
}


@pytest.mark.evasion("S19")
@pytest.mark.parametrize(("reason", "poison"), POISON.items())
def test_what_would_close_half_the_world_is_left_out_counted_and_shown(reason, poison, bench):
    added = bench.add(bench.say("one.example", *poison, "x.github.io", "93.184.215.14"))
    index = bench.index()
    assert not any("games" in index.categories(name) for name in poison)
    assert added.dropped == {reason: len(poison)}
    assert set(added.samples) == set(poison)
    assert index.categories("x.github.io") == index.categories("93.184.215.14") == {"games"}


def test_a_host_that_is_kept_open_later_is_out_of_the_index_at_the_next_compilation(bench):
    bench.add(bench.say("one.example", "two.example"))
    by = replace(bench.by, kept=Kept(frozenset({"www.one.example"})))
    assert by.kept.digest != bench.lists.shelf().kept
    with bench.lists.alone():
        update.make_index(bench.lists, by)
    assert not bench.index().categories("www.one.example")
    assert bench.lists.shelf().kept == by.kept.digest


@pytest.mark.evasion("S19")
def test_no_list_reaches_what_the_school_or_the_factory_keeps_open():
    policy = replace(load.factory_policy(), open_sites=("open.example",))
    settings = Settings(listen=Listen(name="guard.internal"), tunnels={"tunnel.example": "why"})
    kept = kept_open(settings, [policy])
    guard = Guard(kept)
    known = load.knowledge(settings)
    hosts = {*known.help_hosts, *known.system_hosts, *known.tunnels, "open.example", "guard.internal"}
    hosts |= {host for category in KEPT_CATEGORIES for host in category_hosts(category)}
    assert len(hosts) > 100
    parents = {site_of(host) for host in hosts}
    assert list(guard.passing((name.encode() for name in hosts | parents), "adult", Left())) == []
    assert list(guard.passing([b"chat.open.example"], "adult", Left())) == []


def test_a_list_of_a_kept_category_may_name_such_hosts(bench):
    bench.add(bench.say("leren.nl", "github.io"), "education", "edu")
    assert bench.index().categories("www.leren.nl") == {"education"}
    assert bench.feed("edu").dropped == {"public_suffix": 1}


@given(st.lists(HOST, min_size=1, max_size=6), st.lists(HOST, max_size=4), st.lists(HOST, max_size=2))
def test_what_passes_covers_nothing_that_is_kept_and_no_suffix(listed, kept, trees):
    left = Left()
    guard = Guard(Kept(frozenset(kept) | frozenset(trees), frozenset(trees)))
    passed = [name.decode() for name in guard.passing((name.encode() for name in listed), "games", left)]
    assert len(passed) + left.counts.total() == len(listed)
    for name in passed:
        assert not any(covers(name, host) for host in (*kept, *trees))
        assert not any(covers(tree, name) for tree in trees)
        assert name[-1].isdigit() or _suffixes().privatesuffix(name) is not None
