"""`klaswacht policy`: the school's rules as numbered versions and as text, whether the guard runs or not."""

from __future__ import annotations

import difflib
import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.home import Home, Trouble, write_private

if TYPE_CHECKING:
    from cli.revisions import Taken
    from config.settings import SchoolFile
    from policy.model import Policy
    from store import Store
    from store.policies import Entry, PolicyRevision

app = typer.Typer(help="The school's rules.", no_args_is_help=True)

_READABLE = 0o644  # rules hold no names of pupils; a file that was there keeps its own mode
_Number = Annotated[int, typer.Argument(help="The number of a version; see `klaswacht policy history`.")]


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


@app.command("validate")
def validate(
    file: Annotated[
        Path | None, typer.Argument(help="The file to look at; else school.yaml of the home folder.")
    ] = None,
) -> None:
    """Say whether a school.yaml is right, and else which line is not, and why."""
    from cli.now import unsure
    from config.texts import say
    from policy.model import BasisKind

    path = file or Home.here().school_file
    found = _read(path)
    own = sum(rule.basis.kind is BasisKind.SCHOOL for rule in found.policy.rules)
    values = {"file": path, "protocol": found.settings.protocol, "rules": len(found.policy.rules), "own": own}
    typer.echo(say("cli.validate.good", found.settings.language, **values))
    for line in unsure(found.policy.schedule, datetime.now(UTC), found.settings.language, path):
        typer.echo(line)


@app.command("import")
def import_(
    file: Annotated[Path | None, typer.Argument(help="The file to read; else school.yaml of the home folder.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Take it although the rules moved on since.")] = False,
) -> None:
    """Make a file's rules the next version, if the rules in force are still those that it was made from."""
    from cli.revisions import take

    path = file or Home.here().school_file
    found = _read(path)
    with at_desk(create=True) as desk:
        own = path.resolve() == desk.home.school_file.resolve()
        taken = take(desk.store, desk.school, found, user(), datetime.now(UTC), own=own, force=force)
        _tell_taken(desk, path, found, taken, own=own)


