"""Kinds of sites and the lists of others."""

from __future__ import annotations

from tests.access.state import State

_PAGE = "/beheer/lijsten/"
_LOOK = {"start": _PAGE, "who": "coordinator"}

STATES: tuple[State, ...] = (
    State("sitekinds.page", _PAGE, "coordinator"),
    State("sitekinds.page", _PAGE, "directie", "empty"),
    State("sitekinds.page", _PAGE, "coordinator", board=True),
    State("sitekinds.page", f"{_PAGE}?nee=list_moved", "coordinator", about="error"),
    State("sitekinds.look", f"{_PAGE}soort", form={"kind": "games", "wish": "open"}, about="plan", **_LOOK),
    State("sitekinds.look", f"{_PAGE}soort", form={"kind": "adult", "wish": "open"}, about="floor", **_LOOK),
)
NO_PAGE = {"sitekinds.sheet": "a sheet"}
