"""Keys and certificates of mitmproxy, our way: the chain is sent, no file of keys, no answers of its own, no options
that sign or trust what is not the school's.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import socket
import ssl
import struct
import subprocess
import sys
from pathlib import Path

import certifi
import httpx
import pytest
from cryptography import x509
from mitmproxy import certs, options
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.net import tls
from mitmproxy.optmanager import OptManager
from mitmproxy.test import taddons

from proxy_addons.authority import answer_nothing, foreign
from proxy_addons.engine import ALWAYS
from tests.cli.authorities import board
from tests.proxy_addons.hellos import extension, name, records
from tests.proxy_addons.rig import Rig, free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("rig")) as one:
        yield one


# --- no file of keys -------------------------------------------------------------------------------------------------

_HANDSHAKE = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.proxy_addons.rig import Rig
{before}
with Rig(Path(sys.argv[1])) as rig, rig.tls("open.test") as tls:
    tls.sendall(b"GET / HTTP/1.1\\r\\nHost: open.test\\r\\nConnection: close\\r\\n\\r\\n")
    print(tls.recv(4096).split(b"\\r\\n")[0].decode())
"""


@pytest.mark.evasion("S03")
@pytest.mark.parametrize("variable", ["SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE"])
def test_no_key_of_a_connection_is_written_down_whoever_asks_for_it(tmp_path, variable):
    keys = tmp_path / "keys.txt"
    script = _HANDSHAKE.format(root=str(ROOT), before="")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "rig")],
        env={**os.environ, variable: str(keys)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout.startswith("HTTP/1.1 200"), done.stderr
    assert not keys.exists()


def test_mitmproxy_looks_for_the_file_of_keys_when_it_is_loaded_so_taking_the_variable_away_later_is_too_late(tmp_path):
    """Why `our_way` does more than that."""
    script = "import os, mitmproxy.net.tls as tls; os.environ.pop('SSLKEYLOGFILE'); print(tls.log_master_secret)"
    told = subprocess.check_output(
        [sys.executable, "-c", script], env={**os.environ, "SSLKEYLOGFILE": str(tmp_path / "keys")}, text=True
    )
    assert "MasterSecretLogger" in told
    assert "log_master_secret" in inspect.getsource(tls._create_ssl_context)


# --- options ---------------------------------------------------------------------------------------------------------


def test_our_own_options_are_none_of_the_foreign_ones():
    with taddons.context(TlsConfig()) as context:
        assert list(foreign(context.options, None)) == []
        assert (context.options.tls_version_client_min, context.options.tls_version_server_min) == ("TLS1_2", "TLS1_2")
    assert ALWAYS["certs"] == []


@pytest.mark.evasion("S03")
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("certs", ["*=/tmp/theirs.pem"]),
        ("client_certs", "/tmp/theirs.pem"),
        ("ssl_insecure", True),
        ("request_client_cert", True),
        ("ignore_hosts", ["blocked.test"]),
        ("allow_hosts", ["open.test"]),
        ("tcp_hosts", ["blocked.test"]),
        ("add_upstream_certs_to_client_chain", True),
        ("ssl_verify_upstream_trusted_ca", "/tmp/theirs.pem"),
        ("ssl_verify_upstream_trusted_confdir", "/tmp"),
        ("tls_version_client_min", "UNBOUNDED"),
        ("tls_version_server_min", "TLS1"),
        ("tls_version_client_max", "TLS1_1"),
    ],
)
def test_an_option_that_signs_shows_or_trusts_what_is_not_the_schools_is_named(option, value):
    with taddons.context(TlsConfig()) as context:
        context.options._options[option].set(value)
        assert list(foreign(context.options, None)) == [option]


@pytest.mark.evasion("S03")
@pytest.mark.parametrize("option", ["emudhra", "emudhra_old"])
def test_signing_with_the_key_of_an_authority_that_is_not_the_schools_is_named(option):
    """mitmproxy 12.3 has these options; the version that is pinned has not."""
    kept: OptManager = options.Options()
    assert option not in kept
    kept.add_option(option, bool, False, "as mitmproxy 12.3 has it")
    assert list(foreign(kept, None)) == []
    kept.update(**{option: True})
    assert list(foreign(kept, None)) == [option]


def test_the_roots_that_the_school_trusts_are_not_foreign(tmp_path):
    kept: OptManager = options.Options()
    kept.update(ssl_verify_upstream_trusted_ca=str(tmp_path))
    assert list(foreign(kept, tmp_path)) == []


