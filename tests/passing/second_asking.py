"""How rows over HTTP/2 are compared."""

from __future__ import annotations

import os

from tests.passing.client import Heard
from tests.passing.rows import CHAIN, Seen, plain_of
from tests.passing.site import Site, Stream

BIG = os.urandom(1 << 20)
OCTETS = (b"content-type", b"application/octet-stream")


def arrived(stream: Stream) -> tuple:
    return plain_of(stream.fields), stream.body, stream.trailers


def came(one: Heard) -> tuple:
    fields = [field for field in one.fields if field[0] not in CHAIN]
    return one.status, fields, one.body, one.trailers, one.end, one.reset, one.interim


def both(site: Site, *got: Heard) -> Seen:
    return {"request": [arrived(one) for one in site.streams], "answer": [came(one) for one in got]}


def method_of(stream: Stream) -> bytes:
    return dict(stream.fields)[b":method"]
