"""What the commands of `klaswacht policy` work on: the opened database, its versions, and the files beside it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.home import Home, Trouble, write_private

if TYPE_CHECKING:
    from config.settings import SchoolFile
    from policy.model import Policy
    from store import Store
    from store.policies import PolicyRevision

_READABLE = 0o644  # rules hold no names of pupils; a file that was there keeps its own mode


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: what it is called, its rules, and how they were written where rules cannot tell."""

    name: str
    policy: Policy
    written: str


class Desk:
    """The school's file and its opened database, for one command."""

    def __init__(self, home: Home, file: SchoolFile, store: Store, school: str) -> None:
        self.home, self.file, self.store, self.school = home, file, store, school
        self.lang = file.settings.language

    def current(self) -> PolicyRevision:
        """The rules in force.

        Raises:
            Trouble: there are none yet.
        """
        found = self.store.policies.current(self.school)
        if found is None:
            raise Trouble("there are no rules in the database yet", "start `klaswacht up` once, or `policy import`")
        return found

    def version(self, number: int) -> PolicyRevision:
        """One numbered version.

        Raises:
            Trouble: there is none of that number, or this program can no longer read it.
        """
        try:
            found = self.store.policies.get(self.school, number)
        except ValueError as error:
            raise Trouble(f"this program can no longer read version {number}", "choose a newer one") from error
        if found is None:
            raise Trouble(f"there is no version {number}", "see `klaswacht policy history`")
        return found

    def who(self, name: str) -> str:
        """Somebody's name for people; what is no person stays as it is."""
        person = self.store.people.person(self.school, name)
        return person.name if person else name


@contextmanager
def at_desk(*, create: bool = False) -> Iterator[Desk]:
    """Open what a command needs; `create` makes or renews a database that no guard is using now."""
    from cli import school
    from store import StoreUnavailable

    home = Home.here()
    file, _ = school.read_file(home)
    running = school.running(home)
    # A running guard goes on for the school that it started for.
    settings = school.good_settings(home) if running else file.settings
    store = school.opened(home, migrate=create and not running)
    try:
        yield Desk(home, file, store, settings.school.id)
    except StoreUnavailable as error:
        raise Trouble(f"the database cannot be used: {error}", "see `klaswacht doctor`") from error
    finally:
        store.close()


def side_of(desk: Desk, name: str) -> Side:
    """What is called so: a version by its number, else a file by its path; raises `Trouble`."""
    if name.isdecimal():
        version = desk.version(int(name))
        return Side(name, version.policy, version.written)
    found = file_at(Path(name))
    return Side(name, found.policy, found.written)


def file_at(path: Path) -> SchoolFile:
    """The school file at a place; raises `Trouble` when it is none."""
    from config import load

    try:
        return load.read_school(path)
    except load.ConfigError as error:
        raise Trouble(str(error)) from error


def write_file(path: Path, data: bytes, *, over: bool) -> None:
    """Write a new file, or with `over` a file that may be there; raises `Trouble`."""
    try:
        if not over:
            with path.open("xb") as file:
                file.write(data)
            return
        path = path.resolve()
        write_private(path, data, path.stat().st_mode & 0o777 if path.exists() else _READABLE)
    except FileExistsError as error:
        raise Trouble(f"`{path}` is there already", "choose another place with --out, or add --force") from error
    except OSError as error:
        raise Trouble(f"cannot write `{path}` ({error.strerror})", "choose another place with --out") from error


def user() -> str:
    """Who works at this command line, as the system names them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this number
        return f"uid {os.getuid()}"
