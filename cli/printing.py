"""`klaswacht printing`: makes a CUPS on this computer print by permission, says how it stands, and puts all back.

Everything in CUPS is changed through CUPS, over its local socket, so it is the same however a machine starts services.
What was there before is written down first; every step can be done again after being stopped halfway.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cups import Attributes, Cups, CupsError, Given, Tag
from agent.print_rules import IDLE, PUPILS_POLICY, REAL_POLICY, SCHEME, STOPPED, faults, with_block, without_block
from agent.printed import HOME, PrintSetting, read_json, read_setting, write_json, write_setting
from cli.home import Trouble
from config.texts import say

app = typer.Typer(no_args_is_help=True, help="Printing by permission, on the computer with the print queues.")
_BACKUP = "backup.json"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,127}")
_PATIENCE, _LOOK_EVERY = 20.0, 0.2  # seconds for CUPS to read its file again

HomeOption = Annotated[Path, typer.Option("--home", help="Where the setting and the marks of printed jobs are kept.")]
LangOption = Annotated[str, typer.Option("--lang", help="Language of what is said.")]


@app.command("setup")
def setup(
    printer: Annotated[str | None, typer.Option("--printer", help="The queue of the printer, as it is now.")] = None,
    pupils: Annotated[str | None, typer.Option("--pupils", help="The name of the pupils' queue.")] = None,
    guard: Annotated[str | None, typer.Option("--guard", help="The account under which the agent runs.")] = None,
    pages: Annotated[int | None, typer.Option("--pages", min=0, help="Most pages of one job; 0: any number.")] = None,
    staff: Annotated[list[str] | None, typer.Option("--staff", help="Account or @group that prints itself.")] = None,
    socket: Annotated[Path | None, typer.Option("--socket", help="CUPS's local socket.")] = None,
    backends: Annotated[Path | None, typer.Option("--backends", help="CUPS's folder of backends.")] = None,
    home: HomeOption = HOME,
    lang: LangOption = "nl",
) -> None:
    """Make the pupils' queue, stopped, and close the printer's own for them; again: put right what changed."""
    known = read_setting(home) or PrintSetting()
    if printer and (home / _BACKUP).exists() and printer != known.real:
        raise Trouble(say("printing.other_printer", lang, printer=known.real))
    given: dict[str, Any] = {
        "real": printer,
        "pupils": pupils,
        "guard": guard,
        "cap": pages,
        "staff": tuple(staff) if staff else None,
        "socket": str(socket) if socket else None,
        "backends": str(backends) if backends else None,
    }
    setting = replace(known, **{name: value for name, value in given.items() if value is not None})
    install(home, replace(setting, cap=setting.cap or None), lang)
    typer.echo(say("printing.ready", lang, pupils=setting.pupils, real=setting.real))
    typer.echo(say("printing.around", lang))


@app.command("remove")
def remove(home: HomeOption = HOME, lang: LangOption = "nl") -> None:
    """Put everything back as it was before `setup`; what waits in the pupils' queue is gone."""
    typer.echo(say("printing.removed", lang, waiting=uninstall(home, lang)))


@app.command("status")
def status(home: HomeOption = HOME, lang: LangOption = "nl") -> None:
    """Say how many jobs wait and what is wrong; nothing of what is in a job."""
    setting = read_setting(home)
    if setting is None:
        raise Trouble(say("printing.not_here", lang))
    cups = Cups(Path(setting.socket))
    found = list(faults(cups, setting))
    for code, values in found:
        typer.echo(say(f"printing.fault.{code}", lang, **values))
    if not any(code in {"silent", "no_queue"} for code, _ in found):
        typer.echo(say("printing.waiting", lang, waiting=_asked(lambda: len(cups.jobs(setting.pupils)), lang)))
    typer.echo(say("printing.around", lang))
    raise typer.Exit(1 if found else 0)


def install(home: Path, setting: PrintSetting, lang: str) -> None:
    """Make CUPS as `setting` says. Doing it again changes nothing that is right already.

    Raises:
        Trouble: not allowed, no such printer or account, or CUPS does not do it.
    """
    if os.geteuid() != 0:
        raise Trouble(say("printing.not_root", lang))
    account = _account(setting, lang)
    cups = Cups(Path(setting.socket))
    queues = _queues(cups, lang)
    if setting.real not in queues or setting.real == setting.pupils:
        raise Trouble(say("printing.no_printer", lang, printer=setting.real, queues=", ".join(sorted(queues)) or "-"))
    try:
        _folders(home, account)
        if not (home / _BACKUP).exists():
            _keep_backup(home, cups, queues, setting, lang)
        before = read_json(home / _BACKUP) or {}
        _write_device(home, setting.real, str(before["real"]["device-uri"]))
        _install_backend(home, Path(setting.backends))
        # Last of the files: from here on `doctor` looks.
        write_setting(home, setting)
    except (OSError, KeyError) as problem:
        raise Trouble(say("printing.cannot", lang, problem=problem)) from problem
    _configure(cups, lambda text: with_block(text, setting), lang)
    ppd = _soon(lambda: b"" if setting.pupils in queues else cups.ppd(setting.real), lang)
    _soon(lambda: cups.change(setting.pupils, _pupils_queue(), ppd), lang)
    # After the pupils' queue: at no moment is there one that prints and another that is not closed yet.
    _soon(lambda: cups.change(setting.real, _real_queue(setting.real)), lang)


