"""Makes certificates: the school's own CA, and what a CA signs for the dashboard."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cli.ca.files import Authority, Key, written

CA_LIFE = timedelta(days=3650)
"""Long, because a new CA means a visit to every device."""
LEAF_LIFE = timedelta(days=397)
"""No more than browsers take for a certificate of a site (398 days)."""
_EARLIER = timedelta(days=2)  # devices whose clock is behind take it too


def new_ca(school: str, now: datetime, besides: frozenset[str] = frozenset()) -> bytes:
    """Key and certificate of a new root for `school` (its name). No name of `besides` is used again: two roots of one
    name are mixed up by some programs.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    # The common name is bound to 64 characters (RFC 5280, ub-common-name).
    tails = ("", f" {now:%Y-%m}", *(f" {now:%Y-%m}-{number}" for number in range(2, 99)))
    names = (f"Klaswacht CA {school}"[: 64 - len(tail)].strip() + tail for tail in tails)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, next(one for one in names if one not in besides)),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, school[:64].strip() or "school"),
        ]
    )
    # No certificate authority may stand below this one: it signs certificates of sites and of the dashboard only.
    certificate = (
        builder(name, name, key.public_key(), now, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs_others=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return written(key, Authority(certificate))


def common_name(certificate: x509.Certificate) -> str:
    """What a certificate is called, for people; the whole subject where it has no common name."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()


def new_leaf(of: Authority, ca_key: Key, names: x509.SubjectAlternativeName, now: datetime) -> bytes:
    """Key and certificate for `names`, with what a client needs above it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Klaswacht")])
    ca = of.certificate
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        builder(subject, ca.subject, key.public_key(), now, LEAF_LIFE - _EARLIER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs_others=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .add_extension(names, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return written(key, Authority(certificate, of.sent))


def builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    """What every certificate begins with; it holds from a little before `now` (UTC) until `life` after it."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def usage(*, signs_others: bool) -> x509.KeyUsage:
    """What a key is for. Python 3.13 clients verify strictly and want this on every certificate of the chain."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        encipher_only=False,
        decipher_only=False,
    )


def alternative_names(names: tuple[str, ...]) -> x509.SubjectAlternativeName:
    """Hosts and IP addresses as a certificate says them."""
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name.lower()))
    return x509.SubjectAlternativeName(found)
