"""What is in the way of everybody, by what one worker sees of its exchanges: kinds and moments, never a name.

A site that does not answer is that site's trouble. When pages of several sites fail within a minute and hardly any
answers, it is the way to all of them. Nothing here asks the clock, waits or raises; all memory is bounded.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from secrets import token_bytes

from store.notices import Condition

WINDOW = timedelta(seconds=60)
"""What failed longer ago counts no more."""
SITES = 3
"""So many sites must fail."""
TYPED = 6
"""So many names must be unknown: some name servers say that of all when they cannot ask, and children make slips."""
SPREAD = timedelta(seconds=3)
"""The first and the last of them so long after each other: one page may want three dead sites at once."""
QUIET = timedelta(seconds=15)
"""It is over when something answers and nothing failed for so long."""
_MOST_SITES = 64

CROWDED, CROWDED_WITHIN = 5, timedelta(seconds=30)
LATE, LATE_TIMES, LATE_WITHIN = 1.0, 3, timedelta(seconds=15)  # seconds that the event loop runs late, and how often
PRESSED = (
    1.0  # seconds late, twice in a row: who opens a page now is asked to wait, so that what is under way gets done
)
CHOKED, CHOKED_FOR = 3.0, timedelta(seconds=6)  # seconds late, twice in a row: whoever comes now is asked to wait
FAULTS = 3
UNREAD = timedelta(seconds=5)  # so long the rules may be on their way

_ABOUT = {
    "unreachable": (Condition.UPSTREAM, SITES),
    "timeout": (Condition.UPSTREAM, SITES),
    "unanswered": (Condition.NAMES, SITES),
    "dns": (Condition.NAMES, TYPED),
    "certificate": (Condition.CERTIFICATES, SITES),
}
"""What a kind of trouble (those of `Gate.trouble`) tells of, and of how many sites it must be told."""


class _Answers:
    """The newest answer, and the newest one of any other site than that: "hardly any" is at most one site."""

    __slots__ = ("_site", "newest", "other")

    def __init__(self) -> None:
        self._site: int | None = None
        self.newest: datetime | None = None
        self.other: datetime | None = None

    def came(self, site: int, now: datetime) -> None:
        if site != self._site:
            self._site, self.other = site, self.newest
        self.newest = now


class _Failures:
    """The pages of one kind that failed: per site the last time. `needed` is how many sites tell of something."""

    __slots__ = ("_needed", "_sites", "standing")

    def __init__(self, needed: int) -> None:
        self._needed = needed
        self._sites: OrderedDict[int, datetime] = OrderedDict()
        self.standing = False

    def came(self, site: int, now: datetime) -> None:
        self._sites[site] = now
        self._sites.move_to_end(site)
        if len(self._sites) > _MOST_SITES:
            self._sites.popitem(last=False)

    def look(self, answers: _Answers, now: datetime) -> bool:
        """Whether it stands at `now`: it begins by the whole rule, and goes on until enough answers again."""
        since = max(now - WINDOW, answers.other or now - WINDOW)
        failed = [when for when in self._sites.values() if when > since]
        if not failed:
            self.standing = False
        elif self.standing:
            answered = answers.newest is not None and answers.newest > max(failed)
            self.standing = not (answered and now - max(failed) >= QUIET)
        else:
            self.standing = len(failed) >= self._needed and max(failed) - min(failed) >= SPREAD
        return self.standing


class Conditions:
    """The state of one worker. All of it is called on one event loop; moments are aware and never go back much."""

    def __init__(self) -> None:
        self._salt = token_bytes(16)
        self._any, self._secure = _Answers(), _Answers()
        self._failures = {about: _Failures(about[1]) for about in set(_ABOUT.values())}
        self._crowded: deque[datetime] = deque(maxlen=CROWDED)
        self._late: deque[datetime] = deque(maxlen=LATE_TIMES)
        self._lags: deque[tuple[datetime, float]] = deque(maxlen=2)
        self._faults: deque[datetime] = deque(maxlen=FAULTS)
        self._unread: datetime | None = None
        self._lists = True
        self._since: dict[Condition, datetime] = {}

    # --- what is seen ------------------------------------------------------------------------------------------------

    def reached(self, site: str, now: datetime, *, secure: bool) -> None:
        """An origin answered, whatever it said; `secure` over TLS that could be verified."""
        key = self._key(site)
        self._any.came(key, now)
        if secure:
            self._secure.came(key, now)

    def missed(self, site: str, kind: str, now: datetime) -> None:
        """A page did not come; `kind` as in `Gate.trouble`."""
        about = _ABOUT.get(kind)
        if about is not None:
            self._failures[about].came(self._key(site), now)

    def crowded(self, now: datetime) -> None:
        """Somebody was sent away because there are too many connections."""
        self._crowded.append(now)

    def lagged(self, seconds: float, now: datetime) -> None:
        """The event loop came so much late to something that was to be done once a second."""
        self._lags.append((now, seconds))
        if seconds >= LATE:
            self._late.append(now)

    def broke(self, now: datetime) -> None:
        """The guard itself failed at something."""
        self._faults.append(now)

    def loaded(self, now: datetime, *, rules: bool, lists: bool = True) -> None:
        """Whether there are rules to decide by, and whether the lists of others can be used."""
        self._unread = None if rules else self._unread or now
        self._lists = lists

    # --- what that means ---------------------------------------------------------------------------------------------

    def standing(self, now: datetime) -> Mapping[Condition, datetime]:
        """What is in the way at `now`, with since when."""
        found = set(self._found(now))
        if Condition.UPSTREAM in found:
            found.discard(Condition.NAMES)  # who cannot be reached cannot be asked for a name either
        self._since = {kind: min(self._since.get(kind, now), now) for kind in Condition if kind in found}
        return dict(self._since)

    def choked(self, now: datetime) -> bool:
        """Whether this worker is so late that whoever comes now had better come back in a while."""
        return self._all_late(CHOKED, now)

    def pressed(self, now: datetime) -> bool:
        """Whether this worker is so late that no new page should be begun: one has thirty requests behind it."""
        return self._all_late(PRESSED, now)

    def _all_late(self, seconds: float, now: datetime) -> bool:
        if len(self._lags) < 2 or now - self._lags[-1][0] >= CHOKED_FOR:
            return False
        return all(lag >= seconds for _, lag in self._lags)

    def _found(self, now: datetime) -> Iterable[Condition]:
        for (kind, _), failures in self._failures.items():
            answers = self._secure if kind is Condition.CERTIFICATES else self._any
            if failures.look(answers, now):
                yield kind
        if _all_within(self._crowded, CROWDED_WITHIN, now) or _all_within(self._late, LATE_WITHIN, now):
            yield Condition.OVERLOADED
        if _all_within(self._faults, WINDOW, now):
            yield Condition.FAULTS
        if self._unread is not None and now - self._unread >= UNREAD:
            yield Condition.RULES
        if not self._lists:
            yield Condition.LISTS

    def _key(self, site: str) -> int:
        return hash((self._salt, site))


def _all_within(moments: deque[datetime], span: timedelta, now: datetime) -> bool:
    """Whether it happened as often as it must, all of it lately."""
    return len(moments) == moments.maxlen and now - moments[0] < span
