"""What another name server said, cut down to what may be passed on. Pure.

Only the chain from the name that was asked to its records: what else an answer carries may speak of names that nobody
judged. Of service bindings only what says where a site is: no keys for encrypted names (ECH), no HTTP/3, no other name
server (RFC 9460, 9461, 9540). Addresses inside the school have no place in the answer to a name outside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import dns.rdataclass
from dns.message import Message
from dns.name import Name
from dns.rcode import Rcode
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.svcbbase import ALPNParam, IPv4HintParam, IPv6HintParam, MandatoryParam, Param, ParamKey, SVCBBase
from dns.rrset import RRset

from proxy_addons.names.message import host_of

MOST_HOPS = 12  # names in a chain
LONGEST_KEPT = 3600  # seconds
NOTHING_KEPT = 30  # seconds that it is kept that there is nothing
_IN = dns.rdataclass.IN
_ADDRESSES = frozenset({RdataType.A, RdataType.AAAA})
_BINDINGS = frozenset({RdataType.SVCB, RdataType.HTTPS})
# What a service binding may say. A list of what may stay: what is invented later carries nobody around the guard.
_KEPT = frozenset(
    {
        ParamKey.MANDATORY,
        ParamKey.ALPN,
        ParamKey.NO_DEFAULT_ALPN,
        ParamKey.PORT,
        ParamKey.IPV4HINT,
        ParamKey.IPV6HINT,
    }
)
_WITHOUT_HARM = frozenset({ParamKey.ECH})
"""What a browser may do without although the record calls it mandatory: it goes on without."""

type World = Callable[[str], bool]
"""Whether an address is out in the world."""


class Nonsense(Exception):
    """An answer that cannot be followed."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: the records of the chain in their order, and the hosts that it leads by after the one asked for.

    `complete` is false when the chain ends in nothing. `seconds` is how long it may be kept. A host that cannot be
    read as one is an empty one.
    """

    rcode: Rcode
    answer: tuple[RRset, ...]
    hosts: tuple[str, ...]
    complete: bool
    seconds: int


def found_in(message: Message, name: Name, kind: RdataType, world: World | None) -> Found:
    """What an answer says about `name`. With `world` only addresses that it holds for stay.

    Raises `Nonsense` when a name leads back to itself, or to two others, or by too many.
    """
    chain, end = _followed(message, name, kind)
    records = message.get_rrset(message.answer, end, _IN, kind)
    cleaned = _cleaned(records, kind, world) if records is not None else []
    hosts = [host_of(_target(link)) for link in chain]
    hosts += [host_of(one.target) for one in cleaned if isinstance(one, SVCBBase) and len(one.target) > 1]
    answer = list(chain)
    if records is not None and cleaned:
        made = RRset(end, _IN, kind)
        made.update_ttl(records.ttl)
        for one in cleaned:
            made.add(one)
        answer.append(made)
    seconds = min([LONGEST_KEPT, *(one.ttl for one in answer)]) if cleaned else _nothing_for(message, answer)
    rcode = Rcode.NOERROR if cleaned else message.rcode()
    return Found(rcode, tuple(answer), tuple(dict.fromkeys(hosts)), bool(cleaned), max(seconds, 1))


def _followed(message: Message, name: Name, kind: RdataType) -> tuple[list[RRset], Name]:
    """The aliases from a name on, and the name at their end."""
    chain: list[RRset] = []
    seen, end = {name}, name
    while kind != RdataType.CNAME:
        link = message.get_rrset(message.answer, end, _IN, RdataType.CNAME)
        if link is None or message.get_rrset(message.answer, end, _IN, kind) is not None:
            break
        end = _target(link)
        if len(link) != 1 or end in seen or len(chain) >= MOST_HOPS:
            raise Nonsense
        seen.add(end)
        chain.append(link)
    return chain, end


def _target(link: RRset) -> Name:
    return cast(Name, link[0].target)


def _nothing_for(message: Message, answer: list[RRset]) -> int:
    """How long it may be kept that there is nothing (RFC 2308)."""
    limits = [NOTHING_KEPT, *(one.ttl for one in answer)]
    for one in message.authority:
        if one.rdtype == RdataType.SOA:
            limits += [one.ttl, cast(SOA, one[0]).minimum]
    return min(limits)


def _cleaned(records: RRset, kind: RdataType, world: World | None) -> list[Rdata]:
    if kind in _BINDINGS:
        bindings = (_binding(cast(SVCBBase, one), world) for one in records)
        return [one for one in bindings if one is not None]
    if kind in _ADDRESSES and world is not None:
        return [one for one in records if world(one.to_text())]
    return list(records)


def _binding(record: SVCBBase, world: World | None) -> Rdata | None:
    """A service binding with only what it may say; None when nothing is left of it."""
    if record.priority == 0:
        return record.replace(params={})
    needs = record.params.get(ParamKey.MANDATORY)
    needed = set(needs.keys) if isinstance(needs, MandatoryParam) else set()
    if needed - _KEPT - _WITHOUT_HARM:
        return None
    params: dict[ParamKey, Param | None] = {key: one for key, one in record.params.items() if key in _KEPT}
    protocols = params.get(ParamKey.ALPN)
    if isinstance(protocols, ALPNParam):
        kept = tuple(one for one in protocols.ids if not one.lower().startswith(b"h3"))
        if not kept and ParamKey.NO_DEFAULT_ALPN in params:
            return None  # it speaks nothing but HTTP/3
        _put(params, ParamKey.ALPN, ALPNParam(kept) if kept else None)
    for key, kind in ((ParamKey.IPV4HINT, IPv4HintParam), (ParamKey.IPV6HINT, IPv6HintParam)):
        hints = params.get(key)
        if isinstance(hints, IPv4HintParam | IPv6HintParam):
            addresses = tuple(one for one in hints.addresses if world is None or world(one))
            _put(params, key, kind(addresses) if addresses else None)
    left = sorted(needed & params.keys())
    _put(params, ParamKey.MANDATORY, MandatoryParam(left) if left else None)
    return record.replace(params=params)


def _put(params: dict[ParamKey, Param | None], key: ParamKey, value: Param | None) -> None:
    if value is None:
        params.pop(key, None)
    else:
        params[key] = value
