"""A substitute takes one group over for one day, with a code that a teacher of the group made.

She has a teacher's rights for that group until its last bell, and sees of it what happens while she is there: see
`docs/decisions/0022-substitute.md`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from config.texts import say
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import Group, Member, Role
from policy.schedule import zone_of
from policy.schoolday import SchoolDay, next_school_days
from store.day_codes import DayCode
from store.people import Person
from store.sessions import FREE_TRIES

INVITERS = frozenset({Role.TEACHER, Role.COORDINATOR, Role.MANAGEMENT})
PREFIX = "invaller-"
"""What a substitute's person id begins with: never that of somebody whom the school keeps."""
LONGEST_NAME = 60
SHORTEST_NAME = 2
# Of one address ten, of all together more: a pupil who tries all morning must not keep a substitute out.
FREE_IN_ALL = 60
DAYS = 2  # that one may make a code for: today, and the school day after it


@dataclass(frozen=True, slots=True)
class Standing:
    """A code that is not over; `name` is who came in with it, empty as long as nobody did."""

    code: DayCode
    name: str


@dataclass(frozen=True, slots=True)
class Invitations:
    """A group's codes, and the days for which one may be made (today's first, when it is not over)."""

    group: Group
    today: date
    days: tuple[SchoolDay, ...]
    standing: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code, told once, and the day that it is for."""

    code: str
    group: Group
    day: SchoolDay


@dataclass(frozen=True, slots=True)
class Entered:
    """The token of a substitute's session, told once, and the group."""

    token: str
    group: str


def is_substitute(person: str) -> bool:
    """Whether a person's id is that of a substitute."""
    return person.startswith(PREFIX)


def staff_among(persons: Iterable[Person]) -> tuple[Person, ...]:
    """Those whom the school keeps as staff: nobody is asked about a substitute of one day."""
    return tuple(one for one in persons if one.role is not Role.PUPIL and not is_substitute(one.id))


def may_invite(desk: Desk, who: Member, group: str, now: datetime) -> bool:
    """Whether somebody may let a substitute in: a teacher of the group, the coordinator, the management."""
    return who.role in INVITERS and not is_substitute(who.id) and desk.may_act_for(who, group, now)


def invitations(desk: Desk, who: Member, group: str, now: datetime) -> Outcome[Invitations]:
    """The group's codes and the days to make one for."""
    snapshot = desk.snapshot(now)
    found = snapshot.groups.get(group)
    if found is None or not may_invite(desk, who, group, now):
        return refused("not_yours")
    days = next_school_days(snapshot.policy.schedule, group, now, DAYS)
    today = now.astimezone(zone_of(snapshot.policy.schedule.zone)).date()
    return done("seen", Invitations(found, today, days, _standing(desk, group, now)))


def present(desk: Desk, who: Member, group: str, now: datetime) -> tuple[Standing, ...]:
    """The substitutes who are in now, for whoever may end it; for everybody else none."""
    if not desk.store.has_accounts or not may_invite(desk, who, group, now):
        return ()
    return tuple(one for one in _standing(desk, group, now) if one.name and one.code.start <= now)


def since(desk: Desk, who: Member, group: str, now: datetime) -> datetime | None:
    """From when on somebody sees what happened in a group. None: as far back as it is kept; a substitute only since
    she came in."""
    if not is_substitute(who.id):
        return None
    mine = (code for code in desk.store.day_codes.standing(desk.school, group, now) if code.person == who.id)
    return next((code.entered for code in mine if code.entered is not None), now)


def make(desk: Desk, who: Member, group: str, day: str, now: datetime) -> Outcome[NewCode]:
    """A code for one of the days that may be chosen (`day` is an ISO date)."""
    offered = invitations(desk, who, group, now)
    if offered.value is None:
        return Outcome(False, offered.code)
    chosen = next((one for one in offered.value.days if one.day.isoformat() == day), None)
    if chosen is None:
        return refused("substitute_day")
    code = desk.store.day_codes.make(desk.school, group, chosen.start, chosen.end, who.id, now)
    desk.store.audit.add(desk.school, who.id, "day_code.make", now, (group, day))
    return done("substitute_code", NewCode(code, offered.value.group, chosen))


