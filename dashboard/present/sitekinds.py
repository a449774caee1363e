"""The lists as a page: every kind of sites with what holds, the school's own names, and the lists of others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from config.feeds.subscriptions import Subscription, shown
from config.texts import say
from dashboard.actions.sitekinds import Kind, Plan, Wish, closed_first
from dashboard.present.words import Choice, Words
from policy.model import Decision, LiftableBy

_MOST_OWN = 40  # names of the school's own that are shown of one kind


@dataclass(frozen=True, slots=True)
class KindLine:
    """One kind of sites. `says` are the sentences about who gets what; `choices` is empty where nobody decides."""

    name: str
    label: str
    says: tuple[str, ...]
    names: str
    own: tuple[str, ...]
    more: str
    decided: str
    why_not: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Kinds that are closed alike, under a heading."""

    name: str
    title: str
    lines: tuple[KindLine, ...]


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A decision before it holds."""

    title: str
    now: tuple[str, ...]
    then: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FeedLine:
    """A list of others: whose it is, how many names and how old. `waits` is a version that wants a yes."""

    id: str
    kind: str
    source: str
    licence: str
    about: str
    problem: str
    waits: str


def rows(kinds: tuple[Kind, ...], words: Words) -> tuple[Row, ...]:
    """The page's kinds, the most closed first, each by its name for people."""
    return tuple(
        Row(
            name,
            words(f"sitekinds.row.{name}"),
            tuple(sorted((_line(kind, words) for kind in row), key=lambda one: one.label.casefold())),
        )
        for name, row in closed_first(kinds)
    )


def plan_card(plan: Plan, words: Words) -> PlanCard:
    """What a decision would change, in the sentences of the list."""
    kind, wish = plan.before, plan.after.wish
    title = words("sitekinds.plan", kind=words.category(kind.name), wish=words(f"sitekinds.wish.{wish.value}"))
    fields = (("kind", kind.name), ("wish", wish.value), ("based_on", str(plan.based_on)))
    return PlanCard(title, _says(kind, words), _says(plan.after, words), fields)


def feed_lines(feeds: Iterable[Subscription], words: Words) -> tuple[FeedLine, ...]:
    """The school's subscriptions as the page shows them."""
    return tuple(_feed(feed, words) for feed in feeds)


def export_rows(kinds: tuple[Kind, ...], words: Words) -> Iterable[tuple[str, str, str, str]]:
    """The school's own lists for a sheet: kind, what holds in a lesson, site; and how many names come with us."""
    for kind in kinds:
        holds = _short(kind.lesson, words)
        yield words.category(kind.name), holds, "", words.number(kind.listed)
        for site in kind.own:
            yield words.category(kind.name), holds, site, ""


def _line(kind: Kind, words: Words) -> KindLine:
    names = words("sitekinds.names", listed=words.number(kind.listed), own=len(kind.own))
    left = len(kind.own) - _MOST_OWN
    return KindLine(
        name=kind.name,
        label=words.category(kind.name),
        says=_says(kind, words),
        names=names if kind.listed or kind.own else words("sitekinds.by_shape"),
        own=kind.own[:_MOST_OWN],
        more=words("sitekinds.more", count=left) if left > 0 else "",
        decided=words("sitekinds.decided") if kind.wish is not Wish.GIVEN else "",
        why_not=words(f"sitekinds.why_not.{kind.fixed}") if kind.fixed else "",
        choices=()
        if kind.fixed
        else tuple(Choice(wish.value, words(f"sitekinds.wish.{wish.value}"), wish is kind.wish) for wish in Wish),
    )


def _says(kind: Kind, words: Words) -> tuple[str, ...]:
    said = [words("sitekinds.pupils", what=_short(kind.lesson, words))]
    if kind.pause.open is not kind.lesson.open:
        said.append(words("sitekinds.pause", what=_short(kind.pause, words)))
    if not kind.staff.open or not kind.lesson.open:
        said.append(words("sitekinds.staff", what=_short(kind.staff, words)))
    return tuple(said)


def _short(decision: Decision, words: Words) -> str:
    if decision.open:
        return words("sitekinds.open")
    lifts = decision.liftable_by or LiftableBy.NOBODY
    return words(f"sitekinds.shut.{lifts.value}")


def _feed(feed: Subscription, words: Words) -> FeedLine:
    waits = feed.waits
    when = feed.now.when[:10]
    return FeedLine(
        id=feed.id,
        kind=words.category(feed.category),
        source=shown(feed.source),
        licence=feed.licence or say("lists.licence_unknown", words.lang),
        about=words("sitekinds.feed_about", names=words.number(feed.now.names), when=_day(when)),
        problem=words("sitekinds.feed_problem", problem=feed.problem, when=_day(feed.tried[:10]))
        if feed.problem
        else "",
        waits=words(
            "sitekinds.feed_waits",
            old=words.number(feed.now.names),
            new=words.number(waits.names),
            when=_day(waits.when[:10]),
        )
        if waits is not None
        else "",
    )


def _day(iso: str) -> str:
    return "-".join(reversed(iso.split("-"))) if iso else "?"
