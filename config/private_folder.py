"""Who may read what is written in a home folder: its owner, unless the folder itself says that it is shared.

Where the proxy runs as another user than the dashboard, whoever installs it gives a folder to their group with
`chmod g+rxs` (to read) or `g+rwxs` (to write). Such a folder makes its files the group's too; any other keeps them for
the owner alone, whatever the umask.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what `LoadCredential=` names."""


def mode_in(folder: Path) -> int:
    """The mode of a new file in `folder`: 0600, with the group's rights where the folder is shared. Never raises."""
    try:
        found = folder.stat().st_mode
    except OSError:
        return 0o600
    if not found & stat.S_ISGID or not found & stat.S_IXGRP:
        return 0o600
    return 0o600 | (found & (stat.S_IRGRP | stat.S_IWGRP))


def database_url(home: Path) -> str:
    """Where a process of the proxy finds the school's rows: as it was handed, or told, or else a file in `home`."""
    given = handed("database")
    told = given.read_text().strip() if given is not None else os.environ.get("KLASWACHT_DATABASE")
    return told or f"sqlite:///{home / 'klaswacht.db'}"


def columns_key(home: Path) -> Path:
    """The file with the key of the words in the databases, as it was handed, or else in `home`."""
    return handed("columns") or home / "secrets" / "columns"


def handed(name: str) -> Path | None:
    """The file of that name that systemd handed to this service; None where it did not."""
    folder = os.environ.get(_CREDENTIALS)
    if not folder:
        return None
    path = Path(folder) / name
    return path if path.exists() else None
