"""The words of a school file: annotated types that make a value canonical or tell what is wrong with it.

Every validator raises `wrong(problem, hint)`; `config.complaints` finds the line for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import time
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

from publicsuffixlist import PublicSuffixList
from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from config.read import quoted
from policy.address import canonical_host, is_ip, name_without_suffix
from policy.model import (
    PERSONAL_TYPES,
    Action,
    Bound,
    ClauseKind,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    HoldsIn,
    LiftableBy,
    Means,
    Role,
)

MEDIA = ("picture", "sound", "video", "file")
KINDS = ("coarse", "aggression", "sex", "discrimination")

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,49}\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}\Z")
_SPAN = re.compile(r"([0-9]{2}:[0-9]{2})\s*-\s*([0-9]{2}:[0-9]{2})\Z")
_PROGRAM = re.compile(r"[^\s/\\][^/\\]{0,79}\Z")


def wrong(problem: str, hint: str = "", at: str | None = None) -> PydanticCustomError:
    """Return the error that a validator raises; `at` names the key inside the model that it is about."""
    return PydanticCustomError("config", "{problem}", {"problem": problem, "hint": hint, "at": at})


def nearest(value: str, known: Iterable[str]) -> str:
    """Return a hint that names the known word most like `value`, or all of them."""
    known = tuple(known)
    close = get_close_matches(value, known, n=1, cutoff=0.6)
    return f"did you mean {quoted(close[0])}?" if close else "known: " + ", ".join(quoted(k) for k in known)


# --- words ---------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    """Text; a bare number is what was typed (`groups: [7]`)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise wrong(f"{quoted(value)} is not text", "put it in quotes" if not isinstance(value, dict | list) else "")
    if not value.strip() or len(value) > 300 or not value.isprintable():
        raise wrong(f"{quoted(value)} is not a line of text", "write 1 to 300 printable characters")
    return value.strip()


def _slug(value: Any) -> str:
    text = _text(value)
    if not _SLUG.match(text):
        raise wrong(f"{quoted(text)} is not a name", "use small letters, digits and `-`")
    return text


def _id(value: Any) -> str:
    text = _text(value)
    if not _ID.match(text):
        raise wrong(f"{quoted(text)} is not an id", "use letters, digits, `-`, `_` and `.`, at most 40")
    return text


def _program(value: Any) -> str:
    text = _text(value).lower()
    if not _PROGRAM.match(text):
        raise wrong(f"{quoted(text)} is not a program name", "write the file name of the program, without its folder")
    return text.removesuffix(".exe")


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        text = _text(value)
        if text not in words:
            raise wrong(f"{quoted(text)} is not known here", nearest(text, words))
        return text

    return check


def _member_of[E: StrEnum](kind: type[E], *but: E) -> Callable[[Any], E]:
    check = _one_of(tuple(member.value for member in kind if member not in but))
    return lambda value: kind(check(value))


def _written(pattern: str, *examples: str) -> WithJsonSchema:
    """What an editor knows of text: a bare number is taken as text too, so it does not complain about one."""
    return WithJsonSchema({"type": ["string", "integer"], "pattern": pattern, "examples": list(examples)})


def _choice(words: Iterable[str]) -> WithJsonSchema:
    """What an editor knows of a word out of a few, so that it can complete it."""
    return WithJsonSchema({"type": "string", "enum": [str(word) for word in words]})


def _members[E: StrEnum](kind: type[E], *but: E) -> WithJsonSchema:
    return _choice(member.value for member in kind if member not in but)


_NOT_IN_FILES = tuple(set(Gate) - {Gate.LOCKED, Gate.BREAK})
_LANGUAGES = ("nl", "en")

