"""The school's rules in plain words, for everybody, and the paper for the classroom."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request

from config.differences_told import DifferenceLine, difference_lines
from config.protocol_told import Reader, poster, told
from dashboard.access import public
from dashboard.actions.kept import terms
from dashboard.auth import house, words
from dashboard.present.kept import KeptLine, kept_lines
from policy.counsel import has_inbox
from policy.model import Snapshot
from store.retention import Terms

pages = Blueprint("rules", __name__)
_READERS = {"leerling": Reader.PUPIL, "ouder": Reader.PARENT, "leerkracht": Reader.TEACHER}
_FITS = (14, 20)  # lines on one A4 in large and in middle-sized letters


@pages.get("/regels")
@public
def page() -> str:
    """The rules as a child, a parent or a teacher wants them: `?voor=leerling|ouder|leerkracht`."""
    chosen = request.args.get("voor", "")
    reader = _READERS.get(chosen, Reader.PUPIL)
    choices = [(key, words()(f"told.reader.{one.value}"), one is reader) for key, one in _READERS.items()]
    snapshot, lang = _snapshot(), words().lang
    # A child reads what holds; whoever agreed to the protocol reads where the school does otherwise.
    otherwise = () if reader is Reader.PUPIL else _differences(snapshot, lang)
    return render_template(
        "rules.html",
        told=told(snapshot.policy, reader, lang),
        choices=choices,
        differences=otherwise,
        kept=() if reader is Reader.PUPIL else _kept(snapshot),
    )


@pages.get("/regels/papier")
@public
def paper() -> str:
    """One sheet of A4 for the wall of the classroom, in letters as large as its lines allow."""
    sheet = poster(_snapshot().policy, words().lang)
    lines = sum(len(section.lines) for section in sheet.sections[:-1])
    size = next((name for most, name in zip(_FITS, ("large", "middle"), strict=True) if lines <= most), "small")
    return render_template("poster.html", sheet=sheet, size=size)


def _kept(snapshot: Snapshot) -> tuple[KeptLine, ...]:
    wished = terms(house().desk.settings)
    # The guard does not start with a wish that is too long; the shortest that may be is then said nowhere.
    return kept_lines(wished if isinstance(wished, Terms) else Terms(), words(), inbox=has_inbox(snapshot))


def _snapshot() -> Snapshot:
    at = house()
    return at.desk.snapshot(at.clock())


def _differences(snapshot: Snapshot, lang: str) -> tuple[DifferenceLine, ...]:
    """What the school does otherwise; worked out once a revision, as anybody may ask for this page."""
    kept = current_app.extensions.setdefault("klaswacht_differences", {})
    if (snapshot.revision, lang) not in kept:
        names = {group.id: group.name for group in snapshot.groups.values()}
        lines = difference_lines(snapshot.policy, lang, knowledge=snapshot.knowledge, groups=names, public=True)
        for old in [key for key in kept if key[0] != snapshot.revision]:
            kept.pop(old, None)
        kept[snapshot.revision, lang] = lines or ()
    found: tuple[DifferenceLine, ...] = kept[snapshot.revision, lang]
    return found
