"""`klaswacht privacy`: what is kept and whether it went in time, all that is kept of one pupil, and erasing one."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.home import Home, Trouble, write_private
from cli.school import AMSTERDAM, opened, read_file, terms
from config.settings import Settings
from config.texts import has, say
from store.due import Standing, Terms
from store.inventory import HOLDINGS, Erase, Holding
from store.privacy import Erased, Export, Row

app = typer.Typer(help="What is kept of whom, and the rights of pupils and their parents.", no_args_is_help=True)

GRACE = timedelta(hours=3)
"""The guard forgets every hour; what is over for longer than this was not forgotten."""

_BY = "cli"
_TECHNICAL = frozenset({"id", "uid", "person_id", "people", "without", "grant_id", "sanction_id", "revision"})
"""Columns that say nothing to a reader; they are in the JSON."""


@app.command("kept")
def kept(as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False) -> None:
    """Show the oldest of each kind against its term; fails when something is kept for too long."""
    text, fine = told(Home.here(), datetime.now(UTC), as_json=as_json)
    typer.echo(text)
    raise typer.Exit(0 if fine else 1)


@app.command("export")
def export(
    pupil: Annotated[str, typer.Option("--pupil", help="The id of the pupil.")],
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
) -> None:
    """Write all that is kept of one pupil, to read and as JSON (AVG article 15)."""
    typer.echo(write_out(Home.here(), pupil, out, datetime.now(UTC)))


@app.command("erase")
def erase(
    pupil: Annotated[str, typer.Option("--pupil", help="The id of the pupil.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase one pupil (AVG article 17), and say what stays and why."""
    home = Home.here()
    lang = read_file(home)[0].settings.language
    if not yes:
        typer.confirm(say("privacy.erase.sure", lang, pupil=pupil), abort=True)
    typer.echo(erased(home, pupil, datetime.now(UTC)))


def told(home: Home, now: datetime, *, as_json: bool = False) -> tuple[str, bool]:
    """How each kind stands, to print, and whether nothing is past its term. Raises `Trouble`."""
    settings = read_file(home)[0].settings
    held = terms(settings)
    with closing(opened(home, migrate=False)) as store:
        found = store.kept(settings.school.id, now - GRACE, held)
    fine = not any(one.over for one in found)
    lang = settings.language
    if as_json:
        return json.dumps([_as_json(one, held) for one in found], indent=1), fine
    lines = [_line(one, held, lang) for one in found]
    wide = max(len(line[0]) for line in lines)
    shown = [f"{first:<{wide}}  {rest}" for first, rest in lines]
    return "\n".join([*shown, "", say(f"privacy.kept.{'fine' if fine else 'over'}", lang)]), fine


def write_out(home: Home, pupil: str, out: Path, now: datetime) -> str:
    """Write `gegevens.json` and `gegevens.html` in the new folder `out`; what to say. Raises `Trouble`."""
    settings = read_file(home)[0].settings
    lang = settings.language
    if out.exists():
        raise Trouble(say("privacy.export.exists", lang, path=out))
    with closing(opened(home, migrate=False)) as store:
        found = store.privacy.export(settings.school.id, pupil, _BY, now)
    if found is None:
        raise Trouble(say("privacy.unknown", lang, pupil=pupil))
    try:
        out.mkdir(mode=0o700)
        data = {"pupil": found.pupil, "name": found.name, "made": now.isoformat(), "rows": dict(found.rows)}
        write_private(out / "gegevens.json", json.dumps(data, ensure_ascii=False, indent=1).encode())
        write_private(out / "gegevens.html", page(found, settings, now).encode())
    except OSError as error:
        raise Trouble(say("privacy.export.disk", lang, path=out, problem=error.strerror or error)) from error
    return say("privacy.export.made", lang, path=out).rstrip()


def erased(home: Home, pupil: str, now: datetime) -> str:
    """Erase a pupil; what to say. Raises `Trouble`."""
    settings = read_file(home)[0].settings
    lang = settings.language
    with closing(opened(home, migrate=False)) as store:
        done = store.privacy.erase(settings.school.id, pupil, _BY, now)
        if done is None:
            raise Trouble(say("privacy.unknown", lang, pupil=pupil))
        # The space of what was erased is wiped by the purge, which also forgets what is due.
        store.purge(settings.school.id, now, terms(settings))
    return "\n".join(_said(done, terms(settings), lang))


