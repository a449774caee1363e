"""The `state` of a line of `klaswacht check`: permissions, bans, care and what more a question is asked in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic import Field as Key

from policy.address import canonical, canonical_host
from policy.model import (
    ALWAYS,
    FOREVER,
    Agreement,
    Care,
    Emergency,
    Facet,
    Grant,
    Policy,
    Role,
    Sanction,
    SanctionTarget,
    Span,
    State,
)
from policy.program import app_name

ZONE = ZoneInfo("Europe/Amsterdam")
FULL = frozenset({Facet.PLACE, Facet.ACTION, Facet.APP})
VIEW = frozenset({Facet.PLACE})


def moment(value: Any) -> datetime:
    """A moment as written: ISO 8601; without an offset it is Amsterdam's wall clock. Raises `ValueError`."""
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time())
    elif isinstance(value, str):
        found = datetime.fromisoformat(value)
    else:
        raise ValueError("a moment is written as `2026-11-23T10:00`")
    return (found if found.tzinfo else found.replace(tzinfo=ZONE)).astimezone(UTC)


def _words(value: Any) -> Any:
    """A group may be written as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Moment = Annotated[datetime, BeforeValidator(moment)]
Name = Annotated[str, BeforeValidator(_words)]


class Strict(BaseModel):
    """An object in which every key is known."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class GrantLine(Strict):
    """A permission: `for` a group (text) or pupils (list); a standing one of the management is for `roles` of staff."""

    to: Name | list[str] = Key(default_factory=list, alias="for")
    roles: list[Role] = []
    sites: list[str] = []
    categories: list[str] = []
    items: list[str] = []
    topics: list[str] = []
    kinds: list[str] = []
    facets: list[Facet] = []
    mode: Literal["view", "full"] = "full"
    start: Moment = Key(default=ALWAYS, alias="from")
    until: Moment = FOREVER
    by: Role = Role.TEACHER

    @model_validator(mode="after")
    def _for_somebody(self) -> GrantLine:
        if "to" not in self.model_fields_set and not self.roles:
            raise ValueError("a permission is `for` a group or pupils, or for `roles` of staff")
        return self


class StretchLine(Strict):
    """From when until when."""

    start: Moment = Key(default=ALWAYS, alias="from")
    until: Moment = FOREVER


class SanctionLine(Strict):
    """A ban; `lifted` are the stretches for which it was lifted."""

    pupil: str
    on: SanctionTarget = SanctionTarget.CHROMEBOOK
    start: Moment = Key(default=ALWAYS, alias="from")
    until: Moment = FOREVER
    lifted: list[StretchLine] = []


class CareLine(Strict):
    """A standing personal exception."""

    pupil: str | None = None
    device: str | None = None
    sites: list[str] = []
    apps: list[str] = []


class AgreementLine(Strict):
    """What was agreed for the lesson."""

    group: Name | None = None
    pupils: list[str] = []
    sites: list[str]
    start: Moment = Key(default=ALWAYS, alias="from")
    until: Moment = FOREVER
    test: bool = False


class EmergencyLine(Strict):
    """The emergency exit; one that lasts longer than it may opens nothing."""

    start: Moment = Key(alias="from")
    until: Moment


class StateLine(Strict):
    """The state a question is asked in, with the little of a school's own choices that tools may want to try."""

    grants: list[GrantLine] = []
    sanctions: list[SanctionLine] = []
    consents: dict[str, bool] = {}
    consented_groups: list[Name] = []
    care: list[CareLine] = []
    agreement: AgreementLine | None = None
    pause: list[Name] = []
    rainy: list[Name] = []
    emergency: EmergencyLine | None = None
    lists: dict[str, list[str]] = {}
    interns_permit: bool | None = None


def state_of(line: StateLine) -> State:
    """The policy's state in a `state` object."""
    return State(
        grants=tuple(_grant(i, grant) for i, grant in enumerate(line.grants, 1)),
        sanctions=tuple(
            Sanction(
                f"sanction-{i}",
                s.pupil,
                s.on,
                s.start,
                s.until,
                lifted=tuple((stretch.start, stretch.until) for stretch in s.lifted),
            )
            for i, s in enumerate(line.sanctions, 1)
        ),
        consents=dict(line.consents),
        care=tuple(
            Care(f"care-{i}", c.pupil, c.device, _hosts(c.sites), tuple(app_name(a) for a in c.apps))
            for i, c in enumerate(line.care, 1)
        ),
        agreements=(_agreement(line.agreement),) if line.agreement else (),
        pauses=tuple(Span(group, ALWAYS, FOREVER) for group in line.pause),
        rainy=tuple(Span(group, ALWAYS, FOREVER) for group in line.rainy),
        consented_groups=frozenset(line.consented_groups),
        emergencies=(Emergency("emergency-1", line.emergency.start, line.emergency.until),) if line.emergency else (),
    )


def policy_of(line: StateLine, policy: Policy) -> Policy:
    """The policy with the school's choices in a `state` object: hosts on its own lists, whether interns permit."""
    if not line.lists and line.interns_permit is None:
        return policy
    lists = {category: (*policy.lists.get(category, ()), *_hosts(hosts)) for category, hosts in line.lists.items()}
    interns = policy.interns_permit if line.interns_permit is None else line.interns_permit
    return replace(policy, lists={**policy.lists, **lists}, interns_permit=interns)


def _grant(number: int, line: GrantLine) -> Grant:
    group = frozenset({line.to}) if isinstance(line.to, str) else frozenset[str]()
    people = frozenset[str]() if isinstance(line.to, str) else frozenset(line.to)
    facets = frozenset(line.facets) or (VIEW if line.mode == "view" else FULL)
    return Grant(
        f"grant-{number}",
        line.start,
        line.until,
        line.by,
        groups=group,
        people=people,
        sites=_hosts(line.sites),
        categories=frozenset(line.categories),
        facets=facets,
        items=tuple(line.items),
        topics=frozenset(line.topics),
        kinds=frozenset(line.kinds),
        roles=frozenset(line.roles),
    )


def _agreement(line: AgreementLine) -> Agreement:
    groups = frozenset({line.group}) if line.group else frozenset[str]()
    return Agreement(
        "agreement-1",
        line.start,
        line.until,
        groups=groups,
        people=frozenset(line.pupils),
        sites=_hosts(line.sites),
        test=line.test,
    )


def _hosts(sites: list[str]) -> tuple[str, ...]:
    """Sites as canonical hosts; one that is none is kept as written, and covers nothing (an app may be named so)."""
    found = []
    for site in sites:
        address = canonical(site) if "://" in site else None
        found.append(address.host if address else canonical_host(site) or site)
    return tuple(found)
