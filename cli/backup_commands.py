"""`klaswacht backup`, `klaswacht backup-key` and `klaswacht restore`: coming back after a lost or broken machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.backup import every_night, packing, unpacking
from cli.backup.locks import BackupError, Lock, Passphrase, Private, Public
from cli.home import Home, Trouble, write_private
from cli.school import AMSTERDAM, read_file
from config.secret_file import NoSecret, read_secret
from config.texts import say

_WORDS = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file (0600) with the passphrase; else it is asked for.")
]


def backup(
    out: Annotated[Path | None, typer.Option("--out", help="The new file; else one with today's date, here.")] = None,
    passphrase_file: _WORDS = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The public half of a backup key; else that of `backup-key`.")
    ] = None,
    nightly: Annotated[
        bool, typer.Option("--nightly", help="As the guard itself does every night, beside those it keeps.")
    ] = False,
) -> None:
    """Make one encrypted file with what the school needs to come back. The guard may run on."""
    home, now = Home.here(), datetime.now(UTC)
    if nightly:
        typer.echo(make_nightly(home, now))
        return
    name = f"klaswacht-{now.astimezone(AMSTERDAM):%Y-%m-%d-%H%M}.backup"
    typer.echo(make(home, closing_lock(home, passphrase_file, key), (out or Path(name)).absolute(), now))


def backup_key(
    out: Annotated[Path, typer.Argument(help="Where to write the private half: a stick for the safe.")],
) -> None:
    """Make a key for backups: from then on none asks for a passphrase, and only the private half opens them."""
    typer.echo(new_key(Home.here(), out.absolute()))


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    passphrase_file: _WORDS = None,
    key: Annotated[Path | None, typer.Option("--key", help="The private half of the backup key.")] = None,
    look: Annotated[bool, typer.Option("--look", help="Only read and prove it; change nothing.")] = False,
) -> None:
    """Put a backup back. What is here now is kept aside."""
    home = Home.here()
    typer.echo(put_back(home, opening_lock(home, passphrase_file, key), file, datetime.now(UTC), only_look=look))


def make(home: Home, lock: Lock, out: Path, now: datetime) -> str:
    """Make a backup; what to say. Raises `Trouble`."""
    try:
        made = packing.pack(home, lock, out, now)
    except BackupError as error:
        raise _trouble(home, error) from error
    return say("backup.made", _lang(home), file=made.path, size=_size(made.size)).rstrip()


def make_nightly(home: Home, now: datetime) -> str:
    """Make the one of tonight; what to say. Raises `Trouble`."""
    try:
        made = every_night.make(home, now, _lang(home))
    except BackupError as error:
        raise _trouble(home, error) from error
    return say("backup.made", _lang(home), file=made, size=_size(made.stat().st_size)).rstrip()


def new_key(home: Home, out: Path) -> str:
    """Make a backup key: the private half in `out`, the public half in the home; what to say. Raises `Trouble`."""
    home.prepare()
    if out.exists() or out.is_relative_to(home.path):
        raise _trouble(home, BackupError("exists" if out.exists() else "key_inside", path=out))
    made = Private.made()
    try:
        write_private(out, made.written.encode())
        write_private(home.backup_key, made.told.encode(), 0o644)
    except OSError as error:
        raise _trouble(home, BackupError("disk", path=out, problem=error.strerror or error)) from error
    where = every_night.folder(home)
    return say("backup.key", _lang(home), private=out, public=home.backup_key, folder=where).rstrip()


def put_back(home: Home, lock: Lock, file: Path, now: datetime, *, only_look: bool = False) -> str:
    """Put a backup back, or only look at it; what to say. Raises `Trouble`."""
    try:
        if only_look:
            found = unpacking.look(home, file, lock)
            return say("backup.looked", _lang(home), made=_moment(found.made), program=found.program)
        done = unpacking.restore(home, file, lock, now)
    except BackupError as error:
        raise _trouble(home, error) from error
    lang = _lang(home)
    lines = [say("backup.restored", lang, made=_moment(done.manifest.made))]
    if done.aside:
        lines.append(say("backup.aside", lang, places=", ".join(done.aside), days=unpacking.KEPT_ASIDE.days))
    if not done.same_ca:
        lines.append(say("backup.ca", lang, folder=home.ca_folder).rstrip())
    return "\n".join(lines)


def undo_broken_off(home: Home) -> str:
    """Undo a restore that was broken off in the home folder that is held; what to say, or nothing. Raises `Trouble`."""
    try:
        return say("backup.undone", _lang(home)).rstrip() if unpacking.recover(home) else ""
    except BackupError as error:
        raise _trouble(home, error) from error


def closing_lock(home: Home, words: Path | None, key: Path | None) -> Lock:
    """What a backup is closed with: a named key or words, else the school's key, else words that are asked for."""
    try:
        if words is None and (key is not None or home.backup_key.exists()):
            return Public.read(_text(key or home.backup_key))
        return Passphrase(_words(words, home, twice=True))
    except BackupError as error:
        raise _trouble(home, error) from error


def opening_lock(home: Home, words: Path | None, key: Path | None) -> Lock:
    """What a backup is opened with."""
    try:
        return Private.read(_text(key)) if key is not None else Passphrase(_words(words, home, twice=False))
    except BackupError as error:
        raise _trouble(home, error) from error


def _words(file: Path | None, home: Home, *, twice: bool) -> str:
    if file is None:
        said = say("backup.ask", _lang(home))
        return str(typer.prompt(said, hide_input=True, confirmation_prompt=twice, err=True))
    try:
        return read_secret(file)
    except NoSecret as error:
        raise Trouble(error.problem, error.hint) from error


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, ValueError) as error:
        raise BackupError("key") from error


def _trouble(home: Home, error: BackupError) -> Trouble:
    return Trouble(say(f"backup.error.{error.code}", _lang(home), **error.values).rstrip())


def _lang(home: Home) -> str:
    try:
        return read_file(home)[0].settings.language
    except Trouble:
        return "nl"


def _moment(made: str) -> str:
    return f"{datetime.fromisoformat(made).astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
