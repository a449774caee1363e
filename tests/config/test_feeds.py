"""Subscriptions: fetched only when changed, guarded, kept, and taken into use by who is already asking."""

from __future__ import annotations

import base64
import gzip
import http.server
import os
import random
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from config.factory import category_hosts, category_names
from config.feeds import update
from config.feeds.catalogue import checked_on, offers
from config.feeds.compiled import POINTER
from config.feeds.fetch import Fetched, Limits, fetch
from config.feeds.formats import FORMS
from config.feeds.guards import KEPT_CATEGORIES, Guard, Kept, Left, kept_open
from config.feeds.opened import FeedIndex
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Lists, Shelf, Subscription, id_for, right_id, shown
from config.feeds.update import Conditions, Outcome, changed_too_much
from config.settings import Listen, Settings
from policy.address import site_of
from policy.match import covers
from tests.proxy_addons.origins import Ca

NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
BY = Conditions(NOW, Kept(frozenset({"www.leren.nl", "school.nl"}), frozenset({"school.nl"})))
WITHIN = 10.0


# --- a server of feeds ---------------------------------------------------------------------------------------------


@dataclass
class Site:
    """A loopback server: `body` at any path, with ETag; `asked` are the headers of every request."""

    port: int = 0
    body: bytes = b"one.example\ntwo.example\n"
    etag: str = '"1"'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    short: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/lists/feed.txt"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


class serving:
    def __init__(self, site: Site, context: ssl.SSLContext | None = None) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(dict(self.headers.items()) | {"path": self.path})
                same = bool(site.etag) and self.headers.get("If-None-Match") == site.etag
                self.send_response(304 if same else site.status)
                for name, value in ({"ETag": site.etag} | site.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(0 if same else len(site.body) + site.short))
                self.end_headers()
                if not same:
                    self.wfile.write(site.body)

            def log_message(self, *_: object) -> None:
                pass

        self.site, self._server = site, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Site:
        self.site.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self.site

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


# --- a school's lists ----------------------------------------------------------------------------------------------


@dataclass
class Bench:
    """A home folder, and a feed as a file that a test can change."""

    home: Path
    by: Conditions = BY

    @property
    def lists(self) -> Lists:
        return Lists(self.home)

    def feed(self, name: str = "games") -> Subscription:
        return self.lists.shelf().feeds[name]

    def say(self, *names: str, file: str = "feed.txt") -> Path:
        path = self.home / file
        path.write_text("".join(f"{name}\n" for name in names))
        return path

    def add(self, source: object, category: str = "games", name: str = "games", form: str = "") -> Subscription:
        with self.lists.alone():
            return update.add(self.lists, Subscription(name, str(source), category, form), self.by)

    def update(self, name: str = "games", *, yes: bool = False) -> Outcome:
        with self.lists.alone():
            outcome = update.update(self.lists, self.feed(name), self.by, yes=yes)
            if outcome is Outcome.TAKEN:
                update.make_index(self.lists, self.by)
            return outcome

    def index(self) -> FeedIndex:
        return FeedIndex(self.home)

    def files(self) -> set[str]:
        return {path.name for path in (self.home / "lists").iterdir()}


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path)


def names(number: int, start: int = 0) -> list[str]:
    return [f"site{n}.example" for n in range(start, start + number)]


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


# --- guards --------------------------------------------------------------------------------------------------------


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


LABEL = st.sampled_from(["a", "b", "leren", "school", "nl", "com", "co", "uk", "github", "io", "ck", "www", "1"])
HOST = st.lists(LABEL, min_size=1, max_size=4).map(".".join)


@given(st.lists(HOST, min_size=1, max_size=6), st.lists(HOST, max_size=4), st.lists(HOST, max_size=2))
def test_what_passes_covers_nothing_that_is_kept_and_no_suffix(listed, kept, trees):
    from policy.address import _SUFFIXES

    left = Left()
    guard = Guard(Kept(frozenset(kept) | frozenset(trees), frozenset(trees)))
    passed = [name.decode() for name in guard.passing((name.encode() for name in listed), "games", left)]
    assert len(passed) + left.counts.total() == len(listed)
    for name in passed:
        assert not any(covers(name, host) for host in (*kept, *trees))
        assert not any(covers(tree, name) for tree in trees)
        assert name[-1].isdigit() or _SUFFIXES.privatesuffix(name) is not None


