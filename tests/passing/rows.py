"""What is tried: each row does something on one way and says what was seen at both of its ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.passing.client import Answer
from tests.passing.guards import Way
from tests.passing.site import Fields, Request, Site

type Seen = dict[str, object]
"""What was seen, by what it is about. What is the same on two ways is equal."""

CHAIN = frozenset({b"via"})
"""What every proxy on the way adds to, by its nature."""


@dataclass(frozen=True)
class Row:
    """One row. `second` for HTTP/2, `quick` when it is in every `make test`."""

    id: str
    run: Callable[[Way, Site], Seen]
    second: bool
    quick: bool
    columns: tuple[str, ...]


ROWS: dict[str, Row] = {}


def row(id: str, *, quick: bool = False, second: bool = False, columns: tuple[str, ...] = ()) -> Callable:
    """Register a row."""

    def register(run: Callable[[Way, Site], Seen]) -> Callable[[Way, Site], Seen]:
        every = ("tunnel", "inspected", "mitmdump") if second else ("tunnel", "inspected", "plain", "mitmdump")
        assert id not in ROWS
        ROWS[id] = Row(id, run, second, quick, columns or every)
        return run

    return register


def arrived(request: Request) -> tuple:
    """A request as an origin sees it; the way to a proxy names the host, which is the same."""
    kept = [one for one in request.fields if one[0].lower() not in CHAIN and one[0].lower() != b"host"]
    hosts = [value.replace(b"tunnel.test", b"open.test") for name, value in request.fields if name.lower() == b"host"]
    return request.method, request.target, request.version, kept, hosts, request.body, request.trailers


def came(answer: Answer) -> tuple:
    """An answer as a client sees it, without what differs with each way of framing a body."""
    framing = (b"transfer-encoding", b"connection")
    kept = [one for one in answer.fields if one[0].lower() not in framing]
    return answer.status, kept, answer.body, answer.trailers, answer.end


def plain_of(fields: Fields) -> Fields:
    """A request's fields in HTTP/2, without its name."""
    return [one for one in fields if one[0] != b":authority" and one[0] not in CHAIN]
