"""A gate behind a few lines of HTTP, so that a real browser reads the real pages without any engine."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from http import HTTPStatus

from proxy_addons.facts import Exchange, Peer
from proxy_addons.gate import Gate
from tests.proxy_addons.asking import Guard, basic

ORIGIN = b"<!doctype html><title>Kletsplein</title><h1>Welkom op het plein</h1>"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
)


class Front:
    """A plain HTTP proxy; what the gate lets through is answered by a pretend origin.

    After `looks` exchanges nothing is looked into any more, as when a connection has become a tunnel.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.peer = Peer("c", "127.0.0.1", 8080, basic("chroom-1"))
        self.looks = 1_000_000
        self.port = 0

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, url, _ = head[0].split(" ", 2)
            pairs = (line.partition(":") for line in head[1:] if line)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            size = int(headers.get("content-length", "0"))
            body = await reader.readexactly(size) if size else None
            host = headers.get("host", "")
            asked = Exchange(self.peer, method, "http", url, (host,), headers=headers, body=body)
            self.looks -= 1
            answer = (await self.gate.ask(asked)).answer if self.looks >= 0 else None
            status, sent, body = (answer.status, answer.headers, answer.body) if answer else (200, (), ORIGIN)
            lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Connection: close"]
            lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in sent)]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            await writer.drain()
        writer.close()


@contextlib.contextmanager
def sites(guard: Guard) -> Iterator[Front]:
    """Run the gate and its front on a thread of their own."""
    front = Front(guard.open())
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def main() -> None:
        await front.gate.start()
        server = await front.serve()
        ready.set()
        await stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await front.gate.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield front
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
