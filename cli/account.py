"""`klaswacht account`: what somebody at the computer itself can do about an account when nobody else can."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.home import Home, Trouble
from cli.school import AMSTERDAM, coordinator_link, good_settings, opened, read_file
from config import load
from config.texts import say
from dashboard.actions.desk import Desk
from dashboard.actions.second_factor import take_away

app = typer.Typer(help="Help with accounts, for who sits at the computer of the guard.", no_args_is_help=True)


@app.command("first-link")
def first_link() -> None:
    """Print the one-time link with which the first coordinator chooses a password."""
    typer.echo(link(Home.here(), datetime.now(UTC)))


def link(home: Home, now: datetime) -> str:
    """The link, where no coordinator has ever chosen a password.

    Raises:
        Trouble: somebody has.
    """
    settings = good_settings(home)
    lang, listen = settings.language, settings.listen
    with closing(opened(home, migrate=False)) as store:
        made = coordinator_link(Desk(store, load.knowledge(settings), settings.school.id, settings), now)
    if made is None:
        raise Trouble(say("cli.account.no_link", lang), say("cli.account.no_link_remedy", lang))
    until = f"{made.until.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
    told = say("cli.up.link", lang, login=made.login, until=until).rstrip()
    return f"{told}\n  https://{listen.name}:{listen.dashboard}/wachtwoord/{made.token}"


@app.command("second-factor-reset")
def second_factor_reset(login: Annotated[str, typer.Argument(help="The name that somebody signs in with.")]) -> None:
    """Take away a second factor, when the phone and the recovery codes are lost and no colleague can do it."""
    typer.echo(reset(Home.here(), login, datetime.now(UTC)))


def reset(home: Home, login: str, now: datetime) -> str:
    """Take the second factor of `login` away; the sentence that says so. It is logged, and the person is told.

    Raises:
        Trouble: there is no such account, or it has no second factor.
    """
    file, _ = read_file(home)
    settings, lang = file.settings, file.settings.language
    with closing(opened(home, migrate=False)) as store:
        desk = Desk(store, load.knowledge(settings), settings.school.id, settings)
        account = store.accounts.find(desk.school, login)
        if account is None:
            raise Trouble(say("cli.account.unknown", lang, login=login), say("cli.account.unknown_remedy", lang))
        if not take_away(desk, account, "command", now):
            raise Trouble(say("cli.account.none", lang, login=login), say("cli.account.none_remedy", lang))
    return say("cli.account.reset", lang, login=login)
