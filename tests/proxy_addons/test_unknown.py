"""A page of a site nobody lists is judged on the side: the page itself never waits, and only a host is proposed."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
import zstandard

from config import load
from config.private_folder import columns_key
from policy.address import canonical
from policy.model import AccessRequest, Action, DeviceClass, Principal, Role
from proxy_addons import runner
from proxy_addons.live import Live
from proxy_addons.unknown import AGAIN, MOST_HOSTS, MOST_WAITING, Unknown
from store import Store, open_store
from tests.cast import POLICY, at
from tests.proxy_addons.origins import Origins
from tests.proxy_addons.rig import NAMES, Rig
from tests.proxy_addons.test_connections import websocket
from tests.store.school import SCHOOL, settle

HTML = "text/html; charset=utf-8"
PUPIL = Principal(Role.PUPIL, groups=("7",), device="chroom-1")
SOCIAL = (Path(__file__).parents[2] / "bench" / "pages" / "social-03-profile.html").read_bytes()
PLAIN = (Path(__file__).parents[2] / "bench" / "pages" / "ordinary-01-school.html").read_bytes()
LESSON = at("09:00")


class Clock:
    now = LESSON

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("unknown") / "klaswacht.db"
    store = open_store(str(file), key=columns_key(file.parent), migrate=True)
    settle(store)
    store.close()
    return file


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Iterator[Store]:
    file = tmp_path / "klaswacht.db"
    file.write_bytes(template.read_bytes())
    opened = open_store(str(file), key=columns_key(template.parent))
    yield opened
    opened.close()


def wish(url: str = "https://www.nieuw-net.example/", **changes: object) -> AccessRequest:
    address = canonical(url)
    assert address is not None
    return replace(AccessRequest(Action.VISIT, PUPIL, (address.host,), address), **changes)


class Bench:
    """An `Unknown` on a loop of its own, with the snapshot that the store has."""

    def __init__(self, store: Store, policy: object = POLICY) -> None:
        self.clock = Clock()
        self.live = Live(store, SCHOOL, load.knowledge(), self.clock)
        snapshot = store.snapshot(SCHOOL, load.knowledge(), LESSON)
        self.live._snapshot = replace(snapshot, policy=policy)
        self.unknown = Unknown(store, SCHOOL, self.live)

    def see(
        self, body: bytes, request: AccessRequest | None = None, coding: str = "", kind: str = HTML, status: int = 200
    ) -> bool:
        """Whether it was looked at; the body passes in pieces and must come out as it went in."""

        async def pass_on() -> bool:
            look = self.unknown.look(request or wish(), status, kind, coding)
            if look is None:
                return False
            chunks = [body[start : start + 1000] for start in range(0, len(body), 1000)]
            assert b"".join(look.passing(chunk) for chunk in chunks) == body
            assert look.passing(b"") == b""
            while self.unknown._waiting:
                await asyncio.sleep(0.01)
            return True

        return asyncio.run(pass_on())


@pytest.mark.evasion("E18")
def test_a_page_of_a_new_social_network_is_proposed(store: Store) -> None:
    bench = Bench(store)
    assert bench.see(SOCIAL)
    (found,) = store.proposals.open(SCHOOL)
    assert (found.host, found.kind) == ("nieuw-net.example", "social")
    assert "profile-page" in found.reasons
    assert "Lotte" not in str(found), "no word of the page"


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(SOCIAL)),
        ("deflate", zlib.compress(SOCIAL)),
        ("deflate", zlib.compress(SOCIAL)[2:-4]),
        ("br", brotli.compress(SOCIAL)),
        ("zstd", zstandard.compress(SOCIAL)),
        ("identity", SOCIAL),
    ],
)
def test_a_packed_page_is_read_too(store: Store, coding: str, packed: bytes) -> None:
    assert Bench(store).see(packed, coding=coding)
    assert [one.kind for one in store.proposals.open(SCHOOL)] == ["social"]


@pytest.mark.evasion("S10")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_what_unpacks_to_gigabytes_or_is_broken_does_no_harm(store: Store, coding: str) -> None:
    bench = Bench(store)
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}[coding]
    assert bench.see(pack(b"<p>" + b" " * 20_000_000), coding=coding)
    assert bench.see(b"\x1f\x8b\x08garbage" * 500, wish("https://b.example/"), coding=coding)
    assert store.proposals.open(SCHOOL) == ()


@pytest.mark.evasion("E18")
def test_an_ordinary_page_is_not_proposed(store: Store) -> None:
    assert Bench(store).see(PLAIN)
    assert store.proposals.open(SCHOOL) == ()


@pytest.mark.parametrize(
    ("request_", "head"),
    [
        (wish("https://www.youtube.com/"), {}),  # listed
        (wish("https://www.kindertelefoon.nl/"), {}),  # help
        (wish("https://gratis-onlinegames.example/"), {}),  # the name says it
        (wish("https://school.example/"), {}),  # the school's own
        (wish("https://open.example/"), {}),  # opened by the school
        (wish("http://93.184.216.34/"), {}),
        (wish("https://blogspot.com/"), {}),  # many sites in one
        (wish(navigation=False), {}),  # what a page loads by itself
        (wish(who=replace(PUPIL, role=Role.TEACHER)), {}),
        (wish(who=replace(PUPIL, device_class=DeviceClass.STAFF)), {}),
        (wish(), {"status": 404}),
        (wish(), {"kind": "image/png"}),
        (wish(), {"kind": ""}),
        (wish(), {"coding": "compress"}),
        (wish(address=None), {}),
    ],
)
def test_what_is_not_looked_at(store: Store, request_: AccessRequest, head: dict[str, object]) -> None:
    bench = Bench(store, replace(POLICY, domains=("school.example",), open_sites=("open.example",)))
    assert not bench.see(SOCIAL, request_, **head)


def test_outside_school_hours_nothing_is_looked_at(store: Store) -> None:
    bench = Bench(store)
    bench.clock.now = at("20:00")
    assert not bench.see(SOCIAL)


def test_a_host_is_looked_at_once_in_some_hours(store: Store) -> None:
    bench = Bench(store)
    assert bench.see(PLAIN)
    assert not bench.see(SOCIAL, wish("https://nieuw-net.example/another"))
    bench.clock.now = LESSON + AGAIN - timedelta(minutes=1)
    assert not bench.see(SOCIAL)
    bench.clock.now = LESSON + AGAIN
    assert bench.see(SOCIAL)


def test_a_talking_site_is_looked_at_again(store: Store) -> None:
    bench = Bench(store)
    assert bench.see(PLAIN)
    bench.unknown.talked(wish("https://gateway.nieuw-net.example/ws", websocket=True))
    assert bench.see(PLAIN), "a WebSocket is a sign"
    bench.unknown.talked(wish("https://gateway.nieuw-net.example/ws", websocket=True))
    assert not bench.see(PLAIN), "but not over and over"


@pytest.mark.full
def test_memory_is_bounded(store: Store) -> None:
    bench = Bench(store)
    for number in range(MOST_HOSTS + 50):
        bench.unknown.look(wish(f"https://s{number}.example/"), 200, HTML, "")
        bench.unknown.talked(wish(f"https://t{number}.example/"))
    assert len(bench.unknown._looked) == MOST_HOSTS
    assert len(bench.unknown._talking) == MOST_HOSTS


def test_too_many_at_once_are_left_for_another_time(store: Store) -> None:
    bench = Bench(store)
    held: Future[None] = Future()
    bench.unknown._pool.submit(held.result)

    async def flood() -> None:
        looks = [bench.unknown.look(wish(f"https://s{n}.example/"), 200, HTML, "") for n in range(MOST_WAITING + 4)]
        for look in looks:
            assert look is not None and look.passing(SOCIAL) is SOCIAL
            look.passing(b"")
        assert bench.unknown._waiting == MOST_WAITING
        held.set_result(None)
        while bench.unknown._waiting:
            await asyncio.sleep(0.01)

    asyncio.run(flood())
    assert len(store.proposals.open(SCHOOL)) == MOST_WAITING
    assert bench.see(SOCIAL, wish(f"https://s{MOST_WAITING}.example/")), "it was forgotten, not skipped for hours"


def test_with_the_store_gone_the_page_passes_and_is_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(store)
    path = Path(store.database.url.database or "")
    kept = path.read_bytes()
    store.close()
    path.unlink()
    assert bench.see(SOCIAL)
    assert "StoreUnavailable" in caplog.text
    assert "nieuw-net" not in caplog.text and "Lotte" not in caplog.text
    path.write_bytes(kept)
    assert bench.see(SOCIAL)
    assert len(store.proposals.open(SCHOOL)) == 1


def test_a_fault_in_the_looking_never_touches_the_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(store)

    def breaks(*_: object) -> None:
        raise RuntimeError("broken")

    look = bench.unknown.look(wish(), 200, HTML, "")
    assert look is not None
    monkeypatch.setattr(bench.unknown, "_queue", breaks)
    assert look.passing(SOCIAL) is SOCIAL
    assert look.passing(b"") == b""
    monkeypatch.setattr(bench.unknown, "_wanted", breaks)
    assert bench.unknown.look(wish("https://c.example/"), 200, HTML, "") is None


@pytest.mark.evasion("E18")
def test_a_school_that_waits_holds_it_at_once(store: Store) -> None:
    held = replace(POLICY, hold_unknown=True)
    store.policies.add(SCHOOL, held, "dashboard", "cor", LESSON)
    bench = Bench(store, held)
    before = store.revision(SCHOOL)
    assert bench.see(SOCIAL)
    assert store.revision(SCHOOL) == before + 1
    assert store.snapshot(SCHOOL, load.knowledge(), LESSON).proposed == {"nieuw-net.example": "social"}


class Pages(Origins):
    """An origin that sends the page of a social network: whole, in chunks without a length, or packed."""

    async def _answer1(self, path: str, writer: asyncio.StreamWriter) -> None:
        body, head = SOCIAL + b"<!-- " + b"x" * (600_000 if path.startswith("/long") else 0) + b" -->", b""
        if path.startswith("/packed"):
            body, head = gzip.compress(body), b"content-encoding: gzip\r\n"
        head += b"content-type: text/html; charset=utf-8\r\n"
        if path.startswith("/chunks"):
            writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"transfer-encoding: chunked\r\n\r\n")
            for start in range(0, len(body), 100):
                writer.write(b"%x\r\n%s\r\n" % (len(body[start : start + 100]), body[start : start + 100]))
            writer.write(b"0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"content-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()


class Watched(Rig):
    """A worker that looks at pages."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        super().__init__(folder)
        self.origins = Pages(self.world, *NAMES)
        self.bench = bench

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        await runner.serve(self.config, self.gate, self.gate, self._stop, self._listening, self.bench.unknown)


