"""`klaswacht lists`: which lists of others the school subscribes to. What changes takes effect by itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli.home import Home, Trouble

app = typer.Typer(help="The lists of others that the school subscribes to.", no_args_is_help=True)


@app.command("add")
def add(
    source: Annotated[
        str, typer.Argument(metavar="ID-OR-SOURCE", help="An id of the catalogue, an address, a file or a folder.")
    ],
    category: Annotated[str, typer.Option(help="Which kind of site this list holds, such as games.")] = "",
    form: Annotated[str, typer.Option("--format", help="How it is written; else found out.")] = "",
    name: Annotated[str, typer.Option("--id", help="What to call it here.")] = "",
    licence: Annotated[str, typer.Option(help="The licence of its makers, to show.")] = "",
) -> None:
    """Subscribe to a list: fetch it, read it, and close what it names by the school's rules."""
    from cli import lists_told, subscribed

    home = Home.here()
    added = subscribed.add(home, subscribed.Wish(source, category, form, name, licence))
    typer.echo("\n".join(lists_told.of_feed(added, subscribed.language(home))))


@app.command("update")
def update(
    feeds: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Which; else all of them.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take what waits, however much it changed.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Go back to the version before this one.")] = False,
    nightly: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Bring lists up to date."""
    from cli import lists_told, subscribed
    from config.feeds.update import Outcome

    home = Home.here()
    done = subscribed.bring_up_to_date(home, feeds or [], yes=yes, back=back, nightly=nightly)
    lang = subscribed.language(home)
    failed = [name for name, outcome in done.outcomes.items() if outcome is Outcome.FAILED]
    for name, outcome in done.outcomes.items():
        if name not in failed:
            typer.echo("\n".join(lists_told.of_outcome(done.feeds[name], outcome, lang)))
    if failed:
        problems = "; ".join(f"`{name}`: {done.feeds[name].problem}" for name in failed)
        raise Trouble(f"not updated, what was in force stays: {problems}")


@app.command("status")
def status(as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False) -> None:
    """Show the lists, whose they are, how big, how old, and what waits."""
    from cli import lists_told, subscribed
    from config.feeds.opened import FeedIndex
    from config.feeds.subscriptions import Lists
    from config.texts import say

    home = Home.here()
    with subscribed.told():
        shelf = Lists(home.path).shelf()
    index, lang = FeedIndex(home.path), subscribed.language(home)
    if as_json:
        feeds = [lists_told.plain(feed) for feed in shelf.feeds.values()]
        told = {"names": len(index), "problem": index.problem, "night": shelf.night, "feeds": feeds}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    if not shelf.feeds:
        typer.echo(say("lists.none", lang))
        return
    for feed in shelf.feeds.values():
        typer.echo("\n".join(lists_told.of_feed(feed, lang)))
    if index.problem:
        typer.echo(say("cli.doctor.lists_damaged", lang, problem=index.problem))
    typer.echo(say("lists.together", lang, names=lists_told.number(len(index))))
    night = say("lists.night", lang, when=lists_told.day(shelf.night)) if shelf.night else say("lists.no_night", lang)
    typer.echo(night)


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(metavar="ID", help="Which list.")]) -> None:
    """Give a list up; what it alone closed is open again."""
    from cli import subscribed
    from config.texts import say

    home = Home.here()
    subscribed.remove(home, name)
    typer.echo(say("lists.removed", subscribed.language(home), id=name))


@app.command("catalogue")
def catalogue() -> None:
    """Show lists that schools use."""
    from cli import subscribed
    from config.feeds.catalogue import checked_on, offers
    from config.texts import say

    lang = subscribed.language(Home.here())
    typer.echo(say("lists.catalogue", lang, date=f"{checked_on():%d-%m-%Y}"))
    for offer in offers().values():
        typer.echo(f"\n{offer.id}  [{offer.category}]  {offer.licence}\n  {offer.note}\n  {offer.homepage}")


@app.command("compile", hidden=True)
def compile_index() -> None:
    """Make the index again from what is here; the guard does so by itself when the rules ask for it."""
    from cli import subscribed

    subscribed.compile_again(Home.here())
