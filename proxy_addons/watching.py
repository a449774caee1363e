"""Looks once a second at how late this worker is and what is in the way, and has that written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from proxy_addons.conditions import Conditions
from proxy_addons.faults import told
from proxy_addons.live import Live
from proxy_addons.pinned import Refusing
from proxy_addons.queue_file import QueueFile
from proxy_addons.recorder import Recorder

_log = logging.getLogger(__name__)

EVERY = 1.0  # seconds


class Watch:
    """One for a worker, on its event loop. `lists` says whether the lists of others can be used.

    `queue` is where it tells how much waits to be written (None: nowhere).
    """

    def __init__(
        self,
        conditions: Conditions,
        refusing: Refusing,
        recorder: Recorder,
        live: Live,
        clock: Callable[[], datetime],
    ) -> None:
        self._conditions, self._refusing = conditions, refusing
        self._recorder, self._live, self._clock = recorder, live, clock
        self.lists: Callable[[], bool] = lambda: True
        self.queue: QueueFile | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._go())

    async def stop(self) -> None:
        """Look no more; of this worker nothing stands any longer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self._recorder.stands({})

    def look(self, late: float = 0.0) -> None:
        """One look; `late` is how many seconds after its time it comes. Never raises."""
        try:
            now = self._clock()
            self._conditions.lagged(late, now)
            self._conditions.loaded(now, rules=self._live.snapshot is not None, lists=self.lists())
            self._refusing.forget(now)
            self._recorder.stands(self._conditions.standing(now))
            if self.queue is not None:
                self.queue.tell(now)
        except Exception as error:
            _log.error("what is in the way could not be looked at: %s", told(error))

    async def _go(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            self.look(max(loop.time() - due, 0.0))
