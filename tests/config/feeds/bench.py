"""A server of feeds, and a school's lists, as the tests of subscriptions want them."""

from __future__ import annotations

import http.server
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from config.feeds import update
from config.feeds.guards import Kept
from config.feeds.opened import FeedIndex
from config.feeds.subscriptions import Lists, Subscription
from config.feeds.update import Conditions, Outcome

NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
BY = Conditions(NOW, Kept(frozenset({"www.leren.nl", "school.nl"}), frozenset({"school.nl"})))
WITHIN = 10.0


@dataclass
class Site:
    """A loopback server: `body` at any path, with ETag; `asked` are the headers of every request."""

    port: int = 0
    body: bytes = b"one.example\ntwo.example\n"
    etag: str = '"1"'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    short: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/lists/feed.txt"


class serving:
    def __init__(self, site: Site, context: ssl.SSLContext | None = None) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(dict(self.headers.items()) | {"path": self.path})
                same = bool(site.etag) and self.headers.get("If-None-Match") == site.etag
                self.send_response(304 if same else site.status)
                for name, value in ({"ETag": site.etag} | site.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(0 if same else len(site.body) + site.short))
                self.end_headers()
                if not same:
                    self.wfile.write(site.body)

            def log_message(self, *_: object) -> None:
                pass

        self.site, self._server = site, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Site:
        self.site.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self.site

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Bench:
    """A home folder, and a feed as a file that a test can change."""

    home: Path
    by: Conditions = BY

    @property
    def lists(self) -> Lists:
        return Lists(self.home)

    def feed(self, name: str = "games") -> Subscription:
        return self.lists.shelf().feeds[name]

    def say(self, *names: str, file: str = "feed.txt") -> Path:
        path = self.home / file
        path.write_text("".join(f"{name}\n" for name in names))
        return path

    def add(self, source: object, category: str = "games", name: str = "games", form: str = "") -> Subscription:
        with self.lists.alone():
            return update.add(self.lists, Subscription(name, str(source), category, form), self.by)

    def update(self, name: str = "games", *, yes: bool = False) -> Outcome:
        with self.lists.alone():
            outcome = update.update(self.lists, self.feed(name), self.by, yes=yes)
            if outcome is Outcome.TAKEN:
                update.make_index(self.lists, self.by)
            return outcome

    def index(self) -> FeedIndex:
        return FeedIndex(self.home)

    def files(self) -> set[str]:
        return {path.name for path in (self.home / "lists").iterdir()}


def names(number: int, start: int = 0) -> list[str]:
    return [f"site{n}.example" for n in range(start, start + number)]


LABEL = st.sampled_from(["a", "b", "leren", "school", "nl", "com", "co", "uk", "github", "io", "ck", "www", "1"])
HOST = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
