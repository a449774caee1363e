"""Ways that are no request for a page: names looked up elsewhere, calls, hidden names, sessions taken up again."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.message
import pytest

from policy.model import Agreement
from tests.e2e.clients import Device, Refused
from tests.evasions.school import GROUP, SCHOOL, TEACHER, TUNNELLED, Running
from tests.evasions.speaking import spoken, statuses
from tests.proxy_addons.hellos import ECH, message, name, records

UNLISTED = "onbekend.example"
QUESTION = dns.message.make_query("discord.com.", "A", id=0).to_wire()
STUN = bytes.fromhex("000100002112a442") + bytes(range(12))  # a Binding request (RFC 8489)
ALLOCATE = bytes.fromhex("000300082112a442") + bytes(range(12)) + bytes.fromhex("0019000411000000")  # RFC 8656


def ask(line: ssl.SSLSocket, host: str) -> bytes:
    return spoken(line, f"GET / HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n".encode())


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.evasion("E05")
@pytest.mark.parametrize("kind", ["application/dns-message", "application/octet-stream", "text/plain", None])
def test_a_name_is_not_looked_up_by_post_wherever_it_is_sent(guard: Running, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    reply = guard.pupil.fetch(f"https://{UNLISTED}/a", "POST", QUESTION, headers)
    assert reply.status == 403 and not guard.sites.requests


@pytest.mark.evasion("E05")
@pytest.mark.parametrize("path", ["/dns-query?dns=", "/x?y=1&z=", "/a/b/"])
def test_a_name_is_not_looked_up_in_an_address(guard: Running, path: str) -> None:
    coded = base64.urlsafe_b64encode(QUESTION).decode().rstrip("=")
    assert guard.pupil.fetch(f"https://{UNLISTED}{path}{coded}").status == 403
    assert not guard.sites.requests


@pytest.mark.evasion("E05")
def test_nor_sealed_for_another_server_nor_in_words(guard: Running) -> None:
    sealed = {"content-type": "application/oblivious-dns-message"}
    assert guard.pupil.fetch(f"https://{UNLISTED}/", "POST", bytes(200), sealed).status == 403
    assert guard.pupil.fetch(f"https://{UNLISTED}/dns-query?name=discord.com&type=A").status == 403
    assert guard.pupil.fetch(f"https://{UNLISTED}/", headers={"accept": "application/dns-json"}).status == 403
    assert not guard.sites.requests


# --- calls -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def inside(guard: Running) -> Iterator[ssl.SSLSocket]:
    """TLS to a site that nobody lists and that is open."""
    with contextlib.closing(guard.pupil.tunnel(UNLISTED)) as line:
        yield line


@pytest.mark.evasion("E27")
@pytest.mark.parametrize("said", [STUN, ALLOCATE], ids=["stun", "turn"])
def test_a_call_does_not_begin_inside_tls(guard: Running, inside: ssl.SSLSocket, said: bytes) -> None:
    answer = spoken(inside, said)
    assert statuses(answer) in ([], [400]) and not any(said in one.data for one in guard.sites.connections)


@pytest.mark.evasion("E27")
@pytest.mark.parametrize("said", [STUN, ALLOCATE], ids=["stun", "turn"])
@pytest.mark.parametrize("host", [UNLISTED, TUNNELLED])
def test_a_call_does_not_begin_without_tls(guard: Running, host: str, said: bytes) -> None:
    with contextlib.closing(guard.pupil.dial((host, 443))) as line:
        answer = spoken(line, said)
    assert statuses(answer) in ([], [400]) and not any(said in one.data for one in guard.sites.connections)


@pytest.mark.evasion("E27")
@pytest.mark.parametrize("port", [3478, 5349, 19302])
def test_nor_on_the_ports_that_calls_have(guard: Running, port: int) -> None:
    with pytest.raises(Refused):
        guard.pupil.dial((UNLISTED, port))


@pytest.mark.evasion("E27")
@pytest.mark.parametrize("protocol", ["stun.turn", "stun.nat-discovery", "webrtc", "c-webrtc"])
def test_a_hello_that_offers_a_call_is_never_a_tunnel(guard: Running, protocol: str) -> None:
    context = guard.pupil.tls()
    context.set_alpn_protocols([protocol])
    with contextlib.closing(guard.pupil.dial((TUNNELLED, 443))) as plain, contextlib.suppress(OSError):
        line = context.wrap_socket(plain, server_hostname=TUNNELLED)
        assert statuses(spoken(line, ALLOCATE)) in ([], [400])
    assert not any(ALLOCATE in one.data for one in guard.sites.connections)


# --- hidden names ----------------------------------------------------------------------------------------------------


@pytest.mark.evasion("E06")
def test_a_hello_with_another_name_hidden_in_it_never_gets_to_the_site(guard: Running) -> None:
    hello = records(message(name(TUNNELLED.encode()), ECH))
    with contextlib.closing(guard.pupil.dial((TUNNELLED, 443))) as line:
        spoken(line, hello)
    # The guard itself asks the site who it is, without anything of that hello, and there it ends.
    assert not guard.sites.bytes and not guard.sites.requests


# --- sessions --------------------------------------------------------------------------------------------------------


def pinned(device: Device, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = device.tls()
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.evasion("E13")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_that_is_taken_up_again_after_a_revoke_gets_the_page(guard: Running, version) -> None:
    context = pinned(guard.pupil, version)
    with (
        guard.granted("poki.com"),
        contextlib.closing(guard.pupil.dial(("poki.com", 443))) as plain,
        context.wrap_socket(plain, server_hostname="poki.com") as line,
    ):
        assert statuses(ask(line, "poki.com")) == [200]
        session = line.session
    guard.forget()
    again = guard.pupil.dial(("poki.com", 443))
    with context.wrap_socket(again, server_hostname="poki.com", session=session) as line:
        assert statuses(ask(line, "poki.com")) == [403]
    assert not guard.sites.requests


@pytest.mark.evasion("E13")
def test_nor_does_one_with_a_site_that_was_a_tunnel(guard: Running) -> None:
    context = guard.pupil.tls()
    with context.wrap_socket(guard.pupil.dial((TUNNELLED, 443)), server_hostname=TUNNELLED) as line:
        assert statuses(ask(line, TUNNELLED)) == [200]
        session = line.session
    now, measures = datetime.now(UTC), guard.composed.store.measures
    agreed = Agreement("", now, now + timedelta(minutes=5), frozenset({GROUP}), sites=("leerles.example",), by=TEACHER)
    agreed = measures.start_agreement(SCHOOL, agreed, now)
    try:
        guard.sees(lambda state: bool(state.agreements))
        guard.forget()
        with (
            contextlib.closing(guard.pupil.dial((TUNNELLED, 443))) as plain,
            context.wrap_socket(plain, server_hostname=TUNNELLED, session=session) as line,
        ):
            assert statuses(ask(line, TUNNELLED)) == [403]
        assert not guard.sites.requests
    finally:
        measures.stop_agreement(SCHOOL, agreed.id, TEACHER, datetime.now(UTC))
        guard.sees(lambda state: not state.agreements)


@pytest.mark.evasion("E13")
def test_nothing_may_be_said_before_a_handshake_is_over(guard: Running, tmp_path: Path) -> None:
    kept = tmp_path / "session.pem"
    with contextlib.closing(guard.pupil.dial((UNLISTED, 443))) as line, socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.getsockname()[1]}", "-sess_out", str(kept)]
        command += ["-servername", UNLISTED, "-tls1_3", "-quiet", "-CAfile", str(guard.ca)]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        taken, _ = server.accept()
        with contextlib.closing(taken):
            carry(taken, line, client)
    shown = subprocess.run(["openssl", "sess_id", "-in", str(kept), "-noout", "-text"], capture_output=True, check=True)
    assert b"Max Early Data: 0" in shown.stdout


def carry(near: socket.socket, far: socket.socket, client: subprocess.Popen[bytes]) -> None:
    """Bytes both ways until one request was answered."""
    assert client.stdin and client.stdout
    client.stdin.write(f"GET / HTTP/1.1\r\nHost: {UNLISTED}\r\nConnection: close\r\n\r\n".encode())
    client.stdin.flush()
    near.settimeout(0.2)
    far.settimeout(0.2)
    while client.poll() is None:
        for one, other in ((near, far), (far, near)):
            with contextlib.suppress(TimeoutError):
                data = one.recv(65_536)
                if not data:
                    client.kill()
                    break
                other.sendall(data)
    client.wait()


# --- pretended friends -----------------------------------------------------------------------------------------------


@pytest.mark.evasion("E20")
@pytest.mark.parametrize(
    "host",
    ["chatgpt.com", "character.ai", "claude.ai", "gemini.google.com", "copilot.microsoft.com", "janitorai-vriend.nl"],
)
def test_a_chatbot_is_closed_until_a_teacher_opens_it(guard: Running, host: str) -> None:
    reply = guard.pupil.fetch(f"https://{host}/")
    assert reply.status == 403 and "text/html" in reply.headers["content-type"]
    assert not guard.sites.connections
