"""What closes and opens the words of a database that are of or about people, with keys that lie outside it.

A sealed value is `~1`, the id of its key, and base64: AES-256-GCM with a random nonce (NIST SP 800-38D), or, where a
column is looked up by equality, AES-256-SIV (RFC 5297), by which the same text is the same value. Both are bound to
table and column, so that a value opens nowhere else. An empty text stays one: it tells nothing.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin

from store.errors import StoreUnavailable

_MARK = "~1"
_NONCE = 12  # bytes
_KEY = 32  # bytes
_ID = 8  # hex signs
_HEAD = len(_MARK) + _ID
_TITLE = "# Klaswacht: opens the names and texts in the database. Keep it, show it to nobody. The first line seals.\n"


class NoKey(StoreUnavailable, DontWrapMixin):
    """The file with the keys is missing, damaged or of another database; or a value was changed or moved."""


class Key:
    """One key of 32 bytes. `id` says which it is, in every value and without telling anything of it.

    Raises:
        ValueError: it has another length.
    """

    def __init__(self, secret: bytes) -> None:
        """Derive a key for each of its three uses."""
        if len(secret) != _KEY:
            raise ValueError(f"a key has {_KEY} bytes")
        self.secret = secret
        self.id = _derived(secret, b"id", _ID // 2).hex()
        self._random = AESGCM(_derived(secret, b"random", 32))
        self._exact = AESSIV(_derived(secret, b"exact", 64))

    def seal(self, place: str, text: str, *, exact: bool = False) -> str:
        """Close a text for a `table.column`; with `exact` the same text is always the same value."""
        if not text:
            return text
        data, where = text.encode(), place.encode()
        if exact:
            raw = self._exact.encrypt(data, [where])
        else:
            nonce = token_bytes(_NONCE)
            raw = nonce + self._random.encrypt(nonce, data, where)
        return f"{_MARK}{self.id}{b64encode(raw).decode()}"

    def open(self, place: str, sealed: str, *, exact: bool = False) -> str:
        """The text of a value that this key sealed for the same place. Raises `ValueError`: it was changed or moved."""
        try:
            raw = b64decode(sealed[_HEAD:], validate=True)
            if exact:
                return self._exact.decrypt(raw, [place.encode()]).decode()
            return self._random.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()).decode()
        except InvalidTag as error:
            raise ValueError("not sealed with this key for this place") from error


def _derived(secret: bytes, use: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, None, b"klaswacht columns 1 " + use).derive(secret)


def key_id(sealed: str) -> str:
    """Which key sealed a value; empty where it is not sealed."""
    return sealed[len(_MARK) : _HEAD] if sealed.startswith(_MARK) and len(sealed) > _HEAD else ""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The file with the keys: a line of 64 hex signs each. The first is for what is sealed from now on."""

    path: Path

    @property
    def missing(self) -> bool:
        """Whether there is no such file."""
        return not self.path.exists()

    def read(self) -> tuple[Key, ...]:
        """The keys. Raises `NoKey`."""
        try:
            text = self.path.read_text("ascii")
            keys = tuple(Key(bytes.fromhex(line)) for line in _lines(text))
        except FileNotFoundError as error:
            raise NoKey(f"the key of the database `{self.path}` is missing; {self._remedy}") from error
        except OSError as error:
            raise NoKey(f"the key of the database `{self.path}` cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise NoKey(f"the key of the database `{self.path}` is damaged; {self._remedy}") from error
        if not keys:
            raise NoKey(f"the key of the database `{self.path}` is empty; {self._remedy}")
        return keys

    @property
    def _remedy(self) -> str:
        return "put it back from a backup (`klaswacht restore`) or from the other machine"

    def make(self) -> None:
        """Write the first key. Whoever comes at the same moment leaves the file that is there. Raises `NoKey`."""
        if self.missing:
            self._write((Key(token_bytes(_KEY)),), anew=False)

    def add(self) -> None:
        """Put a new key before those that are there, in one move. Raises `NoKey`."""
        self._write((Key(token_bytes(_KEY)), *self.read()), anew=True)

    def keep(self, key: Key) -> None:
        """Forget all keys but this one, in one move. Raises `NoKey`."""
        self._write((key,), anew=True)

    def _write(self, keys: tuple[Key, ...], *, anew: bool) -> None:
        new = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # What one that was killed left behind has keys in it, which may be those that are forgotten now.
            for left in self.path.parent.glob(f".{self.path.name}.*") if anew else [new]:
                left.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(_TITLE + "".join(f"{key.secret.hex()}\n" for key in keys))
                file.flush()
                os.fsync(file.fileno())
            if anew:
                self._same_owner(new)
                new.replace(self.path)
            else:
                with suppress(FileExistsError):
                    os.link(new, self.path)
            _settle(self.path.parent)
        except OSError as error:
            raise NoKey(f"the key of the database `{self.path}` cannot be written: {error.strerror}") from error
        finally:
            new.unlink(missing_ok=True)

    def _same_owner(self, new: Path) -> None:
        """Who changes the keys as root leaves them to whom they were."""
        was = self.path.stat()
        if os.geteuid() == 0:
            os.chown(new, was.st_uid, was.st_gid)


def _lines(text: str) -> Iterator[str]:
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            yield line


def _settle(folder: Path) -> None:
    """A name that a power cut takes away again would take every word of the database with it."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


@dataclass(slots=True)
class Sealer:
    """The keys of one open database, of which one seals. Without a key nothing is written and nothing is read."""

    file: KeyFile | None = None
    _keys: dict[str, Key] = field(default_factory=dict)
    _active: Key | None = None

    @property
    def active(self) -> str:
        """The id of the key that seals; empty as long as the database was not proved."""
        return "" if self._active is None else self._active.id

    def take(self, key_id: str, proof: str) -> None:
        """Seal with this key from now on, if `proof` says that it is the database's. Raises `NoKey`."""
        if self.file is None:
            raise NoKey("the words in this database are sealed, and no file with its key was named")
        found = self._key(key_id)
        if found is None:
            raise NoKey(
                f"the key in `{self.file.path}` is not the one of this database (`{key_id}`); put the right file back, "
                "from a backup or from the other machine"
            )
        try:
            found.open(PROOF_OF, proof)
        except ValueError as error:
            raise NoKey(f"the key in `{self.file.path}` does not open this database") from error
        self._active = found

    def _key(self, key_id: str) -> Key | None:
        """One of the file's keys. It is read again for one that is new: another process may have put it there."""
        if key_id and key_id not in self._keys and self.file is not None:
            self._keys = self._keys | {key.id: key for key in self.file.read()}
        return self._keys.get(key_id)

    def close(self, place: str, text: str, *, exact: bool) -> str:
        """Seal a text. Raises `NoKey`."""
        if not text:
            return text
        if self._active is None:
            raise NoKey("the key of this database was not looked at yet")
        return self._active.seal(place, text, exact=exact)

    def open(self, place: str, sealed: str, *, exact: bool) -> str:
        """The text of a value. Raises `NoKey`."""
        if not sealed:
            return sealed
        key = self._key(key_id(sealed))
        if key is None:
            raise NoKey(f"a value in `{place}` was sealed with a key that is not here, or not at all")
        try:
            return key.open(place, sealed, exact=exact)
        except ValueError as error:
            raise NoKey(f"a value in `{place}` cannot be opened: it was changed, or moved from elsewhere") from error


PROOF_OF = "seals.proof"
_SEALERS: WeakKeyDictionary[Dialect, Sealer] = WeakKeyDictionary()


def bind(dialect: Dialect, sealer: Sealer) -> None:
    """Let what goes through an engine's dialect be sealed and opened by `sealer`."""
    _SEALERS[dialect] = sealer


def sealer_of(dialect: Dialect) -> Sealer:
    """Whose keys are those of a dialect. Raises `NoKey` where nobody named any."""
    found = _SEALERS.get(dialect)
    if found is None:
        raise NoKey("no key was named for this database")
    return found
