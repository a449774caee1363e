"""The guard is no back door: what its own connections to sites are worth, and what they tell."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys

import httpx
import pytest

from config.feeds.fetch import fetch
from config.feeds.packed import FeedError
from tests.e2e.apart import NOTATIONS, SITE, STEADY, WAYS, WORLD
from tests.e2e.bad_sites import bad_sites
from tests.proxy_addons.origins import SECRET
from tests.proxy_addons.rig import HandGate, Rig, until_closed

BAD = (
    "expired", "not-yet", "wrong-host", "no-name", "half-wildcard", "nul-name", "self-signed", "untrusted-root",
    "incomplete-chain", "expired-chain", "not-by-a-ca", "for-clients", "weak-key", "sha1", "tls10", "tls11",
    "null-cipher", "old-cipher",
)  # fmt: skip
WEBSOCKET = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def badly(tmp_path_factory):
    """A guard whose every listed site has something wrong with its certificate or TLS."""
    folder = tmp_path_factory.mktemp("badly")
    gate, hosts = HandGate(), {}
    rig = Rig(folder, gate, listeners=2, hosts=hosts)  # mitmproxy has one set of options a process: one rig for all
    with bad_sites(folder / "sites", rig.world) as sites:
        hosts |= sites.hosts
        gate.open |= {name.partition(":")[0] for name in hosts}
        gate.tunnels |= {name.partition(":")[0] for name in hosts if "-tunnel" in name}
        with rig:
            rig.sites = sites
            gate.keyed = frozenset({rig.ports[1]})
            yield rig


def heard(rig: Rig, name: str) -> int:
    """Bytes that a site heard inside its TLS."""
    return rig.sites.heard[f"{name} bytes"]


def test_the_bad_sites_are_all_there(badly):
    assert set(BAD) == set(badly.sites.bad)


@pytest.mark.parametrize("name", ["good", "whole-chain"])
def test_a_good_certificate_is_no_trouble(badly, name):
    with badly.client() as client:
        assert client.get(f"https://{name}.test/").content == SECRET
    assert heard(badly, name) > 0


@pytest.mark.evasion("S04")
@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
@pytest.mark.parametrize("name", BAD)
def test_a_site_with_a_bad_certificate_is_a_page_and_hears_nothing(badly, name, http2):
    came = badly.sites.heard[f"{name} connections"]
    with badly.client(http2=http2) as client:
        for _ in range(2):  # there is no second try that goes through either
            got = client.get(f"https://{name}.test/private?q=secret", headers={"cookie": "session=1"})
            assert got.status_code == 502
            assert got.content == b"<!doctype html><p>trouble: certificate"
    assert badly.sites.heard[f"{name} connections"] > came  # it is the site's own certificate that was bad
    assert heard(badly, name) == 0


@pytest.mark.evasion("S04")
@pytest.mark.parametrize("name", BAD)
def test_nor_does_it_hear_a_form_or_a_websocket(badly, name):
    with badly.client() as client:
        assert client.post(f"https://{name}.test/login", data={"name": "x", "password": "y"}).status_code == 502
        assert client.get(f"https://{name}.test/ws", headers=WEBSOCKET).status_code == 502
        with contextlib.suppress(httpx.TransportError):
            assert client.post(f"https://{name}.test/up", content=b"x" * 300_000).status_code == 502
    assert heard(badly, name) == 0


@pytest.mark.evasion("S04")
@pytest.mark.parametrize("name", ["expired", "self-signed", "wrong-host", "tls10"])
def test_nor_when_the_proxy_is_asked_for_https_without_tls_to_itself(badly, name):
    with badly.raw(f"GET https://{name}.test/ HTTP/1.1\r\nHost: {name}.test\r\n\r\n".encode()) as sock:
        said = b""
        with contextlib.suppress(TimeoutError):
            sock.settimeout(5)
            while b"trouble" not in said and (more := sock.recv(65536)):
                said += more
    assert b"trouble: certificate" in said and SECRET not in said
    assert heard(badly, name) == 0


@pytest.mark.evasion("S04")
@pytest.mark.parametrize("name", ["expired", "wrong-host", "self-signed", "untrusted-root"])
def test_through_a_tunnel_the_device_sees_the_bad_certificate_itself(badly, name):
    with badly.client(world=True) as client, pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
        client.get(f"https://{name}-tunnel.test/")
    assert heard(badly, name) == 0
    with badly.client(world=True) as client:
        assert client.get("https://good-tunnel.test/").content == SECRET


# --- what a site hears of us ------------------------------------------------------------------------------------------

KEY = "chromebook-7:geheim-sleuteltje"
WHO_ASKS = {
    "X-Forwarded-For": "10.0.7.2", "X-Forwarded-Proto": "https", "Forwarded": "for=10.0.7.2", "X-Real-IP": "10.0.7.2",
    "X-Client-IP": "10.0.7.2", "True-Client-IP": "10.0.7.2", "Proxy-Authorization": "Basic c2xldXRlbHRqZQ==",
    "Proxy-Connection": "10.0.7.2", "Proxy": "http://10.0.7.2/",
}  # fmt: skip


@pytest.fixture
def keyed(badly):
    """The same guard, and a device that gives its key."""

    @contextlib.contextmanager
    def client(*, http2: bool = False):
        url = f"http://{KEY}@127.0.0.1:{badly.ports[1]}"
        with httpx.Client(proxy=url, verify=badly.trust(), http2=http2, trust_env=False, timeout=20) as one:
            yield one

    with badly.raw(b"CONNECT open.test:443 HTTP/1.1\r\nHost: open.test:443\r\n\r\n", badly.ports[1]) as sock:
        assert sock.recv(4096).startswith(b"HTTP/1.1 407")
    return client


@pytest.mark.evasion("S02")
@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_site_hears_neither_the_devices_key_nor_who_asks_nor_what_asks(badly, keyed, scheme, http2):
    before = len(badly.seen.requests)
    told = WHO_ASKS if scheme == "https" else {k: v for k, v in WHO_ASKS.items() if k != "Proxy-Authorization"}
    with keyed(http2=http2) as client:
        assert client.get(f"{scheme}://open.test/a", headers=told).content == SECRET
        assert client.post(f"{scheme}://open.test/b", headers=told, content=b"x" * 200_000).content == SECRET
    assert any(peer.credentials for peer in badly.gate.peers)
    for _, _, headers in badly.seen.requests[before:]:
        text = repr(headers).lower()
        assert not [
            one for one in ("10.0.7.2", "c2xldXRlbHRqZQ", "basic", "proxy-", "klaswacht", "mitm") if one in text
        ]
        assert "authorization" not in headers
        assert headers["user-agent"].startswith("python-httpx")  # the device's own


@pytest.mark.evasion("S02")
def test_nor_does_a_websocket(badly, keyed):
    import base64

    before = len(badly.seen.requests)
    secret = base64.b64encode(KEY.encode()).decode()
    more = "".join(f"{name}: {value}\r\n" for name, value in {**WHO_ASKS, **WEBSOCKET}.items())
    line = f"CONNECT open.test:443 HTTP/1.1\r\nHost: open.test:443\r\nProxy-Authorization: Basic {secret}\r\n\r\n"
    with badly.raw(line.encode(), badly.ports[1]) as sock:
        assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        tls = badly.trust().wrap_socket(sock, server_hostname="open.test")
        tls.sendall(f"GET /ws HTTP/1.1\r\nHost: open.test\r\n{more}\r\n".encode())
        tls.recv(4096)
    (_, _, headers) = badly.seen.requests[before]
    assert headers["upgrade"] == "websocket" and "proxy-authorization" not in headers
    assert "10.0.7.2" not in repr(headers) and secret not in repr(headers)


def test_what_it_hears_of_our_own_are_numbers_that_mean_nothing_twice_alike(badly, keyed):
    before = len(badly.seen.requests)
    with keyed() as client:
        for _ in range(3):
            client.get("http://open.test/a")
    marks = [headers["via"] for _, _, headers in badly.seen.requests[before:]]
    assert len(set(marks)) == 3 and all(mark.startswith("1.1 ") and len(mark) == 32 for mark in marks)


# --- where it goes ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """What was met around a guard that permits everything, on a machine with something on its loopback."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not all(map(shutil.which, ("ip", "nsenter"))):
        pytest.skip("making a network needs root, `ip` and `nsenter` on Linux")
    command = (sys.executable, "-m", "tests.e2e.apart", str(tmp_path_factory.mktemp("apart")))
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


