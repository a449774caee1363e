"""Sites on loopback whose certificate, or TLS, is not right: one for each way, and they count what they get to hear."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import crypto

from tests.proxy_addons.origins import SECRET, Ca

BODY = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n%s" % (len(SECRET), SECRET)
_NOW = datetime.now(UTC)
_PAST, _FUTURE = _NOW - timedelta(days=20), _NOW + timedelta(days=20)


class Issuer:
    """Who signs: a key with its certificate."""

    def __init__(self, name: str, by: Issuer | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.cert = leaf(name, by, self.key, ca=True)


def leaf(name: str, by: Issuer | None, key, *, ca: bool = False, **odd) -> x509.Certificate:
    """A certificate for `name` (`by` None: it signs itself), right in all but what is `odd`."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, odd.get("common", name))])
    signing, issuer = (key, subject) if by is None else (by.key, by.cert.subject)
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if odd.get("for_clients") else ExtendedKeyUsageOID.SERVER_AUTH
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(odd.get("since", _PAST))
        .not_valid_after(odd.get("until", _FUTURE))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if ca:
        nothing = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
        signs = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
            **nothing,
        )
        built = built.add_extension(signs, critical=True)
    if not ca:
        built = built.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if names := odd.get("names", (name,)):
            built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
    made = built.sign(signing, hashes.SHA256())
    if odd.get("sha1"):  # which only OpenSSL itself still does
        old = crypto.load_certificate(crypto.FILETYPE_ASN1, made.public_bytes(Encoding.DER))
        old.sign(crypto.PKey.from_cryptography_key(signing), "sha1")
        made = old.to_cryptography()
    return made


class BadSites:
    """All of them, with `good` last. `hosts` maps them for the guard; `heard` counts by name what came in.

    `<name> connections`, `<name> handshakes` that were finished, `<name> bytes` of what was said inside.
    """

    def __init__(self, folder: Path, world: Ca) -> None:
        self._folder, root = folder, Issuer("Root")
        folder.mkdir(exist_ok=True)
        with world.crt.open("ab") as trusted:
            trusted.write(root.cert.public_bytes(Encoding.PEM))
        self.heard: Counter[str] = Counter()
        self.ports: dict[str, int] = {}
        self._stack = contextlib.ExitStack()
        stranger, middle = Issuer("Stranger"), Issuer("Middle", root)
        ended = Issuer("Ended")
        ended.cert = leaf("Ended", root, ended.key, ca=True, until=_NOW - timedelta(days=1))
        no_ca = Issuer("No authority")
        no_ca.cert = leaf("No authority", root, no_ca.key)
        self._site("expired", root, until=_NOW - timedelta(days=1))
        self._site("not-yet", root, since=_NOW + timedelta(days=1))
        self._site("wrong-host", root, names=("another.test",))
        self._site("no-name", root, names=())
        self._site("half-wildcard", root, names=("half-*.test", "*.*", "*"))
        self._site("nul-name", root, names=("another.test",), common="nul-name.test")
        self._site("self-signed", None)
        self._site("untrusted-root", stranger)
        self._site("incomplete-chain", middle)
        self._site("expired-chain", ended, chain=(ended,))
        self._site("not-by-a-ca", no_ca, chain=(no_ca,))
        self._site("for-clients", root, for_clients=True)
        self._site("weak-key", root, key=rsa.generate_private_key(65537, 1024))
        self._site("sha1", root, sha1=True)
        self._site("tls10", root, version=ssl.TLSVersion.TLSv1)
        self._site("tls11", root, version=ssl.TLSVersion.TLSv1_1)
        self._site("null-cipher", root, version=ssl.TLSVersion.TLSv1_2, ciphers="NULL-SHA256:ECDHE-ECDSA-NULL-SHA")
        self._site("old-cipher", root, version=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-SHA")
        self.bad = tuple(self.ports)
        self._site("whole-chain", middle, chain=(middle,))
        self._site("good", root)

    @property
    def hosts(self) -> dict[str, str]:
        found = {f"{name}.test:443": f"127.0.0.1:{port}" for name, port in self.ports.items()}
        return found | {f"{name}-tunnel.test:443": to for name, to in zip(self.ports, found.values(), strict=True)}

    def close(self) -> None:
        self._stack.close()

    def _site(self, name: str, by: Issuer | None, *, chain: tuple[Issuer, ...] = (), **odd) -> None:
        key = odd.pop("key", None) or ec.generate_private_key(ec.SECP256R1())
        both = odd.pop("names", (f"{name}.test", f"{name}-tunnel.test"))
        cert = leaf(f"{name}.test", by, key, names=both, **odd)
        pem = self._folder / f"{name}.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        certs = (cert, *(one.cert for one in chain))
        pem.write_bytes(secret + b"".join(one.public_bytes(Encoding.PEM) for one in certs))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(odd.get("ciphers", "ALL") + ":@SECLEVEL=0")
        if version := odd.get("version"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
        context.load_cert_chain(pem)
        server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._stack.callback(server.close)
        self._stack.callback(lambda: server.shutdown(socket.SHUT_RDWR))
        self.ports[name] = server.getsockname()[1]
        threading.Thread(target=self._listen, args=(name, server, context), daemon=True).start()

    def _listen(self, name: str, server: socket.socket, context: ssl.SSLContext) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = server.accept()
                self.heard[f"{name} connections"] += 1
                threading.Thread(target=self._one, args=(name, near, context), daemon=True).start()

    def _one(self, name: str, near: socket.socket, context: ssl.SSLContext) -> None:
        near.settimeout(20)
        with contextlib.suppress(OSError), near, context.wrap_socket(near, server_side=True) as tls:
            self.heard[f"{name} handshakes"] += 1
            while data := tls.recv(65536):
                self.heard[f"{name} bytes"] += len(data)
                if b"\r\n\r\n" in data:
                    tls.sendall(BODY)


@contextlib.contextmanager
def bad_sites(folder: Path, world: Ca) -> Iterator[BadSites]:
    """All of them, until the end of the block."""
    sites = BadSites(folder, world)
    try:
        yield sites
    finally:
        sites.close()
