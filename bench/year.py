"""A school of 300 pupils with a year behind it, written through the store; `bench.dashboard` looks at it.

In a year of 200 school days every group has 4 permissions and 2 requests a day, and every second pupil meets one closed
page. That is more than is kept: what pages were closed is forgotten after two weeks, unless somebody noted something.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dashboard.actions import permission
from dashboard.actions.desk import Desk
from policy.model import Action, Device, DeviceClass, Effect, Grant, Group, Member, Reason, Role
from store import Store
from store.accounts import AccountState
from store.events import Event, What
from store.incidents import Wish
from store.people import Person

PUPILS, GROUPS, TEACHERS, DAYS = 300, 12, 60, 200
BY = "bench"
_BATCH = 2_000
_NOT_A_HASH = "$argon2id$nobody-signs-in-with-this"


@dataclass(frozen=True, slots=True)
class Filled:
    """Sessions of the teachers (group and token), the coordinator and the management; and how many events there are."""

    sessions: tuple[tuple[str, str], ...]
    coordinator: str
    management: str
    events: int


def groups() -> list[Group]:
    """Twelve groups, `b1a` to `b8b`."""
    years = (1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 8, 8)
    return [Group(f"b{number}", f"Groep {year}{'ab'[number % 2]}", (year,)) for number, year in enumerate(years)]


def teachers() -> list[Person]:
    """60 of them, five a group."""
    return [Person(f"t{n}", Role.TEACHER, f"Leerkracht {n:02}", (groups()[n % GROUPS].id,)) for n in range(TEACHERS)]


def pupils() -> list[Person]:
    """300 of them, 25 a group."""
    made = groups()
    return [Person(f"l{n}", Role.PUPIL, f"Leerling {n:03}", (made[n % GROUPS].id,)) for n in range(PUPILS)]


def before(store: Store, school: str, now: datetime, days: int = DAYS) -> dict[str, int]:
    """What is there before the guard starts: people, devices, and what was permitted and asked in the year up to `now`.

    Written first, because every permission wakes a guard that runs. `days` are school days.
    """
    for group in groups():
        store.people.put_group(school, group, BY, now)
    children = pupils()
    store.people.put_people(school, [*children, *teachers()], BY, now)
    store.people.set_consents(school, {one.id: True for one in children}, BY, now)
    for child in children:
        book = Device(f"cb-{child.id}", f"Chromebook {child.id}", DeviceClass.PUPIL, child.groups[0], child.id)
        store.devices.put(school, book, BY, now)
    grants, asks = _lessons(store, school, now, random.Random(1), days)
    return {"pupils": PUPILS, "groups": GROUPS, "permissions": grants, "requests": asks}


def after(desk: Desk, now: datetime, days: int = DAYS) -> Filled:
    """What comes while it runs, because it would forget it at its start: a year of closed pages; and sessions."""
    events = _events(desk, now, random.Random(2), days)
    for group in groups():
        one = next(teacher for teacher in teachers() if group.id in teacher.groups)
        wish = permission.Wish(group.id, site="kletsplein.test", goal="werkstuk", confirmed=True)
        given = permission.give(desk, Member(one.id, Role.TEACHER, one.groups), wish, now)
        assert given.ok, given.code
    sessions = tuple((one.groups[0], _session(desk, one, now)) for one in teachers())
    return Filled(sessions, _known(desk, "coordinator", now), _known(desk, "directie", now), events)


def _mornings(now: datetime, days: int) -> Iterator[datetime]:
    """The mornings of a year, latest first."""
    return (now - timedelta(days=1 + number * 365 / days) for number in range(days))


def _events(desk: Desk, now: datetime, chance: random.Random, days: int) -> int:
    written, batch = 0, []
    for day in (*_mornings(now, days), now - timedelta(minutes=90)):
        for child in chance.sample(pupils(), PUPILS // 2):
            batch.append(
                Event(
                    What.BLOCKED,
                    day + timedelta(seconds=chance.randrange(3_600)),
                    Effect.DENY,
                    Reason.PLACE,
                    Action.VISIT,
                    category="social",
                    host=f"site{chance.randrange(200)}.example.nl",
                    group=child.groups[0],
                    device=f"cb-{child.id}",
                    person=child.id,
                )
            )
        if len(batch) >= _BATCH:
            written += desk.store.events.add_batch(desk.school, batch, now)
            batch = []
    return written + desk.store.events.add_batch(desk.school, batch, now)


def _lessons(store: Store, school: str, now: datetime, chance: random.Random, days: int) -> tuple[int, int]:
    """Permissions and requests of the year."""
    grants = asks = 0
    first = {child.groups[0]: child.id for child in reversed(pupils())}
    for day in _mornings(now, days):
        for group in groups():
            for _ in range(4):
                site, whole = f"site{chance.randrange(200)}.example.nl", frozenset({group.id})
                made = Grant("", day, day + timedelta(minutes=45), Role.TEACHER, BY, whole, sites=(site,))
                store.grants.add(school, made, day)
                grants += 1
            child = first[group.id]
            for _ in range(2):
                host = f"site{chance.randrange(200)}.example.nl"
                wish = Wish(host, "lesson", "social", "", group.id, f"cb-{child}", child)
                asks += store.incidents.ask(school, wish, day) is not None
    return grants, asks


def _session(desk: Desk, person: Person, now: datetime) -> str:
    accounts = desk.store.accounts
    account = accounts.add(desk.school, person.id, person.id, person.role, now)
    assert account is not None and accounts.set_password(desk.school, account.id, _NOT_A_HASH, now)
    token = accounts.open_session(desk.school, account.id, now, second=True)
    assert token is not None
    return token


def _known(desk: Desk, login: str, now: datetime) -> str:
    account = desk.store.accounts.find(desk.school, login)
    assert account is not None and account.state is AccountState.ACTIVE
    token = desk.store.accounts.open_session(desk.school, account.id, now, second=True)
    assert token is not None
    return token


def utc_now() -> datetime:
    """The clock, aware."""
    return datetime.now(UTC)
