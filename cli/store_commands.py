"""`klaswacht store`: a school from SQLite to PostgreSQL, who may what there, a new key for its words."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from cli.backup.locks import BackupError
from cli.backup.packing import staging
from cli.home import Home, Trouble
from cli.school import no_restore, only_one, proxy_away, read_file
from config.texts import say
from store import StoreUnavailable
from store.moving import Addresses, Copied, NotEmpty, move
from store.roles import Roles, statements
from store.rotation import renew

app = typer.Typer(help="The database itself: to PostgreSQL, who may what there, a new key.", no_args_is_help=True)
_USUAL = Roles()


class How(StrEnum):
    """From what to what."""

    POSTGRES = "sqlite-to-postgres"


@app.command("migrate")
def migrate(
    how: Annotated[How, typer.Argument(help="From what to what.")],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            help="A file with the new address, and on a line of its own that of the accounts; `-`: asked from stdin.",
        ),
    ],
    proving: Annotated[bool, typer.Option("--try", help="Do and compare all of it, and keep nothing.")] = False,
) -> None:
    """Copy the whole school into empty databases; the old ones stay as they are."""
    home = Home.here()
    lang = read_file(home)[0].settings.language
    typer.echo(moved(home, addresses(to, lang), lang, proving=proving))


@app.command("roles")
def roles(
    database: Annotated[str, typer.Option("--database", help="The name of the database.")] = "klaswacht",
    desk: Annotated[str, typer.Option("--desk", help="The role of dashboard and commands.")] = _USUAL.desk,
    accounts: Annotated[str, typer.Option("--accounts", help="The role of the staff accounts.")] = _USUAL.accounts,
    proxy: Annotated[str, typer.Option("--proxy", help="The role of the proxies.")] = _USUAL.proxy,
) -> None:
    """Print the SQL that makes three roles, of which the proxy's cannot read the staff accounts."""
    try:
        typer.echo(statements(database, Roles(desk, accounts, proxy)), nl=False)
    except StoreUnavailable as error:
        raise Trouble(str(error)) from error


@app.command("rotate-key")
def rotate_key() -> None:
    """Seal names and texts with a new key, so that the old one opens nothing. Stop the guard first, on all machines."""
    home = Home.here()
    lang = read_file(home)[0].settings.language
    typer.echo(rotated(home, lang))


def rotated(home: Home, lang: str) -> str:
    """Give both databases a new key; what to say. Broken off, it goes on when it is asked again.

    Raises:
        Trouble: it is not done; everything opens as before.
    """
    no_restore(home)
    try:
        # Nor while a backup is made: its database and its key would not belong together. A proxy that runs has the old
        # key until it is started anew.
        with only_one(home), proxy_away(home), staging(home):
            done = renew(home.database_url, home.accounts_url, home.columns_key)
    except BackupError as error:
        raise Trouble(say("rotation.backup", lang)) from error
    except (StoreUnavailable, sa.exc.DBAPIError) as error:
        raise Trouble(say("rotation.failed", lang, problem=_first_line(error))) from error
    told = [say("rotation.done", lang, words=done.words, file=home.columns_key)]
    if not done.wiped:
        told.append(say("rotation.not_wiped", lang))
    return "\n".join(told)


def _first_line(error: Exception) -> str:
    """What is wrong, without what follows: there may be what a row holds."""
    return (str(error.orig if isinstance(error, sa.exc.DBAPIError) else error).splitlines() or [""])[0]


def addresses(path: Path, lang: str) -> Addresses:
    """What is in the file: one address for both, or two lines. An address has a password, so it is never an argument.

    Raises:
        Trouble: it cannot be read, or is something else.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(say("moving.unreadable", lang, path=path)) from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) not in (1, 2):
        raise Trouble(say("moving.no_address", lang), say("moving.no_address_remedy", lang))
    return Addresses(lines[0], lines[-1])


def moved(home: Home, new: Addresses, lang: str, *, proving: bool = False) -> str:
    """Copy the school's databases to `new`; what to say.

    Raises:
        Trouble: nothing was copied.
    """
    no_restore(home)
    old = Addresses(home.database_url, home.accounts_url)
    try:
        # A proxy that runs would go on writing where nobody looks any more.
        with only_one(home), proxy_away(home):
            done = move(old, new, home.columns_key, proving=proving)
    except NotEmpty as error:
        raise Trouble(say("moving.not_empty", lang, table=error.table), say("moving.not_empty_remedy", lang)) from error
    except StoreUnavailable as error:
        raise Trouble(say("moving.failed", lang, problem=error)) from error
    except sa.exc.DBAPIError as error:
        raise Trouble(say("moving.failed", lang, problem=_first_line(error))) from error
    return "\n".join((*_told(done), say("moving.tried" if proving else "moving.done", lang)))


def _told(done: tuple[Copied, ...]) -> list[str]:
    width = max(len(one.table) for one in done)
    return [f"{one.table:{width}}  {one.rows:>9}" for one in done]
