"""The playground: its pretend sites answer as real sites would, and its school is a school that the guard takes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import websockets

from cli import ports as ports_of_the_machine
from cli.demo.certs import Papers, make_papers
from cli.demo.handlers import NAMES
from cli.demo.school import PASSWORD, STAFF, all_names, pupils, school_file, seed
from cli.demo.sites import Ports, Sites, running
from config import load
from config.private_folder import columns_key
from config.texts import say
from dashboard.actions import accounts
from dashboard.actions.desk import Desk
from policy.model import PeriodKind, Role
from policy.schedule import period_at
from store import open_store

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("papers"), all_names(), datetime.now(UTC))


@pytest.fixture(scope="module")
def open_sites(papers: Papers) -> Iterator[tuple[Sites, Ports]]:
    with running(papers) as both:
        yield both


def trusting(papers: Papers) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(papers.ca))


def visit(papers: Papers, ports: Ports, url: str, **how: object) -> httpx.Response:
    """Fetch a pretend page: the name goes in SNI and Host, the connection to loopback."""
    parsed = httpx.URL(url)
    port = ports.tls if parsed.scheme == "https" else ports.plain
    with httpx.Client(verify=trusting(papers), timeout=20) as client:
        request = client.build_request(
            "POST" if how else "GET",
            parsed.copy_with(host="127.0.0.1", port=port),
            headers={"Host": parsed.host},
            **how,
        )
        request.extensions["sni_hostname"] = parsed.host
        return client.send(request)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_every_pretend_site_has_a_dutch_front_page(papers, open_sites, name, scheme):
    answer = visit(papers, open_sites[1], f"{scheme}://{name}/")
    assert answer.status_code == 200
    assert '<html lang="nl">' in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_the_search_engine_finds_the_hedgehog_and_shows_the_words_harmlessly(papers, open_sites):
    found = visit(papers, open_sites[1], "https://zoekmaar.test/zoek?q=egel")
    assert "De egel in de schooltuin" in found.text
    nothing = visit(papers, open_sites[1], "https://zoekmaar.test/zoek?q=%3Cb%3Exyz")
    assert "Niets gevonden" in nothing.text
    assert "<b>xyz" not in nothing.text


def test_a_form_is_counted_and_not_kept(papers, open_sites):
    sites, ports = open_sites
    answer = visit(papers, ports, "https://fotodrop.test/sturen", content=b"x" * 3000)
    assert '<b id="grootte">3000</b>' in answer.text
    assert "POST fotodrop.test /sturen" in sites.seen


def test_an_unknown_page_is_a_plain_not_found(papers, open_sites):
    assert visit(papers, open_sites[1], "https://kletsplein.test/bestaat-niet").status_code == 404


def test_everybody_in_the_chat_hears_everybody(papers, open_sites):
    async def talk() -> tuple[list[str], list[str]]:
        ports = open_sites[1]
        how = {"ssl": trusting(papers), "host": "127.0.0.1", "port": ports.tls, "proxy": None}
        async with (
            websockets.connect("wss://kletsplein.test/chat", **how) as noor,
            websockets.connect("wss://kletsplein.test/chat", **how) as sem,
        ):
            await noor.recv()
            await sem.recv()
            await noor.send("hallo plein")
            return [json.loads(await one.recv())["tekst"] for one in (noor,)], [json.loads(await sem.recv())["tekst"]]

    assert asyncio.run(asyncio.wait_for(talk(), 30)) == (["hallo plein"], ["hallo plein"])


def test_the_film_is_long_and_the_live_stream_keeps_coming(papers, open_sites):
    ports = open_sites[1]
    for path, kind in (("/film/1.bin", "application/octet-stream"), ("/live", "text/event-stream")):
        with (
            httpx.Client(verify=False, timeout=20) as client,
            client.stream("GET", f"http://127.0.0.1:{ports.plain}{path}", headers={"Host": "filmpjes.test"}) as answer,
        ):
            assert answer.headers["content-type"] == kind
            assert next(answer.iter_raw())


@pytest.fixture(scope="module")
def desk(papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("school")
    school = folder / "school.yaml"
    school.write_text(school_file(Ports(9443, 9080), papers.ca))
    read = load.read_school(school)
    urls = (f"sqlite:///{folder / 'klaswacht.db'}", f"sqlite:///{folder / 'accounts.db'}")
    store = open_store(*urls, key=columns_key(folder), migrate=True)
    try:
        store.policies.add("school", read.policy, read.digest, "test", NOW)
        desk = Desk(store, load.knowledge(read.settings), "school", read.settings)
        seed(desk, NOW)
        yield desk
    finally:
        store.close()


def test_it_is_always_a_lesson_in_the_playground(desk):
    policy = desk.snapshot(NOW).policy
    for hours in range(0, 24 * 8, 5):
        moment = NOW + timedelta(hours=hours, minutes=59)
        assert period_at(policy.schedule, "7", moment).kind is PeriodKind.LESSON


def test_the_school_has_eight_years_with_one_combined_group_and_a_duo(desk):
    snapshot = desk.snapshot(NOW)
    assert sorted(year for group in snapshot.groups.values() for year in group.years) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert snapshot.groups["4-5"].years == (4, 5)
    duo = [one for one in snapshot.people.values() if one.role is Role.TEACHER and "4-5" in one.groups]
    assert len(duo) == 2
    for group in snapshot.groups:
        assert len(desk.store.people.roster("school", group)) == 6


def test_the_printed_password_opens_every_account(desk):
    hashes = {one.login: desk.store.accounts.find("school", one.login).password for one in STAFF}
    assert all(hashes.values())
    assert accounts.sign_in(desk, "anja", PASSWORD, "127.0.0.1", NOW).ok
    assert accounts.sign_in(desk, "coordinator", PASSWORD, "127.0.0.1", NOW).ok
    assert not accounts.sign_in(desk, "bram", PASSWORD + "!", "127.0.0.1", NOW).ok


def test_every_pupil_has_a_chromebook_with_the_printed_key(desk):
    devices = desk.snapshot(NOW).devices
    for one in pupils():
        assert devices[one.device].person == one.person
        assert devices[one.device].key_hash


def test_a_second_start_of_the_playground_changes_nothing(desk):
    before = desk.store.revision("school")
    seed(desk, NOW)
    assert desk.store.revision("school") == before


@pytest.mark.full
def test_the_demo_says_what_to_open_and_ctrl_c_stops_all_of_it(tmp_path):
    """The real command, with whatever ports are free: it prints lines that work, and leaves nothing running."""
    environment = {**os.environ, "KLASWACHT_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "demo.log"
    with log.open("wb") as out:
        demo = subprocess.Popen(
            [sys.executable, "-c", "from cli.main import main; main()", "demo"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 90
        while say("demo.unsafe", "nl").strip() not in (text := log.read_text()):
            assert demo.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.1)
        assert PASSWORD in text
        proxies = re.findall(r"--proxy-server=127\.0\.0\.1:(\d+)", text)
        assert len(set(proxies)) == 2
        authority = tmp_path / "speeltuin" / "ca" / "klaswacht-ca.crt"
        with httpx.Client(
            proxy=f"http://127.0.0.1:{proxies[0]}", verify=ssl.create_default_context(cafile=str(authority)), timeout=30
        ) as pupil:
            assert "Onze school" in pupil.get("https://onzeschool.test/").text
            assert pupil.get("https://kletsplein.test/", headers={"Accept": "text/html"}).status_code == 403
    finally:
        demo.send_signal(signal.SIGINT)
        try:
            code = demo.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(demo.pid, signal.SIGKILL)
    assert code == 0, log.read_text()
    assert say("cli.up.stopped", "nl") in log.read_text()
    dashboard = re.search(r"https://127\.0\.0\.1:(\d+)/", text)
    for port in (*proxies, dashboard[1]):
        assert not ports_of_the_machine.answers("127.0.0.1", int(port))
