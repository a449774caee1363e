"""The pages "mijn afspraken" and the school's rules, for whoever asks; without rules, or when anything breaks, plainly.

They stand on the guard's own path. What is on the first is about one child, so a site's own script must not get it:
where the browser does not say that a person opens a page (on plain http no browser does), it leads to the same page on
the pupils' host, where nothing is but ours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from config.protocol_told import Reader, told
from config.texts import has, say
from policy.model import FOREVER, AccessRequest, Principal, Role
from policy.schedule import zone_of
from proxy_addons.answers import elsewhere, json_answer
from proxy_addons.behind import PREFIX, behind
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.faults import told as fault
from proxy_addons.live import Live
from proxy_addons.own_form import alone
from proxy_addons.promises import Decide, Opened, Promises, minutes_left, promised

_log = logging.getLogger(__name__)

MINE, RULES = "afspraken", "regels"
"""The names on the guard's own path."""
PATH = f"{PREFIX}/{MINE}"

_COUNTED = 90  # minutes: of what is further away only the time is told
_TONES = {"break": "calm", "pause": "calm", "sanction": "calm", "test": "calm", "outside": "sky"}
_SAID = ("computer", "sanction")  # a ban that is told first of all


@dataclass(frozen=True, slots=True)
class Until:
    """A moment as a child reads it, and for the script in seconds since 1970; `left` is empty when that is long."""

    text: str
    left: str
    at: int


@dataclass(frozen=True, slots=True)
class Card:
    """One thing that is open: what it is, the sites to go to, until when and what for."""

    title: str
    sites: tuple[str, ...]
    until: Until | None
    lines: tuple[str, ...]