Text = Annotated[
    str,
    BeforeValidator(_text),
    WithJsonSchema({"type": ["string", "integer"], "minLength": 1, "maxLength": 300}),
]
Slug = Annotated[str, BeforeValidator(_slug), _written("^[a-z0-9][a-z0-9-]{0,49}$")]
Id = Annotated[str, BeforeValidator(_id), _written("^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
Program = Annotated[str, BeforeValidator(_program), _written(r"^[^\s/\\][^/\\]{0,79}$", "spelletje.exe")]
Language = Annotated[str, BeforeValidator(_one_of(_LANGUAGES)), _choice(_LANGUAGES)]
Media = Annotated[str, BeforeValidator(_one_of(MEDIA)), _choice(MEDIA)]
Kind = Annotated[str, BeforeValidator(_one_of(KINDS)), _choice(KINDS)]
PersonalType = Annotated[str, BeforeValidator(_one_of(PERSONAL_TYPES)), _choice(PERSONAL_TYPES)]
RoleWord = Annotated[Role, BeforeValidator(_member_of(Role)), _members(Role)]
BoundWord = Annotated[Bound, BeforeValidator(_member_of(Bound)), _members(Bound)]
ClauseKindWord = Annotated[ClauseKind, BeforeValidator(_member_of(ClauseKind)), _members(ClauseKind)]
MeansWord = Annotated[Means, BeforeValidator(_member_of(Means)), _members(Means)]
DeviceWord = Annotated[DeviceClass, BeforeValidator(_member_of(DeviceClass)), _members(DeviceClass)]
ActionWord = Annotated[Action, BeforeValidator(_member_of(Action)), _members(Action)]
FacetWord = Annotated[Facet, BeforeValidator(_member_of(Facet)), _members(Facet)]
EffectWord = Annotated[Effect, BeforeValidator(_member_of(Effect, Effect.HELP)), _members(Effect, Effect.HELP)]
LiftableWord = Annotated[LiftableBy, BeforeValidator(_member_of(LiftableBy)), _members(LiftableBy)]
HoldsWord = Annotated[HoldsIn, BeforeValidator(_member_of(HoldsIn)), _members(HoldsIn)]
GateWord = Annotated[Gate, BeforeValidator(_member_of(Gate, *_NOT_IN_FILES)), _members(Gate, *_NOT_IN_FILES)]


# --- network -------------------------------------------------------------------------------------------------------


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


def _is_suffix_of_all(host: str) -> bool:
    """Whether this is the likes of `nl` and `co.uk`; a company's own suffix (`github.io`) may be meant as a whole."""
    return host != "localhost" and _suffixes().privatesuffix(host) is None


def _host(value: Any) -> str:
    """A canonical host; every other spelling of the same name becomes this one."""
    text = _text(value)
    if text.startswith("*."):
        raise wrong(f"{quoted(text)} is not a host", f"write {quoted(text[2:])}: its sub-domains are included")
    host = canonical_host(text)
    if host is None or "/" in text or (":" in text and not is_ip(host)):
        inner = canonical_host(re.sub(r"^[a-z]+://", "", text).partition("/")[0].partition(":")[0])
        raise wrong(
            f"{quoted(text)} is not a host", f"write {quoted(inner)}" if inner else "write it like `example.nl`"
        )
    if not is_ip(host) and not name_without_suffix(host) and _is_suffix_of_all(host):
        raise wrong(f"{quoted(text)} stands for every site below it", "write one site, like `example.nl`")
    return host


def _address(value: Any) -> str:
    text = _text(value)
    try:
        return str(ip_address(text))
    except ValueError:
        raise wrong(f"{quoted(text)} is not an ip address", "write one like `127.0.0.1` or `0.0.0.0`") from None


def _lease_file(value: Any) -> str:
    """The whole path of a file of another program: where this one happens to run must not change what is read."""
    text = _text(value)
    if not text.startswith("/") or text.endswith("/") or ".." in text.split("/"):
        raise wrong(f"{quoted(text)} is not the whole path of a file", "write one like `/var/lib/misc/dnsmasq.leases`")
    return text


def _network(value: Any) -> str:
    """An address, or a network of them, in its one spelling."""
    text = _text(value)
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise wrong(
            f"{quoted(text)} is not an ip address or a network", "write one like `10.0.0.5` or `10.0.0.0/24`"
        ) from None
    if network.prefixlen == 0:
        raise wrong(f"{quoted(text)} is everybody", "write the addresses of the balancers themselves")
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _with_port(value: Any, name: Callable[[Any], str], example: str) -> str:
    text = _text(value)
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > 65_535:
        raise wrong(f"{quoted(text)} has no port", f"write it like {quoted(example)}")
    host = name(host.removeprefix("[").removesuffix("]"))
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _name_server(value: Any) -> str:
    """A server to look names up at; without a port it is 53."""
    text = _text(value)
    with_port = text.count(":") == 1 or text.startswith("[")
    address = text if with_port else f"[{_address(text)}]:53"
    return _with_port(address, _address, "192.168.1.1:53")


def _ipv4(value: Any) -> str:
    address = ip_address(_address(value))
    if address.version != 4 or address.is_unspecified or address.is_multicast:
        raise wrong(f"{quoted(value)} is not the address of one computer", "write one like `192.168.1.2`")
    return str(address)


_PORT_AT_END = ":[1-9][0-9]{0,4}$"

Host = Annotated[
    str,
    BeforeValidator(_host),
    WithJsonSchema({"type": "string", "pattern": r"^[^\s/*]+$", "examples": ["example.nl"]}),
]
LeaseFile = Annotated[
    str,
    BeforeValidator(_lease_file),
    _written("^/.*[^/]$", "/var/lib/misc/dnsmasq.leases", "/var/lib/kea/kea-leases4.csv"),
]
IpAddress = Annotated[str, BeforeValidator(_address), WithJsonSchema({"type": "string", "pattern": "^[0-9A-Fa-f.:]+$"})]
Network = Annotated[str, BeforeValidator(_network), WithJsonSchema({"type": "string", "pattern": "^[0-9A-Fa-f.:/]+$"})]
HostPort = Annotated[
    str,
    BeforeValidator(lambda v: _with_port(v, _host, "intranet.school.nl:443")),
    WithJsonSchema({"type": "string", "pattern": _PORT_AT_END}),
]
AddressPort = Annotated[
    str,
    BeforeValidator(lambda v: _with_port(v, _address, "127.0.0.1:9443")),
    WithJsonSchema({"type": "string", "pattern": _PORT_AT_END}),
]
NameServer = Annotated[
    str, BeforeValidator(_name_server), WithJsonSchema({"type": "string", "pattern": r"^[0-9A-Fa-f.:\[\]]+$"})
]
Ipv4Address = Annotated[str, BeforeValidator(_ipv4), WithJsonSchema({"type": "string", "pattern": "^[0-9.]+$"})]
ListenPort = Annotated[int, Field(ge=0, le=65_535)]
Port = Annotated[int, Field(ge=1, le=65_535)]


# --- clock and calendar --------------------------------------------------------------------------------------------


def _span(value: Any) -> tuple[time, time]:
    """Two wall-clock times, the first earlier than the second."""
    text = _text(value)
    found = _SPAN.match(text.replace("\u2013", "-"))
    try:
        first, last = (_clock(part) for part in (found.groups() if found else ("?", "?")))
    except ValueError:
        raise wrong(f"{quoted(text)} is not a stretch of time", "write it like `08:30-14:00`") from None
    if first >= last:
        raise wrong(f"{quoted(text)} ends before it starts", "write the earlier time first")
    return first, last


def _clock(text: str) -> time:
    """A wall-clock time; `24:00` is the end of the day."""
    return time.max if text == "24:00" else time.fromisoformat(text)


_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
Span = Annotated[
    tuple[time, time],
    BeforeValidator(_span),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^{_TIME}\s*[-\u2013]\s*(?:{_TIME}|24:00)$", "examples": ["08:30-14:00"]}
    ),
]
