"""A CA that a school was given: good ones are taken as they come, bad ones refused with why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from cli.ca.judged import judged
from cli.home import Trouble
from tests.cli.authorities import NOW, YEAR, Made, Maker, board, made


@pytest.fixture(scope="module")
def three() -> tuple[Made, Made, Made]:
    return board()


def nobody(name: str) -> bytes:
    raise AssertionError(f"nothing is locked, and a password for {name} was asked")


def taken(*parts: bytes, password=nobody, now=NOW):
    return judged([(f"file {number}", data) for number, data in enumerate(parts, 1)], password, now)


def codes(*parts: bytes) -> list[str]:
    return [note.code for note in taken(*parts).notes]


def below(root: Made, **how) -> tuple[bytes, bytes, bytes]:
    """An intermediate, with its key and what is above it."""
    one = made(Maker("De Regenboog", **how), root)
    return one.secret(), one.pem, root.pem


def test_an_intermediate_is_taken_and_its_chain_is_put_in_order(three):
    root, middle, own = three
    found = taken(root.pem + own.secret() + middle.pem + own.pem)
    assert found.authority.chain == (own.certificate, middle.certificate, root.certificate)
    assert found.authority.sent == (own.certificate, middle.certificate)
    assert found.authority.anchor == root.certificate
    assert found.notes == ()
    key, *rest = found.data.split(b"-----BEGIN CERTIFICATE-----")
    assert b"EC PRIVATE KEY" in key
    assert len(rest) == 3


@pytest.mark.parametrize("how", ["several files", "DER", "a root alone", "the same one twice", "PKCS#12", "locked"])
def test_it_may_be_handed_over_in_many_ways(three, how):
    root, middle, own = three
    asked: list[str] = []

    def password(name: str) -> bytes:
        asked.append(name)
        return b"regenboog"

    match how:
        case "several files":
            found = taken(own.secret(), own.pem, middle.pem, root.pem)
        case "DER":
            found = taken(own.secret(), own.der, middle.der, root.der)
        case "a root alone":
            found = taken(root.secret() + root.pem)
            assert found.authority.chain == (root.certificate,)
        case "the same one twice":
            found = taken(own.secret() + own.pem, own.pem + middle.pem + root.pem)
        case "PKCS#12":
            more = [middle.certificate, root.certificate]
            lock = BestAvailableEncryption(b"regenboog")
            packed = pkcs12.serialize_key_and_certificates(b"ca", own.key, own.certificate, more, lock)
            found = taken(packed, password=password)
            assert asked == ["file 1"]
        case _:
            found = taken(own.secret(b"regenboog"), own.pem + middle.pem + root.pem, password=password)
            assert asked == ["file 1"]
            assert b"ENCRYPTED" not in found.data
    assert found.authority.anchor == root.certificate


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (lambda r, m, o: (o.pem, m.pem, r.pem), "no private key"),
        (lambda r, m, o: (o.secret(), m.secret(), o.pem, m.pem, r.pem), "more than one private key"),
        (lambda r, m, o: (o.secret(),), "no certificate"),
        (lambda r, m, o: (o.secret(), m.pem, r.pem), "fits none of the certificates"),
        (lambda r, m, o: (o.secret(), o.pem, r.pem), "given by `CN=Bestuur Scholen`.*not there"),
        (lambda r, m, o: (o.secret(), o.pem, m.pem), "given by `CN=Bestuur Root`.*not there"),
        (lambda r, m, o: (o.secret(), o.pem, m.pem, r.pem, board()[0].pem), "has no part in the chain"),
        (lambda r, m, o: (o.secret(), o.pem, m.pem, board()[0].pem), "given by `CN=Bestuur Root`.*not there"),
        (lambda r, m, o: (b"nothing of use",), "cannot be read"),
        (lambda r, m, o: (o.secret(), o.pem.replace(b"MII", b"MIX")), "cannot be read"),
        (lambda r, m, o: (o.secret(), b"x" * 2_000_000), "too big"),
    ],
    ids=["no key", "two keys", "key alone", "another key", "a gap", "no root", "more than the chain", "another root",
         "rubbish", "damaged", "huge"],
)  # fmt: skip
def test_what_is_not_one_key_with_its_whole_chain_is_refused(three, parts, why):
    with pytest.raises(Trouble, match=why):
        taken(*parts(*three))


def test_a_wrong_password_is_told_and_not_shown(three):
    root, middle, own = three
    with pytest.raises(Trouble, match="password right") as told:
        taken(own.secret(b"regenboog"), own.pem + middle.pem + root.pem, password=lambda _: b"geheim")
    assert "geheim" not in str(told.value)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"ends": NOW - timedelta(days=1)}, "ended on"),
        ({"begins": NOW + timedelta(days=1)}, "holds only from"),
        ({"is_ca": False}, "not that of a certificate authority"),
        ({"signs": False}, "may not sign"),
        ({"signs": None}, "does not say what its key is for"),
        ({"identifier": False}, "no subject key identifier"),
        ({"purposes": (ExtendedKeyUsageOID.CLIENT_AUTH,)}, "not for sites"),
        ({"key": ec.generate_private_key(ec.SECP521R1())}, "curve `secp521r1`"),
        ({"key": ec.generate_private_key(ec.SECP256K1())}, "curve `secp256k1`"),
        ({"key": rsa.generate_private_key(65537, 1024)}, "1024 bits"),
        ({"key": ed25519.Ed25519PrivateKey.generate()}, "neither EC nor RSA"),
    ],
    ids=["ended", "not yet", "a site", "may not sign", "no usage", "no identifier", "other purpose", "P-521",
         "secp256k1", "RSA 1024", "Ed25519"],
)  # fmt: skip
def test_an_intermediate_that_may_not_or_cannot_sign_for_sites_is_refused(three, how, why):
    with pytest.raises(Trouble, match=why):
        taken(*below(three[0], **how))


def test_what_is_wrong_further_up_is_refused_too(three):
    root = three[0]
    for how, why in (
        ({"path_length": 0}, "lets 0 authorities stand below it, and here are 1"),
        ({"ends": NOW - timedelta(days=1)}, "`Bestuur Scholen` ended on"),
        ({"key": rsa.generate_private_key(65537, 1024)}, "RSA key of 1024"),
    ):
        middle = made(Maker("Bestuur Scholen", **how), root)
        own = made(Maker("De Regenboog"), middle)
        with pytest.raises(Trouble, match=why):
            taken(own.secret(), own.pem + middle.pem + root.pem)
    short = made(Maker("Root", path_length=0))
    with pytest.raises(Trouble, match="lets 0 authorities"):
        taken(*below(short))


def test_an_old_signature_is_refused_but_not_that_of_the_root(three):
    weak = Made(three[0].key, three[0].certificate)
    with pytest.raises(Trouble, match="signed with sha224"):
        taken(*below(weak, digest=hashes.SHA224()))
    root = made(Maker("Root", digest=hashes.SHA224()))
    assert taken(*below(root)).authority.anchor == root.certificate


def test_rsa_is_taken_and_what_it_costs_is_told(three):
    root = three[0]
    assert codes(*below(root, key=rsa.generate_private_key(65537, 2048))) == ["rsa"]
    assert codes(*below(root, key=rsa.generate_private_key(65537, 4096))) == ["rsa_slow"]
    assert codes(*below(root, key=ec.generate_private_key(ec.SECP384R1()))) == []


def test_for_which_sites_it_may_not_sign_is_told(three):
    root = three[0]
    not_ = x509.NameConstraints(None, [x509.DNSName("bank.test"), x509.DNSName("digid.nl")])
    only = x509.NameConstraints([x509.DNSName("school.test")], None)
    assert codes(*below(root, constraints=not_)) == ["names_not"]
    (note,) = taken(*below(root, constraints=only)).notes
    assert (note.code, note.values) == ("names_only", (("names", "school.test"),))


def test_what_only_strict_programs_object_to_is_told():
    """A root of long ago says nothing of what its key is for: browsers take that, Python does not."""
    root = made(Maker("Root", signs=None))
    (note,) = taken(*below(root)).notes
    assert note.code == "strict"
    assert "key usage" in dict(note.values)["reason"].lower()


def test_it_is_judged_by_the_clock_that_is_given(three):
    root, middle, own = three
    parts = (own.secret(), own.pem + middle.pem + root.pem)
    assert taken(*parts, now=NOW + YEAR - timedelta(days=1))
    with pytest.raises(Trouble, match="ended on"):
        taken(*parts, now=NOW + YEAR)


def test_what_was_judged_shows_its_key_to_nobody_who_prints_it(three):
    root, middle, own = three
    found = taken(own.secret(), own.pem + middle.pem + root.pem)
    assert "KEY" not in repr(found)