class Promising:
    """Makes the two pages. `who` names a peer as things are now, `decide` is the gate's; `kept` are days (a school's
    `retention`), `pupils` the pupils' host (empty: there is none)."""

    def __init__(
        self,
        live: Live,
        pages: Pages,
        who: Callable[[Peer], Principal],
        decide: Decide,
        kept: Mapping[str, int],
        pupils: str = "",
    ) -> None:
        self._live = live
        self._pages = pages
        self._who = who
        self._decide = decide
        self._kept = kept
        self._pupils = pupils

    def page(self, name: str, exchange: Exchange, request: AccessRequest) -> Answer:
        """The page of a name on the own path. Never an event, and never a question to anybody."""
        try:
            return self._rules(exchange) if name == RULES else self._mine(exchange, request)
        except Exception as error:
            _log.error("a page could not be made: %s", fault(error))
            return self._plainly(self._pages.lang(exchange), name)

    def _mine(self, exchange: Exchange, request: AccessRequest) -> Answer:
        host = request.address.host if request.address else ""
        destination = exchange.headers.get("sec-fetch-dest")
        if destination not in (None, "document"):
            return json_answer({}, 403)
        if destination is None and host != self._pupils:
            # Nobody says that a person opens this: it may be a script of this site.
            return elsewhere(f"http://{self._pupils}{PATH}") if self._pupils else self._plainly(self._lang(exchange))
        lang, snapshot, who = self._lang(exchange), self._live.snapshot, self._who(exchange.peer)
        if snapshot is None:
            return self._plainly(lang)
        if who.role is not Role.PUPIL:
            return self._pages.note(
                lang, "page.promises.title", (say("page.promises.staff", lang),), picture="promises"
            )
        now = self._live.clock()
        promises = promised(who, snapshot, self._decide, now)
        clock = Clock(lang, snapshot.policy.schedule.zone, now)
        values = {
            "head": promises.head,
            "until": clock.until(promises.until),
            "agreed": [(one, clock.until(one.until)) for one in promises.agreed],
            "cards": [card(one, clock) for one in promises.opened],
            "closed": [say(f"page.promises.kind.{kind}", lang) for kind in promises.closed],
            "others": [(on, clock.until(end)) for on, end in promises.bans if (on, promises.head) != _SAID],
            "asks": promises.asks,
            "prints": promises.prints,
            "seen": self._seen(promises, lang),
            "made": clock.time(now),
            "stamp": int(now.timestamp()),
            "again": clock.seconds(promises),
            "back": behind(exchange, host, {}).back,
        }
        tone = _TONES.get(promises.head, "")
        answer = self._pages.page(200, "promises.html", lang, "page.promises.title", "promises", tone, **values)
        return alone(answer)

    def _seen(self, promises: Promises, lang: str) -> tuple[str, ...]:
        """Who sees what, of what is really kept."""
        days = {name: self._kept[name] for name in ("blocked", "noted", "requests", "reports")}
        kept = ("kept", "seen") if promises.head != "outside" else ("after", "kept", "seen")
        texts = [say(f"page.promises.{code}", lang) for code in ("never", *kept)]
        texts.append(say("page.promises.gone", lang, days=days["blocked"], noted=days["noted"]))
        texts.append(say(f"page.promises.known.{promises.known.value}", lang))
        help_ = "help_inbox" if promises.inbox else "help_nobody"
        texts.append(f"{say('page.promises.help', lang)} {say(f'page.promises.{help_}', lang)}")
        texts.append(say("page.promises.ask", lang, days=days["requests"]))
        texts.append(say("page.promises.tell", lang, days=days["reports"]))
        return (*texts, say("page.promises.talk", lang))

    def _rules(self, exchange: Exchange) -> Answer:
        """What holds at this school for a child, as the paper in the classroom has it."""
        snapshot, lang = self._live.snapshot, self._lang(exchange)
        if snapshot is None:
            return self._plainly(lang, RULES)
        rules = told(snapshot.policy, Reader.PUPIL, lang)
        return self._pages.page(200, "rules.html", lang, "told.title.pupil", "agreement", "", rules=rules)

    def _plainly(self, lang: str, name: str = MINE) -> Answer:
        lines = (
            (say("page.rules.plain", lang),)
            if name == RULES
            else (say("page.promises.plain", lang), say("page.promises.plain_how", lang))
        )
        return self._pages.note(lang, "page.promises.title", lines, picture="promises")

    def _lang(self, exchange: Exchange) -> str:
        return self._pages.lang(exchange)


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells moments to a child, by the school's clock; `now` is aware."""

    lang: str
    zone: str
    now: datetime

    def time(self, moment: datetime) -> str:
        """The time of day, such as `10:15`."""
        return f"{moment.astimezone(zone_of(self.zone)):%H:%M}"

    def at(self, moment: datetime) -> str:
        """The time, with the day when that is another one."""
        local, today = moment.astimezone(zone_of(self.zone)), self.now.astimezone(zone_of(self.zone))
        if local.date() == today.date():
            return say("page.promises.at", self.lang, clock=self.time(moment))
        date = say(f"page.promises.month.{local.month}", self.lang, day=local.day)
        day = say(f"page.promises.day.{local.weekday()}", self.lang, date=date)
        return say("page.promises.at_day", self.lang, day=day, clock=self.time(moment))

    def until(self, moment: datetime | None) -> Until | None:
        """Until when, and how long that is; None without an end."""
        if moment is None or moment >= FOREVER:
            return None
        minutes = minutes_left(moment, self.now)
        text = say("page.promises.until", self.lang, at=self.at(moment))
        return Until(text, self.left(minutes) if minutes <= _COUNTED else "", int(moment.timestamp()))

    def left(self, minutes: int) -> str:
        """How long that is, in a few words."""
        word = "many" if minutes > 1 else "one" if minutes else "few"
        return say(f"page.promises.left.{word}", self.lang, n=minutes)

    def seconds(self, promises: Promises) -> int:
        """When the page is old, in seconds since 1970; 0 when nothing is known to change."""
        change = promises.changes
        return int(change.timestamp()) + 1 if change is not None else 0


def card(opened: Opened, clock: Clock) -> Card:
    """One thing that is open, as a child reads it."""
    lang = clock.lang
    lines = [say("page.promises.for", lang, goal=opened.goal)] if opened.goal else []
    if opened.looks and opened.kind in ("sites", "kinds"):
        lines.append(say("page.promises.looks", lang))
    sites = opened.names if opened.kind == "sites" else ()
    title = "" if sites else ", ".join(_kind(name, lang) for name in opened.names)
    if opened.kind not in ("sites", "kinds"):
        title = say(f"page.promises.{opened.kind}", lang)
    return Card(title[:1].upper() + title[1:], sites, clock.until(opened.until), tuple(lines))


def _kind(name: str, lang: str) -> str:
    """A kind of sites by its name for a child; one of the school's own is shown as it is written."""
    code = f"page.promises.kind.{name}"
    return say(code, lang) if has(code, lang) else name.replace("-", " ")
