"""The pages of the desk in every state: a module a part, each with `STATES` and `NO_PAGE` (route to reason)."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.access.state import State

_PARTS = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
STATES: tuple[State, ...] = tuple(state for part in _PARTS for state in part.STATES)
NO_PAGE: dict[str, str] = {route: why for part in _PARTS for route, why in part.NO_PAGE.items()}
