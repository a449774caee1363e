"""`klaswacht policy`: the school's rules as numbered versions and as text, whether the guard runs or not."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.home import Home, Trouble
from cli.policy_desk import at_desk, file_at, side_of, user, write_file
from cli.policy_told import about, changed, otherwise, plain_difference, tell_taken, written_out

app = typer.Typer(help="The school's rules.", no_args_is_help=True)

_Number = Annotated[int, typer.Argument(help="The number of a version; see `klaswacht policy history`.")]


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
    found = file_at(path)
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
    from dashboard.actions.revisions import take

    path = file or Home.here().school_file
    found = file_at(path)
    with at_desk(create=True) as desk:
        own = path.resolve() == desk.home.school_file.resolve()
        taken = take(desk.store, desk.school, found, user(), datetime.now(UTC), own=own, force=force)
        tell_taken(desk, path, found, taken, own=own)


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
        write_file(out, text.encode(), over=force)
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
            typer.echo("\n".join(otherwise(side_of(desk, a or here).policy, desk.lang)))
            return
        # One name alone is compared with what is in force: a file after it, an older version before it.
        names = [here, str(desk.home.school_file)] if a is None else [here, a] if b is None else [a, b]
        if a is not None and b is None and a.isdecimal():
            names.reverse()
        old, new = (side_of(desk, name) for name in names)
        if plain:
            sys.stdout.buffer.write(plain_difference(old, new).encode())
            return
        lines = changes(old.policy, new.policy, desk.lang) or (say("policy.no_difference", desk.lang),)
        typer.echo("\n".join(lines))


@app.command("history")
def history(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many versions.")] = 20,
) -> None:
    """List the versions, newest first: number, when, who, where it came from, what it changed."""
    from config.texts import say

    with at_desk() as desk:
        entries = desk.store.policies.entries(desk.school, limit + 1)
        for entry, before in zip(entries[:limit], (*entries[1:], None), strict=False):
            values = about(desk, entry) | {"what": changed(desk, entry, before)}
            typer.echo(say("policy.history", desk.lang, **values))


@app.command("rollback")
def rollback(number: _Number) -> None:
    """Make a new version that is what an older one was."""
    from config.texts import say
    from dashboard.actions.revisions import Outcome, roll_back, unfit

    with at_desk() as desk:
        old, current = desk.version(number), desk.current()
        if (complaint := unfit(old)) is not None:
            raise Trouble(f"version {number} no longer fits: {complaint.problem}", "choose a newer one")
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
