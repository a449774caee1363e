"""The newest snapshot in a file, for a process that starts while the database is away: then the rules, bans and
permissions of that moment hold, which end by themselves when they would have ended.

The desk keeps it in the home folder. So does a proxy that is a service of its own, in the folder there that it may
write: a node without a desk would otherwise have what was copied to it one night.

It names nobody (a snapshot has no names), and is sealed with a key that is elsewhere: it tells who may what. What
cannot be opened, or is of another school or version, is as if it were not there.
"""

from __future__ import annotations

import json
import logging
import os
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.private_folder import mode_in
from policy.codec import snapshot_from_dict, snapshot_to_dict
from policy.model import Knowledge, Snapshot
from proxy_addons.queue_file import QUEUES

_log = logging.getLogger(__name__)

NAME = ".laatste-stand"
_NONCE = 12  # bytes
_MOST = 64 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class LastKnown:
    """The file of one home folder. `secret` is what the forms of block pages are signed with; the key is made of it.

    `apart`: it is written by a proxy that is a service of its own.
    """

    home: Path
    secret: bytes
    apart: bool = False

    @property
    def path(self) -> Path:
        """Where it is written."""
        return self._places[self.apart]

    @property
    def _places(self) -> tuple[Path, Path]:
        return self.home / NAME, self.home / QUEUES / NAME

    def keep(self, snapshot: Snapshot, now: datetime) -> None:
        """Write it in one move. Raises `OSError` when it cannot be."""
        told = json.dumps({"at": now.isoformat(), "snapshot": snapshot_to_dict(snapshot)}).encode()
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher().encrypt(nonce, zlib.compress(told, 1), NAME.encode())
        new = self.path.with_name(f"{NAME}.{os.getpid()}")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(sealed)
        new.chmod(mode_in(self.path.parent))
        new.replace(self.path)

    def read(self, school: str, knowledge: Knowledge) -> tuple[Snapshot, datetime] | None:
        """The newest snapshot that was kept, and when that was (UTC). None where none can be used. Never raises."""
        found = [one for path in self._places if (one := self._read(path, school, knowledge)) is not None]
        return max(found, key=lambda one: one[1], default=None)

    def _read(self, path: Path, school: str, knowledge: Knowledge) -> tuple[Snapshot, datetime] | None:
        try:
            with path.open("rb") as file:
                sealed = file.read(_MOST)
            plain = self._cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], NAME.encode())
            told = json.loads(zlib.decompress(plain))
            snapshot = snapshot_from_dict(told["snapshot"], knowledge)
            at = datetime.fromisoformat(told["at"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, InvalidTag, zlib.error) as error:
            _log.warning("the last rules in `%s` cannot be used: %s", path, type(error).__name__)
            return None
        return (snapshot, at) if snapshot.school == school and at.tzinfo is not None else None

    def _cipher(self) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, None, b"klaswacht last known snapshot").derive(self.secret))
