"""The pretend sites, all in one process on loopback: one TLS port and one plain port, told apart by host name.

They are what the guard guards against and what it lets through: a social network with a chat, a search engine, a
school site, a video site, a file drop and a learning site. Nothing that is sent to them is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from cli.demo.certs import Papers
from cli.demo.handlers import NAMES, Room, rules
from cli.supervisor import die_with_parent, tell_ready

_HERE = Path(__file__).parent
_LOOPBACK = "127.0.0.1"


def _silent(_: RequestHandler) -> None:
    """Write no line about a visit: a browser that looks for something is no news on a terminal."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the sites listen on 127.0.0.1: `tls` for https and wss, `plain` for http and ws."""

    tls: int
    plain: int

    def hosts(self) -> dict[str, str]:
        """The guard's `egress.hosts`: every pretend name and port to where it really is."""
        both = ((443, self.tls), (80, self.plain))
        return {f"{name}:{port}": f"{_LOOPBACK}:{real}" for name in NAMES for port, real in both}


@dataclass(slots=True)
class Sites:
    """The running sites. `seen` holds `host path` of the last requests, so that a test can see who was contacted."""

    papers: Papers
    room: Room = field(default_factory=Room)
    _servers: list[HTTPServer] = field(default_factory=list)

    @property
    def seen(self) -> deque[str]:
        """`METHOD host path` of the latest requests, without query and body."""
        return self.room.seen

    async def open(self, tls: int = 0, plain: int = 0) -> Ports:
        """Listen on loopback (0: any free port); raises `OSError` when a port is taken."""
        app = Application(rules(self.room), template_path=str(_HERE / "pages"), log_function=_silent)
        real = []
        for port, context in ((tls, self.papers.server_context()), (plain, None)):
            sockets = bind_sockets(port, address=_LOOPBACK, reuse_port=port != 0)
            server = HTTPServer(app, ssl_options=context, max_buffer_size=50_000_000)
            server.add_sockets(sockets)
            self._servers.append(server)
            real.append(int(sockets[0].getsockname()[1]))
        return Ports(*real)

    async def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self.room.hang_up()
        for server in self._servers:
            server.stop()
            await server.close_all_connections()


@contextlib.contextmanager
def running(papers: Papers, tls: int = 0, plain: int = 0) -> Iterator[tuple[Sites, Ports]]:
    """The sites in a thread of their own, open for as long as the block lasts; raises `OSError` as `open` does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="pretend-sites", daemon=True)
    thread.start()
    sites = Sites(papers)

    async def last() -> None:
        await sites.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield sites, asyncio.run_coroutine_threadsafe(sites.open(tls, plain), loop).result(timeout=30)
    finally:
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(last(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        if not thread.is_alive():
            loop.close()


async def serve(papers: Papers, tls: int, plain: int) -> None:
    """Keep the sites open until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sites = Sites(papers)
    await sites.open(tls, plain)
    tell_ready()
    await stop.wait()
    await sites.close()


def main() -> None:
    """`python -m cli.demo.sites FOLDER TLS-PORT PLAIN-PORT`, kept running by the supervisor."""
    die_with_parent()
    # Browsers hang up in the middle of things; that is no news here.
    logging.getLogger("tornado").setLevel(logging.ERROR)
    folder, tls, plain = sys.argv[1:4]
    asyncio.run(serve(Papers.within(Path(folder)), int(tls), int(plain)))


if __name__ == "__main__":
    main()
