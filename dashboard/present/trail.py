"""The audit trail in words: every code is a sentence; an id is a name where there still is one, and else not there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.texts import has
from dashboard.actions.trail import Filter, Trail, family_of
from dashboard.present.words import Choice, Words
from store.audit import Entry, Proof

_MACHINES = ("retention", "setup", "cli", "owner", "system", "import", "sign-on", "test", "emergency", "demo")
_NUMBERED = frozenset({"policy", "begin", "purge", "event", "ca", "list", "emergency", "proposal", "refusal"})
"""What these are about is a number or a site, which is nobody's name, also where it reads like a group's id."""
_MOST_NAMES = 4
_WEEKS = 53


@dataclass(frozen=True, slots=True)
class Line:
    """One entry: when, who, what they did and about whom (empty: about nobody that is still there)."""

    when: str
    who: str
    what: str
    about: str


@dataclass(frozen=True, slots=True)
class TrailPage:
    """A page of the trail with what it can be narrowed to. `newer` and `older` are page numbers; 0: there is none."""

    lines: tuple[Line, ...]
    count: str
    people: tuple[Choice, ...]
    families: tuple[Choice, ...]
    weeks: tuple[Choice, ...]
    kept: str
    newer: int
    older: int
    chain: tuple[str, bool] | None


def trail_page(trail: Trail, wish: Filter, proof: Proof | None, said: Words, now: datetime) -> TrailPage:
    """The page as it is shown."""
    return TrailPage(
        lines=tuple(lines(trail, said)),
        count=said("dash.trail.count", count=trail.count, page=trail.page, pages=trail.pages),
        people=tuple(
            sorted((Choice(one, _who(one, trail, said), one == wish.who) for one in trail.who), key=lambda c: c.label)
        ),
        families=tuple(
            Choice(one.value, said(f"dash.trail.family.{one.value}"), one == wish.family) for one in trail.families
        ),
        weeks=_weeks(wish.week, said, now, trail.days),
        kept=said("dash.trail.kept", days=trail.days),
        newer=trail.page - 1,
        older=trail.page + 1 if trail.page < trail.pages else 0,
        chain=None if proof is None else _chain(proof, said),
    )


def lines(trail: Trail, said: Words) -> Iterable[Line]:
    """The entries in words."""
    for entry in trail.entries:
        moment = said.local(entry.when)
        yield Line(f"{moment:%d-%m-%Y %H:%M}", _who(entry.who, trail, said), what(entry.what, said),
                   _about(entry, trail, said))  # fmt: skip


def sheet(trail: Trail, proof: Proof, said: Words) -> tuple[list[str], list[list[str]]]:
    """The entries as a list to take along; the last column is the entry's link in the chain."""
    head = [said(f"dash.trail.head.{name}") for name in ("when", "who", "family", "what", "about", "code", "link")]
    rows = []
    for entry, line in zip(trail.entries, lines(trail, said), strict=True):
        family = said(f"dash.trail.family.{family_of(entry.what)}")
        rows.append([line.when, line.who, family, line.what, line.about, entry.what, entry.link or ""])
    return head, [*rows, ["", "", "", _chain(proof, said)[0], "", "", proof.newest or ""]]


def what(code: str, said: Words) -> str:
    """What somebody did, in words; a code of another program is shown as it is."""
    text = f"dash.trail.did.{code}"
    if code.startswith("export.") and not has(text):
        return said("dash.trail.exported", name=code.partition(".")[2])
    return said(text) if has(text) else said("dash.trail.unknown", name=code)


def _who(person: str, trail: Trail, said: Words) -> str:
    if person in trail.people:
        return trail.people[person]
    if person in trail.things:
        return trail.things[person]
    return said("dash.trail.machine") if person in _MACHINES else said("dash.trail.gone")


def _about(entry: Entry, trail: Trail, said: Words) -> str:
    """The names of those that it was about, without the doer; of very many the first."""
    if entry.what.partition(".")[0] in _NUMBERED:
        return ""
    names = [
        trail.people.get(one) or trail.things.get(one, "") for one in dict.fromkeys(entry.targets) if one != entry.who
    ]
    known = [name for name in names if name]
    if len(known) > _MOST_NAMES + 1:
        return said("dash.trail.more", names=", ".join(known[:_MOST_NAMES]), count=len(known) - _MOST_NAMES)
    return ", ".join(known)


def _weeks(chosen: str, said: Words, now: datetime, days: int) -> tuple[Choice, ...]:
    today = said.local(now).date()
    monday = today - timedelta(days=today.weekday())
    firsts = (monday - timedelta(days=7 * back) for back in range(min(_WEEKS, days // 7 + 1)))
    return tuple(
        Choice(
            one.isoformat(),
            said("dash.trail.week_of", week=one.isocalendar().week, day=f"{one:%d-%m-%Y}"),
            one.isoformat() == chosen,
        )
        for one in firsts
    )


def _chain(proof: Proof, said: Words) -> tuple[str, bool]:
    if proof.broken is not None:
        moment = said.local(proof.broken.when)
        return said("dash.trail.broken", at=f"{moment:%d-%m-%Y %H:%M}"), False
    short = (proof.newest or "")[:12]
    return said("dash.trail.whole", count=proof.linked, link=short), True
