"""The packed extension: whoever reads it again finds the same files, under the id and the signature of the key."""

from __future__ import annotations

import io
import struct
import zipfile
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cli.crx import extension_id, packed

FILES = {"manifest.json": b"{}", "icons/16.png": bytes(300)}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def fields(data: bytes) -> dict[int, bytes]:
    """The fields of a protobuf message, each of bytes: read by itself, apart from what writes them."""
    found, at = {}, 0

    def number() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            value |= (data[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 0x80:
                return value

    while at < len(data):
        tag = number()
        assert tag & 7 == 2
        length = number()
        found[tag >> 3] = data[at : at + length]
        at += length
    return found


def opened(package: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """The signed header, the public key, the signature and the zip."""
    magic, version, length = struct.unpack("<4sII", package[:12])
    assert (magic, version) == (b"Cr24", 3)
    header = fields(package[12 : 12 + length])
    proof = fields(header[2])
    return header[10_000], proof[1], proof[2], package[12 + length :]


def checked(signed: bytes, public: bytes, signature: bytes, body: bytes) -> None:
    told = load_der_public_key(public)
    assert isinstance(told, rsa.RSAPublicKey)
    text = b"CRX3 SignedData\x00" + struct.pack("<I", len(signed)) + signed + body
    told.verify(signature, text, padding.PKCS1v15(), SHA256())


def test_what_is_unpacked_is_what_was_packed_and_signed(key: rsa.RSAPrivateKey) -> None:
    signed, public, signature, body = opened(packed(FILES, key))
    checked(signed, public, signature, body)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
    half = sha256(public).digest()[:16]
    assert fields(signed)[1] == half
    assert extension_id(key) == "".join("abcdefghijklmnop"[int(digit, 16)] for digit in half.hex())


def test_one_other_byte_and_the_signature_does_not_fit(key: rsa.RSAPrivateKey) -> None:
    signed, public, signature, body = opened(packed(FILES, key))
    with pytest.raises(InvalidSignature):
        checked(signed, public, signature, body[:-1] + bytes([body[-1] ^ 1]))


def test_the_same_files_are_the_same_package(key: rsa.RSAPrivateKey) -> None:
    assert packed(FILES, key) == packed(dict(reversed(FILES.items())), key)
