"""Authorities of a board of schools, for the tests: a root, intermediates below it, and what is wrong with some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Maker:
    """How a certificate is made; the defaults make a good CA."""

    name: str
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    begins: datetime = NOW - YEAR
    ends: datetime = NOW + YEAR
    is_ca: bool = True
    path_length: int | None = None
    signs: bool | None = True
    """Key usage: `keyCertSign`, something else, or none at all."""
    identifier: bool = True
    purposes: Sequence[x509.ObjectIdentifier] = ()
    constraints: x509.NameConstraints | None = None
    digest: Any = field(default_factory=hashes.SHA256)


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    key: Any
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def secret(self, password: bytes | None = None) -> bytes:
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def made(how: Maker, above: Made | None = None) -> Made:
    """A certificate that `above` gave, or a root."""
    subject = _name(how.name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(how.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(how.begins)
        .not_valid_after(how.ends)
        .add_extension(x509.BasicConstraints(how.is_ca, how.path_length), critical=True)
    )
    if how.signs is not None:
        usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
        usage |= {"encipher_only": False, "decipher_only": False, "digital_signature": True}
        usage |= {"key_cert_sign": how.signs, "crl_sign": how.signs}
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if how.identifier:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(how.key.public_key()), critical=False)
    if above is not None:
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key())
        builder = builder.add_extension(known, critical=False)
    if how.purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(how.purposes), critical=False)
    if how.constraints:
        builder = builder.add_extension(how.constraints, critical=True)
    return Made(how.key, builder.sign(above.key if above else how.key, how.digest))


def board(*, rsa_key: bool = False) -> tuple[Made, Made, Made]:
    """A root of a board of schools, its intermediate, and the one below that for one school."""
    root = made(Maker("Bestuur Root"))
    middle = made(Maker("Bestuur Scholen", path_length=1), root)
    key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
    return root, middle, made(Maker("De Regenboog", key=key, path_length=0), middle)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
