"""Takes apart the files in which a CA is handed over: PEM, DER and PKCS#12, one or several. Writes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12

from cli.ca.files import Key
from cli.home import Trouble

_MOST = 1 << 20  # bytes a file
_SEQUENCE = b"\x30"  # how everything in DER begins that has parts
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True, repr=False)
class Parcel:
    """One key and all the certificates that came with it."""

    key: Key
    certificates: tuple[x509.Certificate, ...]


def unpacked(files: Sequence[tuple[str, bytes]], password: Callable[[str], bytes]) -> Parcel:
    """Take `files` (names and contents) apart. `password` is asked with a file's name when its key is locked.

    Raises:
        Trouble: there is not exactly one key, no certificate, or something cannot be read.
    """
    keys: list[object] = []
    certificates: dict[bytes, x509.Certificate] = {}
    for name, data in files:
        if len(data) > _MOST:
            raise Trouble(f"`{name}` is far too big for a certificate", "is it the right file?")
        found, more = _taken_apart(name, data, password)
        keys += found
        # The same one in two files is one.
        certificates |= {one.public_bytes(Encoding.DER): one for one in more}
    if not keys:
        raise Trouble("there is no private key in it", "add the file with the CA's key: the guard must sign with it")
    if len(keys) > 1:
        raise Trouble("there is more than one private key in it", "give only that of the CA that must sign")
    (key,) = keys
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise Trouble("the key is neither EC nor RSA", "ask for EC P-256: browsers take it and it costs least")
    if not certificates:
        raise Trouble("there is no certificate in it", "add the CA's certificate, and those above it up to the root")
    return Parcel(key, tuple(certificates.values()))


def _taken_apart(
    name: str, data: bytes, password: Callable[[str], bytes]
) -> tuple[list[object], list[x509.Certificate]]:
    blocks = [(match[1], match[0]) for match in _BLOCK.finditer(data)]
    try:
        if not blocks:
            return _binary(name, data, password)
        keys: list[object] = [
            _unlocked(block, name, password) for kind, block in blocks if kind.endswith(b"PRIVATE KEY")
        ]
        texts = [block for kind, block in blocks if kind.endswith(b"CERTIFICATE")]
        return keys, [x509.load_pem_x509_certificate(block) for block in texts]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Trouble(f"`{name}` cannot be read", "is it whole, and is the password right?") from error


def _unlocked(block: bytes, name: str, password: Callable[[str], bytes]) -> object:
    try:
        return load_pem_private_key(block, None)
    except TypeError:  # it is locked
        return load_pem_private_key(block, password(name))


def _binary(name: str, data: bytes, password: Callable[[str], bytes]) -> tuple[list[object], list[x509.Certificate]]:
    try:
        return [], [x509.load_der_x509_certificate(data)]
    except ValueError:
        pass
    try:
        key, one, more = pkcs12.load_key_and_certificates(data, None)
    except ValueError:
        if not data.startswith(_SEQUENCE):
            raise  # no password would help
        key, one, more = pkcs12.load_key_and_certificates(data, password(name))
    return [key] if key is not None else [], [*([one] if one is not None else []), *more]
