"""`klaswacht support bundle`: what somebody elsewhere needs to help, without a secret, a name or a site in it.

Only what is on a list of its own goes in: versions, numbers, and words of the program. Nothing is taken out of a
file, a log or a free text, so that nothing has to be cleaned of what it should not have.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from cli.doctor import examine
from cli.home import Home, Trouble, write_private
from cli.school import AMSTERDAM, read_file, running, terms
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Lists
from config.load import protocol_names
from config.settings import Settings
from config.texts import say
from store import StoreUnavailable, copies, open_store
from store.inventory import ACCOUNT_HOLDINGS, MAIN_HOLDINGS, Holding
from store.migrate import HEADS
from store.opened import Store

app = typer.Typer(help="For whoever helps you from elsewhere.", no_args_is_help=True)

_PACKAGES = ("mitmproxy", "flask", "sqlalchemy", "psycopg", "cryptography", "gunicorn", "tornado", "ada-url")


@app.callback()
def _group() -> None:
    """Keep `bundle` a command of its own."""


@app.command()
def bundle(
    out: Annotated[Path | None, typer.Option("--out", help="The new file; else one with today's date, here.")] = None,
) -> None:
    """Write a file for support: versions, numbers and findings; no names, sites or secrets."""
    now = datetime.now(UTC)
    name = f"klaswacht-support-{now.astimezone(AMSTERDAM):%Y-%m-%d-%H%M}.zip"
    typer.echo(make(Home.here(), (out or Path(name)).absolute(), now))


def make(home: Home, out: Path, now: datetime) -> str:
    """Write the bundle in the new file `out`; what to say. Raises `Trouble`."""
    settings = _settings(home)
    lang = settings.language if settings else "nl"
    if out.exists():
        raise Trouble(say("support.exists", lang, path=out))
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, told in gathered(home, settings, now).items():
            archive.writestr(f"{name}.json", json.dumps(told, indent=1, sort_keys=True))
    try:
        write_private(out, data.getvalue())
    except OSError as error:
        raise Trouble(say("support.disk", lang, path=out, problem=error.strerror or error)) from error
    return say("support.made", lang, path=out).rstrip()


def gathered(home: Home, settings: Settings | None, now: datetime) -> dict[str, Any]:
    """What goes into a bundle: a name for each part. What cannot be found out is the name of the fault."""
    parts: dict[str, Callable[[], Any]] = {
        "machine": lambda: _machine(home, now),
        "doctor": lambda: _doctor(home, now),
        "settings": lambda: _told(settings),
        "lists": lambda: _lists(home),
        "database": lambda: _database(home, settings, now),
    }
    found: dict[str, Any] = {}
    for name, part in parts.items():
        try:
            found[name] = part()
        except Exception as error:  # a bundle is made when things are broken; its text might name anything
            found[name] = {"fault": type(error).__name__}
    return found


def _settings(home: Home) -> Settings | None:
    try:
        return read_file(home)[0].settings
    except Trouble:
        return None


def _machine(home: Home, now: datetime) -> dict[str, Any]:
    disk = shutil.disk_usage(home.path)
    there = {one.metadata["Name"].lower() for one in distributions()}
    return {
        "made": now.isoformat(timespec="seconds"),
        "klaswacht": version("klaswacht"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {name: version(name) for name in _PACKAGES if name in there},
        "cores": os.process_cpu_count(),
        "load": list(os.getloadavg()),
        "disk_free_mb": disk.free // 2**20,
        "disk_mb": disk.total // 2**20,
        "running": running(home),
        "root": os.geteuid() == 0,
        "in_a_container": Path("/.dockerenv").exists() or Path("/run/.containerenv").exists(),
        "executable_is_ours": Path(sys.prefix) != Path(sys.base_prefix),
    }


def _doctor(home: Home, now: datetime) -> list[dict[str, Any]]:
    """What the doctor found: how bad and which sentence, and of its values only the numbers."""
    findings, _ = examine(home, now)
    return [
        {"level": one.level.value, "code": one.code, "numbers": {k: v for k, v in one.values.items() if _is_number(v)}}
        for one in findings
    ]


def _told(settings: Settings | None) -> dict[str, Any] | None:
    if settings is None:
        return None
    listen = settings.listen
    return {
        "language": settings.language,
        "protocol": settings.protocol if settings.protocol in protocol_names() else "own",
        "retention": {name: days for name, days in settings.retention.items() if _is_number(days)},
        "second_factor": settings.sign_in.second_factor,
        "ports": {"proxy": listen.proxy, "keyed": listen.keyed, "dashboard": listen.dashboard, "dns": listen.dns,
                  "page": listen.page, "transparent": listen.transparent, "groups": len(listen.groups)},
        "workers": settings.workers,
    }  # fmt: skip


def _lists(home: Home) -> list[dict[str, Any]] | dict[str, str]:
    """Of each list its category, its size and whether there is trouble; an address may hold a key."""
    try:
        feeds = Lists(home.path).shelf().feeds.values()
    except FeedError:
        return {"fault": "FeedError"}
    return [
        {"names": one.now.names, "when": one.now.when, "waits": one.waits is not None, "trouble": bool(one.problem)}
        for one in feeds
    ]


def _database(home: Home, settings: Settings | None, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": copies.kind(home.database_url), "wanted": {k.value: v for k, v in HEADS.items()}}
    if settings is None:
        return found
    try:
        with closing(open_store(home.database_url, home.accounts_url, key=home.columns_key)) as store:
            found["revision"] = store.revision(settings.school.id)
            found["rows"] = _rows(store)
            found["chain_holds"] = store.audit.proof(settings.school.id).broken is None
            held = terms(settings)
            found["over_term"] = sum(one.over for one in store.kept(settings.school.id, now, held))
    except StoreUnavailable:
        found["fault"] = "StoreUnavailable"
    return found


def _rows(store: Store) -> dict[str, int]:
    with store.database.read() as connection:
        found = {one.name: _count(connection, one) for one in MAIN_HOLDINGS}
    if store.accounts_database is not None:
        with store.accounts_database.read() as connection:
            found |= {one.name: _count(connection, one) for one in ACCOUNT_HOLDINGS}
    return found


def _count(connection: sa.Connection, one: Holding) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(one.table)).scalar() or 0)


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float)
