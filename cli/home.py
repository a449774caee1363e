"""The home folder: where one installation keeps what lasts, and the one error for a person at the command line."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from config.private_folder import columns_key, handed

_SECRET = 32  # bytes


class Trouble(Exception):
    """Something that a person must mend before the command can do its work; `str` is one line, with the remedy.

    `remedy` is empty where the problem tells it already.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem, self.remedy = problem, remedy

    def __str__(self) -> str:
        """Return the one line."""
        return f"{self.problem}; {self.remedy}" if self.remedy else self.problem


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of `KLASWACHT_HOME`, else `./var`, absolute. Only its owner can look inside."""

    path: Path

    @classmethod
    def here(cls) -> Home:
        """The home folder by environment and working folder; it need not exist."""
        return cls(Path(os.environ.get("KLASWACHT_HOME") or "var").expanduser().absolute())

    @property
    def school_file(self) -> Path:
        """The file that the school edits."""
        return self.path / "school.yaml"

    @property
    def good_file(self) -> Path:
        """The last `school.yaml` that was right, byte for byte: what all processes run by until the next start."""
        return self.path / ".school.in-force.yaml"

    @property
    def database_url(self) -> str:
        """Where the school's rows are: `KLASWACHT_DATABASE` (PostgreSQL), else a file here."""
        return _told("database") or os.environ.get("KLASWACHT_DATABASE") or f"sqlite:///{self.path / 'klaswacht.db'}"

    @property
    def accounts_url(self) -> str:
        """Where accounts and sessions are: `KLASWACHT_ACCOUNTS_DATABASE`, else a file here. Never told to the proxy."""
        told = _told("accounts-database") or os.environ.get("KLASWACHT_ACCOUNTS_DATABASE")
        return told or f"sqlite:///{self.path / 'accounts.db'}"

    @property
    def ca_folder(self) -> Path:
        """The school's certificate authority."""
        return self.path / "ca"

    @property
    def forms_secret(self) -> Path:
        """Signs the forms of block pages; all proxy workers share it, so that any of them knows its own."""
        return self.path / "secrets" / "forms"

    @property
    def seal_key(self) -> Path:
        """Seals the second factors in the accounts' database. The dashboard's process reads it, and nobody else."""
        return self.path / "secrets" / "second-factor"

    @property
    def columns_key(self) -> Path:
        """Opens names and texts in both databases, for the dashboard's processes and the proxy's."""
        return columns_key(self.path)

    @property
    def answers_key(self) -> Path:
        """Signs what the dashboard answers to devices, which pinned its public half. Read by nobody else."""
        return self.path / "secrets" / "answers"

    @property
    def backup_key(self) -> Path:
        """The public half of the school's backup key, if it has one: backups are then closed with it."""
        return self.path / "backup.pub"

    @property
    def lock_file(self) -> Path:
        """Held by the one running guard of this folder."""
        return self.path / "klaswacht.lock"

    @property
    def restore_plan(self) -> Path:
        """Here from the first move of a restore until the last; what is in the folder meanwhile is no school."""
        return self.path / ".restoring.json"

    def prepare(self) -> None:
        """Make the folder, for its owner only, and see that it can be written.

        Raises:
            Trouble: it cannot.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise Trouble(
                f"cannot write in the folder `{self.path}` ({error.strerror})",
                "make yourself its owner, or name another folder with KLASWACHT_HOME",
            ) from error


def _told(name: str) -> str:
    """A line that systemd handed to the service (an address with a password in it); empty where it did not."""
    given = handed(name)
    return given.read_text().strip() if given is not None else ""


def write_private(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file in one move, with `mode` from its first moment: nobody sees half of it, or a secret in it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(mode)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)  # half of it on a full disk is no use to anybody
        raise


def secret(path: Path) -> bytes:
    """The 32 random bytes kept in `path`, made when they are not there. For its owner only.

    What systemd handed to the service under that name goes first, and is not made.

    Raises:
        Trouble: what was handed is no such secret.
    """
    given = handed(path.name)
    if given is not None:
        found = given.read_bytes()
        if len(found) != _SECRET:
            raise Trouble(f"the credential `{path.name}` is not {_SECRET} bytes long", "see `deploy/install.sh`")
        return found
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = b""
    if len(found) != _SECRET:
        found = token_bytes(_SECRET)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, found)
    return found
