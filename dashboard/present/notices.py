"""Storing: what is in the way, what it means and what to do now; and apps and devices that refuse the certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.notices import Refusing
from dashboard.present.words import Words
from store.notices import Notice
from store.refusals import Kept


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One notice. `remedy` is for the office: text with commands between backticks."""

    title: str
    what: str
    now: str
    since: str
    remedy: str


@dataclass(frozen=True, slots=True)
class NoticeBoard:
    """What the coordinator sees: what stands, and a line for each that was there earlier today."""

    standing: tuple[NoticeLine, ...]
    past: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppLine:
    """An app that refuses the certificate."""

    host: str
    title: str
    means: str
    what: str


@dataclass(frozen=True, slots=True)
class RefusalBoard:
    """Apps to decide about, and devices to put the certificate on (a sentence, and when it was seen)."""

    apps: tuple[AppLine, ...]
    devices: tuple[tuple[str, str], ...]


def notice_lines(notices: tuple[Notice, ...], words: Words, now: datetime) -> tuple[NoticeLine, ...]:
    """The notices that stand, the gravest first."""
    return tuple(
        NoticeLine(
            title=words(f"dash.storing.{one.kind}.title"),
            what=words(f"dash.storing.{one.kind}.what"),
            now=words(f"dash.storing.{one.kind}.now"),
            since=words("dash.storing.since", since=words.day_clock(one.since, now)),
            remedy=words("dash.storing.doctor", remedy=words(f"dash.storing.{one.kind}.remedy")),
        )
        for one in notices
    )


def notice_board(standing: tuple[Notice, ...], earlier: tuple[Notice, ...], words: Words, now: datetime) -> NoticeBoard:
    """What stands with its remedy, and what is over."""
    past = (
        words(
            "dash.storing.past",
            title=words(f"dash.storing.{one.kind}.title"),
            since=words.clock(one.since),
            until=words.clock(one.until),
        )
        for one in earlier
    )
    return NoticeBoard(notice_lines(standing, words, now), tuple(past))


def refusal_board(refusing: Refusing, words: Words, now: datetime) -> RefusalBoard:
    """What each refusal means, and what can be done."""
    apps = tuple(_app(one, words, now) for one in refusing.apps)
    devices = tuple(
        (
            words("dash.refusals.device", name=name),
            words("dash.refusals.seen", last=words.day_clock(one.last_seen, now)),
        )
        for name, one in refusing.devices
    )
    return RefusalBoard(apps, devices)


def _app(kept: Kept, words: Words, now: datetime) -> AppLine:
    host = kept.refusal.name
    first, last = words.day_clock(kept.first_seen, now), words.day_clock(kept.last_seen, now)
    seen = {"first": first} if first != last else {}
    means = words(f"dash.refusals.means{'' if seen else '_once'}", count=kept.refusal.devices, last=last, **seen)
    return AppLine(host, words("dash.refusals.app", host=host), means, words("dash.refusals.what", host=host))
