"""What was made leaner answers as mitmproxy does."""

from __future__ import annotations

import inspect
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import connection, http
from mitmproxy.addons import tlsconfig
from mitmproxy.coretypes import multidict
from mitmproxy.proxy import context
from mitmproxy.test import tflow

from proxy_addons import trimmed
from proxy_addons.engine import ALWAYS

NAMES = st.sampled_from([b"Host", b"host", b"HOST", b"Cookie", b"cookie", b"x-a", b"", b"\xc3\xa9", b"\xff"])
FIELDS = st.lists(st.tuples(NAMES | st.binary(max_size=6), st.binary(max_size=8)), max_size=8)
ASKED = st.sampled_from(["host", "Host", "cookie", "X-A", "", "é", b"host", b"\xff", "nothing"]) | st.text(max_size=6)


class Stock(multidict._MultiDict):
    """Headers as mitmproxy has them, whatever was put in place of them in this process."""

    def __init__(self, fields) -> None:
        self.fields = tuple(fields)

    _kconv = staticmethod(lambda key: key.lower())
    _reduce_values = staticmethod(", ".join)

    def get_all(self, key):
        raw = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else key
        return [value.decode("utf-8", "surrogateescape") for value in super().get_all(raw)]


@given(fields=FIELDS, name=ASKED)
def test_a_header_is_found_as_before(fields, name):
    ours, stock = http.Headers(fields), Stock(fields)
    assert trimmed.all_of(ours, name) == stock.get_all(name)
    assert trimmed._get(ours, name) == stock.get(name)
    assert trimmed._get(ours, name, "else") == stock.get(name, "else")
    assert trimmed._has(ours, name) == (name in stock)
    assert (trimmed._has(ours, name) and trimmed._one(ours, name)) == (name in stock and stock[name])


def test_mitmproxys_own_way_is_what_it_was_compared_with():
    """Contract, read in a process in which nothing was put in its place."""
    tell = "print(h.get_all('a'), h['A'], ascii(h.get(b'B')), h.get('c'), 'B' in h, 'c' in h)"
    code = "; ".join(
        (
            "from mitmproxy import http",
            r"h = http.Headers([(b'A', b'1'), (b'b', b'\xff'), (b'a', b'2')])",
            tell,
            "from proxy_addons.trimmed import trim",
            "trim()",
            tell,
        )
    )
    before, after = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()
    assert before == after
    check = inspect.getsource(http.MessageData).partition("def __post_init__")[2].partition("def set_state")[0]
    assert "check_option_type" in check
    assert check.count("\n") <= 6, "it does more than to ask for types"


def test_a_fork_of_a_context_is_what_mitmproxy_makes_of_it():
    assert set(context.Context.__annotations__) == {"client", "server", "options", "layers"}
    root = trimmed.LeanContext(tflow.tclient_conn(), object())
    root.layers.append("one")
    forked, stock = root.fork(), context.Context.fork(root)
    assert vars(forked) == vars(stock)
    assert forked.layers is not root.layers
    assert isinstance(forked.fork(), trimmed.LeanContext)


def test_the_schools_certificates_are_handed_to_openssl_once_and_well(tmp_path):
    """In a process of its own: two handshakes by one key and certificate, before and after."""
    code = (
        "import sys; from pathlib import Path; from OpenSSL import SSL; from tests.proxy_addons.origins import Ca\n"
        "from cryptography import x509; from cryptography.hazmat.primitives.serialization import load_pem_private_key\n"
        "ca = Ca(Path(sys.argv[1]), 'Once')\n"
        "def shown():\n"
        "    one = SSL.Connection(SSL.Context(SSL.TLS_SERVER_METHOD))\n"
        "    one.use_certificate(ca.cert); one.use_privatekey(ca.key)\n"
        "    return one.get_certificate().digest('sha256')\n"
        "before = shown()\n"
        "from proxy_addons.trimmed import trim; trim()\n"
        "assert before == shown() == shown()\n"
        "print('same')\n"
    )
    assert subprocess.check_output([sys.executable, "-c", code, str(tmp_path)], text=True) == "same\n"


def test_connections_are_the_same_by_their_id():
    one, other = tflow.tclient_conn(), tflow.tclient_conn()
    other.id = one.id
    assert trimmed._same(one, other)
    other.id = "another"
    assert not trimmed._same(one, other)
    assert not trimmed._same(one, "x")
    source = inspect.getsource(connection.Connection).partition("def __eq__")[2].partition("def __hash__")[0]
    assert "self.id == other.id" in source
    reads = "ctx.options.upstream_cert and conn_context.server.certificate_list"
    assert reads in inspect.getsource(tlsconfig.TlsConfig), "who reads an origin's certificates again?"
    assert ALWAYS["upstream_cert"] is False
