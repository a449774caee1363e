"""The newest snapshot in a file, for a process that starts while the database is away: then the rules, bans and
permissions of that moment hold, which end by themselves when they would have ended.

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

_log = logging.getLogger(__name__)

NAME = ".laatste-stand"
_NONCE = 12  # bytes
_MOST = 64 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class LastKnown:
    """The file of one home folder. `secret` is what the forms of block pages are signed with; the key is made of it."""

    home: Path
    secret: bytes

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.home / NAME

    def keep(self, snapshot: Snapshot, now: datetime) -> None:
        """Write it in one move. Raises `OSError` when it cannot be."""
        told = json.dumps({"at": now.isoformat(), "snapshot": snapshot_to_dict(snapshot)}).encode()
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher().encrypt(nonce, zlib.compress(told, 1), NAME.encode())
        new = self.home / f"{NAME}.{os.getpid()}"
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(sealed)
        new.chmod(mode_in(self.home))
        new.replace(self.path)

    def read(self, school: str, knowledge: Knowledge) -> tuple[Snapshot, datetime] | None:
        """The snapshot, and when it was written (UTC). None where there is none that can be used. Never raises."""
        try:
            with self.path.open("rb") as file:
                sealed = file.read(_MOST)
            plain = self._cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], NAME.encode())
            told = json.loads(zlib.decompress(plain))
            snapshot = snapshot_from_dict(told["snapshot"], knowledge)
            at = datetime.fromisoformat(told["at"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, InvalidTag, zlib.error) as error:
            _log.warning("the last rules in `%s` cannot be used: %s", self.path, type(error).__name__)
            return None
        return (snapshot, at) if snapshot.school == school and at.tzinfo is not None else None

    def _cipher(self) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, None, b"klaswacht last known snapshot").derive(self.secret))
