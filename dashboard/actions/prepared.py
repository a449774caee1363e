"""Permissions that are kept ready, and those that were given before: given with one tap, by the rules of that moment.

What is kept is a wish as it was understood; nothing of it is allowed until `policy.authority` says so at the tap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import (
    PICTURES,
    Wish,
    code_of,
    drafted,
    end_of,
    give,
    grant_of,
    touches,
)
from dashboard.actions.target import Target
from policy.authority import may_grant
from policy.model import Facet, Grant, Member, Role
from store.prepared import Prepared, PreparedKind

LONGEST_NAME = 60
MOST_KEPT = 40
"""So many permissions one person may keep ready."""
_PREPARED, _GRANT = "prepared", "grant"
_LONELY = frozenset({Facet.WORDS, Facet.PERSONAL, Facet.PRINT, Facet.CONNECT})
_OFFICE = frozenset({Role.COORDINATOR, Role.MANAGEMENT})


@dataclass(frozen=True, slots=True)
class Ready:
    """One that whoever looks may give to this group. `own`: they keep it themselves. `grant` is what it comes to."""

    prepared: Prepared
    grant: Grant
    own: bool

    @property
    def token(self) -> str:
        """What a button sends to give it."""
        return f"{_PREPARED}:{self.prepared.id}"


def token_of(grant: Grant) -> str:
    """What a button sends to give a permission of before again."""
    return f"{_GRANT}:{grant.id}"


def ready_for(shelf: Iterable[Prepared], who: Member, group: str) -> tuple[Ready, ...]:
    """What `who` may give this group with one tap: their own first. What cannot be read any more is left out."""
    found = []
    for kept in shelf:
        wish = wish_in(kept.body, group) if _meant_for(kept, who, group) else None
        if wish is not None:
            target = Target((wish.site, *wish.also) if wish.site else (), (wish.item,) if wish.item else ())
            found.append(Ready(kept, grant_of(wish, who, target, kept.made), kept.by == who.id))
    return tuple(sorted(found, key=lambda one: not one.own))


def wish_of(desk: Desk, who: Member, group: str, token: str, now: datetime) -> Wish | None:
    """What a button of something that is ready, or was given before, asks for; None: it is not there for them."""
    kind, _, key = token.partition(":")
    if not desk.may_act_for(who, group, now):
        return None
    if kind == _PREPARED:
        kept = desk.store.prepared.get(desk.school, key)
        return wish_in(kept.body, group) if kept is not None and _meant_for(kept, who, group) else None
    grant = desk.store.grants.get(desk.school, key) if kind == _GRANT else None
    if grant is None or grant.roles or not touches(grant, desk.snapshot(now), group):
        return None
    return wish_again(grant, group)


def give_again(desk: Desk, who: Member, group: str, token: str, now: datetime, *, confirmed: bool) -> Outcome[Grant]:
    """Give what is ready, or was given before, by the rules of now."""
    wish = wish_of(desk, who, group, token, now)
    if wish is None:
        return refused("ready_gone")
    outcome = give(desk, who, replace(wish, confirmed=confirmed), now)
    kind, _, key = token.partition(":")
    if outcome.ok and kind == _PREPARED:
        desk.store.prepared.used(desk.school, key, now)
    return outcome


def keep(desk: Desk, who: Member, wish: Wish, name: str, now: datetime, *, shared: bool) -> Outcome[Prepared]:
    """Keep a permission ready. Authority is asked at once, as far as that can be told outside a lesson."""
    if not desk.may_act_for(who, wish.group, now):
        return refused("not_yours")
    snapshot = desk.snapshot(now)
    code = _cannot_be_kept(desk, who, wish, name, now, shared=shared)
    if code:
        return refused(code)
    draft = drafted(snapshot, who, wish, now)
    if draft.value is None:
        return Outcome(False, draft.code)
    end = end_of(snapshot, wish.group, None, now)
    verdict = may_grant(who, replace(draft.value, end=end), snapshot, now) if end is not None else None
    if verdict is not None and not verdict.allowed and code_of(verdict) not in {"no_lesson", "break"}:
        return refused(code_of(verdict))
    understood = replace(wish_again(draft.value, wish.group), minutes=wish.minutes)
    for_some = not wish.whole_group or wish.all_but
    made = Prepared(
        id="",
        kind=PreparedKind.PERMISSION,
        name=_line(name, LONGEST_NAME),
        body=body_of(understood),
        group=wish.group if for_some else None,
        by=who.id,
        shared=shared,
        made=now,
    )
    return done("ready_kept", desk.store.prepared.add(desk.school, made, now))


def change(
    desk: Desk, who: Member, group: str, prepared_id: str, name: str, now: datetime, *, shared: bool
) -> Outcome[Prepared]:
    """Another name for one's own, or shared with colleagues or no longer."""
    kept = desk.store.prepared.get(desk.school, prepared_id)
    if kept is None or not _meant_for(kept, who, group):
        return refused("ready_gone")
    if kept.by != who.id or not desk.may_act_for(who, group, now):
        return refused("not_yours")
    wish = wish_in(kept.body, group)
    if wish is None:
        return refused("ready_gone")
    code = _name_refused(desk, wish, name, shared=shared)
    if code:
        return refused(code)
    asked = replace(kept, name=_line(name, LONGEST_NAME), shared=shared)
    changed = desk.store.prepared.change(desk.school, asked, who.id, now)
    return done("ready_saved", changed) if changed else refused("ready_gone")


