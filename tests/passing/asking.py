"""How rows over HTTP/1.1 are asked and answered."""

from __future__ import annotations

import os

from tests.passing.client import Answer
from tests.passing.guards import Way
from tests.passing.rows import Seen, arrived, came
from tests.passing.site import Request, Site, Talk

OK = b"HTTP/1.1 200 OK\r\n"
BIG = os.urandom(1 << 20)


def answers(data: bytes, *, read: bool = True, keep: bool = True):
    """A script that reads a request and sends these bytes."""

    async def script(talk: Talk, request: Request) -> bool:
        if read:
            await talk.body(request)
        await talk.send(data)
        return keep

    return script


def ask(way: Way, path: bytes = b"/", *fields: bytes, method: bytes = b"GET", body: bytes = b"") -> Answer:
    with way.first() as client:
        client.send(way.head(method, path, *fields) + body)
        return client.answer(method)


def both(site: Site, *got: Answer) -> Seen:
    return {"request": [arrived(one) for one in site.requests], "answer": [came(one) for one in got]}
