"""The emergency exit in this process: what the store says of it, with what the file in the home folder adds.

Called by the thread that follows the store, about once a second. The store is told what it missed, and which ones are
over; it may be away. Nothing here opens anything by doubt: a file that cannot be read says nothing.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from policy.model import Emergency, Knowledge, Policy, Snapshot, State
from store import Store, StoreUnavailable
from store.emergencies import BY_COMMAND
from store.emergency_file import NOTHING, BadFile, EmergencyFile, Word

_log = logging.getLogger(__name__)

_MOST_REMEMBERED = 100


class Exits:
    """`file` is where a command tells it without the store (None: nowhere). `rules` are the school's own as its file
    has them, for the floor of a process that never read the store (None: then nothing opens without the store).
    """

    def __init__(
        self, store: Store, school: str, file: EmergencyFile | None = None, rules: Policy | None = None
    ) -> None:
        self._store = store
        self._school = school
        self._file = file
        self._rules = rules
        self._over: dict[str, None] = {}
        self._told: set[str] = set()  # what the store has of the file's
        self._complained = ""

    def added(self, told: Snapshot | None, knowledge: Knowledge, now: datetime, *, away: bool) -> Snapshot | None:
        """What is in force, of what the store told last; `away`: it cannot be asked now. Never raises."""
        try:
            word = self._word(now)
            rows = told.state.emergencies if told is not None else ()
            if not rows and word is NOTHING:
                return told
            if not away:
                word = self._written_down(word, rows, now)
            held = self._held(rows, word, now)
            if told is None:
                return self._floor(held, knowledge) if held else None
            return told if held == rows else replace(told, state=replace(told.state, emergencies=held))
        except Exception as error:
            _log.error("the emergency exit could not be looked at and is shut: %s", type(error).__name__)
            return told if told is None else replace(told, state=replace(told.state, emergencies=()))

    def _word(self, now: datetime) -> Word:
        if self._file is None:
            return NOTHING
        try:
            found = self._file.read(now)
        except BadFile as error:
            if self._complained != str(error):
                self._complained = str(error)
                _log.warning("`%s` opens nothing: %s", self._file.path, error)
            return NOTHING
        self._complained = ""
        return found

    def _held(self, rows: tuple[Emergency, ...], word: Word, now: datetime) -> tuple[Emergency, ...]:
        """What may hold. Whatever was over once in this process stays over: a clock may be set back."""
        known = {one.id for one in rows}
        found = list(rows)
        if word.on is not None and word.on.id not in known | self._told:
            found.append(word.on)
        if word.off is not None:
            found = [one for one in found if one.start > word.off]
        for one in found:
            if one.end <= now:
                self._over[one.id] = None
        while len(self._over) > _MOST_REMEMBERED:
            del self._over[next(iter(self._over))]
        return tuple(one for one in found if one.id not in self._over)

    def _written_down(self, word: Word, rows: tuple[Emergency, ...], now: datetime) -> Word:
        """Tell the store what the file says, and what is over; what is left of the file's word."""
        with suppress(StoreUnavailable):  # it is told the next time
            if any(one.end <= now for one in rows):
                self._store.emergencies.settle(self._school, now)
            if word.on is not None and word.on.id not in self._told:
                self._store.emergencies.adopt(self._school, word.on, now)
                self._told.add(word.on.id)  # from here on the store says whether it holds
            if word.off is not None and self._file is not None:
                self._store.emergencies.stop(self._school, BY_COMMAND, now, word.off)
                self._file.remove()
        return word

    def _floor(self, held: tuple[Emergency, ...], knowledge: Knowledge) -> Snapshot | None:
        """Enough to decide by while one is open: nobody is known, and of the rules the floor's count."""
        if self._rules is None:
            return None
        return Snapshot(0, self._school, self._rules, knowledge, state=State(emergencies=held))
