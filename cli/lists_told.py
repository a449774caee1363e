"""What `klaswacht lists` says about a list, in the school's language, and for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from cli.school import AMSTERDAM
from config.feeds.subscriptions import Subscription, Version, shown
from config.feeds.update import Outcome
from config.texts import has, say


def plain(feed: Subscription) -> dict[str, Any]:
    """A feed for a program: as it is kept, without a password."""
    return asdict(feed) | {"source": shown(feed.source)}


def of_outcome(feed: Subscription, outcome: Outcome, lang: str) -> Iterator[str]:
    """What became of an update, line by line."""
    yield say(f"lists.{outcome.value}", lang, id=feed.id, names=number(feed.now.names))
    if outcome is Outcome.WAITS and feed.waits is not None:
        yield _waiting(feed, feed.waits, lang)
    if outcome is Outcome.TAKEN:
        yield from _left(feed, lang)


def of_feed(feed: Subscription, lang: str) -> Iterator[str]:
    """All there is to say about a feed, line by line."""
    yield say("lists.feed", lang, id=feed.id, category=feed.category, names=number(feed.now.names))
    yield f"  {say('lists.source', lang)}: {shown(feed.source)} ({feed.now.form}, {day(feed.now.when)})"
    yield f"  {say('lists.licence', lang)}: {feed.licence or say('lists.licence_unknown', lang)}"
    yield from _left(feed, lang)
    if feed.waits is not None:
        yield _waiting(feed, feed.waits, lang)
    if feed.problem:
        yield f"  {say('lists.problem', lang, problem=feed.problem, when=day(feed.tried))}"


def _left(feed: Subscription, lang: str) -> Iterator[str]:
    if feed.now.skipped:
        yield f"  {say('lists.skipped', lang)}: {_reasons('lists.skip', feed.now.skipped, lang)}"
    if feed.dropped:
        yield f"  {say('lists.dropped', lang)}: {_reasons('lists.drop', feed.dropped, lang)}"
        yield f"    {', '.join(feed.samples)}{' ...' if sum(feed.dropped.values()) > len(feed.samples) else ''}"


def _reasons(code: str, counts: Mapping[str, int], lang: str) -> str:
    told = ((say(f"{code}.{name}", lang) if has(f"{code}.{name}", lang) else name, n) for name, n in counts.items())
    return ", ".join(f"{number(count)} {name}" for name, count in told)


def _waiting(feed: Subscription, waits: Version, lang: str) -> str:
    return "  " + say(
        "lists.waiting", lang, id=feed.id, old=number(feed.now.names), new=number(waits.names), when=day(waits.when)
    )


def number(count: int) -> str:
    """A number as people here write it."""
    return f"{count:,}".replace(",", ".")


def day(when: str) -> str:
    """A kept moment on the clock of the school; `-` when there is none."""
    return f"{datetime.fromisoformat(when).astimezone(AMSTERDAM):%d-%m-%Y %H:%M}" if when else "-"