FRIENDLY = {"502 page", "400", "403"}


@pytest.mark.full
@pytest.mark.evasion("S02", "E08")
@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("authority", "tunnel")])
def test_no_spelling_of_an_address_inside_leads_there(apart, way):
    met = apart["met"][way]
    assert set(met) == set(NOTATIONS)
    assert {host: found for host, found in met.items() if found not in FRIENDLY} == {}


@pytest.mark.full
@pytest.mark.evasion("S02", "E08")
def test_nor_as_the_authority_of_a_request_on_a_connection_elsewhere(apart):
    # Where the rules are, all names count; here nobody minds, and it goes where the connection goes.
    assert set(apart["met"]["authority"].values()) <= FRIENDLY | {"200 world"}


@pytest.mark.full
@pytest.mark.evasion("S02", "E08")
def test_nor_where_a_firewall_leads_a_device_here_that_says_such_a_name(apart):
    plain, sni = apart["led"]["plain"], apart["led"]["sni"]
    assert plain.pop(STEADY) == "200 world"
    assert {host: found for host, found in plain.items() if found not in FRIENDLY} == {}
    assert set(sni.values()) <= {"tls", "closed"}


@pytest.mark.full
@pytest.mark.evasion("S02")
@pytest.mark.parametrize("way", [way for way in WAYS if way != "authority"])
def test_a_name_that_turns_inwards_between_two_questions_leads_nowhere(apart, way):
    met = apart["changing"][way]
    assert met["0"] in FRIENDLY | {"closed"}  # inside from the first question on
    assert set(met.values()) <= FRIENDLY | {"closed", "200 world"}
    assert met["3"] == "200 world"


