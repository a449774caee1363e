from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.settings import Egress as EgressSettings
from config.settings import Listen, Settings
from policy.address import canonical
from policy.pageneeds import MOST_PAGE, Peeked, Trouble, Use
from proxy_addons.egress import Egress
from proxy_addons.peek import Peek, peek_of, trusting
from proxy_addons.turns import AT_ONCE, PER_MINUTE, Turns
from tests.proxy_addons.origins import Ca
from tests.proxy_addons.test_egress import PRIVATE, Names

HTML = b"Content-Type: text/html; charset=utf-8\r\n"
PAGE = b'<!doctype html><title>t</title><script src="https://cdn.test/a.js"></script><img src="//beeld.test/1.png">'


def answer(body: bytes = PAGE, head: bytes = HTML, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Origin:
    """Says what it is told to by path, and remembers what it was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.says: dict[str, bytes | Callable[[socket.socket], None]] = {}
        self.asked: list[bytes] = []
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._stopped = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                one, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(one,), daemon=True).start()

    def _answer(self, one: socket.socket) -> None:
        try:
            one.settimeout(20)
            with self._context.wrap_socket(one, server_side=True) if self._context else one as line:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = line.recv(4096)
                    if not piece:
                        return
                    head += piece
                self.asked.append(head)
                said = self.says.get(
                    head.split(b" ")[1].decode(), b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
                )
                if callable(said):
                    said(line)
                else:
                    line.sendall(said)
        except OSError:
            pass

    def close(self) -> None:
        self._stopped.set()
        self._listening.close()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    return Ca(tmp_path_factory.mktemp("ca"), "Test CA")


@pytest.fixture
def origin(ca: Ca) -> Iterator[Origin]:
    one = Origin(ca.context("site.test", "www.site.test", "slot.test"))
    yield one
    one.close()


@contextmanager
def peeking(ca: Ca, hosts: dict[str, str], within: float = 4.0, names: Names | None = None, **more) -> Iterator[Peek]:
    egress = Egress(hosts=hosts, **more)
    one = Peek(egress, trusting(ca.crt), within=within)
    one._running()
    if names is not None:
        egress._resolve = names
    yield one
    one.close()


@pytest.fixture
def peek(ca: Ca, origin: Origin) -> Iterator[Peek]:
    there = f"127.0.0.1:{origin.port}"
    with peeking(ca, {"site.test:443": there, "www.site.test:443": there, "slot.test:443": there}) as one:
        yield one


def look(peek: Peek, url: str = "https://site.test/", may=lambda _: True, who: str = "anja") -> Peeked:
    address = canonical(url)
    assert address
    return peek(address, may, who)


# --- what a look gives -----------------------------------------------------------------------------------------------


def test_a_page_is_fetched_as_a_chromebook_does_and_its_other_hosts_come_back(peek: Peek, origin: Origin) -> None:
    csp = b"Content-Security-Policy: default-src 'self'; connect-src https://api.test\r\n"
    origin.says["/a?b=c"] = answer(head=HTML + csp)
    found = look(peek, "https://site.test/a?b=c")
    assert found.trouble is None and found.whole and found.landed == "site.test"
    assert [(need.host, need.uses) for need in found.needs] == [
        ("cdn.test", (Use.SCRIPT,)),
        ("beeld.test", (Use.PICTURE,)),
        ("api.test", (Use.ALLOWED,)),
    ]
    (asked,) = origin.asked
    assert asked.startswith(b"GET /a?b=c HTTP/1.1\r\nHost: site.test\r\n") and b"CrOS" in asked
    for never in (b"cookie", b"authorization", b"referer", b"via"):
        assert never not in asked.lower()


def test_no_credential_that_stands_in_an_address_is_sent(peek: Peek, origin: Origin) -> None:
    origin.says["/"] = answer()
    assert look(peek, "https://juf:geheim@site.test/").trouble is None
    assert b"geheim" not in origin.asked[0] and b"uthorization" not in origin.asked[0]


def test_a_redirect_is_followed_and_judged_anew_and_a_round_ends(peek: Peek, origin: Origin) -> None:
    origin.says["/"] = b"HTTP/1.1 302 Found\r\nLocation: //www.site.test/thuis\r\nSet-Cookie: a=b\r\n\r\n"
    origin.says["/thuis"] = answer()
    origin.says["/rond"] = b"HTTP/1.1 301 Moved\r\nLocation: /rond\r\n\r\n"
    judged: list[str] = []

    def may(address) -> bool:
        judged.append(f"{address.host}{address.path}")
        return True

    found = look(peek, may=may)
    assert (found.trouble, found.landed) == (None, "www.site.test")
    assert judged == ["site.test/", "www.site.test/thuis"]
    assert b"ookie" not in origin.asked[1], "what a site asks to keep is not kept"
    origin.asked.clear()
    assert look(peek, "https://site.test/rond").trouble is Trouble.ROUND
    assert len(origin.asked) == 5


def test_what_is_locked_is_never_fetched_also_by_a_redirect(peek: Peek, origin: Origin) -> None:
    origin.says["/"] = b"HTTP/1.1 302 Found\r\nLocation: https://slot.test/x\r\n\r\n"
    origin.says["/x"] = answer()
    assert look(peek, may=lambda address: address.host != "slot.test").trouble is Trouble.LOCKED
    assert [asked.split(b" ")[1] for asked in origin.asked] == [b"/"]
    origin.asked.clear()
    assert look(peek, "https://slot.test/x", may=lambda address: address.host != "slot.test").trouble is Trouble.LOCKED
    assert origin.asked == []


def test_a_judge_that_fails_opens_nothing(peek: Peek, origin: Origin) -> None:
    def may(_address) -> bool:
        raise RuntimeError("geheim")

    assert look(peek, may=may).trouble is Trouble.BROKEN
    assert origin.asked == []


# --- where it never goes ---------------------------------------------------------------------------------------------

SPELLINGS = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
    "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::]/", "http://0177.0.0.1/", "http://127.0.0.1./",
    "http://\u0661\u0662\u0667.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/",
    "http://168.63.129.16/", "http://10.0.0.1/", "http://192.168.178.1/", "http://100.100.100.200/", "http://[fe80::1]/",
    "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://localhost/", "http://localhost.localdomain/",
    "https://klaswacht.internal/", "https://vertel.klaswacht.internal/", "http://wacht.klaswacht.internal/",
    "http://%31%32%37.0.0.1/", "http://127。0。0。1/", "http://①②⑦.0.0.1/",
]  # fmt: skip


@pytest.mark.evasion("S02")
@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_of_an_address_inside_is_fetched_typed_or_by_a_redirect(
    url: str, ca: Ca, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = f"127.0.0.1:{origin.port}"
    origin.says["/"] = b"HTTP/1.1 302 Found\r\nLocation: " + url.encode("utf-8") + b"\r\n\r\n"
    connected: list[object] = []
    real = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda self, to: (connected.append(to), real(self, to))[1])
    own = ("klaswacht.internal", "vertel.klaswacht.internal", "wacht.klaswacht.internal")
    names = Names(**dict.fromkeys(("localhost", "localhost.localdomain", *own), ("127.0.0.1",)))
    with peeking(ca, {"site.test:443": there}, names=names, own_names=own) as one:
        address = canonical(url)
        if address is not None:
            found = one(address, lambda _: True, "anja")
            assert found.trouble in (Trouble.REFUSED, Trouble.NOWHERE), found
        assert origin.asked == []
        names.known["site.test"] = ("127.0.0.1",)
        led = look(one)
        assert led.trouble in (Trouble.REFUSED, Trouble.NOWHERE), led
    assert [asked.split(b" ")[1] for asked in origin.asked] == [b"/"]
    assert connected == [("127.0.0.1", origin.port)]


@pytest.mark.evasion("S02")
@pytest.mark.parametrize("inside", [one for one in PRIVATE if "%" not in one])
def test_no_name_that_leads_inside_is_fetched(inside: str, ca: Ca) -> None:
    with peeking(ca, {}, names=Names(**{"sneaky.test": (inside,)})) as one:
        assert look(one, "https://sneaky.test/").trouble is Trouble.REFUSED
        assert look(one, "http://sneaky.test/").trouble is Trouble.REFUSED


@pytest.mark.evasion("S02")
def test_what_was_judged_is_what_is_connected_to_when_a_name_turns_inwards(
    ca: Ca, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that says an address in the world the first time, and this machine from then on."""

    class Turning(Names):
        async def __call__(self, host, port, **options):
            found = await super().__call__(host, port, **options)
            self.known["turn.test"] = ("127.0.0.1",)
            return found

    connected: list[object] = []

    def refused(_self: socket.socket, to: object) -> None:
        connected.append(to)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refused)
    names = Turning(**{"turn.test": ("192.0.32.10",)})  # in the world, where nobody answers from here
    with peeking(ca, {}, names=names, within=1.0, ports=(origin.port,)) as one:
        found = look(one, f"http://turn.test:{origin.port}/")
        assert found.trouble is Trouble.UNREACHABLE
        assert look(one, f"http://turn.test:{origin.port}/").trouble is Trouble.UNREACHABLE
    assert connected == [("192.0.32.10", origin.port)] * 2, "the second answer was never used"
    assert names.asked == 1


