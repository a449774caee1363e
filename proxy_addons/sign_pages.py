"""The pages on which a pupil says who it is: the code, the names, the pictures, waiting, and being in.

Every step is a form by itself, so that no script is needed. What a step needs of the one before is in hidden fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup

from config.texts import say
from proxy_addons.behind import PREFIX
from proxy_addons.block_page import Pages
from proxy_addons.drawing import drawings
from proxy_addons.facts import Answer
from proxy_addons.own_form import alone
from store.people import Person
from store.pictures import LENGTH, PICTURES

PATH = f"{PREFIX}/wie"
BACK, MARK = "terug", "merk"
"""The fields with the page that a pupil came from, and with our signature on it."""

# Nothing of another page of this host may reach into these, and the next one at this computer finds none of them.


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as a button shows it."""

    id: str
    drawing: Markup
    word: str


@dataclass(frozen=True, slots=True)
class Way:
    """Where a pupil came from and goes back to: the whole address (empty: nowhere), and its signature."""

    back: str = ""
    mark: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """The same for a form or address."""
        return {BACK: self.back, MARK: self.mark} if self.back else {}

    @property
    def site(self) -> str:
        """The site of it, for a child."""
        return (urlsplit(self.back).hostname or "").removeprefix("www.")

    def to(self, **more: str) -> str:
        """The address of our page with this way back."""
        query = urlencode({**more, **self.fields})
        return f"{PATH}?{query}" if query else PATH


class SignPages:
    """Makes the pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._drawings = drawings("pictures")

    def code(self, lang: str, way: Way, token: str, note: str = "", status: int = 200) -> Answer:
        """The first: the digits on the board."""
        return self._page(status, "sign.html", lang, way, {"note": note, **_hidden(token, {}, way)})

    def names(
        self, lang: str, way: Way, token: str, group: str, carried: dict[str, str], names: Sequence[tuple[str, str]]
    ) -> Answer:
        """The names of the group, for who had the code."""
        values = {"group": group, "names": names, "again": way.to(anders="1"), **_hidden(token, carried, way)}
        return self._page(200, "sign_names.html", lang, way, values)

    def pictures(
        self,
        lang: str,
        way: Way,
        token: str,
        task: str,
        name: str,
        carried: dict[str, str],
        chosen: int,
        note: str = "",
    ) -> Answer:
        """The twelve pictures. `task`: `own` (which are yours), `first` and `second` (choose them, and once more)."""
        shown = [Picture(one, self._drawings[one], say(f"page.sign.picture.{one}", lang)) for one in PICTURES]
        values = {"task": task, "name": name, "chosen": chosen, "length": LENGTH, "pictures": shown, "note": note}
        return self._page(200, "sign_pictures.html", lang, way, values | _hidden(token, carried, way))

    def waits(self, lang: str, way: Way, token: str, name: str, number: int) -> Answer:
        """Until the teacher said that it is so; it looks again by itself."""
        values = {"name": name, "number": number, "refresh": way.to(wacht="1"), **_hidden(token, {}, way)}
        return self._page(200, "sign_waits.html", lang, way, values)

    def inside(
        self, lang: str, way: Way, token: str, name: str, until: str, *, may_choose: bool, note: str = ""
    ) -> Answer:
        """You are in, until when, and the ways on."""
        values = {"name": name, "until": until, "site": way.site, "may_choose": may_choose, "note": note}
        leads = {"choose": way.to(plaatjes="1"), "other": way.to(anders="1")}
        return self._page(200, "sign_in.html", lang, way, {**values, **leads, **_hidden(token, {}, way)})

    def out(self, lang: str, way: Way) -> Answer:
        """Nobody is in any more."""
        return self._told(200, lang, way, "page.sign.out.title", ("page.sign.out.line",), "page.sign.out.again")

    def not_here(self, lang: str, way: Way) -> Answer:
        """This device is not one to sign in on."""
        return self._told(403, lang, way, "page.sign.not.title", ("page.sign.not.device", "page.sign.not.ask"))

    def off(self, lang: str, way: Way) -> Answer:
        """It does not work now: the database is away, or there are no rules."""
        return self._told(503, lang, way, "page.sign.not.off", ("page.sign.not.later",), "page.sign.again")

    def _told(self, status: int, lang: str, way: Way, title: str, codes: Iterable[str], again: str = "") -> Answer:
        """A few sentences; `again` is the code of the button that begins anew."""
        lines = [say(code, lang) for code in codes]
        return self._page(
            status,
            "sign_not.html",
            lang,
            way,
            {"lines": lines, "again": way.to() if again else "", "again_text": again},
            title,
        )

    def _page(
        self,
        status: int,
        template: str,
        lang: str,
        way: Way,
        values: Mapping[str, object],
        title: str = "page.sign.tab",
    ) -> Answer:
        shown = {"action": PATH, "back": way.back, **values}
        answer = self._pages.page(status, template, lang, title, "sign", "sky", **shown)
        return alone(answer)


def _hidden(token: str, carried: dict[str, str], way: Way) -> dict[str, object]:
    return {"token": token, "carried": [*carried.items(), *way.fields.items()]}


def first_names(people: Iterable[Person]) -> list[tuple[str, str]]:
    """Id and first name of each; of two who share one, with the first letter of what comes after it."""
    known = [(one.id, one.name.split()) for one in people]
    first = [parts[0] if parts else "?" for _, parts in known]
    named = []
    for (id_, parts), name in zip(known, first, strict=True):
        twin = first.count(name) > 1 and len(parts) > 1
        named.append((id_, f"{name} {parts[-1][0]}." if twin else name))
    return sorted(named, key=lambda one: one[1].casefold())
