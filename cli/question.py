"""One line of `klaswacht check`: a question as a tool writes it, to an access request and the state it is asked in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic import Field as Key

from policy.address import canonical, canonical_host
from policy.model import (
    ALWAYS,
    FOREVER,
    AccessRequest,
    Action,
    Address,
    Agreement,
    Care,
    DeviceClass,
    Facet,
    Grant,
    Knowledge,
    Policy,
    Principal,
    Role,
    Sanction,
    SanctionTarget,
    Search,
    Snapshot,
    Span,
    State,
    Strength,
)
from policy.outgoing import Field, Outgoing, judged
from policy.program import app_name

ZONE = ZoneInfo("Europe/Amsterdam")
FULL = frozenset({Facet.PLACE, Facet.ACTION, Facet.APP})
VIEW = frozenset({Facet.PLACE})
# What a later version answers; until then the line says so and the rest goes on.
NOT_YET = ("print",)
SOMEWHERE = "https://example.com/"  # where a text goes when that is not said: a site that nobody lists
_SENDING = frozenset({"POST", "PUT", "PATCH"})


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


def _strength(value: Any) -> Any:
    return Strength[value.upper()] if isinstance(value, str) and value.upper() in Strength.__members__ else value


Moment = Annotated[datetime, BeforeValidator(moment)]
Name = Annotated[str, BeforeValidator(_words)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class GrantLine(_Strict):
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


class StretchLine(_Strict):
    """From when until when."""

    start: Moment = Key(default=ALWAYS, alias="from")
    until: Moment = FOREVER


class SanctionLine(_Strict):
    """A ban; `lifted` are the stretches for which it was lifted."""

    pupil: str
    on: SanctionTarget = SanctionTarget.CHROMEBOOK
    start: Moment = Key(default=ALWAYS, alias="from")
    until: Moment = FOREVER
    lifted: list[StretchLine] = []


class CareLine(_Strict):
    """A standing personal exception."""

    pupil: str | None = None
    device: str | None = None
    sites: list[str] = []
    apps: list[str] = []


class AgreementLine(_Strict):
    """What was agreed for the lesson."""

    group: Name | None = None
    pupils: list[str] = []
    sites: list[str]
    start: Moment = Key(default=ALWAYS, alias="from")
    until: Moment = FOREVER


class StateLine(_Strict):
    """The state a question is asked in, with the little of a school's own choices that tools may want to try."""

    grants: list[GrantLine] = []
    sanctions: list[SanctionLine] = []
    consents: dict[str, bool] = {}
    consented_groups: list[Name] = []
    care: list[CareLine] = []
    agreement: AgreementLine | None = None
    pause: list[Name] = []
    rainy: list[Name] = []
    lists: dict[str, list[str]] = {}
    interns_permit: bool | None = None


class QuestionLine(_Strict):
    """One question. Exactly one of `url`, `query`, `text`, `app`, `print` says what it is about.

    Of a `text` the `url` tells where it is sent.
    """

    id: Any = None
    url: str | None = None
    query: str | None = None
    engine: str = "google"
    text: str | None = None
    app: str | None = None
    job: Any = Key(default=None, alias="print")
    action: Action | None = None
    method: str = "GET"
    media: list[Literal["picture", "sound", "video", "file"]] = []
    released: bool = False
    connect: str | None = None
    sni: str | None = None
    host: str | None = None
    role: Role | None = None
    group: Name | None = None
    pupil: str | None = None
    device: str | None = None
    at: Moment | None = None
    strength: Annotated[Strength | None, BeforeValidator(_strength)] = None
    protocol: str | None = None
    state: StateLine | None = None


class BadLine(Exception):
    """A line that is no question; the text says what is wrong and what to do."""


