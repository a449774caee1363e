"""A print server's round: look at the queue, tell the school what waits, and do what it answered.

Looking and telling have threads of their own: a slow school slows no printing down, and what was permitted already goes
on while it is away. What was done is on disk (`agent.printed`), so this may be killed at any moment.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.cups import Cups, CupsError
from agent.link import Link
from agent.loop import carry
from agent.outbox import Outbox, device_event, print_event
from agent.pages import Sure
from agent.print_asking import asker, print_request
from agent.printed import HOME, Journal, Marks, PrintSetting, read_setting
from agent.printing import Act, Deed, Printing, Why
from agent.school import School
from policy.devicefact import DeviceFact

_log = logging.getLogger("klaswacht.printing")
MOST_TOLD = 200
_EVERY = 0.5  # seconds between two looks at the queue
_SETUP = 15.0  # seconds between two looks whether this computer became a print server
_AGAIN = timedelta(seconds=10)
"""So often the whole list is told again, so that what the school forgot or never heard comes right by itself."""


class PrintRound:
    """The jobs at this print server, between CUPS and the school. `look` and `tell` are each used by one thread."""

    def __init__(self, school: School, outbox: Outbox, link: Link, home: Path = HOME) -> None:
        self._school = school
        self._outbox = outbox
        self._link = link
        self._home = home
        self._setting: PrintSetting | None = None
        self._printing: Printing | None = None
        self._no: frozenset[str] = frozenset()
        self._changed = threading.Condition()
        self._list: list[dict[str, Any]] = []
        self._news: object = None
        self._due = False
        self._told: datetime | None = None

    def look(self) -> float:
        """Look at the queue and act once; returns how many seconds to wait before the next look.

        Raises:
            CupsError: CUPS cannot be asked.
        """
        printing = self._as_set_up()
        if printing is None:
            return _SETUP
        now = self._school.clock.now()
        for act in printing.once(now):
            self._account(act, printing.setting, now)
        self._list_moved([_told(act, printing.setting) for act in printing.stands[:MOST_TOLD]])
        return _EVERY

    def tell(self) -> float:
        """Tell the school what waits once something changed, or again after a while; hear what was refused.

        Raises:
            LinkError: as `Link.prints`.
        """
        if self._printing is None:
            return _SETUP
        with self._changed:
            self._changed.wait_for(lambda: self._due, 1.0)
            now = self._school.clock.now()
            again = self._told is not None and abs(now - self._told) >= _AGAIN
            if not (self._due or again):
                return 0.0
            jobs, self._due = list(self._list), False
        try:
            reply = self._link.prints(jobs)
        except Exception:
            self._due = True
            raise
        self._told = now
        said = (reply.body or {}).get("no", [])
        self._no = frozenset(one for one in said if isinstance(one, str)) if isinstance(said, list) else frozenset()
        return reply.pause

    def _as_set_up(self) -> Printing | None:
        """Return the print server as `klaswacht printing setup` left it; None: this computer is none (any more)."""
        setting = read_setting(self._home)
        if setting is None:
            self._setting = self._printing = None
        elif setting != self._setting:
            self._printing = Printing(
                Cups(Path(setting.socket)),
                setting,
                Journal(self._home / "journal"),
                Marks(self._home),
                self._school.decide,
                lambda: self._school.snapshot,
                self._heard,
                lambda: self._no,
            )
            self._setting = setting
        return self._printing

    def _list_moved(self, jobs: list[dict[str, Any]]) -> None:
        """Keep what is to be told; another revision is a reason to tell too: somebody may have said no."""
        snapshot = self._school.snapshot
        news = (jobs, snapshot.revision if snapshot is not None else 0)
        with self._changed:
            self._list = jobs
            if news != self._news:
                self._news, self._due = news, True
                self._changed.notify_all()

    def _account(self, act: Act, setting: PrintSetting, now: datetime) -> None:
        """Write down what came out by a permission, and what was dropped; what prints freely is nobody's business."""
        snapshot, printed = self._school.snapshot, act.deed is Deed.MOVE
        if snapshot is None or not (printed or act.deed is Deed.DROP) or act.why is Why.PRINTED:
            return
        job = act.job
        who = asker(snapshot, job.user, setting.people)
        decision = self._school.decide(print_request(who, job.uuid), now)
        if printed and not decision.grants:
            return
        user = setting.people.get(job.user, job.user)[:80]
        self._outbox.add(print_event(job.uuid, user, decision, now, snapshot.revision, printed=printed))

    def _heard(self, act: Act) -> None:
        """What a person should hear: only that a job is in doubt is news about a device. Nobody is named."""
        _log.info("job %d: %s (%s)", act.job.id, act.deed.value, act.why.value)
        if act.why not in {Why.DOUBT, Why.LOST}:
            return
        snapshot = self._school.snapshot
        revision = snapshot.revision if snapshot is not None else 0
        now = self._school.clock.now()
        self._outbox.add(device_event(DeviceFact.PRINTING, f"job {act.job.id}", now, revision, put_back=False))


def _told(act: Act, setting: PrintSetting) -> dict[str, Any]:
    """A job as the school hears it: no title, which nobody here knows."""
    job = act.job
    return {
        "id": job.uuid,
        "user": setting.people.get(job.user, job.user)[:120],
        "pages": job.pages,
        "counted": job.sure is Sure.COUNTED,
        "colour": job.colour,
        "at": job.at.isoformat(),
        "gone": act.until.isoformat() if act.until is not None else None,
    }


def start(found: PrintRound, stop: threading.Event) -> None:
    """Look and tell, each in a thread of its own, until `stop` is set."""
    for name, work in (("queue", lambda: _look_on(found, stop)), ("prints", lambda: carry(found.tell, stop))):
        threading.Thread(target=work, name=f"klaswacht-{name}", daemon=True).start()


def _look_on(found: PrintRound, stop: threading.Event) -> None:
    trouble = ""
    while not stop.is_set():
        try:
            rest, trouble = found.look(), ""
        except Exception as problem:
            # One look that fails must not end the round: the next one finds everything where CUPS and the disk say.
            # What it says may hold a name, so only its kind is told, and once.
            kind = type(problem).__name__
            if kind != trouble:
                _log.log(logging.WARNING if isinstance(problem, CupsError) else logging.ERROR, "no look: %s", kind)
            rest, trouble = 2.0, kind
        stop.wait(rest)
