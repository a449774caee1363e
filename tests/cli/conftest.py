"""The real PostgreSQL of the store's tests, for commands that work on one."""

from tests.store.conftest import cluster

__all__ = ["cluster"]
