"""A DNS message off the wire to one question, and an answer back onto it. Pure; no message makes it raise.

RFC 1035 (messages), 6891 (EDNS), 8482 (no ANY), 9619 (one question a message).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.name import Name
from dns.rcode import Rcode
from dns.rdatatype import RdataType

PAYLOAD = 1232  # bytes of a UDP answer that no network on the way cuts in pieces (DNS flag day 2020)
LONGEST = 4096  # bytes of a question; one with every option there is stays far below it
_SMALLEST = 512  # what every resolver takes without saying so
_HEAD = struct.Struct("!HHHHHH")
_QR, _OPCODE, _RD = 0x8000, 0x7800, 0x0100
_NO_QUESTION = frozenset({RdataType.NONE, RdataType.OPT, RdataType.TSIG, RdataType.TKEY})
_WHOLE_ZONES = frozenset({RdataType.AXFR, RdataType.IXFR, RdataType.MAILA, RdataType.MAILB})
_SIGNS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class Question:
    """What one message asks. `host` is the name in lower case; empty when it has signs that no host has."""

    message: Message
    name: Name
    host: str
    kind: RdataType

    @property
    def root(self) -> bool:
        """Whether it is about the root of all names."""
        return len(self.name) <= 1

    @property
    def limit(self) -> int:
        """How many bytes of answer its sender takes over UDP."""
        if self.message.edns < 0:
            return _SMALLEST
        return min(max(self.message.payload, _SMALLEST), PAYLOAD)


def read(wire: bytes) -> Question | bytes | None:
    """The question in a message; else the answer that ends it (bytes), or None for what gets none at all."""
    if len(wire) < _HEAD.size:
        return None
    number, flags, questions, answers, _, _ = _HEAD.unpack_from(wire)
    if flags & _QR:
        return None  # an answer; two servers that answer answers never stop
    if flags & _OPCODE:
        return _bare(number, flags, Rcode.REFUSED)
    if questions != 1 or answers or len(wire) > LONGEST:
        return _bare(number, flags, Rcode.FORMERR)
    try:
        return _question(dns.message.from_wire(wire))
    except Exception:  # whatever stands in it: the sender gets its number back and no more
        return _bare(number, flags, Rcode.FORMERR)


def _question(message: Message) -> Question | bytes:
    (asked,) = message.question
    if message.edns > 0:
        return wire_of(answer_to(message, Rcode.BADVERS), PAYLOAD)
    if asked.rdclass != dns.rdataclass.IN or asked.rdtype in _WHOLE_ZONES:
        return wire_of(answer_to(message, Rcode.REFUSED), PAYLOAD)
    if asked.rdtype in _NO_QUESTION:
        return wire_of(answer_to(message, Rcode.FORMERR), PAYLOAD)
    return Question(message, asked.name, host_of(asked.name), RdataType.make(asked.rdtype))


def answer_to(message: Message, rcode: Rcode) -> Message:
    """An empty answer to a message, with its question byte for byte as it was put: its case may be a cookie (0x20)."""
    made = dns.message.make_response(message, recursion_available=True, our_payload=PAYLOAD)
    if message.edns > 0:
        made.use_edns(0, 0, PAYLOAD)
    made.set_rcode(rcode)
    return made


def wire_of(message: Message, limit: int) -> bytes:
    """The bytes of an answer; one longer than `limit` says so (TC) and is empty, to be asked for over TCP."""
    try:
        return message.to_wire(max_size=limit)
    except dns.exception.TooBig:
        message.answer, message.authority, message.additional = [], [], []
        message.flags |= dns.flags.TC
        return message.to_wire(max_size=limit)


def failure(question: Question) -> Message:
    """No answer to be had."""
    return answer_to(question.message, Rcode.SERVFAIL)


def host_of(name: Name) -> str:
    """A name as a host in lower case; empty when a label has signs that no host has (a dot in a label, say)."""
    labels = [label.lower() for label in name.labels if label]
    if any(not _SIGNS.issuperset(label) for label in labels):
        return ""
    return b".".join(labels).decode("ascii")


def _bare(number: int, flags: int, rcode: Rcode) -> bytes:
    """A head and nothing else: of what could not be read nothing is sent back."""
    return _HEAD.pack(number, _QR | (flags & (_OPCODE | _RD)) | rcode, 0, 0, 0, 0)
