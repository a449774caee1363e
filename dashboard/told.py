"""What a device tells of programs, itself and print jobs: read strictly, and kept only where it is an exception.

It is looked up again here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policy.devicefact import DeviceFact
from policy.model import Action, Device, Effect, Reason, Snapshot
from policy.printer import is_print_server, pupil_named
from policy.seat import live_lease
from store.events import Event, What

_OLDEST = timedelta(days=14)
_CLOCKS_DIFFER = timedelta(minutes=1)
_HELP = frozenset({Reason.HELP, Reason.HELP_HOST})

type _Word = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]


class AppEvent(BaseModel):
    """One event as an agent tells it (`agent.outbox.app_event`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,32}$")]
    at: AwareDatetime
    app: _Word
    person: _Word | None = None
    effect: Effect
    reason: Reason
    rules: Annotated[tuple[_Word, ...], Field(max_length=20)] = ()
    grant: _Word | None = None
    revision: Annotated[int, Field(ge=0, le=2**53)] = 0
    ended: bool = True


class DeviceNews(BaseModel):
    """A fact about the device itself as an agent tells it (`agent.outbox.device_event`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,32}$")]
    at: AwareDatetime
    fact: DeviceFact
    detail: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
    put_back: bool = False
    revision: Annotated[int, Field(ge=0, le=2**53)] = 0


class PrintNews(BaseModel):
    """What became of a print job as a print server tells it (`agent.outbox.print_event`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,32}$")]
    at: AwareDatetime
    printed: bool
    user: Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
    reason: Reason
    rules: Annotated[tuple[_Word, ...], Field(max_length=20)] = ()
    grant: _Word | None = None
    revision: Annotated[int, Field(ge=0, le=2**53)] = 0


def read_print(given: object, device: Device, snapshot: Snapshot, now: datetime) -> Event | None:
    """Return the event of a print job that a print server tells, or None where it cannot be one.

    Whose it was is looked up here, of pupils only; a name that nobody knows is not kept.
    """
    try:
        told = PrintNews.model_validate(given)
    except ValidationError:
        return None
    if not is_print_server(device) or told.at > now + _CLOCKS_DIFFER or now - told.at > _OLDEST:
        return None
    if told.printed and told.grant is None:
        return None
    member = pupil_named(snapshot, told.user)
    open_anyway = told.reason in {Reason.OPEN, Reason.GRANTED}
    return Event(
        what=What.GRANTED if told.printed else What.BLOCKED,
        when=min(told.at.astimezone(UTC), now),
        effect=Effect.ALLOW if told.printed else Effect.DENY,
        # What was permitted and dropped all the same was too long, or an adult said no to it.
        reason=Reason.PRINT if open_anyway and not told.printed else told.reason,
        action=Action.PRINT,
        rules=tuple(one for one in told.rules if one in snapshot.rules),
        thing="print",
        group=member.groups[0] if member and member.groups else None,
        device=device.id,
        person=member.id if member else None,
        revision=told.revision,
        grant=told.grant,
        uid=f"agent:{device.id}:{told.uid}",
    )


def read_news(given: object, device: Device, now: datetime) -> Event | None:
    """Return the fact that `device` tells about itself, or None where it cannot be one.

    No person and no group is in it, whatever is told: it is on no teacher's screen, and it accuses nobody.
    """
    try:
        told = DeviceNews.model_validate(given)
    except ValidationError:
        return None
    if told.at > now + _CLOCKS_DIFFER or now - told.at > _OLDEST:
        return None
    return Event(
        what=What.DEVICE,
        when=min(told.at.astimezone(UTC), now),
        effect=Effect.DENY if told.put_back else Effect.ALLOW,
        reason=Reason.CONNECT,
        category=told.fact.value,
        thing=told.detail,
        device=device.id,
        revision=told.revision,
        uid=f"agent:{device.id}:{told.uid}",
    )


def read_event(given: object, device: Device, snapshot: Snapshot, now: datetime) -> Event | None:
    """Return the event that `device` tells, or None where it is no exception or cannot be.

    A device is believed about itself only: kind of program, group and rules are looked up in `snapshot`, and of persons
    it may name its owner and who sits there now.
    """
    if isinstance(given, dict) and "fact" in given:
        return read_news(given, device, now)
    if isinstance(given, dict) and "printed" in given:
        return read_print(given, device, snapshot, now)
    try:
        told = AppEvent.model_validate(given)
    except ValidationError:
        return None
    what = _what(told)
    if what is None or told.reason in _HELP or not _ruled(told.app, snapshot):
        return None
    if told.at > now + _CLOCKS_DIFFER or now - told.at > _OLDEST:
        return None
    person = told.person if told.person in _people(snapshot, device, now) else None
    member = snapshot.people.get(person) if person else None
    return Event(
        what=what,
        when=min(told.at.astimezone(UTC), now),
        effect=told.effect,
        reason=told.reason,
        action=Action.RUN,
        rules=tuple(one for one in told.rules if one in snapshot.rules),
        category=snapshot.knowledge.apps.get(told.app),
        thing=told.app,
        group=member.groups[0] if member and member.groups else device.group,
        device=device.id,
        person=person,
        revision=told.revision,
        grant=told.grant,
        uid=f"agent:{device.id}:{told.uid}",
    )


def _what(told: AppEvent) -> What | None:
    """Return what kind of exception this is; None: it is none."""
    if not told.ended:
        return What.FAULT
    if told.effect is Effect.ALLOW:
        return What.GRANTED if told.grant else None
    return {Effect.DENY: What.BLOCKED, Effect.HOLD: What.HELD}.get(told.effect)


def _ruled(app: str, snapshot: Snapshot) -> bool:
    """Whether a program is one that the school has a rule or a kind for: no other is ever written down."""
    return app in snapshot.knowledge.apps or any(app in rule.apps for rule in snapshot.policy.rules)


def _people(snapshot: Snapshot, device: Device, now: datetime) -> frozenset[str]:
    """Return who this device may speak of: its owner and whoever sits there now."""
    lease = live_lease(snapshot, device.id, now)
    return frozenset(one for one in (device.person, lease.person if lease else None) if one)
