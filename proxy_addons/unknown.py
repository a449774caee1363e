"""Sites that nobody lists: a copy of the first 64 KB of a page, judged by its shape off the event loop.

A page is never delayed, changed or stored: what is kept are the names of hosts that were looked at, in memory, and a
proposal to the coordinator (host, kind, score, reason codes). Looked at are pages that pupils open during school hours,
a host once in some hours a worker. Whatever goes wrong here ends here.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import BytesIO

import brotli
import zstandard

from policy.address import name_without_suffix, site_of
from policy.kinds import UNKNOWN, of_host, of_page
from policy.match import covered, within
from policy.model import AccessRequest, DeviceClass, PeriodKind, Role, Snapshot
from policy.pageshape import PageShape
from policy.pagesigns import MOST_HTML, decoded, read_page
from policy.schedule import period_at
from proxy_addons.faults import told
from proxy_addons.live import Live
from store import Store
from store.proposals import Likeness

_log = logging.getLogger(__name__)

AGAIN = timedelta(hours=4)
"""A host is looked at once in so long, by each worker."""
MOST_HOSTS = 4096
MOST_WAITING = 8
"""Pages that wait to be judged; when there are more, a page is left for another time."""
_HTML = ("text/html", "application/xhtml+xml")


def _inflated(body: bytes) -> bytes:
    """`deflate` with its header, or without, as some send it."""
    try:
        return zlib.decompressobj().decompress(body, MOST_HTML)
    except zlib.error:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, MOST_HTML)


_UNDONE: dict[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "identity": lambda body: body,
    "gzip": lambda body: zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MOST_HTML),
    "x-gzip": lambda body: zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MOST_HTML),
    "deflate": _inflated,
    "br": lambda body: brotli.Decompressor().process(body, output_buffer_limit=MOST_HTML),
    "zstd": lambda body: zstandard.ZstdDecompressor().stream_reader(BytesIO(body)).read(MOST_HTML),
}


class Look:
    """A look at one page under way: takes a copy of what passes, until it has enough."""

    def __init__(self, done: Callable[[bytes], None]) -> None:
        self._done: Callable[[bytes], None] | None = done
        self._taken = bytearray()

    def passing(self, chunk: bytes) -> bytes:
        """Give a chunk of the body back as it came; an empty one is the end. Never raises."""
        try:
            if self._done is not None:
                self._taken += chunk[: MOST_HTML - len(self._taken)]
                if not chunk or len(self._taken) >= MOST_HTML:
                    done, self._done = self._done, None
                    body, self._taken = bytes(self._taken), bytearray()
                    done(body)
        except Exception as error:
            self._done = None
            _log.error("a page could not be looked at: %s", told(error))
        return chunk


class Unknown:
    """One for a worker. `look` and `talked` are called on the event loop, judging and writing happen on a thread."""

    def __init__(self, store: Store, school: str, live: Live) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._looked: OrderedDict[str, datetime] = OrderedDict()
        self._talking: OrderedDict[str, None] = OrderedDict()
        self._waiting = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="klaswacht-unknown")

    async def stop(self) -> None:
        """Judge what waits, and stop."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=False)

    def look(self, request: AccessRequest | None, status: int, kind: str, coding: str) -> Look | None:
        """A look at the answer to `request`, by its status, Content-Type and Content-Encoding. None: nothing to see."""
        try:
            host = self._wanted(request, status, kind, coding)
            if host is None:
                return None
            self._note(host)
            return Look(lambda body: self._queue(host, body, kind, coding.strip().lower()))
        except Exception as error:
            _log.error("a page could not be looked at: %s", told(error))
            return None

    def talked(self, request: AccessRequest | None) -> None:
        """A WebSocket was opened: a sign of its site. Its next page is looked at with that in mind."""
        try:
            if request is None or request.address is None or self._listed(request, self._live.snapshot):
                return
            site = site_of(request.address.host)
            if site not in self._talking:
                for host in [one for one in self._looked if site_of(one) == site]:
                    del self._looked[host]
            self._talking[site] = None
            self._talking.move_to_end(site)
            while len(self._talking) > MOST_HOSTS:
                self._talking.popitem(last=False)
        except Exception as error:
            _log.error("a site could not be noted: %s", told(error))

    # --- what is looked at --------------------------------------------------------------------------------------------

    def _wanted(self, request: AccessRequest | None, status: int, kind: str, coding: str) -> str | None:
        """The host to look at, or None."""
        snapshot, shape = self._live.snapshot, self._live.knowledge.pageshape
        if request is None or request.address is None or snapshot is None or shape is None:
            return None
        if status != 200 or not request.navigation or request.who.role is not Role.PUPIL:
            return None
        if kind.partition(";")[0].strip().lower() not in _HTML or coding.strip().lower() not in _UNDONE:
            return None
        host = request.address.host.removeprefix("www.")
        now = self._live.clock()
        before = self._looked.get(host)
        if self._waiting >= MOST_WAITING or (before is not None and now - before < AGAIN):
            return None
        if request.who.device_class is not DeviceClass.PUPIL or self._listed(request, snapshot):
            return None
        group = request.who.groups[0] if request.who.groups else None
        # Outside school hours nothing is recorded, also not that a site was visited by somebody.
        return None if period_at(snapshot.policy.schedule, group, now).kind is PeriodKind.OUTSIDE else host

    def _listed(self, request: AccessRequest, snapshot: Snapshot | None) -> bool:
        """Whether anybody knows the site: a list, its name, the school, or us."""
        if snapshot is None or request.address is None:
            return True
        knowledge, host = snapshot.knowledge, request.address.host
        named = knowledge.system_hosts | knowledge.tunnels.keys()
        # Of a suffix that many share (`blogs.example`) nothing is said by one page of it.
        if not name_without_suffix(host) or host in named or within(host, knowledge.help_hosts | knowledge.own_hosts):
            return True
        if covered(host, snapshot.policy.open_sites) or covered(host, snapshot.policy.domains):
            return True
        return bool(of_host(host, snapshot) - {UNKNOWN}) or of_page(request.address, snapshot) is not None

    def _note(self, host: str) -> None:
        self._looked[host] = self._live.clock()
        self._looked.move_to_end(host)
        while len(self._looked) > MOST_HOSTS:
            self._looked.popitem(last=False)

    # --- judging ------------------------------------------------------------------------------------------------------

    def _queue(self, host: str, body: bytes, kind: str, coding: str) -> None:
        """Have it judged on the thread; too many waiting: another time."""
        snapshot, shape = self._live.snapshot, self._live.knowledge.pageshape
        if not body or snapshot is None or shape is None or self._waiting >= MOST_WAITING:
            self._looked.pop(host, None)
            return
        loop, talks, hold = asyncio.get_running_loop(), site_of(host) in self._talking, snapshot.policy.hold_unknown
        now = self._live.clock()

        def work() -> None:
            written = self._judge(shape, host, body, kind, coding, talks=talks, hold=hold, now=now)
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._finished, host, written)

        self._waiting += 1
        try:
            self._pool.submit(work)
        except RuntimeError:  # the worker stops
            self._finished(host, False)

    def _finished(self, host: str, well: bool) -> None:
        self._waiting -= 1
        if not well:
            self._looked.pop(host, None)

    def _judge(
        self,
        shape: PageShape,
        host: str,
        body: bytes,
        kind: str,
        coding: str,
        *,
        talks: bool,
        hold: bool,
        now: datetime,
    ) -> bool:
        """Read, judge and propose, on the thread; False when it did not work and may be tried again."""
        try:
            html = decoded(_UNDONE[coding](body), kind)
            found = shape.judge(read_page(html, host, websocket=talks))
            if found is not None:
                likeness = Likeness(host, found.kind, found.score, found.reasons)
                self._store.proposals.suggest(self._school, likeness, now, hold=hold)
        except Exception as error:
            # A kind of error only: what a page sends may stand in its words.
            _log.warning("a page could not be judged or proposed: %s", type(error).__name__)
            return False
        return True
