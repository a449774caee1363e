"""Pupils who sign in on shared computers: the lesson's code, the teacher's word, and their own pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import period_of, rests
from policy.model import Member, PeriodKind
from store.class_codes import ClassCode
from store.people import Person
from store.pictures import PictureState, is_choice
from store.sign_ins import OVER_EARLY, SignIn, SignInState

PLACE = "wie"
"""The first label of the address where pupils sign in; it is answered by the guard (`proxy_addons.signing`)."""


@dataclass(frozen=True, slots=True)
class Signed:
    """How the signing-in of a group stands in its lesson. `over` are those whom another sign-in ended.

    `locked` are who wait and were wrong too often with their pictures, `devices` names of registered devices by id,
    `place` the address to type (empty: this school has none).
    """

    code: ClassCode | None = None
    waits: tuple[SignIn, ...] = ()
    inside: tuple[SignIn, ...] = ()
    over: tuple[SignIn, ...] = ()
    locked: frozenset[str] = frozenset()
    devices: Mapping[str, str] = field(default_factory=dict)
    place: str = ""


def signed(desk: Desk, group: str, now: datetime) -> Signed:
    """How it stands for a group that the asker may act for."""
    store, school, own = desk.store, desk.school, desk.knowledge.own_hosts
    found = store.sign_ins.of_group(school, group, now)
    waits = tuple(one for one in found if one.state is SignInState.WAITS)
    states = store.pictures.states(school, [one.person for one in waits]) if waits else {}
    devices, used = desk.snapshot(now).devices, {one.device for one in found}
    return Signed(
        code=store.class_codes.of(school, group, now),
        waits=waits,
        inside=tuple(one for one in found if one.state is SignInState.IN),
        over=tuple(one for one in found if one.state in OVER_EARLY),
        locked=frozenset(person for person, state in states.items() if state.locked),
        devices={one: devices[one].name for one in sorted(used) if one in devices},
        place=f"{PLACE}.{min(own)}" if own else "",
    )


def open_code(desk: Desk, who: Member, group: str, now: datetime) -> Outcome[ClassCode]:
    """A new code for the group, until the bell."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    snapshot = desk.snapshot(now)
    period = period_of(snapshot, group, now)
    if period.kind is PeriodKind.OUTSIDE or period.end is None or rests(snapshot, group, now):
        return refused("no_lesson")
    code = desk.store.class_codes.open(desk.school, group, period.end, who.id, now)
    return refused("not_yours") if code is None else done("class_code", code)


def close_code(desk: Desk, who: Member, group: str, now: datetime) -> Outcome[None]:
    """Nobody signs in any more; who is in, stays in until the bell."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    desk.store.class_codes.close(desk.school, group, who.id, now)
    return done("class_code_closed")


def let_in(desk: Desk, who: Member, group: str, sign_in: str, now: datetime) -> Outcome[SignIn]:
    """This is that pupil: it is in, and its pictures may be tried again."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    found = desk.store.sign_ins.confirm(desk.school, sign_in, group, who.id, now)
    if found is None:
        return refused("sign_gone")
    desk.store.pictures.unlock(desk.school, found.person)
    return done("let_in", found)


def turn_away(desk: Desk, who: Member, group: str, sign_in: str, now: datetime) -> Outcome[SignIn]:
    """This is not that pupil."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    found = desk.store.sign_ins.refuse(desk.school, sign_in, group, who.id, now)
    return refused("sign_gone") if found is None else done("let_in_no", found)


def sign_out(desk: Desk, who: Member, group: str, sign_in: str, now: datetime) -> Outcome[SignIn]:
    """The pupil is in no more."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    found = desk.store.sign_ins.stop(desk.school, sign_in, group, now)
    return refused("sign_gone") if found is None else done("pupil_out", found)


def pictures_of(
    desk: Desk, who: Member, group: str, now: datetime
) -> Outcome[tuple[tuple[Person, PictureState | None], ...]]:
    """The pupils of a group, each with how its pictures stand (None: it has none)."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    roster = desk.store.people.roster(desk.school, group)
    states = desk.store.pictures.states(desk.school, [person.id for person in roster])
    return done("seen", tuple((person, states.get(person.id)) for person in roster))


def forget_pictures(desk: Desk, who: Member, group: str, pupil: str, now: datetime) -> Outcome[None]:
    """A pupil of the group chooses new pictures, the next time that the teacher let it in."""
    if not _teaches(desk, who, group, pupil, now):
        return refused("not_yours")
    desk.store.pictures.forget(desk.school, pupil, who.id, now)
    return done("pictures_forgotten")


def set_pictures(
    desk: Desk, who: Member, group: str, pupil: str, pictures: Sequence[str], now: datetime
) -> Outcome[None]:
    """The teacher chooses a pupil's pictures, with the child beside it."""
    if not _teaches(desk, who, group, pupil, now):
        return refused("not_yours")
    if not is_choice(pictures) or len(set(pictures)) == 1:
        return refused("pictures_bad")
    desk.store.pictures.choose(desk.school, pupil, pictures, who.id, now)
    return done("pictures_set")


def _teaches(desk: Desk, who: Member, group: str, pupil: str, now: datetime) -> bool:
    """Whether this is a pupil of a group that `who` may act for."""
    roster = desk.store.people.roster(desk.school, group)
    return desk.may_act_for(who, group, now) and any(person.id == pupil for person in roster)
