"""Connections to PostgreSQL that do not wait for ever.

The server ends a statement that takes too long (`statement_timeout`), but a machine that hangs, or a cable that was
pulled out, ends nothing and says nothing. So the time is kept on this side as well, a little longer than there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

_LOOK = 0.1  # seconds between looks whether the program is being stopped; psycopg's own


def connecting(longest: float) -> Callable[..., psycopg.Connection[Any]]:
    """For SQLAlchemy's `do_connect`: makes connections that wait for one answer for at most `longest` seconds."""

    class Impatient(psycopg.Connection[Any]):
        def wait(self, gen: PQGen[RV], interval: float = _LOOK, timeout: float | None = None) -> RV:
            if timeout is not None:
                return super().wait(gen, interval, timeout)
            start = monotonic()
            try:
                return super().wait(gen, interval, longest)
            except psycopg.OperationalError as error:
                if monotonic() - start < longest:
                    raise
                self.pgconn.finish()  # whatever it still says belongs to nothing any more
                raise psycopg.OperationalError(f"no answer in {longest:.0f} seconds") from error

    def connect(_dialect: object, _record: object, told: Sequence[Any], named: Mapping[str, Any]) -> Impatient:
        return Impatient.connect(*told, **named)

    return connect
