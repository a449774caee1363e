"""Where the certificate authority lies, who may read it, and what of it is published.

The files with a key are the truth; what devices get (`*.crt`) is made from them. So a step that was cut off anywhere
is finished, or forgotten, by the next command (`settled`).
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from cli.home import Trouble, write_private

_log = logging.getLogger(__name__)

type Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
"""What a CA of a school signs with."""


@dataclass(frozen=True, slots=True)
class CaFiles:
    """Where the parts are. `engine` (key and certificate) has the name that mitmproxy looks for."""

    folder: Path

    @property
    def engine(self) -> Path:
        """The CA that signs: its key, its certificate and what is above that, PEM, 0600."""
        return self.folder / "mitmproxy-ca.pem"

    @property
    def public(self) -> Path:
        """What devices must trust, one certificate, PEM: the CA that signs, or the root above it."""
        return self.folder / "klaswacht-ca.crt"

    @property
    def next(self) -> Path:
        """The CA that is to sign one day, as `engine`. Since when it waits is its time of writing."""
        return self.folder / "next.pem"

    @property
    def next_public(self) -> Path:
        """What devices must trust as well before the next one signs, as `public`."""
        return self.folder / "klaswacht-ca-next.crt"

    @property
    def previous(self) -> Path:
        """The CA that signed until the switch, as `engine`. When that was is its time of writing."""
        return self.folder / "previous.pem"

    @property
    def previous_public(self) -> Path:
        """What devices had to trust until the switch, as `public`."""
        return self.folder / "klaswacht-ca-previous.crt"

    @property
    def dashboard(self) -> Path:
        """Key and certificate of the dashboard with what is above it, PEM, 0600."""
        return self.folder / "dashboard.pem"

    @property
    def secrets(self) -> tuple[Path, ...]:
        """Every file with a key in it."""
        return self.engine, self.next, self.previous, self.dashboard


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA: its certificate and those above it, up to the root. Its key is not in here."""

    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """All of it, from itself up."""
        return (self.certificate, *self.above)

    @property
    def anchor(self) -> x509.Certificate:
        """What devices must trust."""
        return self.chain[-1]

    @property
    def sent(self) -> tuple[x509.Certificate, ...]:
        """What goes along with every certificate that it signs: all but the root, which devices have."""
        return self.chain[:-1]


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as text."""
    return certificate.public_bytes(Encoding.PEM)


def written(key: Key, authority: Authority) -> bytes:
    """Key and certificates as they are kept."""
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return secret + b"".join(pem(one) for one in authority.chain)


def authority(path: Path) -> Authority:
    """Read whose key lies in a file (without the key).

    Raises:
        FileNotFoundError, OSError or ValueError: it is not there, cannot be read or is damaged.
    """
    return authority_in(path.read_bytes())


def authority_in(data: bytes) -> Authority:
    """As `authority`, of what was read. Raises `ValueError`."""
    start = data.find(b"-----BEGIN CERTIFICATE-----")
    if start < 0:
        raise ValueError("no certificate in the file")
    first, *above = x509.load_pem_x509_certificates(data[start:])
    return Authority(first, tuple(above))


def key_of(path: Path) -> Key:
    """Read the key of a CA.

    Raises:
        OSError or ValueError: it cannot be read, or is of a kind that no CA here has.
    """
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("the key is neither EC nor RSA")
    return key


def signing(files: CaFiles) -> Authority:
    """The CA that signs now.

    Raises:
        Trouble: it is not there or is damaged.
    """
    try:
        return authority(files.engine)
    except FileNotFoundError as error:
        raise Trouble(f"there is no CA in `{files.folder}`", "start the guard once with `klaswacht up`") from error
    except (OSError, ValueError) as error:
        raise Trouble(
            f"the CA in `{files.engine}` cannot be read",
            f"put it back from a backup, or remove `{files.folder}` to make a new one (devices must then trust it)",
        ) from error


def load_ca(files: CaFiles) -> x509.Certificate:
    """The certificate of the CA that signs now.

    Raises:
        Trouble: it is not there or is damaged.
    """
    return signing(files).certificate


def since(path: Path) -> datetime:
    """When a file was written; raises `OSError`."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file in one move. It belongs to whom the folder belongs to: root that helps out at the command line must
    leave nothing that the guard cannot read.
    """
    owner = path.parent.stat()
    if owner.st_uid == os.geteuid() or os.geteuid() != 0:
        write_private(path, data, mode)
        return
    new = path.with_name(f".{path.name}.new")
    write_private(new, data, mode)
    os.chown(new, owner.st_uid, owner.st_gid)
    new.replace(path)


def store(path: Path, data: bytes, now: datetime) -> None:
    """Write a file with a key, for its owner only; `now` is remembered as its time."""
    write(path, data)
    os.utime(path, (now.timestamp(), now.timestamp()))


@contextmanager
def held(files: CaFiles) -> Iterator[None]:
    """One at a time: two commands must not change the CA together. Makes the folder, and sees that it is private.

    Raises:
        Trouble: others can read a key that is not ours, or the folder cannot be written.
    """
    try:
        files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private(files.folder, 0o700)
        with os.fdopen(os.open(files.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b") as lock:
            owner = files.folder.stat()
            if os.fstat(lock.fileno()).st_uid != owner.st_uid:
                os.fchown(lock.fileno(), owner.st_uid, owner.st_gid)
            fcntl.flock(lock, fcntl.LOCK_EX)
            for path in files.secrets:
                private(path, 0o600)
            yield
    except OSError as error:
        raise Trouble(
            f"cannot write the CA in `{files.folder}` ({error.strerror})", "make yourself its owner"
        ) from error


def private(path: Path, mode: int) -> None:
    """See that nobody else can read a file or look into a folder. Our own is mended, and told.

    Raises:
        Trouble: it belongs to somebody else: then who put it there must say who may read it.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if not stat.S_IMODE(found.st_mode) & 0o077:
        return
    if found.st_uid != os.geteuid():
        raise Trouble(
            f"others on this computer can read `{path}`, and it is not yours",
            f"make yourself its owner and then: chmod {mode:o} {path}",
        )
    path.chmod(mode)
    _log.warning(
        "others on this computer could read `%s`; that was mended (if somebody may have: `klaswacht ca rotate`)", path
    )


def settled(files: CaFiles) -> None:
    """Finish or forget what a command that was cut off had begun, and publish what devices must trust. While `held`.

    Raises:
        Trouble: the CA that signs cannot be read. OSError: the folder cannot be written.
    """
    for rest in files.folder.glob(".*.*.*"):
        rest.unlink(missing_ok=True)  # half a file of a command that was killed: maybe with a key in it
    now = signing(files)
    publish(files.public, now)
    for path, public in ((files.next, files.next_public), (files.previous, files.previous_public)):
        other = _readable(path)
        if other == now:
            path.unlink()  # a copy that was made for a change that did not come
            other = None
        if other is not None:
            publish(public, other)
        else:
            public.unlink(missing_ok=True)


def publish(path: Path, of: Authority) -> None:
    """Write what devices must trust, where that is not there yet."""
    data = pem(of.anchor)
    if not path.exists() or path.read_bytes() != data:
        write(path, data, 0o644)


def _readable(path: Path) -> Authority | None:
    try:
        return authority(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Trouble(f"`{path}` is damaged", "remove it") from error
