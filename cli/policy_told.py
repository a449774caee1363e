"""What `klaswacht policy` says of versions and files: where they came from, what they change, what became of one."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.home import Trouble
from cli.policy_desk import Desk, Side

if TYPE_CHECKING:
    from config.settings import SchoolFile
    from dashboard.actions.revisions import Taken
    from policy.model import Policy
    from store.policies import Entry, PolicyRevision


def tell_taken(desk: Desk, path: Path, file: SchoolFile, taken: Taken, *, own: bool) -> None:
    """Say what became of a file.

    Raises:
        Trouble: it was refused; the difference was told.
    """
    from cli import school
    from cli.revisions import say_number
    from config.texts import say
    from dashboard.actions.revisions import Outcome

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
    from dashboard.actions.revisions import other_settings

    if own:
        for line in school.settings_told(desk.home, file, running=school.running(desk.home)):
            typer.echo(line)
        return
    names = other_settings(desk.file.settings, file.settings)
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

    values = about(desk, version) | {"school": desk.file.settings.school.name}
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


def about(desk: Desk, version: PolicyRevision | Entry) -> dict[str, object]:
    """What the sentences about a version name: its number, when (Amsterdam's clock), by whom, where it came from."""
    from cli.school import AMSTERDAM
    from config.texts import say
    from dashboard.actions.revisions import source_of

    source = say(f"policy.source.{source_of(version.origin).value}", desk.lang, origin=version.origin[:20])
    when = f"{version.when.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
    return {"number": version.number, "when": when, "who": desk.who(version.who), "source": source}


def changed(desk: Desk, entry: Entry, before: Entry | None) -> str:
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


def otherwise(policy: Policy, lang: str) -> list[str]:
    """What the school does otherwise than its protocol, looser things first."""
    from config.differences_told import difference_lines
    from config.texts import say

    lines = difference_lines(policy, lang)
    if lines is None:
        return [say("differences.unknown", lang)]
    return [f"{line.label}: {line.text}" for line in lines] or [say("differences.none", lang)]


def plain_difference(old: Side, new: Side) -> str:
    """The difference as lines of the files; raises `Trouble` for rules that cannot be written as a file."""
    from config import load
    from config.export import policy_text

    try:
        texts = [policy_text(side.policy, side.written).splitlines(keepends=True) for side in (old, new)]
    except load.ConfigError as error:
        raise Trouble(str(error)) from error
    return "".join(difflib.unified_diff(texts[0], texts[1], old.name, new.name))