# --- what is no good never replaces what is ------------------------------------------------------------------------


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


# --- over http -----------------------------------------------------------------------------------------------------


def test_a_list_that_did_not_change_is_not_fetched_again(bench, site):
    bench.add(site.url)
    assert bench.update() is Outcome.SAME
    assert [asked.get("If-None-Match") for asked in site.asked] == [None, '"1"']
    site.body, site.etag = b"one.example\ntwo.example\nthree.example\n" * 1, '"2"'
    bench.update(yes=True)
    assert bench.index().categories("three.example")
    assert bench.feed().now.etag == '"2"'


def test_a_date_serves_where_there_is_no_etag(tmp_path, site):
    site.etag, site.headers = "", {"Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}
    got = fetch(site.url, tmp_path / "feed")
    assert got == Fetched(len(site.body), "", "Sat, 21 Nov 2026 10:00:00 GMT")
    fetch(site.url, tmp_path / "feed", "", got.modified)
    assert site.asked[-1]["If-Modified-Since"] == got.modified


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_an_answer_that_is_no_list_leaves_what_is_in_force(status, bench, site):
    bench.add(site.url)
    site.status, site.etag = status, '"2"'
    assert bench.update() is Outcome.FAILED
    assert str(status) in bench.feed().problem
    assert bench.index().categories("one.example")


def test_a_fetch_is_bounded_in_size_and_time_and_must_be_whole(tmp_path, site):
    site.body = b"x" * 5000
    with pytest.raises(FeedError, match="more than 0 MB"):
        fetch(site.url, tmp_path / "feed", limits=Limits(size=4000))
    with pytest.raises(FeedError, match="not all here"):
        fetch(site.url, tmp_path / "feed", limits=Limits(whole=0.0))
    site.short = 100
    with pytest.raises(FeedError, match=r"time|ended"):
        fetch(site.url, tmp_path / "feed", limits=Limits(idle=0.5))


def test_nobody_there_is_one_line(tmp_path, site):
    with serving(Site()) as gone:
        url = gone.url
    with pytest.raises(FeedError, match="cannot be reached"):
        fetch(url, tmp_path / "feed", limits=Limits(idle=2))
    for odd in ("ftp://x.example/", "http://", "http://[/", "gopher://x", "http://x.example:port/"):
        with pytest.raises(FeedError):
            fetch(odd, tmp_path / "feed", limits=Limits(idle=0.2))


def test_a_password_is_sent_to_its_own_host_only_and_never_shown(bench, site):
    with serving(Site()) as other:
        source = site.url.replace("http://", "http://anja:geheim@") + "?key=geheim"
        site.headers, site.status, site.body = {"Location": other.url}, 302, b""
        added = bench.add(source)
        assert site.asked[0]["Authorization"] == f"Basic {base64.b64encode(b'anja:geheim').decode()}"
        assert "Authorization" not in other.asked[0]
    assert "geheim" not in shown(added.source)
    site.etag = '"2"'
    assert bench.update() is Outcome.FAILED
    assert "geheim" not in bench.feed().problem
    with pytest.raises(FeedError) as told:
        fetch("http://anja:geheim@[bad/?key=geheim", bench.home / "feed")
    assert "geheim" not in str(told.value)


def test_a_redirect_leads_to_no_file(tmp_path, site):
    for place in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        site.headers, site.status = {"Location": place}, 302
        with pytest.raises(FeedError, match=r"answered 302|not followed"):
            fetch(site.url, tmp_path / "feed")


def test_the_certificate_of_a_server_is_looked_at(tmp_path):
    ca = Ca(tmp_path / "world", "World")
    with serving(Site(), ca.context("localhost")) as site:
        url = site.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(FeedError, match="certificate is not right"):
            fetch(url, tmp_path / "feed")
        assert fetch(url, tmp_path / "feed", trust=[ca.crt]).size == len(site.body)
        with serving(Site(headers={"Location": url}, status=302)) as plain:
            assert fetch(plain.url, tmp_path / "feed", trust=[ca.crt]).size == len(site.body)
            site.headers, site.status = {"Location": plain.url}, 302
            with pytest.raises(FeedError, match="not followed"):
                fetch(url, tmp_path / "feed", trust=[ca.crt])


# --- the index in use ----------------------------------------------------------------------------------------------


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


# --- the catalogue -------------------------------------------------------------------------------------------------


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