def remove(desk: Desk, who: Member, group: str, prepared_id: str, now: datetime) -> Outcome[None]:
    """Take one's own away; coordinator and management take away shared ones too. What is open stays open."""
    kept = desk.store.prepared.get(desk.school, prepared_id)
    if kept is None or not _meant_for(kept, who, group):
        return refused("ready_gone")
    if not desk.may_act_for(who, group, now) or not may_remove(kept, who):
        return refused("not_yours")
    gone = desk.store.prepared.remove(desk.school, prepared_id, who.id, now)
    return done("ready_removed") if gone else refused("ready_gone")


def may_remove(prepared: Prepared, who: Member) -> bool:
    """Whether somebody may take this away."""
    return prepared.by == who.id or (prepared.shared and who.role in _OFFICE)


def mentions(text: str, names: Collection[str]) -> bool:
    """Whether a text has the first name of one of these people in it, as a word of its own."""
    first = {name.split()[0].casefold() for name in names if name.split()}
    words = "".join(sign if sign.isalnum() else " " for sign in text.casefold()).split()
    return not first.isdisjoint(words)


def body_of(wish: Wish) -> dict[str, Any]:
    """A wish as plain JSON: what it is about, never for how long it is confirmed or in which group."""
    return {
        "sites": [wish.site, *wish.also] if wish.site else [],
        "item": wish.item,
        "category": wish.category,
        "pictures": wish.pictures,
        "facet": wish.facet.value,
        "topics": list(wish.topics),
        "kinds": list(wish.kinds),
        "view": wish.view_only,
        "goal": wish.goal,
        "minutes": wish.minutes,
        "people": sorted(wish.people),
        "without": sorted(wish.without) if wish.all_but else [],
    }


def wish_in(body: Mapping[str, Any], group: str) -> Wish | None:
    """The wish that was kept; None: it cannot be read (by an older or newer program)."""
    try:
        sites, people, without = (tuple(map(str, body[key])) for key in ("sites", "people", "without"))
        minutes = body["minutes"]
        return Wish(
            group=group,
            site=sites[0] if sites else "",
            also=sites[1:],
            item=str(body["item"]),
            category=str(body["category"]),
            pictures=bool(body["pictures"]),
            facet=Facet(body["facet"]),
            topics=tuple(map(str, body["topics"])),
            kinds=tuple(map(str, body["kinds"])),
            view_only=bool(body["view"]),
            goal=str(body["goal"]),
            minutes=minutes if isinstance(minutes, int) and minutes > 0 else None,
            people=frozenset(people),
            whole_group=not people,
            all_but=bool(without),
            without=frozenset(without),
        )
    except (KeyError, TypeError, ValueError):
        return None


def wish_again(grant: Grant, group: str) -> Wish:
    """The wish that a permission was given for, to the end of the lesson."""
    alone = next((facet for facet in sorted(_LONELY) if grant.facets == {facet}), None)
    pictures = Facet.ACTION in grant.facets and grant.kinds == PICTURES
    return Wish(
        group=group,
        site=grant.sites[0] if grant.sites else "",
        also=grant.sites[1:],
        item=grant.items[0] if grant.items else "",
        category=min(grant.categories, default=""),
        pictures=pictures,
        facet=alone or Facet.PLACE,
        topics=tuple(sorted(grant.topics)),
        kinds=() if pictures else tuple(sorted(grant.kinds)),
        view_only=Facet.PLACE in grant.facets and Facet.ACTION not in grant.facets and not grant.items,
        goal=grant.goal,
        people=grant.people,
        whole_group=bool(grant.groups),
        all_but=bool(grant.groups and grant.without),
        without=grant.without if grant.groups else frozenset(),
    )


def _meant_for(prepared: Prepared, who: Member, group: str) -> bool:
    mine = prepared.kind is PreparedKind.PERMISSION and (prepared.shared or prepared.by == who.id)
    return mine and prepared.group in (None, group)


def _cannot_be_kept(desk: Desk, who: Member, wish: Wish, name: str, now: datetime, *, shared: bool) -> str:
    if wish.facet is Facet.CONNECT:
        return "ready_phone"
    mine = [one for one in desk.store.prepared.on_shelf(desk.school, PreparedKind.PERMISSION) if one.by == who.id]
    if len(mine) >= MOST_KEPT:
        return "ready_many"
    return _name_refused(desk, wish, name, shared=shared)


def _name_refused(desk: Desk, wish: Wish, name: str, *, shared: bool) -> str:
    if not _line(name, LONGEST_NAME):
        return "ready_name"
    if not shared:
        return ""
    if wish.people or wish.all_but or not wish.whole_group:
        return "ready_people"
    pupils = [person.name for person in desk.store.people.roster(desk.school, wish.group)]
    return "ready_child" if mentions(f"{name} {wish.goal}", pupils) else ""


def _line(text: str, longest: int) -> str:
    return " ".join(text.split())[:longest]