def read_question(data: Any) -> QuestionLine:
    """The question in a JSON object; raises `BadLine`."""
    if not isinstance(data, dict):
        raise BadLine('a line is a JSON object such as {"url": "https://example.nl"}')
    for kind in NOT_YET:
        if kind in data:
            raise BadLine("not yet")
    try:
        question = QuestionLine.model_validate(data)
    except ValidationError as error:
        raise BadLine(told(error)) from error
    asked = [kind for kind in ("url", "query", "text", "app") if getattr(question, kind) is not None]
    if len(asked) != 1 and asked != ["url", "text"]:
        raise BadLine(
            "a question has exactly one of `url`, `query`, `text`, `app` (a `text` may have a `url` to go to)"
        )
    return question


def told(error: ValidationError) -> str:
    """What pydantic found, in one line: where, what is wrong, what was written."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "line"
    return f"`{where}`: {first['msg'].lower()}; written was `{str(first.get('input'))[:80]}`"


def request_of(question: QuestionLine, role: Role, group: str | None, snapshot: Snapshot) -> AccessRequest:
    """The access request of a question; raises `BadLine` for an engine nobody knows."""
    knowledge = snapshot.knowledge
    who = _principal(question, role, group)
    if question.app is not None:
        return AccessRequest(question.action or Action.RUN, who, app=app_name(question.app))
    search = None
    hosts: tuple[str, ...]
    if question.query is not None:
        hosts, search = (_engine_host(question.engine, knowledge),), Search(question.engine, question.query)
        address = canonical(f"https://{hosts[0]}/")
    else:
        url = question.url or (SOMEWHERE if question.text is not None else "")
        address = canonical(url if "://" in url else f"https://{url}")
        hosts = (address.host,) if address else ()
        search = knowledge.engines.query(address) if address else None
    unreadable = not hosts
    for name in (question.connect, question.sni, question.host):
        if name is not None:
            canon = canonical_host(name)
            unreadable = unreadable or canon is None
            hosts = (*hosts, canon) if canon and canon not in hosts else hosts
    action = question.action or (
        Action.SUBMIT if question.text is not None else _action(question.method, search is not None)
    )
    sent = _sent(question.text, hosts, address, who, snapshot)
    return AccessRequest(
        action,
        who,
        hosts,
        address,
        websocket=address is not None and address.scheme in {"ws", "wss"},
        search=search,
        media=frozenset(question.media),
        unreadable=unreadable,
        personal=sent.personal,
        said=sent.said,
        released=question.released,
    )


def _sent(
    text: str | None, hosts: tuple[str, ...], address: Address | None, who: Principal, snapshot: Snapshot
) -> Outgoing:
    """What is found in a text that a pupil sends there; as at the proxy nobody else's is looked at."""
    if text is None or who.role is not Role.PUPIL:
        return Outgoing()
    return judged((Field("message", text),), hosts, snapshot, address=address)


def _action(method: str, searching: bool) -> Action:
    if searching:
        return Action.SEARCH
    return Action.SUBMIT if method.upper() in _SENDING else Action.VISIT


def _engine_host(engine: str, knowledge: Knowledge) -> str:
    for known in knowledge.engines.engines:
        if known.id == engine:
            return known.hosts[0].replace("*", "nl")
    names = ", ".join(sorted({known.id for known in knowledge.engines.engines}))
    raise BadLine(f"`engine`: `{engine[:40]}` is not known; known are {names}")


def _principal(question: QuestionLine, role: Role, group: str | None) -> Principal:
    groups = (question.group,) if question.group else ((group,) if group else ())
    kind, device = DeviceClass.PUPIL, question.device
    if device in set(DeviceClass):
        kind, device = DeviceClass(device), None
    strength = question.strength
    if strength is None:
        strength = Strength.PROVED if question.pupil else (Strength.GROUP if groups else Strength.NONE)
    return Principal(question.role or role, question.pupil, groups, device, kind, strength)


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
        "agreement-1", line.start, line.until, groups=groups, people=frozenset(line.pupils), sites=_hosts(line.sites)
    )


def _hosts(sites: list[str]) -> tuple[str, ...]:
    """Sites as canonical hosts; one that is none is kept as written, and covers nothing (an app may be named so)."""
    found = []
    for site in sites:
        address = canonical(site) if "://" in site else None
        found.append(address.host if address else canonical_host(site) or site)
    return tuple(found)
