"""The `klaswacht` command. Each sub-command is imported when it runs, so that all start quickly."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version as installed_version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from cli.home import Home, Trouble
from cli.keylog import forget_key_logs
from cli.logs import set_up

_ELSEWHERE = {
    "policy": "cli.policy:app",
    "ca": "cli.ca_commands:app",
    "agent": "cli.agent:app",
    "printing": "cli.printing:app",
    "chromebook": "cli.chromebook:app",
    "account": "cli.account:app",
    "lists": "cli.lists:app",
    "protocol": "cli.protocol:app",
    "emergency": "cli.emergency:app",
    "privacy": "cli.privacy:app",
    "support": "cli.support:app",
    "store": "cli.store_commands:app",
    "check": "cli.check:check",
    "now": "cli.now:now",
    "sbom": "cli.sbom:sbom",
    "audit": "cli.sbom:audit",
    "firewall": "cli.firewall:firewall",
    "haproxy": "cli.haproxy:haproxy",
    "backup": "cli.backup_commands:backup",
    "backup-key": "cli.backup_commands:backup_key",
    "restore": "cli.backup_commands:restore",
}
"""Sub-command to where it is: a group of them, or a function."""


class _OnDemand(TyperGroup):
    """Imports a sub-command when it is asked for: all of them together take longer than most of them run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(dict.fromkeys([*super().list_commands(ctx), *_ELSEWHERE]))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        # Of a name that nobody knows the nearest is told, for which all must be there.
        for name in [cmd_name] if cmd_name in _ELSEWHERE else [] if cmd_name in self.commands else _ELSEWHERE:
            if name not in self.commands:
                self.add_command(_command(name), name)
        return super().get_command(ctx, cmd_name)


def _command(name: str) -> Any:
    module, _, attribute = _ELSEWHERE[name].partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        made: Any = get_group(found)
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command()(found)
        made = get_command(alone)
    made.name = name
    return made


app = typer.Typer(
    name="klaswacht",
    cls=_OnDemand,
    help="Keeps a school's social-media protocol on its network and devices, and stays kind.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def up(
    take_file: Annotated[
        bool, typer.Option("--take-file", help="Take school.yaml over even when the dashboard changed the rules.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=16, help="How many workers; else as school.yaml says, else one a core."),
    ] = None,
    monitor: Annotated[
        str | None,
        typer.Option("--monitor", help="Where watching machines may ask /healthz, /readyz, /metrics: ADDRESS:PORT."),
    ] = None,
    part: Annotated[
        str, typer.Option("--part", help="all; or, as two services with a user each: desk, proxy.")
    ] = "all",
) -> None:
    """Start the guard: proxy and dashboard, until Ctrl-C."""
    from cli.parts import Part
    from cli.proxy_part import up_proxy
    from cli.up import up as start

    if part not in tuple(Part):
        raise Trouble(f"`{part}` is no part of the guard", "say all, desk or proxy")
    if part == Part.PROXY:
        raise typer.Exit(up_proxy(Home.here(), workers=workers, monitor=monitor))
    raise typer.Exit(start(Home.here(), take_file=take_file, workers=workers, monitor=monitor, part=Part(part)))


@app.command()
def reload() -> None:
    """Replace the running guard's processes by new ones, one by one; whoever is busy notices nothing."""
    from cli.reload import reload as ask

    typer.echo(ask(Home.here()))


@app.command()
def demo() -> None:
    """Start the playground: a made-up school and pretend sites, to try everything without internet."""
    from cli.demo.play import demo as start

    raise typer.Exit(start(Home.here()))


@app.command()
def doctor() -> None:
    """Look whether everything is as it should be, and say what to do about what is not."""
    from cli.doctor import examine, render

    findings, lang = examine(Home.here())
    text, failed = render(findings, lang)
    typer.echo(text)
    raise typer.Exit(1 if failed else 0)


@app.command()
def version() -> None:
    """Say which version this is."""
    typer.echo(f"klaswacht {installed_version('klaswacht')}")


def main() -> None:
    """Run the command; what a person must mend is told in one line, with exit code 1."""
    forget_key_logs()
    set_up("klaswacht: %(message)s", "guard")
    try:
        app()
    except Trouble as trouble:
        sys.exit(f"klaswacht: {trouble}")


if __name__ == "__main__":
    main()
