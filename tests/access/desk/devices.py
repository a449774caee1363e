"""The page of devices."""

from __future__ import annotations

from tests.access.state import State

_PAGE = "/beheer/apparaten"
_POST = {"start": _PAGE, "who": "coordinator"}

STATES: tuple[State, ...] = (
    State("devices.page", _PAGE, "coordinator"),
    State("devices.page", _PAGE, "directie", "empty"),
    State("devices.page", f"{_PAGE}?wie=cb7-1", "coordinator", about="chosen"),
    State("devices.page", f"{_PAGE}?wie=printserver", "coordinator", about="print-server"),
    State("devices.page", f"{_PAGE}?groep=weg", "coordinator", about="lost"),
    State("devices.page", _PAGE, "directie", board=True),
    State("devices.put", "/beheer/apparaat", form={"name": "Bord", "kind": "digiboard", "addresses": "x"}, **_POST),
    State("devices.change", "/beheer/apparaat/cb7-1", form={"name": "Kar", "kind": "pupil", "addresses": "x"}, **_POST),
    State("devices.count", "/beheer/apparaten/reeks", form={"first": "Zonder", "last": "nummer"}, **_POST),
    State("devices.take_list", "/beheer/apparaten/lijst", form={"table": "naam;groep\nA;99\nB;98"}, **_POST),
    State("devices.new_key", "/beheer/apparaat/cb7-6/sleutel", form={"go": "1"}, about="once", **_POST),
    State("devices.new_code", "/beheer/apparaat/cb7-6/code", form={"go": "1"}, about="once", **_POST),
)
NO_PAGE: dict[str, str] = {
    "devices.remove": "goes back to the page",
    "devices.name_account": "goes back to the page",
    "devices.chromebook": "a zip",
}