def _said(done: Erased, held: Terms, lang: str) -> Iterator[str]:
    yield say("privacy.erase.gone", lang)
    for what, rows in done.gone.items():
        yield f"  {say(f'privacy.table.{what}', lang)}: {rows}"
    if done.cut or done.texts:
        yield say("privacy.erase.cut", lang)
        for what, rows in done.cut.items():
            yield f"  {say(f'privacy.table.{what}', lang)}: {rows}"
        if done.texts:
            yield f"  {say('privacy.erase.texts', lang)}: {done.texts}"
    yield say("privacy.erase.left", lang)
    for one in HOLDINGS:
        if one.erase is Erase.LEFT:
            why = say(f"privacy.why.{one.why}", lang)
            yield f"  {say(f'privacy.table.{one.name}', lang)} ({_terms(one, held, lang)}): {why}"
    yield f"  {say('privacy.erase.backups', lang)}"
    if done.mentions:
        yield say("privacy.erase.mentions", lang, count=len(done.mentions)).rstrip()
        yield from (f"  {say(f'privacy.table.{table}', lang)}: {row}" for table, row in done.mentions)
    yield say("privacy.erase.again", lang).rstrip()


def page(found: Export, settings: Settings, now: datetime) -> str:
    """What is kept of a pupil, to read: a page that needs nothing else."""
    lang, held = settings.language, terms(settings)

    def said(code: str, **values: object) -> str:
        return html.escape(say(f"privacy.page.{code}", lang, **values).strip())

    moment = f"{now.astimezone(AMSTERDAM):%d-%m-%Y}"
    parts = [f"<h1>{said('title', name=found.name)}</h1>", f"<p>{said('lead', day=moment)}</p>"]
    for one in HOLDINGS:
        rows = found.rows.get(one.name)
        if rows:
            name = say(f"privacy.table.{one.name}", lang)
            parts += [f"<h2>{html.escape(name[:1].upper() + name[1:])}</h2>"]
            parts += [f"<p>{said('term', term=_terms(one, held, lang))}</p>"]
            parts += [_list(one, row, lang) for row in rows]
    parts += [f"<h2>{said('not_here')}</h2>", f"<p>{said('confidence')}</p>", f"<p>{said('never')}</p>"]
    parts += [f"<h2>{said('rights')}</h2>", f"<p>{said('your_rights')}</p>"]
    style = "body{font:16px/1.5 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}dt{font-weight:600}"
    style += "dl{border-left:3px solid #888;padding-left:1rem;overflow-wrap:anywhere}dd{margin:0 0 .4rem}"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{style}</style>'
    title = f"<title>{said('title', name=found.name)}</title>"
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="{lang}"><head>{head}{title}</head><body>\n{body}\n</body></html>\n'


def _list(one: Holding, row: Row, lang: str) -> str:
    # What somebody typed is shown as it was typed, also where it reads like a word of the program.
    typed = {*one.texts, *one.names}
    shown = [
        (name, str(value or "") if name in typed else _value(value, lang))
        for name, value in row.items()
        if name not in _TECHNICAL
    ]
    items = [f"<dt>{html.escape(_column(name, lang))}</dt><dd>{html.escape(text)}</dd>" for name, text in shown if text]
    return f"<dl>{''.join(items)}</dl>"


def _value(value: Any, lang: str) -> str:
    if isinstance(value, bool):
        return say(f"privacy.page.{'yes' if value else 'no'}", lang)
    if isinstance(value, list):
        return ", ".join(_value(one, lang) for one in value)
    if isinstance(value, str) and value[4:5] == "-" and "T" in value:
        try:
            return f"{datetime.fromisoformat(value).astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
        except ValueError:
            return value
    if isinstance(value, str) and has(f"privacy.value.{value}", lang):
        return say(f"privacy.value.{value}", lang)
    return "" if value is None else str(value)


def _column(name: str, lang: str) -> str:
    return say(f"privacy.column.{name}", lang) if has(f"privacy.column.{name}", lang) else name


def _terms(one: Holding, held: Terms, lang: str) -> str:
    return ", ".join(dict.fromkeys(_term(name, held, lang) for name in one.terms))


def _term(name: str, held: Terms, lang: str) -> str:
    days = getattr(held, name, 0)
    code = name if has(f"privacy.term.{name}", lang) else "day" if days == 1 else "days"
    return say(f"privacy.term.{code}", lang, days=days)


def _line(one: Standing, held: Terms, lang: str) -> tuple[str, str]:
    first = f"{say(f'privacy.table.{one.due.table.fullname}', lang)} ({_term(one.due.term, held, lang)})"
    oldest = f"{one.oldest.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}" if one.oldest else one.first
    if not one.rows:
        return first, say("privacy.kept.none", lang)
    late = say("privacy.kept.late", lang, count=one.over) if one.over else say("privacy.kept.in_time", lang)
    return first, say("privacy.kept.row", lang, rows=one.rows, oldest=oldest or "-", state=late)


def _as_json(one: Standing, held: Terms) -> dict[str, Any]:
    return {
        "table": str(one.due.table.fullname),
        "term": one.due.term,
        "days": getattr(held, one.due.term, None),
        "clock": str(one.due.clock.key),
        "rows": one.rows,
        "over": one.over,
        "oldest": one.oldest.isoformat() if one.oldest else one.first or None,
    }
