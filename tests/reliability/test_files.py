"""Files that the guard stands on are broken or away, while it runs and when it starts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from config.texts import say
from tests.reliability.pupils import SITE, by_proxy
from tests.reliability.rows import SHORT, Row
from tests.reliability.school import School, school

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

LISTED = "spelen.example"  # closed by a list of others that the school subscribed to


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    folder = tmp_path_factory.mktemp("files")
    with school(folder) as made, made.at_work():
        yield made


def on_the_page(at: School, path: str, part: str) -> str:
    """The sentence on a page of the coordinator that has `part` in it; empty when there is none."""
    page = at.coordinator.get(path)
    assert page.status_code == 200
    for node in LexborHTMLParser(page.text).css("p, li"):
        said = " ".join(node.text().split())
        if part in said:
            return said
    return ""


@pytest.mark.fault("Files", "`school.yaml` is broken while the guard runs")
def test_nothing_of_a_broken_school_file_is_taken_over_and_the_coordinator_reads_why(guard: School, row: Row) -> None:
    guard.before = guard.kept()
    began, good = time.monotonic(), guard.home.school_file.read_text("utf-8")
    with guard.store() as store:
        number = store.policies.current("school").number
    broken = good.replace("social: [kletsplein.test]", "social: []").replace(
        "file-sharing: [fotodrop.test]", "file-sharing: ["
    )
    guard.home.school_file.write_text(broken)
    wrong = say("dash.versions.box.wrong", "nl", problem="|", number=number).partition(". |")[0]
    try:
        guard.until(lambda: str(guard.home.school_file) in guard.log.read_text().rpartition("http")[2], "not noticed")
        read = on_the_page(guard, "/beheer/versies", wrong)
        assert read
        guard.pass_by(2 if SHORT else 20)
        with guard.store() as store:
            assert store.policies.current("school").number == number
        assert guard.pupils.last_bad(began) is None
    finally:
        guard.home.school_file.write_text(good)
    over = time.monotonic()
    took = guard.well(over)
    guard.look(row, began, f"{took:.1f} s after it was put right; nothing had stopped")
    row.coordinator += f"; Versies: *{read.replace(str(guard.home.path), 'var')}*"


@pytest.mark.fault("Files", "lists of others are damaged while the guard runs")
def test_damaged_lists_leave_the_old_ones_in_force(guard: School, row: Row, tmp_path: Path) -> None:
    feed = tmp_path / "feed.txt"
    feed.write_text(f"{LISTED}\nandere.example\n")
    guard.command("lists", "add", feed, "--category", "games", "--id", "mijn", "--licence", "CC0")
    ask = by_proxy(guard.device(), f"http://{LISTED}/")
    guard.until(lambda: ask()[1] not in ("", "502") and closed(ask), "the list is not in use")
    guard.before = guard.kept()
    began = time.monotonic()
    folder = guard.home.path / "lists"
    kept = {path: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.stat().st_size}
    for path in kept:
        path.with_suffix(".new").write_bytes(b"\x00 no list of ours \xff" * 20)
        path.with_suffix(".new").replace(path)
    guard.pass_by(3 if SHORT else 20)
    assert closed(ask), "a site of the list is open"
    guard.loses_a_worker()
    seen = f"a site of the list: {'page' if closed(ask) else 'OPEN'} after a worker was killed and came back"
    guard.until(lambda: bool(guard.coordinator.read(began)), "the coordinator sees nothing")
    for path, data in kept.items():
        path.with_suffix(".new").write_bytes(data)
        path.with_suffix(".new").replace(path)
    over = time.monotonic()
    guard.until(lambda: closed(ask), "the list did not come back")
    took = guard.well(over)
    guard.look(row, began, f"{took:.1f} s after they were put back")
    row.note = seen


def closed(ask) -> bool:
    """Whether the answer is a page that says no, not one of a site that cannot be found."""
    got, said = ask()
    return got == "page" and said != say("dash.storing.names.title", "nl") and got != SITE


@pytest.mark.fault("Files", "the file of the school's CA is away while the guard runs, and a worker dies")
def test_without_its_ca_file_the_guard_goes_on_with_the_worker_that_has_it(guard: School, row: Row) -> None:
    guard.before = guard.kept()
    began = time.monotonic()
    engine = guard.home.ca_folder / "mitmproxy-ca.pem"
    aside = guard.home.path / "aside.pem"
    engine.rename(aside)
    try:
        guard.loses_a_worker(comes_back=False)
        guard.pass_by(5 if SHORT else 30)
        guard.until(lambda: guard.pupils.steady(began + 2), "pupils get nowhere")
        guard.until(lambda: bool(guard.coordinator.read(began)), "the coordinator sees nothing")
    finally:
        aside.rename(engine)
    over = time.monotonic()
    guard.until(lambda: len(guard.processes("proxy")) == 2, "the worker did not come back")
    took = max(guard.well(over), 0.0)
    guard.look(row, began, f"{took:.1f} s after it was put back")
    row.note = "the other worker has the CA in memory, and takes what comes for the one that cannot start."


@pytest.mark.fault("Files", "the file of the school's CA is away when the guard starts")
def test_a_guard_that_starts_without_its_ca_file_opens_nothing(guard: School, row: Row) -> None:
    guard.before = guard.kept()
    ca = guard.home.ca_folder
    aside = guard.home.path / "aside"
    guard.stop()
    aside.mkdir()
    (ca / "mitmproxy-ca.pem").rename(aside / "mitmproxy-ca.pem")
    began = time.monotonic()
    guard.start(wait=False)
    guard.until(lambda: guard.process.poll() is not None or "klaswacht-ca.crt" in guard.log.read_text(), "no word")
    guard.pass_by(5 if SHORT else 15)
    told = [line for line in guard.log.read_text("utf-8").splitlines() if "CA" in line or "ertificaat" in line][:1]
    guard.stop()
    (aside / "mitmproxy-ca.pem").replace(ca / "mitmproxy-ca.pem")
    over = time.monotonic()
    guard.start(wait=False)
    took = guard.well(over)
    guard.look(row, began, f"{took:.1f} s after it was put back and the guard started")
    row.note = f"`klaswacht up` says: *{' '.join(told).replace(str(guard.home.path), 'var').strip()}*"
