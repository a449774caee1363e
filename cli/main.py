"""The `klaswacht` command; what starts the guard or looks at all of it is imported when it runs."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from cli import (
    account,
    agent,
    backup_commands,
    ca_commands,
    chromebook,
    emergency,
    lists,
    policy,
    printing,
    privacy,
    protocol,
    sbom,
    store_commands,
    support,
)
from cli.check import check
from cli.firewall import firewall
from cli.haproxy import haproxy
from cli.home import Home, Trouble
from cli.keylog import forget_key_logs
from cli.logs import set_up
from cli.now import now

app = typer.Typer(
    name="klaswacht",
    help="Keeps a school's social-media protocol on its network and devices, and stays kind.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(policy.app, name="policy")
app.add_typer(ca_commands.app, name="ca")
app.add_typer(agent.app, name="agent")
app.add_typer(printing.app, name="printing")
app.add_typer(chromebook.app, name="chromebook")
app.add_typer(account.app, name="account")
app.add_typer(lists.app, name="lists")
app.add_typer(protocol.app, name="protocol")
app.add_typer(emergency.app, name="emergency")
app.add_typer(privacy.app, name="privacy")
app.add_typer(support.app, name="support")
app.add_typer(store_commands.app, name="store")
app.command("check")(check)
app.command("now")(now)
app.command("sbom")(sbom.sbom)
app.command("audit")(sbom.audit)
app.command("firewall")(firewall)
app.command("haproxy")(haproxy)
app.command("backup")(backup_commands.backup)
app.command("backup-key")(backup_commands.backup_key)
app.command("restore")(backup_commands.restore)


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