@pytest.mark.full
@pytest.mark.evasion("S02")
def test_nor_on_a_connection_that_is_kept(apart):
    assert apart["changing"]["again"]["/kept"] in ("200 world, 502 page", "200 world, 200 world")
    assert apart["changing"]["again"]["/last"] in ("200 world, 502 page", "200 world, closed")


@pytest.mark.full
@pytest.mark.evasion("S02")
def test_nothing_inside_was_touched_while_the_world_was_there(apart):
    assert apart["reached"] == [0, 0]
    assert apart["there"] == "200 inside"  # it was
    assert apart["both"] == "200 world"  # of several addresses only the one out in the world
    assert set(apart["world"].values()) == {"200 world"}
    assert apart["broken"] == {}


@pytest.mark.full
@pytest.mark.evasion("S01")
def test_who_comes_from_out_in_the_world_is_not_served(apart):
    assert apart["led"]["stranger"] == {SITE: "closed", WORLD[0]: "200 world"}


PORTS = {
    "open.test:22": "403", "open.test:25": "403", "open.test:53": "403", "open.test:853": "403",
    "open.test:3128": "403", "open.test:5222": "403", "open.test:8080": "403", "open.test:8443": "403",
    "open.test:0": "403",
    "open.test:65535": "403", "open.test:65536": "400", "open.test:99999": "400", "open.test:4430443": "400",
    "open.test:-443": "400", "open.test:+443": "400", "open.test:443:22": "400", "open.test:22:443": "400",
    "open.test": "400", "open.test:": "400", "open.test:443x": "400", "open.test:0x1bb": "400",
    "open.test:４４３": "400",
    "[::1]:22": "403", "x@open.test:443": "400", "open.test/:443": "400", "open.test:22#:443": "400",
}  # fmt: skip


@pytest.mark.evasion("E09", "S01")
@pytest.mark.parametrize(("target", "status"), PORTS.items())
def test_a_connect_leads_to_the_ports_of_sites_only(badly, target, status):
    came = badly.seen.connections
    with badly.raw(f"CONNECT {target} HTTP/1.1\r\nHost: open.test:443\r\n\r\n".encode()) as sock:
        assert sock.recv(4096)[9:12].decode() == status
        assert until_closed(sock) < 5
    assert badly.seen.connections == came


@pytest.mark.evasion("E09")
@pytest.mark.parametrize("port", [22, 25, 853, 5222, 8080, 8443])
@pytest.mark.parametrize("scheme", ["http", "https", "ws"])
def test_nor_does_a_request_without_connect(badly, scheme, port):
    with socket.create_server(("127.0.0.1", 0)) as there:
        badly.gate.open.add("127.0.0.1")
        for target in (f"open.test:{port}", f"127.0.0.1:{there.getsockname()[1]}"):
            with badly.raw(f"GET {scheme}://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()) as sock:
                assert sock.recv(4096)[9:12] in (b"400", b"403", b"502")
        there.settimeout(0.05)
        with pytest.raises(TimeoutError):
            there.accept()


@pytest.mark.evasion("E09")
def test_nor_does_another_port_in_the_host_of_a_request(badly):
    came = badly.seen.connections
    with badly.tls("open.test") as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: open.test:22\r\n\r\n")
        said = b""
        while SECRET not in said and (more := tls.recv(65536)):
            said += more
        assert SECRET in said  # of the very port that it is connected to
    assert badly.seen.connections == came + 1


# --- the guard's other connections ------------------------------------------------------------------------------------


@pytest.mark.evasion("S04")
@pytest.mark.parametrize("name", BAD)
def test_a_list_of_others_is_not_fetched_from_a_site_that_cannot_prove_itself(badly, name, tmp_path, monkeypatch):
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **options: found("127.0.0.1", *more, **options))
    for site in ("good", name):
        address = f"https://{site}.test:{badly.sites.ports[site]}/list.txt"
        if site == "good":
            assert fetch(address, tmp_path / "list", trust=(badly.world.crt,)).size == len(SECRET)
            continue
        with pytest.raises(FeedError, match=r"cannot be reached|certificate"):
            fetch(address, tmp_path / "other", trust=(badly.world.crt,))
    assert not (tmp_path / "other").exists() and heard(badly, name) == 0
