"""The school's rules in plain words, for everybody, and the paper for the classroom."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from config.protocol_told import Reader, poster, told
from dashboard.access import public
from dashboard.auth import house, words
from policy.model import Policy

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
    return render_template("rules.html", told=told(_policy(), reader, words().lang), choices=choices)


@pages.get("/regels/papier")
@public
def paper() -> str:
    """One sheet of A4 for the wall of the classroom, in letters as large as its lines allow."""
    sheet = poster(_policy(), words().lang)
    lines = sum(len(section.lines) for section in sheet.sections[:-1])
    size = next((name for most, name in zip(_FITS, ("large", "middle"), strict=True) if lines <= most), "small")
    return render_template("poster.html", sheet=sheet, size=size)


def _policy() -> Policy:
    at = house()
    return at.desk.snapshot(at.clock()).policy
