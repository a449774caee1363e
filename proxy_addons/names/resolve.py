"""From a question to its answer: judged, looked up where it is open, judged again by what it leads to.

What is missing is said as a `Want`; who asked looks it up and asks again, so that what is answered rests on the rules
as they are by then, and not on those of when the question came in.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from dns.message import Message
from dns.rdatatype import RdataType

from policy.address import is_ip
from policy.match import covered, within
from proxy_addons.faults import BROKEN, told
from proxy_addons.names import answer
from proxy_addons.names.judge import Judge, Word
from proxy_addons.names.message import Question, failure
from proxy_addons.names.upstream import Unanswered, Upstream
from proxy_addons.self_test import is_probe

_log = logging.getLogger(__name__)

_TRIES = 4  # look-ups for one answer: its own name, a safe one, and each once more when it just ran out

NO_SUCH = frozenset(
    {
        "use-application-dns.net",  # Firefox then leaves names to this server (support.mozilla.org, canary domain)
        "mask.icloud.com",  # iCloud Private Relay then tells its user that it is off on this network
        "mask-h2.icloud.com",  # (developer.apple.com, "Prepare your network or web server for iCloud Private Relay")
    }
)
"""Names that say, by not being there, that devices are to look up names here."""
_OTHER_SERVERS = "resolver.arpa"  # where a device asks which encrypted server to use instead (RFC 9462)
# Of no use outside the building, so they never leave it (RFC 6303, 6761, 6762, 7686, 9462).
_OF_THE_BUILDING = frozenset(
    {"local", "localhost", "invalid", "onion", "alt", "10.in-addr.arpa", "168.192.in-addr.arpa", "d.f.ip6.arpa"}
    | {"254.169.in-addr.arpa", "127.in-addr.arpa", "0.in-addr.arpa", "c.f.ip6.arpa", "8.e.f.ip6.arpa"}
    | {f"{number}.172.in-addr.arpa" for number in range(16, 32)}
)


@dataclass(frozen=True, slots=True)
class Want:
    """What must be looked up first."""

    host: str
    kind: RdataType


@dataclass(frozen=True, slots=True)
class Place:
    """Where the guard is (IPv4), at which port it answers, and addresses of the school's own names."""

    address: str
    port: int
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Names:
    """Answers questions. Nothing here raises: what goes wrong is no answer (SERVFAIL) or a closed name."""

    def __init__(self, judge: Judge, upstream: Upstream, place: Place) -> None:
        self._judge = judge
        self._upstream = upstream
        self._place = place

    def begin(self, question: Question, address: str) -> Message | Want:
        """The answer to a question from a client address, or what must be looked up first."""
        try:
            return self._known(question) or self._judged(question, address)
        except BROKEN as error:
            _log.error("a name could not be judged and got no answer: %s", told(error))
            return failure(question)

    async def finish(self, question: Question, address: str, want: Want) -> Message:
        """The answer to a question that had to wait for a look-up."""
        for _ in range(_TRIES):
            try:
                await self._upstream.find(want.host, want.kind)
            except Unanswered:
                return failure(question)
            except BROKEN as error:
                _log.error("a name could not be looked up: %s", told(error))
                return failure(question)
            again = self.begin(question, address)
            if isinstance(again, Message):
                return again
            want = again
        return failure(question)

    def _known(self, question: Question) -> Message | None:
        """What `_fixed` says; when it breaks the rules are asked, which keep help open whatever is wrong."""
        try:
            return self._fixed(question)
        except BROKEN as error:
            _log.error("a name could not be looked at: %s", told(error))
            return None

    def _fixed(self, question: Question) -> Message | None:
        """The answer where no rule is asked."""
        host = question.host
        if question.kind == RdataType.ANY:
            return answer.not_all(question)
        if question.root or covered(host, (_OTHER_SERVERS,)):
            return answer.nothing(question, answer.LONG)
        if covered(host, NO_SUCH):
            return answer.no_such_name(question)
        if self._judge.live.owns((host,)):
            return answer.here(question, self._place.address, answer.LONG)
        if self._upstream.zone_of(host) is None and (within(host, _OF_THE_BUILDING) or _is_no_name(host)):
            return answer.no_such_name(question)
        return None

    def _judged(self, question: Question, address: str) -> Message | Want:
        word = self._judge.of(question.host, address, self._place.port)
        if not word.open:
            return self._closed(question, word)
        if is_probe(question.host):  # what is open of the self-test says so itself, on a page of ours
            return answer.here(question, self._place.address, self._seconds(word))
        here = self._place.known.get(question.host)
        if here is not None:
            return answer.at(question, here, self._seconds(word))
        engines = self._judge.live.knowledge.engines
        safe = engines.safe_name(question.host) if word.guarded else None
        if safe is not None and safe != question.host:
            return self._safe(question, word, safe)
        found = self._upstream.known(question.host, question.kind)
        if found is None:
            return Want(question.host, question.kind)
        word = self._judge.led_to(word, found.hosts)
        if not word.open:
            return self._closed(question, word)
        return answer.passed(question, found, self._seconds(word))

    def _safe(self, question: Question, word: Word, safe: str) -> Message | Want:
        """The answer for a search engine that is always safe by another name: that one, or none at all."""
        if question.kind not in (RdataType.A, RdataType.AAAA):
            return answer.nothing(question, self._seconds(word))
        found = self._upstream.known(safe, question.kind)
        if found is None:
            return Want(safe, question.kind)
        word = self._judge.led_to(word, (safe, *found.hosts))
        if not word.open:
            return self._closed(question, word)
        return answer.by_safe_name(question, safe, found, self._seconds(word))

    def _closed(self, question: Question, word: Word) -> Message:
        if question.kind == RdataType.A:  # a browser asks for several kinds at once
            self._judge.count(word)
        return answer.closed(question, self._place.address)

    def _seconds(self, word: Word) -> int:
        return answer.seconds_of(word.decisions, self._judge.now)


def _is_no_name(host: str) -> bool:
    """Whether a host is a word without a dot, or an address written as a name."""
    return "." not in host or is_ip(host)