@pytest.mark.parametrize("path", ["/whole", "/packed", "/chunks", "/long"])
def test_through_a_real_worker_the_page_comes_whole_and_the_site_is_proposed(
    store: Store, tmp_path: Path, path: str
) -> None:
    bench = Bench(store)
    navigation = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "accept-encoding": "gzip"}
    with Watched(tmp_path, bench) as rig, rig.client() as client:
        first = client.get(f"https://open.test{path}", headers=navigation)
        assert first.status_code == 200 and first.content.startswith(SOCIAL)
        assert len(first.content) > (600_000 if path == "/long" else len(SOCIAL))
        assert client.get(f"https://other.test{path}", headers=navigation).status_code == 403
        background = {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
        assert client.get("https://open.test/", headers=background).status_code == 200
    asyncio.run(bench.unknown.stop())
    (found,) = store.proposals.open(SCHOOL)
    assert (found.host, found.kind, found.times) == ("open.test", "social", 1)


def test_a_websocket_through_a_real_worker_is_remembered_by_its_site(store: Store, tmp_path: Path) -> None:
    bench = Bench(store)
    with Watched(tmp_path, bench) as rig:
        with websocket(rig) as ws:
            ws.send("hallo")
            assert ws.recv(5) == "hallo"
        assert list(bench.unknown._talking) == ["ws.test"]
