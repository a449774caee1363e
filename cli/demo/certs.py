"""Certificates of the pretend sites: a small CA of the playground's own and one leaf for all names.

It is not the school's CA. It plays the part of the public CAs: the guard trusts it through `egress.trust`, and a
browser needs it only for sites that the guard lets through without a look inside.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cli.ca.making import builder, usage

_VALID = timedelta(days=190)  # browsers refuse leaves that live much longer


@dataclass(frozen=True, slots=True)
class Papers:
    """Where the certificates lie: `ca` is public (PEM), `chain` is leaf and CA, `key` the leaf's private key."""

    ca: Path
    chain: Path
    key: Path

    @classmethod
    def within(cls, folder: Path) -> Papers:
        """The papers of `folder`; they need not be there yet."""
        return cls(folder / "demo-ca.pem", folder / "demo-sites.pem", folder / "demo-sites.key")

    def server_context(self) -> ssl.SSLContext:
        """The TLS side of the pretend sites; raises `OSError` when a file is gone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_papers(folder: Path, names: Sequence[str], now: datetime) -> Papers:
    """Write a fresh CA and a leaf for `names` into `folder`; raises `OSError` when it cannot be written.

    The CA's private key is thrown away at once, so nothing else can ever be signed with it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    papers = Papers.within(folder)
    ca_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _authority(ca_key, now)
    leaf = _leaf(leaf_key.public_key(), names, ca, ca_key, now)
    papers.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    papers.chain.write_bytes(b"".join(part.public_bytes(serialization.Encoding.PEM) for part in (leaf, ca)))
    papers.key.touch(mode=0o600)
    papers.key.write_bytes(
        leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return papers


def spki_pin(certificate: Path) -> str:
    """Base64 SHA-256 of the first certificate's public key, as Chromium's `--ignore-certificate-errors-spki-list`."""
    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    spki = parsed.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Klaswacht speeltuin")])
    return (
        builder(name, name, key.public_key(), now.astimezone(UTC), _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs_others=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    public: ec.EllipticCurvePublicKey,
    names: Sequence[str],
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    return (
        builder(subject, ca.subject, public, now.astimezone(UTC), _VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs_others=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
