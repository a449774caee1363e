"""A page out of its template, with the style, the script and the pictogram that belong to it.

They are files in `page/`, all put into the one answer: nothing is fetched, and the content security policy names the
hashes of exactly that style and script.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from config.texts import say
from proxy_addons.answers import page_headers
from proxy_addons.facts import Answer

WHYS = ("lesson", "teacher", "mistake", "other")
"""The fixed reasons of an ask."""

_FOLDER = Path(__file__).parent / "page"
_READ_ALOUD = frozenset({"block.html", "help.html", "note.html", "report.html", "tell.html", "told.html", "aloud.html"})
_SAME_PICTURE = {
    "live": "chat",
    "look_alike": "unreadable",
    "unsafe_search": "place",
    "identity": "place",
    "text": "hold",
    "personal": "hold",
    "undecided": "place",
    "phone": "break",
    "consent": "agreement",  # a task; a house would tell whoever sits beside it where the yes is missing
    "reminder": "hold",
}


class Drawing:
    """Makes pages. Read once: the files do not change while the guard runs."""

    def __init__(self) -> None:
        self._css = (_FOLDER / "page.css").read_text(encoding="utf-8")
        self._js = (_FOLDER / "page.js").read_text(encoding="utf-8")
        self._pictures = {
            file.stem: Markup(file.read_text(encoding="utf-8"))  # noqa: S704  (our own file)
            for file in sorted((_FOLDER / "pictograms").glob("*.svg"))
        }
        self._templates = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._headers = page_headers(self._css, self._js)

    def page(
        self, status: int, template: str, lang: str, title: str, picture: str, tone: str, **values: object
    ) -> Answer:
        """A page by its template; `title` is the code of its tab's name. Nobody keeps it."""
        words = {
            "read": "page.button.read",
            "stop": "page.button.stop",
            "not_sent": "page.ask.not_sent",
            "yes": "page.answer.yes",
            "again": "page.answer.again",
        }
        defaults: dict[str, object] = {"wait": None, "about": "", "refresh": None, "host": "", "here": ""}
        body = self._templates.get_template(template).render(
            {
                **defaults,
                **values,
                "t": partial(say, lang=lang, host=values.get("host", ""), types=values.get("types", "")),
                "lang": lang,
                "title": title,
                "tone": tone,
                "picture": self._pictures[_SAME_PICTURE.get(picture, picture)],
                "css": Markup(self._css),  # noqa: S704  (our own file)
                "js": Markup(self._js),  # noqa: S704  (our own file)
                "script_words": {name: say(code, lang) for name, code in words.items()},
                "read": template in _READ_ALOUD and not values.get("framed"),
                "whys": WHYS,
            }
        )
        return Answer(status, (*self._headers, ("Content-Language", lang)), body.encode())