@app.command("export")
def export(
    number: Annotated[int | None, typer.Argument(help="Which version; else the one in force.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write it; else to standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a version out as a whole school.yaml, to keep, to change and to read back."""
    from config.texts import say

    with at_desk() as desk:
        version = desk.current() if number is None else desk.version(number)
        text, exact = written_out(desk, version)
        if not exact:
            typer.echo(say("policy.not_exact", desk.lang, number=version.number), err=True)
        if out is None:
            sys.stdout.buffer.write(text.encode())
            return
        _write(out, text.encode(), over=force)
        typer.echo(say("policy.exported", desk.lang, number=version.number, file=out), err=True)


@app.command("diff")
def diff(
    a: Annotated[str | None, typer.Argument(help="A number or a file; else the version in force.")] = None,
    b: Annotated[str | None, typer.Argument(help="A number or a file; else the version in force, or the file.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="As lines of the files, for a program.")] = False,
    protocol: Annotated[bool, typer.Option("--protocol", help="Compare with the protocol that was agreed on.")] = False,
) -> None:
    """Say what is different between two versions or files; without any: what school.yaml would change."""
    from config.changes import changes
    from config.texts import say

    with at_desk() as desk:
        here = str(desk.current().number)
        if protocol:
            typer.echo("\n".join(_otherwise(_side(desk, a or here).policy, desk.lang)))
            return
        # One name alone is compared with what is in force: a file after it, an older version before it.
        names = [here, str(desk.home.school_file)] if a is None else [here, a] if b is None else [a, b]
        if a is not None and b is None and a.isdecimal():
            names.reverse()
        old, new = (_side(desk, name) for name in names)
        if plain:
            sys.stdout.buffer.write(_plain_difference(old, new).encode())
            return
        lines = changes(old.policy, new.policy, desk.lang) or (say("policy.no_difference", desk.lang),)
        typer.echo("\n".join(lines))


def _otherwise(policy: Policy, lang: str) -> list[str]:
    """What the school does otherwise than its protocol, looser things first."""
    from config.differences_told import difference_lines
    from config.texts import say

    lines = difference_lines(policy, lang)
    if lines is None:
        return [say("differences.unknown", lang)]
    return [f"{line.label}: {line.text}" for line in lines] or [say("differences.none", lang)]


@app.command("history")
def history(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many versions.")] = 20,
) -> None:
    """List the versions, newest first: number, when, who, where it came from, what it changed."""
    from config.texts import say

    with at_desk() as desk:
        entries = desk.store.policies.entries(desk.school, limit + 1)
        for entry, before in zip(entries[:limit], (*entries[1:], None), strict=False):
            values = _about(desk, entry) | {"what": _changed(desk, entry, before)}
            typer.echo(say("policy.history", desk.lang, **values))


@app.command("rollback")
def rollback(number: _Number) -> None:
    """Make a new version that is what an older one was."""
    from cli.revisions import Outcome, roll_back
    from config.texts import say

    with at_desk() as desk:
        old, current = desk.version(number), desk.current()
        done = roll_back(desk.store, desk.school, old, current.number, user(), datetime.now(UTC))
        values = {"number": done.current.number, "old": number, "file": desk.home.school_file}
        if done.outcome is Outcome.RACED:
            raise Trouble(say("policy.raced", desk.lang, **values))
        if done.outcome is Outcome.SAME:
            typer.echo(say("policy.rolled_same", desk.lang, **values))
            return
        typer.echo(say("policy.rolled", desk.lang, **values))
        if done.current.policy != old.policy:
            typer.echo(say("policy.rolled_renewed", desk.lang))
        if done.current.policy != desk.file.policy:
            typer.echo(say("policy.file_older", desk.lang, **values))


@app.command("schema")
def schema(
    lang: Annotated[Literal["nl", "en"] | None, typer.Option(help="The language of the explanations.")] = None,
) -> None:
    """Give the JSON Schema of school.yaml, with which an editor completes keys and words."""
    from cli.subscribed import language
    from config.json_schema import school_schema

    found = school_schema(lang or language(Home.here()))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


# --- what is told --------------------------------------------------------------------------------------------------


def _tell_taken(desk: Desk, path: Path, file: SchoolFile, taken: Taken, *, own: bool) -> None:
    """Say what became of a file.

    Raises:
        Trouble: it was refused; the difference was told.
    """
    from cli import school
    from cli.revisions import Outcome, say_number
    from config.texts import say

    lang, number = desk.lang, taken.current.number
    values: dict[str, object] = {"file": path, "number": number, "base": taken.base}
    match taken.outcome:
        case Outcome.RACED:
            raise Trouble(say("policy.raced", lang, **values))
        case Outcome.MOVED | Outcome.OLDER:
            base = say("policy.base" if taken.base else "policy.base_unknown", lang, number=taken.base)
            difference = school.difference(taken.current.policy, file.policy, lang)
            typer.echo(say("policy.moved", lang, **(values | {"base": base, "difference": difference})), err=True)
            raise Trouble(
                f"`{path}` was not imported: version {number} is in force",
                "put in the file what it has to keep of that and write "
                f"`revision: {number}` in it, or take it as it is with --force",
            )
        case Outcome.SAME:
            typer.echo(say("policy.same", lang, **values))
        case Outcome.TAKEN:
            typer.echo(say("policy.imported", lang, **values))
    _tell_settings(desk, file, own=own)
    if taken.outcome in {Outcome.TAKEN, Outcome.SAME} and file.revision != number and say_number(path, number):
        typer.echo(say("policy.says_number", lang, **values))
    if taken.outcome is Outcome.TAKEN and not own:
        typer.echo(say("policy.file_older", lang, file=desk.home.school_file))


def _tell_settings(desk: Desk, file: SchoolFile, *, own: bool) -> None:
    from cli import school
    from config.texts import say

    if own:
        for line in school.settings_told(desk.home, file, running=school.running(desk.home)):
            typer.echo(line)
        return
    names = school.other_settings(desk.file.settings, file.settings)
    if names:
        told = say("policy.settings_not", desk.lang, file=desk.home.school_file, names=", ".join(names))
        typer.echo(told)


def written_out(desk: Desk, version: PolicyRevision) -> tuple[str, bool]:
    """A version as a whole file with the home's settings, and whether it makes exactly that version again.

    Raises:
        Trouble: it cannot be written as a file that this program reads.
    """
    from config import load
    from config.export import school_text, settings_of
    from config.texts import say

    values = _about(desk, version) | {"school": desk.file.settings.school.name}
    head = [say(f"policy.head.{code}", desk.lang, **values) for code in ("which", "how", "why")]
    path = desk.home.school_file if _is_good(desk) else desk.home.good_file
    try:
        settings = settings_of(path.read_bytes(), str(path))
        found = school_text(version.policy, version.written, settings, revision=version.number, head=head)
    except OSError as error:
        raise Trouble(f"cannot read `{path}` ({error.strerror})", "look at its place and rights") from error
    except load.ConfigError as error:
        raise Trouble(f"version {version.number} cannot be written as a file: {error.problem}", error.hint) from error
    return found.text, found.exact


def _is_good(desk: Desk) -> bool:
    """Whether the home's file is the one that the command reads its settings from; else the last good one is."""
    from config import load

    try:
        load.read_school(desk.home.school_file)
    except load.ConfigError:
        return False
    return True


def _about(desk: Desk, version: PolicyRevision | Entry) -> dict[str, object]:
    from cli.revisions import source_of
    from cli.school import AMSTERDAM
    from config.texts import say

    source = say(f"policy.source.{source_of(version.origin).value}", desk.lang, origin=version.origin[:20])
    when = f"{version.when.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
    return {"number": version.number, "when": when, "who": desk.who(version.who), "source": source}


def _changed(desk: Desk, entry: Entry, before: Entry | None) -> str:
    """What a version changed, in one line."""
    from config.changes import in_short
    from config.texts import say

    if before is None:
        return say("policy.first", desk.lang)
    try:
        old, new = (desk.version(one.number).policy for one in (before, entry))
    except Trouble:
        return say("policy.unreadable", desk.lang)
    return in_short(old, new, desk.lang)


def _side(desk: Desk, name: str) -> Side:
    if name.isdecimal():
        version = desk.version(int(name))
        return Side(name, version.policy, version.written)
    found = _read(Path(name))
    return Side(name, found.policy, found.written)


def _plain_difference(old: Side, new: Side) -> str:
    from config import load
    from config.export import policy_text

    try:
        texts = [policy_text(side.policy, side.written).splitlines(keepends=True) for side in (old, new)]
    except load.ConfigError as error:
        raise Trouble(str(error)) from error
    return "".join(difflib.unified_diff(texts[0], texts[1], old.name, new.name))


def _read(path: Path) -> SchoolFile:
    from config import load

    try:
        return load.read_school(path)
    except load.ConfigError as error:
        raise Trouble(str(error)) from error


def _write(path: Path, data: bytes, *, over: bool) -> None:
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
