"""Question and decision to an answer. Pure: no clock, no network.

A closed name: the guard's address for A, and for everything else that there is nothing, so that no browser goes on by
IPv6 or by what an HTTPS record says. All of it only for seconds: a permission works from the moment it is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address

import dns.name
import dns.rdataclass
from dns.message import Message
from dns.name import Name
from dns.rcode import Rcode
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.HINFO import HINFO
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rrset import RRset

from policy.model import Decision
from proxy_addons.names.found import Found
from proxy_addons.names.message import Question, answer_to

SHORT = 5  # seconds: what is closed, and what only a permission opens
LONG = 60  # seconds: everything else
_IN = dns.rdataclass.IN
_ADDRESSES = frozenset({RdataType.A, RdataType.AAAA})


def seconds_of(decisions: Iterable[Decision], now: datetime) -> int:
    """How long an answer may be kept that rests on these decisions: until the first of them may change, at least 1."""
    most = LONG
    for decision in decisions:
        if decision.grants:
            most = min(most, SHORT)
        if decision.valid_until is not None:
            most = min(most, int((decision.valid_until - now).total_seconds()))
    return max(most, 1)


def closed(question: Question, guard: str) -> Message:
    """A closed name leads to the guard."""
    return here(question, guard, SHORT)


def here(question: Question, address: str, seconds: int) -> Message:
    """A name that is at the guard's own address."""
    return at(question, (address,), seconds)


def at(question: Question, addresses: Iterable[str], seconds: int) -> Message:
    """A name that is at these addresses, as far as their family is asked for."""
    mine = [rdata for rdata in map(_rdata, addresses) if rdata.rdtype == question.kind]
    if not mine:
        return nothing(question, seconds)
    made = answer_to(question.message, Rcode.NOERROR)
    made.answer.append(_rrset(question.name, seconds, mine))
    return made


def nothing(question: Question, seconds: int = SHORT) -> Message:
    """The name is there, and has nothing of this kind (RFC 2308, NODATA)."""
    made = answer_to(question.message, Rcode.NOERROR)
    made.authority.append(_soa(question.name, seconds))
    return made


def no_such_name(question: Question, seconds: int = LONG) -> Message:
    """There is no such name."""
    made = answer_to(question.message, Rcode.NXDOMAIN)
    made.authority.append(_soa(question.name, seconds))
    return made


def not_all(question: Question) -> Message:
    """The answer to who asks for everything at once (RFC 8482): large answers serve none but who floods others."""
    made = answer_to(question.message, Rcode.NOERROR)
    made.answer.append(_rrset(question.name, LONG, [HINFO(_IN, RdataType.HINFO, b"RFC8482", b"")]))
    return made


def passed(question: Question, found: Found, seconds: int) -> Message:
    """What was found, for at most so many seconds."""
    return _with(question, found, seconds, [])


def by_safe_name(question: Question, safe: str, found: Found, seconds: int) -> Message:
    """A search engine's name as another one for its safe name, with the addresses of that."""
    if question.kind not in _ADDRESSES:
        return nothing(question, seconds)
    target = dns.name.from_text(safe)
    return _with(question, found, seconds, [_rrset(question.name, seconds, [CNAME(_IN, RdataType.CNAME, target)])])


def _with(question: Question, found: Found, seconds: int, before: list[RRset]) -> Message:
    made = answer_to(question.message, found.rcode)
    made.answer = [*before, *(_rrset(one.name, min(one.ttl, seconds), list(one)) for one in found.answer)]
    if not found.complete:
        made.authority.append(_soa(question.name, seconds))
    return made


def _rdata(address: str) -> Rdata:
    if ip_address(address).version == 4:
        return A(_IN, RdataType.A, address)
    return AAAA(_IN, RdataType.AAAA, address)


def _rrset(name: Name, seconds: int, records: list[Rdata]) -> RRset:
    made = RRset(name, _IN, records[0].rdtype)
    made.update_ttl(seconds)
    for one in records:
        made.add(one)
    return made


def _soa(name: Name, seconds: int) -> RRset:
    """How long it may be kept that there is nothing. Says nothing of any server."""
    record = SOA(_IN, RdataType.SOA, dns.name.root, dns.name.root, 1, seconds, seconds, seconds, seconds)
    return _rrset(name, seconds, [record])
