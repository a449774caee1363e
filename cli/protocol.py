"""`klaswacht protocol`: what a school's written rules say, and whether Klaswacht does something with each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.home import Trouble

if TYPE_CHECKING:
    from config.coverage import Coverage
    from policy.model import Policy

app = typer.Typer(help="The protocols that come with the product.", no_args_is_help=True)
_Language = Annotated[Literal["nl", "en"], typer.Option(help="In which language.")]


@app.command("list")
def list_(lang: _Language = "nl") -> None:
    """Name the protocols there are."""
    from config.load import factory_policy, protocol_names
    from config.texts import say

    for name in protocol_names():
        protocol = factory_policy(name).protocol
        count = len(protocol.clauses)
        typer.echo(say("protocol.line", lang, id=name, school=protocol.school, title=protocol.title, count=count))


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Which protocol.")],
    reader: Annotated[Literal["pupil", "parent", "teacher"], typer.Option("--as", help="For whom.")] = "parent",
    lang: _Language = "nl",
) -> None:
    """Print the rules as this reader would want them."""
    from config.protocol_told import Reader, told

    text = told(_policy(name), Reader(reader), lang)
    typer.echo(f"{text.title}\n{text.lead}")
    for section in text.sections:
        typer.echo(f"\n{section.title}")
        for line in section.lines:
            typer.echo(f"  - {line.text}" + (f" ({line.article})" if line.article else ""))
            if line.note:
                typer.echo(f"    {line.note}")
    typer.echo(f"\n{text.source}")


@app.command("coverage")
def cover(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; else all of them.")] = None,
    lang: _Language = "nl",
) -> None:
    """Show every clause with what is done with it, its rules and its golden cases; exit code 1 when one is missing."""
    from config.cases_file import golden_cases
    from config.coverage import coverage
    from config.load import protocol_names
    from config.texts import say

    faults = 0
    for name in names or protocol_names():
        policy = _policy(name)
        found = coverage(policy.protocol, policy.rules, golden_cases())
        faults += len(found.faults)
        typer.echo("\n".join(_lines(found, lang)))
    typer.echo(say("protocol.whole" if not faults else "protocol.faults", lang, count=faults))
    raise typer.Exit(1 if faults else 0)


def _policy(name: str) -> Policy:
    from config.load import ConfigError, factory_policy

    try:
        return factory_policy(name)
    except ConfigError as error:
        raise Trouble(error.problem, error.hint) from error


def _lines(found: Coverage, lang: str) -> list[str]:
    from config.texts import say
    from policy.model import ClauseKind

    counts = {kind.value: found.count(kind) for kind in ClauseKind}
    lines = [say("protocol.head", lang, school=found.protocol.school, clauses=len(found.rows), **counts)]
    for row in found.rows:
        clause = row.clause
        what = {
            ClauseKind.ENFORCED: ", ".join(row.rules),
            ClauseKind.SUPPORTED: ", ".join((*clause.means, *row.rules)),
            ClauseKind.HUMAN: clause.why,
        }[clause.kind]
        lines.append(f"  {clause.id}  {say(f'protocol.kind.{clause.kind.value}', lang)}: {what}")
        if row.cases:
            shown = ", ".join(row.cases[:3]) + (f" +{len(row.cases) - 3}" if len(row.cases) > 3 else "")
            lines.append(f"    {say('protocol.cases', lang, cases=shown)}")
    lines += [f"  ! {say(f'protocol.fault.{fault.value}', lang, id=id_)}" for fault, id_ in found.faults]
    return lines
