"""The school's own certificate authority, and the certificate of the dashboard that it signs.

What is inspected carries certificates that the engine makes on the fly with this CA; devices trust it because the
school installed `klaswacht-ca.crt` on them. Its key never leaves the home folder.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cli.home import Trouble, write_private

CA_LIFE = timedelta(days=3650)
"""Long, because a new CA means a visit to every device."""
LEAF_LIFE = timedelta(days=397)
"""No more than browsers take for a public certificate (CA/Browser Forum baseline until 2026: 398 days)."""
RENEW = timedelta(days=30)
"""How long before its end the dashboard's certificate is made anew."""
_EARLIER = timedelta(days=2)  # devices whose clock is behind take it too


@dataclass(frozen=True, slots=True)
class CaFiles:
    """Where the parts are. `engine` (key and certificate) has the name that mitmproxy looks for."""

    folder: Path

    @property
    def engine(self) -> Path:
        """Key and certificate of the CA, PEM, 0600."""
        return self.folder / "mitmproxy-ca.pem"

    @property
    def public(self) -> Path:
        """The CA's certificate alone, PEM, for devices."""
        return self.folder / "klaswacht-ca.crt"

    @property
    def dashboard(self) -> Path:
        """Key and certificate of the dashboard, PEM, 0600."""
        return self.folder / "dashboard.pem"


def ensure_ca(folder: Path, school: str, now: datetime) -> CaFiles:
    """Make the CA of `school` (its name) when it is not there; it is made once and kept.

    Raises:
        Trouble: the files that are there cannot be used, or the folder cannot be written.
    """
    files = CaFiles(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if not files.engine.exists():
            if files.public.exists():
                raise Trouble(
                    f"`{files.public}` is there, but its key `{files.engine}` is gone",
                    f"put the key back from a backup, or remove `{folder}` to make a new CA (devices must then trust "
                    "the new one)",
                )
            write_private(files.engine, _new_ca(school, now))
        public = load_ca(files).public_bytes(Encoding.PEM)
        if not files.public.exists() or files.public.read_bytes() != public:
            write_private(files.public, public, 0o644)
    except OSError as error:
        raise Trouble(f"cannot write the CA in `{folder}` ({error.strerror})", "make yourself its owner") from error
    return files


def load_ca(files: CaFiles) -> x509.Certificate:
    """Read the CA's certificate.

    Raises:
        Trouble: it is not there or is damaged.
    """
    try:
        return x509.load_pem_x509_certificate(_only_certificate(files.engine.read_bytes()))
    except FileNotFoundError as error:
        raise Trouble(f"there is no CA in `{files.folder}`", "start the guard once with `klaswacht up`") from error
    except (OSError, ValueError) as error:
        raise Trouble(
            f"the CA in `{files.engine}` cannot be read",
            f"put it back from a backup, or remove `{files.folder}` to make a new one (devices must then trust it)",
        ) from error


def ensure_dashboard(files: CaFiles, names: tuple[str, ...], now: datetime) -> bool:
    """Make the dashboard's certificate for `names` (hosts and IP addresses) when it is missing, near its end, of
    another CA or for other names. Returns whether it was made.

    Raises:
        Trouble: the CA cannot be read or the folder cannot be written.
    """
    ca = load_ca(files)
    wanted = _alternative_names(names)
    if files.dashboard.exists() and _still_good(files.dashboard, ca, wanted, now):
        return False
    try:
        key = load_pem_private_key(files.engine.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("not an elliptic curve key")
        write_private(files.dashboard, _new_leaf(ca, key, wanted, now))
    except (OSError, ValueError) as error:
        raise Trouble(f"cannot make the certificate `{files.dashboard}` ({error})", "see `klaswacht doctor`") from error
    return True


def own_names(address: str, name: str) -> tuple[str, ...]:
    """What people may call this machine: its listen address, the dashboard's `name`, what the machine calls itself."""
    host = socket.gethostname()
    candidates = ("localhost", "127.0.0.1", name, address, host, host if "." in host else f"{host}.local")
    unusable = ("", "0.0.0.0", "::")
    return tuple(dict.fromkeys(one for one in candidates if one not in unusable and one.isascii()))


def _new_ca(school: str, now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    # The common name is bound to 64 characters (RFC 5280, ub-common-name).
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Klaswacht CA {school}"[:64].strip()),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, school[:64].strip() or "school"),
        ]
    )
    # No certificate authority may stand below this one: it signs certificates of sites and of the dashboard only.
    certificate = (
        _builder(name, name, key.public_key(), now, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_others=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _key_pem(key) + certificate.public_bytes(Encoding.PEM)


def _new_leaf(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, names: x509.SubjectAlternativeName, now: datetime
) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Klaswacht")])
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _builder(subject, ca.subject, key.public_key(), now, LEAF_LIFE - _EARLIER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_others=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .add_extension(names, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return _key_pem(key) + certificate.public_bytes(Encoding.PEM) + ca.public_bytes(Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
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


def _usage(*, signs_others: bool) -> x509.KeyUsage:
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


def _alternative_names(names: tuple[str, ...]) -> x509.SubjectAlternativeName:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name.lower()))
    return x509.SubjectAlternativeName(found)


def _still_good(path: Path, ca: x509.Certificate, names: x509.SubjectAlternativeName, now: datetime) -> bool:
    try:
        leaf = x509.load_pem_x509_certificate(_only_certificate(path.read_bytes()))
        leaf.verify_directly_issued_by(ca)
        known = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # whatever is wrong with it, a new one mends it
        return False
    return known == names and leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - RENEW


def _only_certificate(pem: bytes) -> bytes:
    """The part of a PEM file from its first certificate on."""
    start = pem.find(b"-----BEGIN CERTIFICATE-----")
    if start < 0:
        raise ValueError("no certificate in the file")
    return pem[start:]


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
