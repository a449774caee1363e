"""`klaswacht agent`: enrol this computer, watch it, say how it stands, and take it out again."""

from __future__ import annotations

import logging
import subprocess
import threading
from pathlib import Path
from typing import Annotated

import typer

from agent.__main__ import start, stop_on_signals
from agent.home import Enrolment, Home, default_home
from agent.link import Link, LinkError, enrol
from agent.outbox import Outbox
from agent.school import School
from cli.agent_unit import System, install, remove
from config.factory import program_knowledge
from config.texts import say

app = typer.Typer(no_args_is_help=True, help="The agent on a pupil's computer.")

HomeOption = Annotated[Path | None, typer.Option("--home", help="The agent's folder (else KLASWACHT_AGENT_HOME).")]


def _home(path: Path | None) -> Home:
    return Home(path or default_home())


def _asked(school: School, home: Home, enrolment: Enrolment) -> None:
    """Ask the school for news once. Raises `LinkError`."""
    school.refresh(Link(enrolment, home.ca, clock=school.clock))


def _stop(code: str, **values: object) -> typer.Exit:
    typer.echo(say(f"agent.{code}", "nl", **values), err=True)
    return typer.Exit(1)


@app.command("enroll")
def enroll(
    server: Annotated[str, typer.Argument(help="The school's dashboard: host:port.")],
    code: Annotated[str, typer.Argument(help="The one-time code from the coordinator.")],
    ca: Annotated[Path, typer.Option("--ca", help="The school's CA file (klaswacht-ca.crt).")],
    home: HomeOption = None,
) -> None:
    """Enrol this computer with a one-time code; only a server with a certificate of the given CA is believed."""
    here = _home(home)
    known = here.enrolment()
    if known is not None:
        raise _stop("enrolled_already", device=known.device, server=known.server)
    try:
        certificate = ca.read_bytes()
    except OSError:
        raise _stop("no_ca", ca=ca) from None
    try:
        here.check()
        enrolment = enrol(server, ca, code)
        here.enrol(enrolment, certificate)
    except LinkError as problem:
        raise _stop("failed", why=problem) from None
    except OSError as problem:
        raise _stop("unwritable", home=here.path, why=problem) from None
    typer.echo(say("agent.enrolled", enrolment.language, device=enrolment.device, server=enrolment.server))
    try:
        # The first copy at once: from here on the computer knows the rules, also without the server.
        _asked(School(here, program_knowledge()), here, enrolment)
    except LinkError as problem:
        typer.echo(say("agent.status.away", enrolment.language, why=problem), err=True)


@app.command("run")
def run(
    home: HomeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look and log; close nothing.")] = False,
    under: Annotated[int | None, typer.Option("--under", help="Only what this process started (a trial).")] = None,
) -> None:
    """Watch this computer until Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    here, stop = _home(home), threading.Event()
    stop_on_signals(stop)
    if here.enrolment() is not None:
        typer.echo(say("agent.watching"))
    raise typer.Exit(start(here, stop, dry_run=dry_run, under=under))


@app.command("status")
def status(home: HomeOption = None) -> None:
    """Say which device this is, whether the school can be reached, and what waits."""
    here = _home(home)
    enrolment = here.enrolment()
    if enrolment is None:
        raise _stop("not_enrolled", home=here.path)
    lang = enrolment.language
    typer.echo(say("agent.status.device", lang, device=enrolment.device))
    typer.echo(say("agent.status.server", lang, server=enrolment.server))
    school, outbox = School(here, program_knowledge()), Outbox(here)
    if school.snapshot is None or school.heard is None:
        typer.echo(say("agent.line.bad_copy" if school.refused else "agent.status.no_copy", lang))
    else:
        when = school.heard.astimezone().strftime("%Y-%m-%d %H:%M")
        typer.echo(say("agent.status.copy", lang, revision=school.snapshot.revision, when=when))
    typer.echo(say("agent.status.waiting", lang, waiting=len(outbox), lost=outbox.lost))
    try:
        _asked(school, here, enrolment)
    except LinkError as problem:
        typer.echo(say("agent.status.refused" if problem.permanent else "agent.status.away", lang, why=problem))
        raise typer.Exit(1) from None
    revision = school.snapshot.revision if school.snapshot else 0
    typer.echo(say("agent.status.reached", lang, revision=revision))


@app.command("install")
def install_service(home: HomeOption = None) -> None:
    """Let the system keep the agent running, with few rights (systemd; as root). Enrol first."""
    here = _home(home or Path("/var/lib/klaswacht-agent"))
    if here.enrolment() is None:
        raise _stop("not_enrolled", home=here.path)
    if here.path.resolve().parent != Path("/var/lib"):
        raise _stop("unit.elsewhere", home=here.path)
    system = System()
    try:
        install(system, here.path.resolve())
    except (OSError, subprocess.SubprocessError) as problem:
        raise _stop("unit.failed", why=_why(problem)) from None
    typer.echo(say("agent.unit.installed" if system.runs else "agent.unit.written", unit=system.unit))


@app.command("remove")
def remove_service() -> None:
    """Take the service away again (as root). The computer stays enrolled."""
    try:
        gone = remove(System())
    except (OSError, subprocess.SubprocessError) as problem:
        raise _stop("unit.failed", why=_why(problem)) from None
    typer.echo(say("agent.unit.removed" if gone else "agent.unit.none"))


def _why(problem: Exception) -> str:
    said = problem.stderr if isinstance(problem, subprocess.CalledProcessError) else problem
    return str(said).strip()


@app.command("unenroll")
def unenroll(home: HomeOption = None) -> None:
    """Tell the school that this computer is taken out, and forget its keys, copy and events, also without the school.

    The device itself stays in the school's list; it is taken out of that on the school's own screen.
    """
    here = _home(home)
    enrolment = here.enrolment()
    if enrolment is None:
        raise _stop("not_enrolled", home=here.path)
    told = "told"
    try:
        Link(enrolment, here.ca).leave()
    except LinkError:
        told = "untold"
    try:
        here.forget()
    except OSError as problem:
        raise _stop("unwritable", home=here.path, why=problem) from None
    typer.echo(say("agent.gone", enrolment.language))
    typer.echo(say(f"agent.line.{told}", enrolment.language))
