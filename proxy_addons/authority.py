"""What of mitmproxy has to do with keys and certificates, and is done our way: what is shown beside a certificate, no
file of keys, no path that mitmproxy answers itself, and options under which nobody's promises hold.

`tests/proxy_addons/test_authority.py` holds what is relied on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from mitmproxy import certs
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.net import tls
from mitmproxy.optmanager import OptManager
from OpenSSL import SSL

_OLD = frozenset({"SSL3", "TLS1", "TLS1_1"})
_NEVER = (
    "add_upstream_certs_to_client_chain",
    "allow_hosts",
    "certs",
    "client_certs",
    "hardump",
    "ignore_hosts",
    "request_client_cert",
    "save_stream_file",
    "ssl_insecure",
    "ssl_verify_upstream_trusted_confdir",
    "tcp_hosts",
    "udp_hosts",
)
"""Options that sign or show what is not the school's, trust what it does not, let hosts go by, or keep what went by."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The certificates that a client needs beside one that we made, without the root: it has that, or trusts none."""

    certificates: tuple[x509.Certificate, ...]


def our_way() -> None:
    """Put it in place, for the whole process: before the first certificate store, and before the first handshake."""
    # Read once, when mitmproxy was loaded: whoever set it, no key of a child's connection is written down.
    tls.log_master_secret = None
    for name in ("SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE"):
        os.environ.pop(name, None)
    tls.create_client_proxy_context = _context
    _put(certs.CertStore, "from_files", classmethod(_from_files))


def answer_nothing(config: TlsConfig) -> None:
    """Have mitmproxy answer no request of its own: it would for any host, where a path ends in `mitmproxy-SERIAL.crl`.

    The list of revoked certificates behind that is for certificates that name it; ours never do.
    """
    _put(config, "request", None)


def foreign(options: OptManager, trusted: Path | None) -> Iterator[str]:
    """The options that are set to what may not be, as they were set. `trusted` are the roots that the school trusts."""
    known = options.keys()
    for name in sorted(known):
        # mitmproxy 12.3 can sign with the key of an authority that is not its own (`emudhra`, `emudhra_old`).
        if (name in _NEVER or name.startswith("emudhra")) and getattr(options, name):
            yield name
    for side in ("client", "server"):
        least, most = f"tls_version_{side}_min", f"tls_version_{side}_max"
        if least in known and getattr(options, least) not in ("TLS1_2", "TLS1_3"):
            yield least
        if most in known and getattr(options, most) in _OLD:
            yield most
    if options.ssl_verify_upstream_trusted_ca not in (None, str(trusted) if trusted else None):
        yield "ssl_verify_upstream_trusted_ca"


_context_with_file = tls.create_client_proxy_context.__wrapped__
_store_of_files = vars(certs.CertStore)["from_files"].__func__


@lru_cache(256)
def _context(*, chain_file: Any, **rest: Any) -> SSL.Context:
    """As mitmproxy's, with a `Chain` in the place of the file.

    mitmproxy has OpenSSL find the chain in that file, again for each handshake, and reads the file when it first needs
    it: a worker that was told to make room would read what its successor signs with.
    """
    if not isinstance(chain_file, Chain):
        return _context_with_file(chain_file=chain_file, **rest)
    context: SSL.Context = _context_with_file(chain_file=None, **rest)
    for one in chain_file.certificates:
        context.add_extra_chain_cert(one)
    return context


def _from_files(kind: type[certs.CertStore], ca_file: Path, *rest: Any, **more: Any) -> certs.CertStore:
    store: certs.CertStore = _store_of_files(kind, ca_file, *rest, **more)
    ours = x509.load_pem_x509_certificates(ca_file.read_bytes())
    sent = tuple(one for one in ours if one.subject != one.issuer)
    _put(store, "default_chain_file", Chain(sent) if sent else None)
    return store


def _put(owner: object, name: str, ours: object) -> None:
    """Ours in the place of what mitmproxy has there, which its types do not foresee."""
    setattr(owner, name, ours)
