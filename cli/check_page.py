"""`klaswacht check --page`: what a saved page looks like, with every sign and its weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import load, texts
from config.pagetexts import looks_like, sign_words
from policy.address import canonical
from policy.pageshape import Judgement, PageShape, Weighing
from policy.pagesigns import MOST_HTML, decoded, looks_like_html, read_page


class BadPage(Exception):
    """A page that cannot be judged; the text says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A page held against every kind; `judgement` is None when it reaches none."""

    file: str
    host: str
    judgement: Judgement | None
    weighed: tuple[Weighing, ...]
    clears_at_most: float


def judged(file: Path, url: str | None = None, lang: str = "nl", shape: PageShape | None = None) -> Judged:
    """Judge the first 64 KB of a file, as if it came from `url`; raises `BadPage`."""
    host = ""
    if url:
        address = canonical(url if "://" in url else f"https://{url}")
        if address is None:
            raise BadPage(texts.say("pages.error.address", lang, url=url))
        host = address.host
    try:
        with file.open("rb") as opened:
            body = opened.read(MOST_HTML)
    except OSError as error:
        problem = (error.strerror or type(error).__name__).lower()
        raise BadPage(texts.say("pages.error.missing", lang, file=file, problem=problem)) from error
    html = decoded(body)
    if not looks_like_html(html):
        raise BadPage(texts.say("pages.error.no_html", lang, file=file))
    weights = shape or load.knowledge().pageshape or PageShape()
    page = read_page(html, host)
    return Judged(str(file), host, weights.judge(page), weights.weigh(page), weights.clears_at_most)


def plain(found: Judged) -> dict[str, Any]:
    """The same for tools, as one object (`docs/check.md`)."""
    one = found.judgement
    return {
        "file": found.file,
        "host": found.host or None,
        "kind": one.kind if one else None,
        "score": one.score if one else None,
        "threshold": one.threshold if one else None,
        "reasons": list(one.reasons) if one else [],
        "message": {lang: _sentence(found, lang) for lang in texts.languages()},
        "kinds": [
            {"kind": row.kind, "score": row.score, "threshold": row.threshold, "signs": dict(row.parts)}
            for row in found.weighed
        ],
    }


def in_words(found: Judged, lang: str = "nl") -> Iterator[str]:
    """The same for a person: the sentence, then every kind that got points, the likeliest first."""
    yield f"{found.host or found.file}: {_sentence(found, lang)}"
    for row in sorted(found.weighed, key=lambda row: -row.score / row.threshold):
        if not any(weight > 0 for _, weight in row.parts):
            continue
        points = texts.say("pages.points", lang, points=f"{row.score:g}", threshold=f"{row.threshold:g}")
        yield f"  {row.kind}: {points}"
        for sign, weight in sorted(row.parts, key=lambda part: -part[1]):
            yield f"    {weight:+5.1f}  {sign_words(sign, lang)} ({sign})"
        if sum(weight for _, weight in row.parts if weight < 0) < -found.clears_at_most:
            yield f"           {texts.say('pages.capped', lang, most=f'{found.clears_at_most:g}')}"


def _sentence(found: Judged, lang: str) -> str:
    one = found.judgement
    return looks_like(one.kind, one.reasons, lang) if one else texts.say("pages.nothing", lang)
