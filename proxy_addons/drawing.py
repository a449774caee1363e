"""A page out of its template, with the style, the script and the pictogram that belong to it.

They are files in `page/`, all put into the one answer: nothing is fetched, and the content security policy names the
hashes of exactly that style and script.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from config.texts import say
from proxy_addons.answers import page_headers
from proxy_addons.facts import Answer

WHYS = ("lesson", "teacher", "mistake", "other")
"""The fixed reasons of an ask."""

_SCRIPT = {
    "read": "page.button.read",
    "stop": "page.button.stop",
    "not_sent": "page.ask.not_sent",
    "yes": "page.answer.yes",
    "again": "page.answer.again",
    "ready": "page.ready.title",
    "many": "page.promises.left.many",
    "one": "page.promises.left.one",
    "few": "page.promises.left.few",
}
_FOLDER = Path(__file__).parent / "page"
_FOR_ADULTS = frozenset({"staff.html", "reminder.html", "nood.html", "self_test.html", "self_test_open.html"})
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


def drawings(folder: str) -> dict[str, Markup]:
    """The drawings in a folder beside the templates, by name, as they go into a page."""
    files = sorted((_FOLDER / folder).glob("*.svg"))
    return {file.stem: _ours(file.read_text(encoding="utf-8")) for file in files}


def _ours(text: str) -> Markup:
    """The text of a file of our own, which goes into a page as it is."""
    return Markup(text)  # noqa: S704 - nothing of anybody else is in it


class Drawing:
    """Makes pages. Read once: the files do not change while the guard runs."""

    def __init__(self) -> None:
        self._css = _short((_FOLDER / "page.css").read_text(encoding="utf-8"))
        self._js = _short((_FOLDER / "page.js").read_text(encoding="utf-8"))
        self._said: dict[str, Markup] = {}
        self._pictures = drawings("pictograms")
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
        nothing = {"about": "", "host": "", "here": ""}
        defaults: dict[str, object] = {
            "wait": None,
            "refresh": None,
            "after": 5,
            "reload": None,
            "stamp": None,
            **nothing,
        }
        child = template not in _FOR_ADULTS and not values.get("framed")
        body = self._templates.get_template(template).render(
            {
                **defaults,
                **values,
                "t": partial(say, lang=lang, host=values.get("host", ""), types=values.get("types", "")),
                "lang": lang,
                "title": title,
                "tone": tone,
                "picture": self._pictures[_SAME_PICTURE.get(picture, picture)],
                "css": _ours(self._css),
                "js": _ours(self._js),
                "ready_picture": self._pictures["ready"],
                "script_words": self._script_words(lang),
                "read": child,
                "links": child and template != "promises.html",
                "whys": WHYS,
            }
        )
        return Answer(status, (*self._headers, ("Content-Language", lang)), body.encode())

    def _script_words(self, lang: str) -> Markup:
        """What the script says, as JSON that can stand in a page; made once for a language."""
        if lang not in self._said:
            # A number is filled in by the script.
            self._said[lang] = htmlsafe_json_dumps({name: say(code, lang, n="{n}") for name, code in _SCRIPT.items()})
        return self._said[lang]


def _short(text: str) -> str:
    """A style or script of ours without indentation, empty lines and lines of comment."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
