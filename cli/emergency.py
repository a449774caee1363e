"""`klaswacht emergency on|off|status`: the emergency exit at the machine itself, with or without a database.

It asks for no code. Whoever may write the home folder can change the rules and the database anyway; a question would
only stand in the way of who must hurry. Root acts as the folder's owner, so that nothing of root's is left in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.home import Home, Trouble
from config.texts import say
from policy.emergency import HOURS, end_of
from policy.model import Emergency, Schedule
from store import Store, StoreUnavailable, open_store
from store.emergencies import BY_COMMAND, Way
from store.emergency_file import BadFile, EmergencyFile, Word
from store.ids import new_id

app = typer.Typer(help="The emergency exit: for some hours only the fixed locks hold.", no_args_is_help=True)
_ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class _Here:
    """The home folder, its school, and the school's timetable as far as it is known."""

    home: Home
    school: str
    lang: str
    schedule: Schedule | None

    @property
    def file(self) -> EmergencyFile:
        return EmergencyFile(self.home.path)


@app.command()
def on(
    hours: Annotated[int, typer.Option("--hours", help="How long: 1, 2 or 4 hours, an hour after school at most.")] = 2,
) -> None:
    """Open it: only the fixed locks hold, for everybody, for some hours."""
    typer.echo(open_it(Home.here(), hours, datetime.now(UTC)))


@app.command()
def off() -> None:
    """Close it now."""
    typer.echo(close_it(Home.here(), datetime.now(UTC)))


@app.command()
def status() -> None:
    """Say whether it is open."""
    typer.echo(told(Home.here(), datetime.now(UTC)))


def open_it(home: Home, hours: int, now: datetime) -> str:
    """Open it, in the database, or where that is away in the file that every process looks at; what to say.

    Raises:
        Trouble: other hours, or not the owner's folder.
    """
    if hours not in HOURS:
        raise Trouble(f"`--hours` is {', '.join(map(str, HOURS))}")
    here = _here(home)
    with _store(here) as store:
        if store is not None:
            made = store.emergencies.start(here.school, end_of(hours, now, here.schedule), BY_COMMAND, Way.COMMAND, now)
            here.file.remove()
            return say("cli.emergency.on", here.lang, until=_clock(made.end))
    made = Emergency(new_id(), now, end_of(hours, now, here.schedule), BY_COMMAND, Way.COMMAND)
    _write(here, lambda: here.file.say_on(made))
    return say("cli.emergency.on_file", here.lang, until=_clock(made.end), file=here.file.path)


def close_it(home: Home, now: datetime) -> str:
    """Close it; what to say. Raises `Trouble` when it is not the owner's folder."""
    here = _here(home)
    with _store(here) as store:
        if store is not None:
            there = here.file.path.exists()
            stopped = store.emergencies.stop(here.school, BY_COMMAND, now)
            here.file.remove()
            return say("cli.emergency.off" if stopped or there else "cli.emergency.was_off", here.lang)
    _write(here, lambda: here.file.say_off(now))
    return say("cli.emergency.off_file", here.lang)


def told(home: Home, now: datetime) -> str:
    """Whether it is open, and until when."""
    here = _here(home)
    word = _word(here, now)
    found = word.on
    with _store(here) as store:
        if store is not None:
            found = store.emergencies.current(here.school, now) or (found if _unknown(store, here, found) else None)
    if found is None or not found.start <= now < found.end:
        return say("cli.emergency.is_off", here.lang)
    return say("cli.emergency.is_on", here.lang, since=_clock(found.start), until=_clock(found.end))


def _unknown(store: Store, here: _Here, one: Emergency | None) -> bool:
    """Whether the guard did not write down yet what the file says."""
    return one is not None and all(known.id != one.id for known in store.emergencies.past(here.school))


def _here(home: Home) -> _Here:
    """Whose folder it is, and as whom to go on. What cannot be read of the school is done without."""
    try:
        owner = home.path.stat()
    except OSError as error:
        raise Trouble(f"there is no folder `{home.path}`", "say where it is with KLASWACHT_HOME") from error
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
    if os.geteuid() != owner.st_uid:
        raise Trouble(f"`{home.path}` is not yours", "do this as its owner, or as root")
    from config import load

    for path in (home.good_file, home.school_file):
        try:
            file = load.read_school(path)
        except (load.ConfigError, OSError):
            continue
        return _Here(home, file.settings.school.id, file.settings.language, file.policy.schedule)
    return _Here(home, "", "nl", None)


@contextmanager
def _store(here: _Here) -> Iterator[Store | None]:
    """The database, or None where it cannot be used."""
    opened: Store | None = None
    try:
        if here.school:
            opened = open_store(here.home.database_url, key=here.home.columns_key)
            opened.check()
    except StoreUnavailable:
        if opened is not None:
            opened.close()
        opened = None
    try:
        yield opened
    finally:
        if opened is not None:
            opened.close()


def _write(here: _Here, do: Callable[[], None]) -> None:
    try:
        do()
    except OSError as error:
        raise Trouble(f"`{here.file.path}` cannot be written ({error.strerror})", "see `klaswacht doctor`") from error


def _word(here: _Here, now: datetime) -> Word:
    try:
        return here.file.read(now)
    except BadFile as error:
        raise Trouble(
            f"`{here.file.path}` opens nothing: {error}", "take it away with `klaswacht emergency off`"
        ) from error


def _clock(at: datetime) -> str:
    return f"{at.astimezone(_ZONE):%H:%M}"