@pytest.mark.evasion("S02")
@pytest.mark.parametrize(
    "url", ["https://site.test:22/", "https://site.test:8443/", "ws://site.test/", "wss://site.test/"]
)
def test_only_pages_on_listed_ports_are_fetched(peek: Peek, origin: Origin, url: str) -> None:
    origin.says["/"] = b"HTTP/1.1 302 Found\r\nLocation: " + url.encode() + b"\r\n\r\n"
    assert look(peek, url).trouble is Trouble.REFUSED
    assert look(peek).trouble is Trouble.REFUSED


@pytest.mark.evasion("S02")
@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "ftp://site.test/", "gopher://site.test/", "javascript:alert(1)", ""]
)
def test_a_redirect_leads_to_no_other_kind_of_thing(peek: Peek, origin: Origin, to: str) -> None:
    origin.says["/"] = b"HTTP/1.1 302 Found\r\nLocation: " + to.encode() + b"\r\n\r\n"
    assert look(peek).trouble in (Trouble.REFUSED, Trouble.NO_PAGE)


def test_a_guard_of_these_settings_never_looks_at_itself(tmp_path: Path, ca: Ca, origin: Origin) -> None:
    listen = Listen(dashboard=origin.port, name="klaswacht.internal")
    mapped = {"zelf.test:443": f"127.0.0.1:{origin.port}", "klaswacht.internal:443": "127.0.0.1:9"}
    settings = Settings(listen=listen, egress=EgressSettings(hosts=mapped, trust=(ca.crt,)))
    one = peek_of(settings, tmp_path)
    for url in ("https://zelf.test/", "https://klaswacht.internal/", "https://wacht.klaswacht.internal/"):
        assert look(one, url, who=url).trouble is Trouble.REFUSED
    one.close()
    assert origin.asked == []


