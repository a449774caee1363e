"""One line of `klaswacht check`: a question as a tool writes it, to an access request; its `state` in `state_line`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ValidationError
from pydantic import Field as Key

from cli.state_line import Moment, Name, StateLine, Strict
from policy.address import canonical, canonical_host
from policy.model import (
    AccessRequest,
    Action,
    Address,
    DeviceClass,
    Knowledge,
    Principal,
    Role,
    Search,
    Snapshot,
    Strength,
)
from policy.outgoing import Field, Outgoing, judged
from policy.printer import item_of
from policy.program import app_name

SOMEWHERE = "https://example.com/"  # where a text goes when that is not said: a site that nobody lists
_SENDING = frozenset({"POST", "PUT", "PATCH"})


def _strength(value: Any) -> Any:
    return Strength[value.upper()] if isinstance(value, str) and value.upper() in Strength.__members__ else value


class PrintLine(Strict):
    """A print job. `job` is the UUID that its print server gave it, for a yes to that job only.

    `pages` and `colour` are what a teacher sees. The longest job that goes without a yes is kept by the print server.
    """

    pages: Annotated[int, Key(ge=0)] | None = None
    colour: bool | None = None
    job: Annotated[str, Key(pattern=r"^[0-9A-Za-z-]{1,64}$")] | None = None


class QuestionLine(Strict):
    """One question. Exactly one of `url`, `query`, `text`, `app`, `print` says what it is about.

    Of a `text` the `url` tells where it is sent.
    """

    id: Any = None
    url: str | None = None
    query: str | None = None
    engine: str = "google"
    text: str | None = None
    app: str | None = None
    job: PrintLine | None = Key(default=None, alias="print")
    action: Action | None = None
    method: str = "GET"
    media: list[Literal["picture", "sound", "video", "file"]] = Key(default_factory=list)
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
    try:
        question = QuestionLine.model_validate(data)
    except ValidationError as error:
        raise BadLine(told(error)) from error
    asked = [kind for kind in ("url", "query", "text", "app", "job") if getattr(question, kind) is not None]
    if len(asked) != 1 and asked != ["url", "text"]:
        raise BadLine(
            "a question has exactly one of `url`, `query`, `text`, `app`, `print` (a `text` may have a `url` to go to)"
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
    if question.job is not None:
        return AccessRequest(Action.PRINT, who, job=item_of(question.job.job) if question.job.job else "")
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
