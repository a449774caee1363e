"""The guard's own pages on a real port, on the school's database: where a laptop's beat comes in without a proxy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.load import knowledge
from config.private_folder import columns_key
from policy.model import Principal
from proxy_addons.facts import Peer
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.names.page import PageServer
from store import open_store
from tests.agent.school import SCHOOL, Dashboard


class Guard:
    """A gate with its page listener, on an event loop in a thread of its own."""

    def __init__(self, at_school: Dashboard, *, holds: bool = True, port: int = 0) -> None:
        self._stop: Callable[[], None] = lambda: None
        self._started = threading.Event()
        self.port = port
        self._holds = holds
        self._school = at_school
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._started.wait(30)

    async def _run(self) -> None:
        file = Path(str(self._school.store.database.url.database))
        store = open_store(str(file), key=columns_key(file.parent))
        options = Options(SCHOOL, secret=b"s" * 32, holds_beats=self._holds)
        self.gate: Gate = open_gate(store, knowledge(), options, self._school.moment)
        page = PageServer(self.gate, "https://klaswacht.internal/", lambda _: True)
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        await self.gate.start()
        page.start("127.0.0.1", self.port)
        server: Any = page._server
        (listening,) = server._sockets.values()
        self.port = listening.getsockname()[1]
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        self._started.set()
        await stop.wait()
        await page.stop()
        await self.gate.stop()
        store.close()

    @property
    def told(self) -> dict[str, object]:
        """How a device reaches it, as the school would say."""
        return {"host": "127.0.0.1", "proxies": [], "page": self.port}

    def who(self, address: str = "127.0.0.1") -> Principal:
        return self.gate._who(Peer("c", address, 8080))

    def stop(self) -> None:
        self._stop()
        self._thread.join(30)


@contextmanager
def guarding(at_school: Dashboard, *, holds: bool = True) -> Iterator[Guard]:
    guard = Guard(at_school, holds=holds)
    try:
        yield guard
    finally:
        guard.stop()