# --- sites that are no good ------------------------------------------------------------------------------------------


def test_a_certificate_must_be_right(ca: Ca, tmp_path: Path) -> None:
    other = Ca(tmp_path / "other", "Nobody's CA")
    bad = {
        "ander.test": Origin(ca.context("niet.test")),
        "oud.test": Origin(ca.context("oud.test", days=-1)),
        "vreemd.test": Origin(other.context("vreemd.test")),
    }
    with peeking(ca, {f"{name}:443": f"127.0.0.1:{one.port}" for name, one in bad.items()}) as peek:
        for name, one in bad.items():
            one.says["/"] = answer()
            assert look(peek, f"https://{name}/").trouble is Trouble.CERTIFICATE, name
            assert one.asked == []
            one.close()


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (answer(b"%PDF-1.7", b"Content-Type: application/pdf\r\n"), Trouble.NO_PAGE),
        (answer(b"\0" * 5000, b"Content-Type: application/octet-stream\r\n"), Trouble.NO_PAGE),
        (answer(b"gewoon tekst", b""), Trouble.NO_PAGE),
        (answer(status=b"403 Forbidden"), Trouble.TURNED_AWAY),
        (answer(status=b"500 Oops"), Trouble.TURNED_AWAY),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", Trouble.BROKEN),
        (b"HTTP/1.1 200 OK", Trouble.BROKEN),
        (b"", Trouble.BROKEN),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", Trouble.BROKEN),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, Trouble.BROKEN),
        (answer(b"geen gzip", HTML + b"Content-Encoding: gzip\r\n"), Trouble.BROKEN),
        (answer(b"x", HTML + b"Content-Encoding: gzip, gzip, gzip, gzip\r\n"), Trouble.BROKEN),
        (b"HTTP/1.1 200 OK\r\n" + HTML + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", Trouble.BROKEN),
    ],
)
def test_what_is_no_page_is_told_as_such(peek: Peek, origin: Origin, said: bytes, trouble: Trouble) -> None:
    origin.says["/"] = said
    assert look(peek) == Peeked(trouble)


def test_a_site_that_is_not_there_is_told_from_one_that_has_no_name(ca: Ca) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with peeking(ca, {"weg.test:443": f"127.0.0.1:{port}"}, names=Names(**{"127.0.0.1": ("127.0.0.1",)})) as one:
        assert look(one, "https://weg.test/").trouble is Trouble.UNREACHABLE
        assert look(one, "https://nergens.test/").trouble is Trouble.NOWHERE


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_huge_page_the_beginning_is_read(peek: Peek, origin: Origin, packed: bool) -> None:
    huge = PAGE + b"<p>" + b"a" * (64 * 1024 * 1024)
    body = gzip.compress(huge, 9) if packed else huge
    origin.says["/"] = answer(body, HTML + (b"Content-Encoding: gzip\r\n" if packed else b""))
    began = time.monotonic()
    found = look(peek)
    assert found.trouble is None and not found.whole
    assert [need.host for need in found.needs] == ["cdn.test", "beeld.test"]
    assert time.monotonic() - began < 10