@pytest.mark.evasion("S03")
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_root_of_an_authority_whose_key_is_public_is_trusted():
    """certifi, which mitmproxy uses; `pyproject.toml` says from which version on."""
    subjects = [
        one.subject.rfc4514_string() for one in x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
    ]
    assert len(subjects) > 100
    assert [one for one in subjects if "emsign" in one.lower() or "emudhra" in one.lower()] == []


def started(home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Stock mitmdump with our rules, for a moment; it ends by itself only when it is refused."""
    return subprocess.run(
        [
            Path(sys.executable).with_name("mitmdump"),
            "-s",
            ROOT / "proxy_addons" / "main.py",
            "--listen-host=127.0.0.1",
            f"--listen-port={free_port()}",
            *more,
        ],
        env={**os.environ, "KLASWACHT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.evasion("S03")
@pytest.mark.parametrize(
    "option",
    [
        "ssl_insecure=true",
        pytest.param("certs=*={ca}", marks=pytest.mark.full),
        pytest.param("ignore_hosts=blocked", marks=pytest.mark.full),
    ],
)
def test_stock_mitmdump_does_not_start_with_an_option_under_which_the_rules_do_not_hold(tmp_path, rig, option):
    done = started(tmp_path / "home", "--set", option.format(ca=rig.ca.pem))
    assert done.returncode == 1
    assert f"klaswacht: with the option `{option.split('=')[0]}`" in done.stderr


# --- answers of its own ----------------------------------------------------------------------------------------------


@pytest.mark.evasion("S03")
def test_a_path_that_mitmproxy_would_answer_itself_goes_to_the_site(rig):
    serial = rig.ca.cert.serial_number
    with rig.client() as client:
        before = len(rig.gate.asked)
        answer = client.get(f"https://open.test/mitmproxy-{serial}.crl")
        assert answer.headers.get("content-type") != "application/pkix-crl"
        assert b"what only the origin says" in answer.content
        assert len(rig.gate.asked) == before + 1
        with contextlib.suppress(httpx.HTTPError):
            assert client.get(f"https://blocked.test/mitmproxy-{serial}.crl").status_code == 403


def test_what_is_taken_from_mitmproxy_there(tmp_path, rig):
    """Its own answer, and that the addon is asked for `request` by name."""
    config = TlsConfig()
    assert "crl_path" in inspect.getsource(config.request)
    answer_nothing(config)
    assert config.request is None
    store = certs.CertStore.from_store(rig.ca.folder, "mitmproxy", 2048)
    assert store.default_chain_file is None, "a root is not sent along"


# --- old TLS ---------------------------------------------------------------------------------------------------------


def hello(version: int, *suites: int, sni: bytes = b"open.test") -> bytes:
    """A ClientHello of TLS 1.2 or older, with what an old device can."""
    extensions = b"".join(
        (
            name(sni),
            extension(10, struct.pack(">HHH", 4, 23, 24)),  # P-256, P-384
            extension(11, b"\x01\x00"),
            extension(13, struct.pack(">HHHHH", 8, 0x0403, 0x0503, 0x0401, 0x0201)),
        )
    )
    listed = b"".join(struct.pack(">H", one) for one in suites)
    body = (
        struct.pack(">H", version) + bytes(range(32)) + b"\x00" + struct.pack(">H", len(listed)) + listed + b"\x01\x00"
    )
    body += struct.pack(">H", len(extensions)) + extensions
    return records(b"\x01" + len(body).to_bytes(3) + body)


def said(rig: Rig, first: bytes) -> bytes:
    """The kind of record that a ClientHello is answered with, and the kind of message in it."""
    with contextlib.closing(rig.connect("open.test")) as sock:
        sock.settimeout(10)
        sock.sendall(first)
        answer = b""
        with contextlib.suppress(ConnectionError, socket.timeout):
            while len(answer) < 7 and (more := sock.recv(4096)):
                answer += more
    return answer[:1] + answer[5:7]


GCM, CBC, CBC_SHA256, TRIPLE, RC4, PLAIN_RSA = 0xC02B, 0xC009, 0xC023, 0xC008, 0xC007, 0x009C


def test_a_device_with_good_ciphers_is_answered(rig):
    """So that the refusals below are about the ciphers."""
    assert said(rig, hello(0x0303, GCM))[:2] == b"\x16\x02"


@pytest.mark.evasion("S04")
@pytest.mark.parametrize(
    ("version", "suites"),
    [
        (0x0303, (TRIPLE, 0x000A)),
        (0x0303, (RC4, 0x0005)),
        (0x0303, (CBC, CBC_SHA256)),
        (0x0303, (PLAIN_RSA,)),
        (0x0302, (GCM, CBC, TRIPLE)),
        (0x0301, (GCM, CBC, TRIPLE)),
    ],
    ids=["3DES", "RC4", "CBC", "no forward secrecy", "TLS 1.1", "TLS 1.0"],
)
def test_a_device_with_old_ciphers_or_an_old_version_alone_gets_no_handshake(rig, version, suites):
    assert said(rig, hello(version, *suites))[:2] in (b"\x15\x02", b""), "a fatal alert, or nothing"


def test_a_python_client_speaks_both_versions_of_today(rig):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = rig.trust()
        context.minimum_version = context.maximum_version = version
        with context.wrap_socket(rig.connect("open.test"), server_hostname="open.test") as tls_:
            assert tls_.version() == version.name.replace("v1_", "v1.")
            assert "GCM" in tls_.cipher()[0] or "CHACHA20" in tls_.cipher()[0]


# --- the chain -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["EC", pytest.param("RSA", marks=pytest.mark.full)])
def school(request, tmp_path_factory):
    """A worker of a school whose CA stands below one of its board, below a root that devices know."""
    root, middle, own = board(rsa_key=request.param == "RSA")
    rig = Rig(tmp_path_factory.mktemp("school"))
    rig.ca.pem.write_bytes(own.secret() + own.pem + middle.pem + root.pem)
    rig.ca.crt.write_bytes(root.pem)
    with rig:
        rig.chain = (own.certificate, middle.certificate)
        yield rig


def shown(rig: Rig, version: ssl.TLSVersion, host: str = "open.test") -> list[x509.Certificate]:
    """What a client that knows the root alone, and is strict, is shown."""
    context = rig.trust()
    context.minimum_version = context.maximum_version = version
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    with context.wrap_socket(rig.connect(host), server_hostname=host) as one:
        return [x509.load_der_x509_certificate(der) for der in one.get_unverified_chain()]


@pytest.mark.evasion("S03")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_device_that_knows_the_root_alone_is_shown_all_between_and_no_more(school, version):
    leaf, *rest = shown(school, version)
    assert tuple(rest) == school.chain, "and not the root: devices have it"
    leaf.verify_directly_issued_by(school.chain[0])


def test_curl_and_openssl_that_know_the_root_alone_take_it(school, tmp_path):
    proxy, root = f"127.0.0.1:{school.proxy}", str(school.ca.crt)
    for version in ("1.2", "1.3"):
        command = ["curl", "-sS", "--proxy", proxy, "--cacert", root, f"--tlsv{version}"]
        command += ["--tls-max", version, "https://open.test/"]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert b"what only the origin says" in done.stdout, done.stderr
        command = ["openssl", "s_client", "-proxy", proxy, "-connect", "open.test:443", "-servername", "open.test"]
        command += ["-verify_hostname", "open.test", "-verify_return_error", "-x509_strict", "-CAfile", root]
        command += ["-no-CApath", f"-tls{version.replace('.', '_')}", "-showcerts"]
        done = subprocess.run(command, input=b"", capture_output=True, timeout=60, check=False)
        assert b"Verify return code: 0 (ok)" in done.stdout, done.stderr
        assert done.stdout.count(b"-----BEGIN CERTIFICATE-----") == 3


def test_a_school_with_a_root_of_its_own_shows_one_certificate(rig):
    assert len(shown(rig, ssl.TLSVersion.TLSv1_3)) == 1


def test_a_worker_that_makes_room_goes_on_with_what_it_began_with_whatever_the_file_says_by_then(school, rig):
    """A switch to another CA is a new file; the old worker shows the old chain until it is gone."""
    kept = school.ca.pem.read_bytes()
    school.ca.pem.write_bytes(rig.ca.pem.read_bytes())
    try:
        context = school.trust()
        context.set_alpn_protocols(["http/1.1"])
        for host in ("other.test", "help.test"):  # never asked for before: mitmproxy makes something new for them
            school.gate.open.add(host)
            with context.wrap_socket(school.connect(host), server_hostname=host) as one:
                assert len(one.get_unverified_chain()) == 3
    finally:
        school.ca.pem.write_bytes(kept)


def test_where_mitmproxy_takes_the_chain_from():
    source = inspect.getsource(TlsConfig.tls_start_client)
    assert "net_tls.create_client_proxy_context(" in source
    assert "chain_file=entry.chain_file" in source
    assert "chain_file=self.default_chain_file" in inspect.getsource(certs.CertStore.get_cert)
    assert "cls.from_files(" in inspect.getsource(certs.CertStore.from_store)