def uninstall(home: Path, lang: str) -> int:
    """Put CUPS back and forget everything; returns how many jobs waited. Raises `Trouble`."""
    if os.geteuid() != 0:
        raise Trouble(say("printing.not_root", lang))
    setting, before = read_setting(home), read_json(home / _BACKUP)
    if setting is None or before is None:
        raise Trouble(say("printing.not_here", lang))
    cups = Cups(Path(setting.socket))
    queues = _queues(cups, lang)
    waiting = 0
    if setting.pupils in queues:
        waiting = len(_asked(lambda: cups.jobs(setting.pupils), lang))
        if before["pupils"] is None:
            _soon(lambda: cups.delete(setting.pupils), lang)
        else:
            _soon(lambda: cups.change(setting.pupils, _as_before(before["pupils"])), lang)
    if setting.real in queues:
        _soon(lambda: cups.change(setting.real, _as_before(before["real"])), lang)
    _configure(cups, without_block, lang)
    try:
        (Path(setting.backends) / SCHEME).unlink(missing_ok=True)
        shutil.rmtree(home)
    except OSError as problem:
        raise Trouble(say("printing.cannot", lang, problem=problem)) from problem
    return waiting


def _account(setting: PrintSetting, lang: str) -> pwd.struct_passwd:
    for name in (setting.pupils, setting.real, setting.guard, *(one.removeprefix("@") for one in setting.staff)):
        if not _NAME.fullmatch(name):
            raise Trouble(say("printing.bad_name", lang, name=name))
    try:
        return pwd.getpwnam(setting.guard)
    except KeyError:
        raise Trouble(say("printing.no_account", lang, account=setting.guard)) from None


def _folders(home: Path, account: pwd.struct_passwd) -> None:
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    home.chmod(0o755)
    for name, mode in (("devices", 0o700), ("marks", 0o755), ("journal", 0o700)):
        (home / name).mkdir(mode=mode, exist_ok=True)
        (home / name).chmod(mode)
    os.chown(home / "journal", account.pw_uid, account.pw_gid)


def _keep_backup(home: Path, cups: Cups, queues: dict[str, Attributes], setting: PrintSetting, lang: str) -> None:
    there = queues.get(setting.pupils)
    kept = {
        "conf": _asked(cups.configuration, lang),
        "real": _kept(queues[setting.real]),
        "pupils": _kept(there) if there is not None else None,
    }
    write_json(home / _BACKUP, kept, 0o600)


def _kept(queue: Attributes) -> dict[str, object]:
    return {
        "device-uri": queue.text("device-uri"),
        "printer-op-policy": queue.text("printer-op-policy"),
        "printer-is-shared": queue.flag("printer-is-shared"),
        "printer-is-accepting-jobs": queue.flag("printer-is-accepting-jobs"),
        "printer-state": STOPPED if queue.number("printer-state") == STOPPED else IDLE,
    }


def _as_before(kept: dict[str, Any]) -> list[Given]:
    return [
        (Tag.URI, "device-uri", kept["device-uri"]),
        (Tag.NAME, "printer-op-policy", kept["printer-op-policy"]),
        (Tag.BOOLEAN, "printer-is-shared", kept["printer-is-shared"]),
        (Tag.BOOLEAN, "printer-is-accepting-jobs", kept["printer-is-accepting-jobs"]),
        (Tag.ENUM, "printer-state", kept["printer-state"]),
    ]


def _pupils_queue() -> list[Given]:
    return [
        (Tag.URI, "device-uri", f"{SCHEME}:/nothing"),
        (Tag.NAME, "printer-op-policy", PUPILS_POLICY),
        (Tag.BOOLEAN, "printer-is-shared", True),
        (Tag.BOOLEAN, "printer-is-accepting-jobs", True),
        (Tag.ENUM, "printer-state", STOPPED),
    ]


def _real_queue(name: str) -> list[Given]:
    return [
        (Tag.URI, "device-uri", f"{SCHEME}:/{name}"),
        (Tag.NAME, "printer-op-policy", REAL_POLICY),
        (Tag.BOOLEAN, "printer-is-accepting-jobs", True),
    ]


def _write_device(home: Path, queue: str, uri: str) -> None:
    file = home / "devices" / queue
    file.write_text(uri, "utf-8")
    file.chmod(0o600)


def _install_backend(home: Path, backends: Path) -> None:
    text = resources.files("agent.platform").joinpath("klaswacht-backend").read_text("utf-8")
    text = text.replace("@HOME@", f"'{home}'").replace("@BACKENDS@", f"'{backends}'")
    new = backends / f".{SCHEME}.new"
    new.write_text(text, "utf-8")
    # Only root may run it, so CUPS runs it as root: it reads the printer's address, and real backends may need it.
    new.chmod(0o700)
    new.replace(backends / SCHEME)


def _configure(cups: Cups, change: Callable[[str], str], lang: str) -> None:
    text = _asked(cups.configuration, lang)
    if change(text) != text:
        _soon(lambda: cups.configure(change(text)), lang)


def _queues(cups: Cups, lang: str) -> dict[str, Attributes]:
    return {one.text("printer-name"): one for one in _asked(cups.printers, lang)}


def _asked[T](ask: Callable[[], T], lang: str) -> T:
    try:
        return ask()
    except CupsError as problem:
        raise Trouble(say("printing.cups_says", lang, problem=problem)) from problem


def _soon[T](ask: Callable[[], T], lang: str) -> T:
    """Ask again while CUPS reads its file: until then it does not know our policies."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return ask()
        except CupsError as problem:
            if time.monotonic() > end:
                raise Trouble(say("printing.cups_says", lang, problem=problem)) from problem
            time.sleep(_LOOK_EVERY)
