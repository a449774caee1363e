"""The dashboard's process: gunicorn with one worker of many threads, over TLS with the school's own certificate."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from cli import ports
from cli.box_file import FileOnBox
from cli.ca import CaFiles
from cli.child import tell_beat, tell_ready
from cli.chromebook import ChromebookDesk
from cli.feeds_desk import FeedsDesk
from cli.home import Home, secret
from cli.school import opened
from cli.vitals import VitalsFile
from config import load
from config.feeds.opened import FeedIndex
from config.settings import Settings
from dashboard.api import WAITERS
from dashboard.app import close_app, create_app
from dashboard.stream import IN_ALL
from proxy_addons.peek import peek_of

# Every open lesson page keeps one, for its live events, and so does every laptop that waits for news; the rest is for
# who clicks. A thread that waits costs some memory and no work.
_THREADS = IN_ALL + WAITERS + 16
_GRACE = 3  # seconds that requests get to end when the dashboard stops


class Certificate:
    """The TLS side. The file is read again when it was renewed, so that nothing need be started again for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._read = 0
        self._context: ssl.SSLContext | None = None

    def context(self, _config: object = None, _default: object = None) -> ssl.SSLContext:
        """What a new connection is wrapped with; the arguments are gunicorn's and are not needed."""
        with self._lock:
            changed = self._path.stat().st_mtime_ns
            if self._context is None or changed != self._read:
                made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                made.minimum_version = ssl.TLSVersion.TLSv1_2
                made.load_cert_chain(self._path)
                self._context, self._read = made, changed
            return self._context


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Ends the live streams when it is told to stop: they would each hold a thread until the grace is over."""

    def handle_exit(self, sig: int, frame: object) -> None:
        """Called on SIGTERM. On a thread of its own, because a signal may come while a lock is held."""
        threading.Thread(target=close_app, args=(self.wsgi,), daemon=True).start()
        super().handle_exit(sig, frame)

    def notify(self) -> None:
        """Called by the loop that takes connections, at least once a second: what gunicorn hears, the guard hears."""
        super().notify()
        tell_beat(self.wsgi.extensions["klaswacht_counts"])


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn inside our own process: nothing is read from the command line or from files."""

    def __init__(self, make_app: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make_app()


def serve_dashboard(home: Home, settings: Settings) -> None:
    """Serve until SIGTERM. `settings` has the port that was taken."""
    files = CaFiles(home.ca_folder)
    listen = settings.listen
    form_secret, seal = secret(home.path / "secrets" / "dashboard"), secret(home.seal_key)
    answers = secret(home.answers_key)

    def make_app() -> Flask:
        # In the worker, after the fork: a database connection must not be shared between processes.
        store = opened(home, migrate=False)
        feeds = FeedIndex(home.path)
        feeds.follow()
        knowledge = load.knowledge(settings, feeds)
        # Not in `dashboard`: a look at a page goes out by the guard's own rules.
        peek = peek_of(settings, home.ca_folder)
        school = settings.school.id
        return create_app(
            store,
            knowledge,
            school,
            settings,
            secret=form_secret,
            ca_file=files.public,
            peek=peek,
            seal=seal,
            others=FeedsDesk(home),
            school_file=FileOnBox(home),
            vitals=VitalsFile(home.path),
            answers=answers,
            chromebooks=ChromebookDesk(home, settings),
        )

    options: dict[str, Any] = {
        "bind": f"{ports.bracketed(listen.address)}:{listen.dashboard}",
        "reuse_port": True,  # the supervisor holds the port
        "worker_class": Worker,
        "workers": 1,
        "threads": _THREADS,
        "certfile": str(files.dashboard),
        "ssl_context": Certificate(files.dashboard).context,
        "graceful_timeout": _GRACE,
        "loglevel": "warning",
        "proc_name": "klaswacht dashboard",
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
        "post_worker_init": lambda _worker: tell_ready(),
    }
    _Server(make_app, options).run()