@pytest.mark.evasion("S10")
def test_a_bomb_in_layers_is_not_unpacked(peek: Peek, origin: Origin) -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * (256 * 1024 * 1024), 9), 9)
    origin.says["/"] = answer(bomb, HTML + b"Content-Encoding: gzip, gzip\r\n")
    assert look(peek).trouble is Trouble.NO_PAGE


def test_chunks_are_put_together_and_an_end_that_is_missing_is_no_problem(peek: Peek, origin: Origin) -> None:
    pieces = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in (PAGE[:30], PAGE[30:]))
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    head = early + b"HTTP/1.1 200 OK\r\n" + HTML + b"Transfer-Encoding: chunked\r\n\r\n"
    for number, end in enumerate((b"0\r\n\r\n", b"")):
        origin.says[f"/{number}"] = head + pieces + end
        assert len(look(peek, f"https://site.test/{number}").needs) == 2


def drip(head: bytes, body: bytes = b"") -> Callable[[socket.socket], None]:
    def say(line: socket.socket) -> None:
        line.sendall(head)
        for one in body + b" " * 1000:
            line.sendall(bytes([one]))
            time.sleep(0.05)

    return say


@pytest.mark.full
def test_a_site_that_drips_is_let_go_in_time(ca: Ca, origin: Origin) -> None:
    origin.says["/kop"] = drip(b"HTTP/1.1 200 OK\r\nX: ")
    origin.says["/stil"] = lambda _line: time.sleep(15)
    origin.says["/lijf"] = drip(b"HTTP/1.1 200 OK\r\n" + HTML + b"\r\n" + PAGE)
    origin.says["/keer"] = lambda line: (time.sleep(1), line.sendall(b"HTTP/1.1 302 F\r\nLocation: /keer\r\n\r\n"))
    with peeking(ca, {"site.test:443": f"127.0.0.1:{origin.port}"}, within=1.5) as one:
        for path, trouble in (("kop", Trouble.SLOW), ("stil", Trouble.SLOW), ("lijf", None), ("keer", Trouble.SLOW)):
            began = time.monotonic()
            found = look(one, f"https://site.test/{path}")
            assert found.trouble is trouble, path
            assert time.monotonic() - began < 5, path
        assert not look(one, "https://site.test/lijf").whole


def test_a_name_server_that_hangs_holds_nobody_up(ca: Ca) -> None:
    def hangs(*_args, **_options):
        time.sleep(4)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    async def slow(host, port, **options):
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(None, hangs)

    egress = Egress()
    one = Peek(egress, trusting(ca.crt), within=0.5)
    one._running()
    egress._resolve = slow
    began = time.monotonic()
    assert look(one, "https://traag.test/").trouble is Trouble.SLOW
    assert time.monotonic() - began < 3
    one.close()


# --- whose turn it is ------------------------------------------------------------------------------------------------


def test_one_look_of_a_person_at_a_time_and_a_few_a_minute() -> None:
    now = [0.0]
    turns = Turns(lambda: now[0])
    with turns.take("anja") as first, turns.take("anja") as second, turns.take("bram") as other:
        assert (first, second, other) == (True, False, True)
    for _ in range(PER_MINUTE - 1):
        with turns.take("anja") as mine:
            assert mine
    with turns.take("anja") as mine:
        assert not mine
    now[0] = 61.0
    with turns.take("anja") as mine:
        assert mine
    assert set(turns._looked) == {"anja"}, "of who looked long ago nothing is kept"


def test_no_more_look_at_once_than_the_box_can_bear() -> None:
    from contextlib import ExitStack

    turns = Turns()
    with ExitStack() as stack:
        got = [stack.enter_context(turns.take(str(number))) for number in range(AT_ONCE + 2)]
    assert got == [True] * AT_ONCE + [False] * 2


def test_whoever_asks_too_often_is_told_and_nothing_is_fetched(peek: Peek, origin: Origin) -> None:
    origin.says["/"] = answer()
    found = [look(peek).trouble for _ in range(PER_MINUTE + 1)]
    assert found == [None] * PER_MINUTE + [Trouble.BUSY]
    assert len(origin.asked) == PER_MINUTE
    assert look(peek, who="bram").trouble is None


def test_nothing_of_a_look_is_logged_or_kept(peek: Peek, origin: Origin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    origin.says["/"] = answer(b"geen gzip", HTML + b"Content-Encoding: gzip\r\n")
    origin.says["/goed"] = answer()
    look(peek)
    look(peek, "https://site.test/goed")
    assert "site.test" not in caplog.text
    kept = {name: value for name, value in vars(peek).items() if name != "egress"}
    assert "site.test" not in repr(kept)


def test_the_bound_is_no_more_than_two_megabytes() -> None:
    assert MOST_PAGE <= 2 * 1024 * 1024
