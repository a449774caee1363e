"""A secret that a school keeps in a file of its own, beside `school.yaml` and never in it.

Only its owner may read the file. What systemd hands to a service (`LoadCredential=`) lies in memory, is there while the
service runs, and is guarded by systemd itself, with an access list that shows as a group's right.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from config.read import quoted

LARGEST = 4096  # bytes
_CREDENTIALS = Path("/run/credentials")


class NoSecret(Exception):
    """A secret's file cannot be used: what is wrong and what to do, without a letter of what is in it."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem, hint)
        self.problem, self.hint = problem, hint

    def __str__(self) -> str:
        """Return the one line."""
        return f"{self.problem}; {self.hint}"


def of_the_service(path: Path) -> bool:
    """Whether systemd puts the file there for the service: nobody else finds it."""
    return path.is_relative_to(_CREDENTIALS)


def read_secret(path: Path) -> str:
    """The secret in `path`, without the end of its line.

    Raises:
        NoSecret: it is not there, is empty, others may read it, or it is not one line of text.
    """
    name = quoted(path, 200)
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise NoSecret(f"the secret's file {name} cannot be read: {reason}", "write the secret into it") from None
    if mode & 0o077 and not of_the_service(path):
        raise NoSecret(f"others may read the secret's file {name}", f"say `chmod 600 {path}`")
    try:
        found = data.decode().strip()
    except UnicodeDecodeError:
        found = ""
    if not found or len(data) > LARGEST or not found.isprintable():
        raise NoSecret(f"the file {name} does not hold one line with a secret", "put the secret in it and nothing else")
    return found