def enter(desk: Desk, name: str, code: str, address: str, now: datetime) -> Outcome[Entered]:
    """Come in with a name of one's own and a code; the value has the new session's token for the cookie.

    A wrong, a used, a withdrawn and another day's code get the same answer, after the same work.
    """
    own = _name(name)
    if len(own) < SHORTEST_NAME:
        return refused("substitute_name")
    accounts, school = desk.store.accounts, desk.school
    for key, free in _keys(address):
        if not accounts.attempt(school, key, now, free).allowed:
            return refused("wait")
    taken = desk.store.day_codes.take(school, code[:40], now)
    if taken is None or taken.group not in desk.snapshot(now).groups:
        return refused("day_code")
    person = Person(PREFIX + secrets.token_hex(6), Role.TEACHER, _called(desk, own), (taken.group,))
    desk.store.people.put_people(school, (person,), person.id, now)
    account = accounts.add_for_a_day(school, person.id, Role.TEACHER, taken.until, now)
    desk.store.day_codes.handed(school, taken.id, account.id, now)
    if taken.person is not None:
        _leave(desk, taken.person, person.id, now)
    token = accounts.open_session(school, account.id, now, taken.until - now)
    if token is None:
        return refused("day_code")
    for key, _ in _keys(address):
        accounts.cleared(school, key)
    desk.store.audit.add(school, person.id, "day_code.enter", now, (taken.group, taken.by))
    return done("signed_in", Entered(token, taken.group))


def allow_again(desk: Desk, who: Member, group: str, code_id: str, now: datetime) -> Outcome[None]:
    """Let a code that was used work once more, for another browser; whoever is in with it is out then."""
    if _of_group(desk, who, group, code_id, now) is None:
        return refused("gone")
    if not desk.store.day_codes.again(desk.school, code_id, now):
        return refused("gone")
    desk.store.audit.add(desk.school, who.id, "day_code.again", now, (group,))
    return done("substitute_again")


def end(desk: Desk, who: Member, group: str, code_id: str, now: datetime) -> Outcome[None]:
    """Withdraw a code; whoever came in with it is out at once, and live screens of theirs end."""
    if _of_group(desk, who, group, code_id, now) is None:
        return refused("gone")
    ended = desk.store.day_codes.end(desk.school, code_id, now)
    if ended is None:
        return refused("gone")
    if ended.person is not None:
        _leave(desk, ended.person, who.id, now)
    desk.store.audit.add(desk.school, who.id, "day_code.end", now, (group, *filter(None, [ended.person])))
    return done("substitute_out" if ended.person else "substitute_ended")


def _keys(address: str) -> tuple[tuple[str, int], ...]:
    """What tries are counted by, the address first: one that has to wait takes no try away from the others."""
    return ((f"day-code-address:{address}", FREE_TRIES), ("day-code", FREE_IN_ALL))


def _standing(desk: Desk, group: str, now: datetime) -> tuple[Standing, ...]:
    codes = desk.store.day_codes.standing(desk.school, group, now)
    persons = {code.person: desk.store.people.person(desk.school, code.person) for code in codes if code.person}
    names = {who: person.name if person else who for who, person in persons.items()}
    return tuple(Standing(code, names.get(code.person, "") if code.person else "") for code in codes)


def _of_group(desk: Desk, who: Member, group: str, code_id: str, now: datetime) -> DayCode | None:
    """The code, if it is this group's and `who` may let substitutes in there."""
    code = desk.store.day_codes.get(desk.school, code_id) if may_invite(desk, who, group, now) else None
    return code if code is not None and code.group == group else None


def _leave(desk: Desk, person_id: str, by: str, now: datetime) -> None:
    """Take the group away: this moves the revision, so that every open screen is asked again."""
    person = desk.store.people.person(desk.school, person_id)
    if person is not None and person.groups:
        desk.store.people.put_people(desk.school, (replace(person, groups=()),), by, now)


def _name(text: str) -> str:
    """What somebody calls herself, in letters that can be read, and without what stands before it anyway."""
    words = "".join(sign if sign.isprintable() else " " for sign in text).split()
    if words and words[0].casefold() in {"invaller", "substitute"}:
        words = words[1:]
    return " ".join(words)[:LONGEST_NAME].strip()


def _called(desk: Desk, name: str) -> str:
    return say("dash.substitute.called", desk.settings.language, name=name)
