"""A PostgreSQL with the school's three roles, each with a password."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from store.roles import Roles
from tests.store.cluster import Cluster

NAME = "klaswacht"
ROLES = Roles()
PASSWORDS = {ROLES.desk: "geheim-desk", ROLES.accounts: "geheim-accounts", ROLES.proxy: "geheim-proxy"}


class Server(Cluster):
    """The cluster, where only its own administrator comes in without a password."""

    def __init__(self) -> None:
        super().__init__()
        doors = "local all postgres trust\nlocal all all scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(doors)
        self.sql("SELECT pg_reload_conf()")

    def url_of(self, role: str, host: str | None = None, port: int = 0) -> str:
        """The address for a role: over a line on loopback, or else by the socket."""
        place = f"@{host}:{port}/{NAME}" if host else f"@/{NAME}?host={self.folder}"
        return f"postgresql://{role}:{PASSWORDS[role]}{place}"

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """What the school's database says to its administrator."""
        with psycopg.connect(self.url(NAME), autocommit=True) as connection:
            return connection.execute(question.encode()).fetchall()


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """One that is removed at the end, whatever state it was left in."""
    running = Server()
    try:
        yield running
    finally:
        with contextlib.suppress(RuntimeError):
            running.start()
        running.remove()
