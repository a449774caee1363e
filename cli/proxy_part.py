"""`klaswacht up --part proxy`: the workers and what answers names, as a service of their own with a user of its own.

That user reads the rules in force, the lists and the database, and is handed the keys it needs (`LoadCredential=`). It
owns nothing of the home folder; staff accounts, the dashboard's keys and the pupils' names on file it cannot read.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from cli import parts, places, ports, school
from cli.home import Home, Trouble, secret
from cli.keeping import Keeping
from cli.life import Child
from cli.monitor import monitored
from cli.parts import Part, Taken
from cli.supervisor import Supervisor
from cli.vitals import EVERY, load, plain, processes, told_apart
from config.load import knowledge
from config.private_folder import database_url
from config.settings import Settings
from config.texts import say
from proxy_addons.last_known import LastKnown
from store import open_later

_log = logging.getLogger(__name__)


def up_proxy(home: Home, *, workers: int | None = None, monitor: str | None = None) -> int:
    """Run the proxy until SIGTERM; the exit code is 0 when it stopped because it was asked to.

    Raises:
        Trouble: the desk has not run here yet, a port cannot be had, or a worker does not start.
    """
    with school.proxy_here(home):
        return _run(home, workers, monitor)


def _run(home: Home, workers: int | None, monitor: str | None) -> int:
    school.no_restore(home)
    if not home.good_file.exists():
        raise Trouble("there are no rules in force yet", "start the desk first: `klaswacht up --part desk`")
    settings = school.good_settings(home)
    held = parts.hold(settings.listen, home.school_file, Part.PROXY)
    try:
        with places.opened(held, workers or settings.workers or places.cores()) as taken:
            numbers = ports.describe(held)
            tasks = parts.tasks(Taken(home.path, numbers, taken), school.with_ports(settings, numbers), Part.PROXY)
            with Supervisor(tasks) as supervisor, monitored(home, supervisor, monitor):
                Telling(home, supervisor.children, supervisor.stopping).start()
                _keeping(home, settings, supervisor.stopping).start()
                if not supervisor.run(lambda: print(say("cli.up.proxy_runs", settings.language), flush=True)):
                    raise Trouble("a part of the proxy did not start", "see the lines above")
    finally:
        parts.release(held)
    return 0


def _keeping(home: Home, settings: Settings, stopping: threading.Event) -> Keeping:
    file = LastKnown(home.path, secret(home.forms_secret), apart=True)
    store = open_later(database_url(home.path), key=home.columns_key)
    return Keeping(file, store, settings.school.id, knowledge(settings), stopping)


class Telling(threading.Thread):
    """Tells the desk how the proxy's processes are, in the folder that both may write."""

    def __init__(self, home: Home, children: Sequence[Child], stopping: threading.Event) -> None:
        super().__init__(name="telling", daemon=True)
        self._path, self._children, self._stopping = told_apart(home), children, stopping

    def run(self) -> None:
        """Look, write, wait; what fails is left, and the desk says that the proxy is silent."""
        while not self._stopping.is_set():
            try:
                self.tell(datetime.now(UTC))
            except OSError as error:
                _log.warning("how the proxy is could not be written down: %s", error.strerror)
            self._stopping.wait(EVERY)

    def tell(self, now: datetime) -> None:
        """One look, written. Raises `OSError`."""
        facts = [*processes(self._children, now), *load(self._children)]
        new = self._path.with_name(f".{self._path.name}")
        new.write_text(json.dumps({"at": now.isoformat(), "facts": [plain(one) for one in facts]}))
        new.chmod(0o640)
        new.replace(self._path)
