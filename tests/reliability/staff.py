"""A teacher who gives permissions and a coordinator who looks how the guard is, both really signed in, all the time."""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from selectolax.lexbor import LexborHTMLParser

from cli.demo.school import PASSWORD

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: this process has another clock than a guard that was shifted
_PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """One click: when, whether it did what was asked, and otherwise what stood on the screen (empty: no answer)."""

    began: float
    ended: float
    good: bool
    said: str = ""


@dataclass
class Person:
    """Somebody with an account. `origin` is where the dashboard is; signing in again is part of a click."""

    origin: str
    ca: Path
    login: str
    any_time: bool = False
    rests: bool = False
    answers: list[Answer] = field(default_factory=list)
    _client: httpx.Client | None = None
    _csrf: str = ""

    def sign_in(self) -> None:
        """With the password, as the form does. Raises `httpx.HTTPError` or `LookupError`."""
        trust = ssl.create_default_context(cafile=str(self.ca))
        if self.any_time:
            trust.verify_flags |= _NO_CHECK_TIME
        client = httpx.Client(
            base_url=self.origin,
            verify=trust,
            timeout=_PATIENCE,
            trust_env=False,
            headers={"Origin": self.origin, "Accept": "text/html"},
        )
        page = client.get("/inloggen").text
        done = client.post("/inloggen", data={"login": self.login, "password": PASSWORD, "csrf": _csrf(page)})
        if done.status_code != 303:
            raise LookupError(_title(done))
        self._client, self._csrf = client, ""

    def get(self, path: str) -> httpx.Response:
        """A page; signed in first where that is needed."""
        if self._client is None:
            self.sign_in()
        assert self._client is not None
        answer = self._client.get(path)
        if answer.status_code in (302, 303) and "/inloggen" in answer.headers.get("location", ""):
            self.sign_in()
            answer = self._client.get(path)
        return answer

    def post(self, path: str, form: dict[str, str], at: str) -> httpx.Response:
        """A form that stands on the page `at`."""
        if not self._csrf:
            self._csrf = _csrf(self.get(at).text)
        assert self._client is not None
        answer = self._client.post(path, data={**form, "csrf": self._csrf})
        if "/inloggen" in answer.headers.get("location", "") or answer.status_code in (400, 403):
            self._csrf = ""  # signed out, or a form of before
        return answer

    def clicks(self, what: Callable[[], tuple[bool, str]]) -> None:
        """Do something once, and keep what came of it."""
        began = time.monotonic()
        try:
            good, said = what()
        except httpx.HTTPError:
            good, said = False, ""
        except LookupError as error:
            good, said = False, str(error)
        self.answers.append(Answer(began, time.monotonic(), good, said))

    def steady(self, since: float, times: int = 2) -> bool:
        """Whether the last clicks after `since` went well."""
        mine = [one for one in tuple(self.answers) if one.began >= since]
        return len(mine) >= times and all(one.good for one in mine[-times:])

    def last_bad(self, since: float) -> float | None:
        """When the last click was that did not do what was asked."""
        return max((one.ended for one in tuple(self.answers) if one.ended >= since and not one.good), default=None)

    def told(self, since: float, what: str) -> str:
        """What came of the clicks."""
        mine = [one for one in tuple(self.answers) if one.ended >= since]
        good = sum(one.good for one in mine)
        others = Counter(f"*{one.said}*" if one.said else "no answer" for one in mine if not one.good)
        text = f"{what} {good} of {len(mine)} times" if others else f"{what} every time ({len(mine)})"
        return text + "".join(f", {count} × {said}" for said, count in others.most_common(3))


@dataclass
class Teacher(Person):
    """Gives her group one permission after the other, each for another address. `done` were confirmed."""

    done: list[str] = field(default_factory=list)
    number: int = 0

    def gives(self, site: str = "", minutes: str = "lesson", **more: str) -> tuple[bool, str]:
        """A permission with the form; whether the dashboard said that it is done."""
        if not site:
            self.number += 1
            site = f"g{self.number}.kletsplein.test"
        form = {"what": "site", "site": site, "who": "all", "minutes": minutes, "mode": "full", **more}
        answer = self.post("/les/7/toestemming", form, "/les/7")
        if answer.status_code == 303 and "ja=" in answer.headers["location"]:
            self.done.append(site)
            return True, ""
        return False, _title(answer)


@dataclass
class Coordinator(Person):
    """Looks at Gezondheid. `looks_back` are the sentences there that were not green, at each moment."""

    looks_back: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    now: tuple[str, ...] = ()

    def looks(self) -> tuple[bool, str]:
        """The page; whether it came."""
        answer = self.get("/beheer/gezondheid")
        if answer.status_code != 200:
            return False, _title(answer)
        self.now = tuple(health(answer.text))
        self.looks_back.append((time.monotonic(), self.now))
        return True, ""

    def read(self, since: float) -> str:
        """What Gezondheid said that it did not say before; not how busy the machine is, or whose clock it has."""
        looks = tuple(self.looks_back)
        stood = next((lines for at, lines in reversed(looks) if at < since), ())
        before = {_bare(one) for one in stood}
        news = {_bare(one): one for at, lines in looks if at >= since for one in lines if not _OF_MACHINE.search(one)}
        return "; ".join(f"*{one}*" for bare, one in news.items() if bare not in before)


_OF_MACHINE = re.compile("Het is heel druk|wordt niet gelijkgezet")


def _bare(line: str) -> str:
    return re.sub(r"\d+", "0", line)


def health(html: str) -> list[str]:
    """What is not green on Gezondheid."""
    found = []
    for line in LexborHTMLParser(html).css("dd.health"):
        if "ok" not in (line.attributes.get("class") or "").split() and (said := line.css_first("p")) is not None:
            for extra in said.css(".tag, small"):
                extra.decompose()
            found.append(" ".join(said.text().split()))
    return found


class Office:
    """Both at work on threads of their own until the block ends."""

    def __init__(self, teacher: Teacher, coordinator: Coordinator, pause: float = 0.8) -> None:
        self._enough = threading.Event()
        self._threads = [
            threading.Thread(target=self._go, args=(one, what, pause), daemon=True)
            for one, what in ((teacher, teacher.gives), (coordinator, coordinator.looks))
        ]

    def __enter__(self) -> Office:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(_PATIENCE * 4)

    def _go(self, person: Person, what: Callable[[], tuple[bool, str]], pause: float) -> None:
        while not self._enough.wait(pause):
            if not person.rests:
                person.clicks(what)


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    if found is None:
        title = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
        raise LookupError(re.sub(r"<[^>]+>|\s+", " ", title[1]).strip() if title else "a page without a form")
    return found[1]


def _title(answer: httpx.Response) -> str:
    title = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", title[1]).strip() if title else f"{answer.status_code}"
