"""`klaswacht lists` as a person uses it, beside a guard that runs and without one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from cli import doctor, nightly, subscribed
from cli.home import Home
from cli.lists_told import plain
from cli.nightly import Nightly, due, moment_of
from config.feeds.opened import FeedIndex
from config.feeds.subscriptions import Lists, Subscription
from config.texts import book, say
from tests.cli.test_up import START_WITHIN, Guard, environment, guard, write_school

COMMAND = Path(sys.executable).with_name("klaswacht")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SEED = b"this school"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    write_school(tmp_path / "var")
    return Home(tmp_path / "var")


def lists(home: Home, *words: object) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "lists", *map(str, words)]
    there: dict = {"env": environment(home.path), "cwd": home.path.parent}
    return subprocess.run(command, **there, capture_output=True, text=True, timeout=90, check=False)


def right(home: Home, *words: object) -> str:
    done = lists(home, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(home: Home, *words: object) -> str:
    done = lists(home, *words)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("klaswacht: ")
    return line


def write(home: Home, *names: str, file: str = "feed.txt") -> Path:
    path = home.path.parent / file
    path.write_text("".join(f"{name}\n" for name in names))
    return path


def own(home: Home, *lines: str) -> None:
    """A short school file with these lines."""
    days = "{days: {mon: {lessons: ['08:30-14:00']}}}"
    home.school_file.write_text("\n".join(["protocol: kalisto", f"schedule: {days}", *lines, ""]))


def add(home: Home, *names: str, category: str = "games", file: str = "feed.txt") -> None:
    subscribed.add(home, subscribed.Wish(str(write(home, *names, file=file)), category))


@pytest.mark.full
def test_a_list_is_added_shown_updated_and_removed(home):
    write(home, "0.0.0.0 one.example", "0.0.0.0 github.io", "0.0.0.0 schooltv.nl", "1.2.3.4 other.example")
    told = right(home, "add", "feed.txt", "--category", "games", "--id", "mine", "--licence", "CC0")
    assert say("lists.feed", id="mine", category="games", names="3") in told
    for word in ("CC0", "github.io", "schooltv.nl", "feed.txt (hosts", say("lists.skip.redirect")):
        assert word in told
    assert told.replace("\n", "") in right(home, "status").replace("\n", "")
    assert say("lists.same", id="mine", names="3") in right(home, "update")
    check = [COMMAND, "check", "www.one.example", "--at", "2026-11-23T10:00", "--config", home.path, "--json"]
    asked = subprocess.run(check, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(asked.stdout)["category"] == "games"
    assert "mine" in right(home, "remove", "mine")
    assert right(home, "status").strip() == say("lists.none")


def test_a_program_can_read_the_status_and_no_password_is_in_it(home):
    add(home, "one.example")
    told = json.loads(right(home, "status", "--json"))
    assert told["names"] == 1
    assert told["problem"] == ""
    assert told["feeds"][0]["now"]["names"] == 1
    feed = Subscription("x", "https://anja:geheim@x.example/feed?key=geheim", "games")
    assert "geheim" not in json.dumps(plain(feed))


@pytest.mark.full
def test_a_mistake_is_one_line_with_what_to_do(home):
    write(home, "one.example")
    assert "--category" in refused(home, "add", "feed.txt")
    assert "did you mean `games`" in refused(home, "add", "feed.txt", "--category", "game")
    assert "is not there" in refused(home, "add", "nothing.txt", "--category", "games")
    assert "did you mean `hosts`" in refused(home, "add", "feed.txt", "--category", "games", "--format", "host")
    assert "is not an id" in refused(home, "add", "feed.txt", "--category", "games", "--id", "A/B")
    assert "no feed `mine`" in refused(home, "update", "mine")
    assert "no feed `mine`" in refused(home, "remove", "mine")
    assert "not an address" in refused(home, "add", "ftp://x.example/feed", "--category", "games")
    assert not (home.path / "lists" / "subscriptions.json").exists()


def test_a_category_of_the_schools_own_may_be_filled(home):
    rule = "{id: gok, basis: {decided: 2026-09-01}, facet: place, categories: [gokken]}"
    own(home, "lists: {gokken: [gok.example]}", f"rules: [{rule}]")
    write(home, "one.example")
    assert "gokken" in right(home, "add", "feed.txt", "--category", "gokken")


def test_the_catalogue_can_be_seen_without_a_school(tmp_path):
    told = right(Home(tmp_path / "none"), "catalogue")
    assert "ut1-adult" in told
    assert "CC BY-SA" in told
    assert not (tmp_path / "none").exists()


@pytest.mark.full
def test_a_big_change_waits_and_a_failure_is_told_and_remembered(home):
    add(home, "one.example", "two.example")
    write(home, "one.example", "two.example", "three.example")
    assert "lists update --yes feed-txt" in right(home, "update")
    assert "lists update --yes feed-txt" in right(home, "status")
    write(home, "<html>")
    line = refused(home, "update")
    assert "web page" in line
    assert "stays" in line
    assert "web page" in right(home, "status")
    assert "3" in right(home, "update", "--yes", "feed-txt")
    assert FeedIndex(home.path).categories("three.example")
    right(home, "update", "--back", "feed-txt")
    assert not FeedIndex(home.path).categories("three.example")


def test_what_the_school_opens_is_out_of_every_list_without_another_download(home):
    add(home, "one.example", "two.example")
    assert not subscribed.needs_compiling(home)
    own(home, "open_sites: [www.one.example]")
    assert subscribed.needs_compiling(home)
    right(home, "compile")
    assert not FeedIndex(home.path).categories("www.one.example")
    assert not subscribed.needs_compiling(home)


# --- the doctor ----------------------------------------------------------------------------------------------------


def findings(home: Home, now: datetime = NOW) -> dict[str, str]:
    return {code: level for level, code, _ in subscribed.ailing(home, now)}


def test_the_doctor_says_what_is_wrong_with_the_lists(home):
    assert findings(home) == {}
    add(home, "one.example", "two.example")
    now = datetime.now(UTC)
    assert findings(home, now) == {"lists": "ok"}
    assert findings(home, now + timedelta(days=30)) == {"lists": "ok", "lists_old": "warn"}
    write(home, *(f"site{n}.example" for n in range(9)))
    subscribed.bring_up_to_date(home, [])
    assert findings(home, now) == {"lists": "ok", "lists_waits": "warn"}
    write(home, "<html>")
    subscribed.bring_up_to_date(home, [])
    assert findings(home, now) == {"lists": "ok", "lists_problem": "warn"}
    index = home.path / "lists" / (home.path / "lists" / "index").read_text()
    index.write_bytes(index.read_bytes()[:-3])
    assert findings(home, now)["lists_damaged"] == "fail"
    (home.path / "lists" / "subscriptions.json").write_text("{")
    assert findings(home, now) == {"broken": "fail"}
    codes = ("lists", "lists_old", "lists_waits", "lists_problem", "lists_damaged")
    assert {f"cli.doctor.{code}" for code in codes} <= book("en").keys()
    assert any(one.code == "broken" for one in doctor.examine(home, NOW)[0])


# --- by night ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", range(1, 366, 13))
@pytest.mark.parametrize("seed", [b"a", b"b", b"c", b""])
def test_the_update_is_begun_once_a_night_between_nine_and_six_and_never_by_day(day, seed):
    midnight = datetime(2026, 1, 1, tzinfo=AMSTERDAM).astimezone(UTC) + timedelta(days=day)
    last, begun = None, []
    for minute in range(0, 2 * 24 * 60, 10):
        now = midnight + timedelta(minutes=minute)
        if due(now, last, seed):
            begun.append(now.astimezone(AMSTERDAM))
            last = now
    assert 2 <= len(begun) <= 3
    assert len({(one - timedelta(hours=12)).date() for one in begun}) == len(begun)
    for one in begun:
        assert one.hour >= 21 or one.hour < 6
        assert not 8 <= one.astimezone(UTC).hour < 19, "UT1 asks for this"


def test_every_installation_has_its_own_moment():
    moments = {moment_of(NOW, bytes([number])).replace(second=0, microsecond=0) for number in range(60)}
    assert len(moments) > 50
    assert moment_of(NOW, SEED) == moment_of(NOW + timedelta(hours=1), SEED)


def test_a_guard_that_was_off_at_its_moment_does_it_later_that_night_and_not_by_day():
    moment = moment_of(NOW, SEED)
    assert not due(moment - timedelta(seconds=1), None, SEED)
    assert due(moment, None, SEED)
    closing = datetime(2026, 11, 23, 6, 0, tzinfo=AMSTERDAM).astimezone(UTC)
    assert due(closing - timedelta(seconds=1), moment - timedelta(days=1), SEED)
    assert not due(closing, None, SEED)
    assert not due(moment + timedelta(minutes=5), moment, SEED)


def test_the_nightly_update_takes_what_is_new_once(home):
    add(home, *(f"site{n}.example" for n in range(10)))
    write(home, *(f"site{n}.example" for n in range(11)))
    night = Nightly(home, SEED, threading.Event())
    moment = moment_of(datetime.now(UTC), SEED)
    assert not night.look(moment - timedelta(minutes=1))
    assert night.look(moment)
    assert FeedIndex(home.path).categories("site10.example")
    stamp = datetime.fromisoformat(Lists(home.path).shelf().night)
    assert abs(stamp - datetime.now(UTC)) < timedelta(minutes=5)
    assert not night.look(moment + timedelta(minutes=1))


def test_a_night_that_goes_wrong_is_one_line_and_stops_nothing(home, caplog, monkeypatch):
    night = Nightly(home, SEED, stopping := threading.Event())
    assert not night.look(moment_of(NOW, SEED)), "without lists nothing is done"
    path = write(home, "one.example")
    add(home, "one.example")
    path.unlink()
    assert night.look(moment_of(NOW, SEED))
    (line,) = caplog.messages
    assert "is not there" in line
    assert FeedIndex(home.path).categories("one.example")
    (home.path / "lists" / "subscriptions.json").write_text("{")
    monkeypatch.setattr(nightly, "_LOOK", 0.05)
    night.start()
    time.sleep(0.5)
    assert night.is_alive()
    stopping.set()
    night.join(10)
    assert not night.is_alive()
    assert all("\n" not in message for message in caplog.messages)


# --- beside a guard that runs --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("a running school")
    write_school(folder / "var")
    with guard(folder / "var", folder / "up.log") as up:
        yield Home(folder / "var"), up


def answers(up: Guard, url: str) -> list[int]:
    """What the proxy says, several times over, so that both workers are asked."""
    found = []
    for _ in range(8):
        with httpx.Client(proxy=f"http://127.0.0.1:{up.port('cli.up.proxy')}", trust_env=False, timeout=30) as client:
            found.append(client.get(url, headers={"accept": "text/html"}).status_code)
    return found


def until(up: Guard, url: str, done) -> float:
    start = time.monotonic()
    while not done(answers(up, url)):
        assert time.monotonic() - start < START_WITHIN
        time.sleep(0.1)
    return time.monotonic() - start


@pytest.mark.full
def test_a_list_takes_effect_by_itself_while_the_guard_runs(running):
    home, up = running
    site = "http://zomaar-iets.test/"
    assert 403 not in answers(up, site)
    write(home, "zomaar-iets.test")
    right(home, "add", "feed.txt", "--category", "adult", "--id", "mine")
    assert until(up, site, lambda codes: set(codes) == {403}) < 20
    right(home, "remove", "mine")
    assert until(up, site, lambda codes: 403 not in codes) < 20


@pytest.mark.full
def test_a_damaged_index_stops_no_guard_and_the_factory_lists_go_on(running):
    home, up = running
    write(home, "zomaar-iets.test")
    right(home, "add", "feed.txt", "--category", "adult", "--id", "mine")
    until(up, "http://zomaar-iets.test/", lambda codes: set(codes) == {403})
    pointer = home.path / "lists" / "index"
    bad = pointer.with_name("index-0bad.names")
    bad.write_bytes(b"<html>not a table</html>" * 20)
    pointer.with_name("pointer.new").write_text(bad.name)
    pointer.with_name("pointer.new").replace(pointer)
    end = time.monotonic() + START_WITHIN
    while "the one before it stays in use" not in up.told:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert set(answers(up, "http://zomaar-iets.test/")) == {403}
    assert set(answers(up, "http://www.croxyproxy.com/")) == {403}
    right(home, "update")
    assert not FeedIndex(home.path).problem
    right(home, "remove", "mine")
