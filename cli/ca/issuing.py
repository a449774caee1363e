"""The CA and the dashboard's certificate, made where they are missing."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from cli.ca.files import Authority, CaFiles, authority, held, key_of, settled, signing, store, write
from cli.ca.making import alternative_names, new_ca, new_leaf
from cli.home import Trouble

RENEW = timedelta(days=30)
"""How long before its end the dashboard's certificate is made anew."""


def ensure_ca(folder: Path, school: str, now: datetime) -> CaFiles:
    """Make the CA of `school` (its name) when it is not there; it is made once and kept.

    Raises:
        Trouble: the files that are there cannot be used or be read by others, or the folder cannot be written.
    """
    files = CaFiles(folder)
    with held(files):
        if not files.engine.exists():
            if files.public.exists():
                raise Trouble(
                    f"`{files.public}` is there, but its key `{files.engine}` is gone",
                    f"put the key back from a backup, or remove `{folder}` to make a new CA (devices must then trust "
                    "the new one)",
                )
            store(files.engine, new_ca(school, now), now)
        settled(files)
    return files


def ensure_dashboard(files: CaFiles, names: tuple[str, ...], now: datetime) -> bool:
    """Make the dashboard's certificate for `names` (hosts and IP addresses) when it is missing, near its end, of
    another CA or for other names. Returns whether it was made.

    Raises:
        Trouble: the CA cannot be read or the folder cannot be written.
    """
    with held(files):
        ca = signing(files)
        wanted = alternative_names(names)
        if files.dashboard.exists() and _still_good(files.dashboard, ca, wanted, now):
            return False
        try:
            write(files.dashboard, new_leaf(ca, key_of(files.engine), wanted, now))
        except (OSError, ValueError) as error:
            raise Trouble(
                f"cannot make the certificate `{files.dashboard}` ({error})", "see `klaswacht doctor`"
            ) from error
        return True


def own_names(address: str, name: str) -> tuple[str, ...]:
    """What people may call this machine: its listen address, the dashboard's `name`, what the machine calls itself."""
    host = socket.gethostname()
    candidates = ("localhost", "127.0.0.1", name, address, host, host if "." in host else f"{host}.local")
    unusable = ("", "0.0.0.0", "::")
    return tuple(dict.fromkeys(one for one in candidates if one not in unusable and one.isascii()))


def _still_good(path: Path, ca: Authority, names: x509.SubjectAlternativeName, now: datetime) -> bool:
    try:
        found = authority(path)
        leaf = found.certificate
        leaf.verify_directly_issued_by(ca.certificate)
        known = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # whatever is wrong with it, a new one mends it
        return False
    fresh = leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - RENEW
    return known == names and found.above == ca.sent and fresh
