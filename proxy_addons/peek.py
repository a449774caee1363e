"""One look at one page, for a teacher's preview: fetched under the guard's own egress rules, read, and forgotten.

Nothing of it is kept or logged: no address, no page. No cookie and no credential is sent. What `egress` judged is what
is connected to, for every redirect anew, and a certificate must be right as it must for pupils.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import certifi

from config.settings import Settings
from policy.address import canonical
from policy.model import Address
from policy.pageneeds import Peeked, Trouble, read_needs, text_of
from policy.pagesigns import looks_like_html
from proxy_addons.egress import Egress, own_names, own_places, trust_bundle
from proxy_addons.fetching import Ends, Got, fetched
from proxy_addons.turns import Turns

WITHIN = 6.0  # seconds for all of it, redirects included
MOST_REDIRECTS = 4

type MayGo = Callable[[Address], bool]


@dataclass
class Peek:
    """Looks at pages. Safe to call from many threads; connecting is done on one event loop of its own.

    `egress` is for this loop alone, `context` verifies the sites.
    """

    egress: Egress
    context: ssl.SSLContext
    turns: Turns = field(default_factory=Turns)
    within: float = WITHIN
    _loop: asyncio.AbstractEventLoop | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, address: Address, may_go: MayGo, who: str) -> Peeked:
        """Look at one page for the person `who`. `may_go` is asked before every address that is fetched; never raises.

        Takes `WITHIN` seconds at most.
        """
        with self.turns.take(who) as mine:
            if not mine:
                return Peeked(Trouble.BUSY)
            try:
                return self._look(address, may_go)
            except Ends as end:
                return Peeked(end.trouble)
            except Exception:  # whatever a site sends, a teacher gets an answer; the error's own words may quote it
                return Peeked(Trouble.BROKEN)

    def close(self) -> None:
        """Stop the event loop, if there is one."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def _look(self, address: Address, may_go: MayGo) -> Peeked:
        until = time.monotonic() + self.within
        for _ in range(MOST_REDIRECTS + 1):
            if address.scheme not in ("http", "https") or not self.egress.open(address.host, address.port):
                raise Ends(Trouble.REFUSED)
            if not may_go(address):
                raise Ends(Trouble.LOCKED)
            got = self._run(fetched(address, self.context, until), until)
            if not got.onward:
                if not looks_like_html(got.html):
                    raise Ends(Trouble.NO_PAGE)
                return Peeked(None, address.host, read_needs(got.html, address, got.policies), got.whole)
            onward = canonical(urljoin(text_of(address), got.onward))
            if onward is None:
                raise Ends(Trouble.REFUSED)
            address = onward
        raise Ends(Trouble.ROUND)

    def _run(self, work: Coroutine[Any, Any, Got], until: float) -> Got:
        """Do it on the loop, and wait no longer than there is time: looking up a name cannot be broken off."""
        done = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return done.result(max(0.0, until - time.monotonic()) + 0.5)
        except TimeoutError:
            done.cancel()
            raise Ends(Trouble.SLOW) from None

    def _running(self) -> asyncio.AbstractEventLoop:
        """The loop, started when it is first needed: after the fork of the process that serves."""
        with self._lock:
            if self._loop is None:
                self._loop = loop = asyncio.new_event_loop()
                self.egress.install(loop)
                threading.Thread(target=_serve, args=(loop,), name="peek", daemon=True).start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


# --- composition -----------------------------------------------------------------------------------------------------


def peek_of(settings: Settings, folder: Path) -> Peek:
    """What looks at pages as a guard with these settings may; in `folder` the file of trusted CAs is kept.

    `settings` has the ports that were really taken. Raises `OSError` when a CA file cannot be read.
    """
    egress = settings.egress
    trusted = trust_bundle(folder, egress.trust) or Path(certifi.where())
    return Peek(
        Egress(egress.ports, egress.hosts, own_places(settings.listen), own_names(settings.listen)), trusting(trusted)
    )


def trusting(bundle: Path) -> ssl.SSLContext:
    """A context that verifies as the guard does for pupils, by the CAs in `bundle`."""
    context = ssl.create_default_context(cafile=str(bundle))
    # RFC 5280 to the letter is more than the proxy asks: a preview must not refuse what pupils get.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])
    return context
