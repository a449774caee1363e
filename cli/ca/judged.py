"""A CA that the school was given: taken apart, put in order, and judged before it may sign anything.

mitmproxy signs with the CA's key, and every certificate that it makes carries that same key
(`mitmproxy.certs.dummy_cert`), so the kind of key is what each handshake costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from cli.ca.files import Authority, Key, authority_in, written
from cli.ca.making import alternative_names, common_name, new_leaf
from cli.ca.parcel import Parcel, unpacked
from cli.home import Trouble

_STRONG = frozenset({"sha256", "sha384", "sha512"})
_LEAST_RSA = 2048  # bits
_SLOW_RSA = 3072  # bits; from here on a handshake costs a worker several times as much again
_PROBE = "www.klaswacht.test"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of a CA that is good enough: a code of `ca.note` in the texts, and its values."""

    code: str
    values: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A CA that may sign. `data` is its key and certificates as they are kept: show it to nobody."""

    authority: Authority
    notes: tuple[Note, ...]
    data: bytes

    def __repr__(self) -> str:
        """Without the key."""
        return f"Judged({common_name(self.authority.certificate)!r})"


def judged(files: Sequence[tuple[str, bytes]], password: Callable[[str], bytes], now: datetime) -> Judged:
    """Judge what lies in `files` (names and contents; PEM, DER or PKCS#12, in any order). `password` is asked with a
    file's name when its key is locked.

    Raises:
        Trouble: it cannot be used, with why and what to do.
    """
    parcel = unpacked(files, password)
    _key(parcel.key)
    found = _in_order(parcel)
    for place, one in enumerate(found.chain):
        _one(one, place, now, root=one is found.anchor and bool(found.above))
    certificate = found.certificate
    if not _has(certificate, x509.SubjectKeyIdentifier):
        raise _no(certificate, "has no subject key identifier", "ask for one that has: strict programs refuse it")
    notes = tuple(_notes(parcel.key, found.chain))
    strict = _tried(parcel.key, found, now)
    if strict:
        notes = (*notes, Note("strict", (("reason", strict),)))
    return Judged(found, notes, written(parcel.key, found))


def _key(key: Key) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < _LEAST_RSA:
            raise Trouble(f"the key is RSA of {key.key_size} bits", f"ask for EC P-256, or RSA of {_LEAST_RSA} or more")
    elif not isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
        raise Trouble(f"the key is on the curve `{key.curve.name}`", "ask for EC P-256: browsers do not know this one")


def _in_order(parcel: Parcel) -> Authority:
    """From the certificate of the key up to a root."""
    public = parcel.key.public_key()
    own = [one for one in parcel.certificates if one.public_key() == public]
    if not own:
        names = ", ".join(f"`{common_name(one)}`" for one in parcel.certificates)
        raise Trouble(f"the key fits none of the certificates ({names})", "add the certificate that belongs to it")
    if len(own) > 1:
        raise Trouble("two certificates have this key", "give only the one that must be used")
    chain, rest = [own[0]], [one for one in parcel.certificates if one is not own[0]]
    while chain[-1].subject != chain[-1].issuer:
        above = next((one for one in rest if _issued(chain[-1], one)), None)
        if above is None:
            raise _no(
                chain[-1],
                f"was given by `{chain[-1].issuer.rfc4514_string()}`, and that certificate is not there",
                "add it, and everything above it up to the root: devices must know the root",
            )
        chain.append(above)
        rest.remove(above)
    if not _issued(chain[-1], chain[-1]):
        raise _no(chain[-1], "says that it signed itself, but did not", "ask for the real root")
    if rest:
        raise _no(rest[0], "has no part in the chain", "leave it out")
    return Authority(chain[0], tuple(chain[1:]))


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _one(one: x509.Certificate, place: int, now: datetime, *, root: bool) -> None:
    """Judge one certificate of the chain; `place` is how many CAs stand below it."""
    if now < one.not_valid_before_utc:
        raise _no(
            one, f"holds only from {one.not_valid_before_utc:%d-%m-%Y %H:%M} UTC on", "wait, or look at the clock"
        )
    if now >= one.not_valid_after_utc:
        raise _no(one, f"ended on {one.not_valid_after_utc:%d-%m-%Y}", "ask for a new one")
    constraints = _value(one, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise _no(one, "is not that of a certificate authority", "ask for one that may sign others (CA:TRUE)")
    if constraints.path_length is not None and constraints.path_length < place:
        raise _no(
            one,
            f"lets {constraints.path_length} authorities stand below it, and here are {place}",
            "ask for one directly below it, or a longer path length",
        )
    usage = _value(one, x509.KeyUsage)
    if usage is None and not root:
        raise _no(one, "does not say what its key is for", "ask for one with key usage `keyCertSign`")
    if usage is not None and not usage.key_cert_sign:
        raise _no(one, "may not sign certificates", "ask for one with key usage `keyCertSign`")
    purposes = _value(one, x509.ExtendedKeyUsage)
    wanted = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if purposes is not None and not wanted & set(purposes):
        raise _no(one, "is not for sites", "ask for one without extended key usage, or with `serverAuth`")
    algorithm = one.signature_hash_algorithm
    if not root and (algorithm is None or algorithm.name not in _STRONG):
        name = algorithm.name if algorithm else one.signature_algorithm_oid.dotted_string
        raise _no(one, f"is signed with {name}", "ask for SHA-256: browsers refuse less")
    key = one.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA:
        raise _no(one, f"has an RSA key of {key.key_size} bits", f"ask for {_LEAST_RSA} or more")


def _notes(key: Key, chain: Sequence[x509.Certificate]) -> Iterator[Note]:
    if isinstance(key, rsa.RSAPrivateKey):
        yield Note("rsa_slow" if key.key_size >= _SLOW_RSA else "rsa", (("bits", key.key_size),))
    for one in chain:
        names = _value(one, x509.NameConstraints)
        if names is None:
            continue
        for code, trees in (("names_only", names.permitted_subtrees), ("names_not", names.excluded_subtrees)):
            if trees:
                yield Note(code, (("names", ", ".join(str(tree.value) for tree in trees)),))


def _tried(key: Key, authority: Authority, now: datetime) -> str:
    """Sign something and have OpenSSL judge it as a client would that has the root alone. What only strict programs
    (Python, curl with some libraries) object to is returned.

    Raises:
        Trouble: every client objects.
    """
    names = alternative_names((_allowed(authority),))
    leaf = authority_in(new_leaf(authority, key, names, now)).certificate
    for strict in (False, True):
        store = crypto.X509Store()
        store.add_cert(crypto.X509.from_cryptography(authority.anchor))
        store.set_time(now)
        if strict:
            store.set_flags(crypto.X509StoreFlags.X509_STRICT)
        sent = [crypto.X509.from_cryptography(one) for one in authority.sent]
        try:
            crypto.X509StoreContext(store, crypto.X509.from_cryptography(leaf), sent).verify_certificate()
        except crypto.X509StoreContextError as error:
            if strict:
                return str(error)
            raise Trouble(
                f"clients would refuse what this CA signs: {error}", "ask whoever made it for one that they take"
            ) from error
    return ""


def _allowed(authority: Authority) -> str:
    """A name that the CA may sign for."""
    for one in authority.chain:
        names = _value(one, x509.NameConstraints)
        for tree in (names.permitted_subtrees or ()) if names is not None else ():
            if isinstance(tree, x509.DNSName):
                return f"www.{tree.value.lstrip('.')}"
            if isinstance(tree, x509.IPAddress):
                return str(ip_network(str(tree.value)).network_address)
    return _PROBE


def _value[Extension: x509.ExtensionType](one: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return one.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _has(one: x509.Certificate, kind: type[x509.ExtensionType]) -> bool:
    return _value(one, kind) is not None


def _no(one: x509.Certificate, problem: str, remedy: str) -> Trouble:
    return Trouble(f"the certificate `{common_name(one)}` {problem}", remedy)
