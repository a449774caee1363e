"""Every sentence a screen can ask for is there, in both languages and with the same gaps to fill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dashboard
from config.texts import book, placeholders
from dashboard.present.lesson import REPLIES
from policy.model import BasisKind, DeviceClass, Effect, Facet, Gate, HoldsIn, LiftableBy, PeriodKind, Reason, Role

ROOM = Path(str(dashboard.__file__)).parent
CODE = re.compile(r"""["'](dash\.[a-z_]+(?:\.[a-z_0-9-]+)+)["']""")
ENDED = re.compile(r"""\b(done|refused)\("([a-z_]+)" """.strip())


def asked_for() -> Iterator[str]:
    """Codes that templates, presenters and actions name, and those made out of an enum."""
    for path in [*ROOM.rglob("*.py"), *ROOM.rglob("*.html")]:
        text = path.read_text(encoding="utf-8")
        yield from CODE.findall(text)
        for kind, code in ENDED.findall(text):
            yield f"dash.{'done' if kind == 'done' else 'no'}.{code}"
    yield from (f"dash.why.{reason.value}" for reason in Reason)
    yield from (f"dash.role.{role.value}" for role in Role)
    yield from (f"dash.device_class.{kind.value}" for kind in DeviceClass)
    yield from (f"dash.lifts.{by.value}" for by in LiftableBy)
    yield from (f"dash.holds.{holds.name.lower()}" for holds in HoldsIn)
    yield from (f"explain.effect.{effect.value}" for effect in Effect)
    yield from (f"why.at.{at.value}" for at in (*Gate, *Facet))
    yield from (f"dash.facet.{at.value}" for at in (*Gate, *Facet))
    yield from (f"dash.lesson.{kind.value}" for kind in PeriodKind)
    yield from (f"dash.reply.{code}" for code in REPLIES)
    yield from (f"dash.basis.{kind.value}" for kind in BasisKind)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_sentence_that_is_asked_for_is_there(lang: str) -> None:
    codes = set(asked_for())
    assert len(codes) > 250
    assert codes - book(lang).keys() == set()


def test_both_languages_have_the_same_sentences_with_the_same_gaps() -> None:
    dutch, english = (
        {code: placeholders(text) for code, text in book(lang).items() if code.startswith("dash.")}
        for lang in ("nl", "en")
    )
    assert dutch == english


def test_no_template_trusts_markup_from_outside() -> None:
    for path in ROOM.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "|safe" not in text.replace(" ", ""), path
        assert "autoescape false" not in text, path
        assert "<script>" not in text, path
        assert not re.search(r"\son[a-z]+=|\sstyle=|javascript:", text), path


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in [*ROOM.rglob("*.html"), ROOM / "static/klaswacht.css", ROOM / "static/klaswacht.js"]:
        assert not re.search(r"https?://|url\(", path.read_text(encoding="utf-8")), path
