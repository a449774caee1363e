"""Who asks for a name, and what the rules say of it: the same question as for a connection that nobody looks into."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from policy.model import AccessRequest, Decision, Effect, Principal, Reason
from policy.safe import protected
from proxy_addons import translate
from proxy_addons.facts import Peer
from proxy_addons.faults import BROKEN, told
from proxy_addons.identity import UNKNOWN, Identity
from proxy_addons.live import HELP_OPEN, Live
from proxy_addons.recorder import Recorder

_log = logging.getLogger(__name__)

# Where such a name really is says nothing: who keeps it chose it, and help and machines must work whatever breaks.
_WHEREVER = frozenset({Reason.HELP_HOST, Reason.OWN, Reason.SYSTEM, Reason.INFRASTRUCTURE})
# What closes everything for a while says nothing about the place behind an open name.
_OF_THE_MOMENT = frozenset({Reason.PAUSE, Reason.BREAK, Reason.SANCTION, Reason.AGREEMENT, Reason.TEST})


@dataclass(frozen=True, slots=True)
class Word:
    """The word on a name: for whom, and the decisions that it rests on (the last one closes it, if any does)."""

    host: str
    who: Principal
    decisions: tuple[Decision, ...]

    @property
    def open(self) -> bool:
        """Whether the name, and every other one that it led to, is open."""
        return all(one.open for one in self.decisions)

    @property
    def wherever(self) -> bool:
        """Whether the name is open by itself, whatever it leads to (help, say)."""
        return self.decisions[0].reason in _WHEREVER

    @property
    def guarded(self) -> bool:
        """Whether search engines are to be safe."""
        return protected(self.who) and not self.wherever


class Judge:
    """Asks `live`; of what is closed the recorder counts one, and nobody's name."""

    def __init__(self, live: Live, identity: Identity, recorder: Recorder) -> None:
        self.live = live
        self._identity = identity
        self._recorder = recorder

    @property
    def now(self) -> datetime:
        """The time that decisions are made at."""
        return self.live.clock()

    def of(self, host: str, address: str, port: int) -> Word:
        """The word on a host that is asked for from a client address. Never raises: a fault is a deny, help is open."""
        who = self._who(Peer("names", address, port))
        try:
            decision = self._decide(translate.of_dns(host, who))
        except BROKEN as error:
            _log.error("a name could not be judged: %s", told(error))
            decision = Decision(Effect.DENY, Reason.FAILED)
        if decision.reason is Reason.FAILED and self.live.helps((host,)):
            decision = HELP_OPEN
        return Word(host, who, (decision,))

    def led_to(self, word: Word, hosts: Iterable[str]) -> Word:
        """The same word when the name turns out to be another one's (an alias): each of them must be open too."""
        if not word.open or word.wherever:
            return word
        found = word
        for host in hosts:
            decision = self._decide(translate.of_dns(host, word.who, navigation=False))
            if not decision.open and decision.reason in _OF_THE_MOMENT:
                continue
            found = replace(found, decisions=(*found.decisions, decision))
        return found

    def count(self, word: Word) -> None:
        """Count a closed name. A name that was looked up is no page that somebody opened: no event, ever."""
        try:
            closing = next((one for one in reversed(word.decisions) if one.effect is not Effect.ALLOW), None)
            if closing is not None:
                request = translate.of_dns(word.host, word.who, navigation=False)
                self._recorder.note(request, closing, self.live.snapshot)
        except BROKEN as error:  # the answer matters more than the count
            _log.error("a closed name could not be counted: %s", told(error))

    def _who(self, peer: Peer) -> Principal:
        try:
            return self._identity.of(peer, self.live.snapshot, self.live.clock())
        except BROKEN as error:
            _log.error("who asks for a name could not be told: %s", told(error))
            return UNKNOWN

    def _decide(self, request: AccessRequest) -> Decision:
        """The decision, which ends no later than who sits at the device does."""
        decision = self.live.decide(request)
        change = self._changes_at(request)
        if change is None or (decision.valid_until is not None and decision.valid_until <= change):
            return decision
        return replace(decision, valid_until=change)

    def _changes_at(self, request: AccessRequest) -> datetime | None:
        try:
            return self._identity.changes_at(request.who, self.live.snapshot, self.live.clock())
        except BROKEN as error:
            _log.error("when somebody else sits down could not be told: %s", told(error))
            return None
