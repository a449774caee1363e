"""An extension as Chromium takes it: CRX3, a zip with a signature in front. And by what an extension is known.

The form is that of `components/crx_file/crx3.proto` in Chromium, with its `crx_creator.cc`: `Cr24`, the version, the
length of a protobuf header, the header, the zip. The signature is over a fixed text, the length of the signed part of
the header, that part (which has the id in it), and the zip. The header is small enough to write by hand.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_MAGIC, _VERSION = b"Cr24", 3
_SIGNED = b"CRX3 SignedData\x00"
_RSA_PROOF, _PUBLIC, _SIGNATURE, _SIGNED_DATA, _ID = 2, 1, 2, 10_000, 1  # field numbers of crx3.proto
_BYTES = 2  # the wire type of bytes and of messages
_ID_LENGTH = 16  # bytes of the hash that are the id
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: the same files are the same bytes


def extension_id(key: rsa.RSAPrivateKey) -> str:
    """By which 32 letters Chromium knows what this key signs: half of the public key's hash, in `a` to `p`."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in _raw_id(key).hex())


def packed(files: Mapping[str, bytes], key: rsa.RSAPrivateKey) -> bytes:
    """Files (path in the extension to bytes) as one CRX3, signed with `key`."""
    body = _zipped(files)
    signed = _field(_ID, _raw_id(key))
    to_sign = _SIGNED + struct.pack("<I", len(signed)) + signed + body
    proof = _field(_PUBLIC, _spki(key)) + _field(_SIGNATURE, key.sign(to_sign, padding.PKCS1v15(), SHA256()))
    header = _field(_RSA_PROOF, proof) + _field(_SIGNED_DATA, signed)
    return _MAGIC + struct.pack("<II", _VERSION, len(header)) + header + body


def _spki(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _raw_id(key: rsa.RSAPrivateKey) -> bytes:
    return sha256(_spki(key)).digest()[:_ID_LENGTH]


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, _LONG_AGO), files[path], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _field(number: int, data: bytes) -> bytes:
    """One protobuf field of bytes."""
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))
