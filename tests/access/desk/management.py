"""Numbers, the trail, what staff may always do, and the switch of the counsellors' inbox."""

from __future__ import annotations

from tests.access.state import State

_NUMBERS, _TRAIL, _INBOX, _STAFF = "/beheer/cijfers", "/beheer/logboek", "/beheer/postvak/", "/beheer/personeel"

STATES: tuple[State, ...] = (
    *(State("numbers.page", _NUMBERS, "directie", school) for school in ("empty", "busy")),
    State("numbers.page", _NUMBERS, "coordinator"),
    State("numbers.page", _NUMBERS, "directie", board=True),
    *(State("trail.page", _TRAIL, "directie", school) for school in ("empty", "busy")),
    State("trail.page", f"{_TRAIL}?controle=1&wie=staff-coordinator&soort=people", "directie", about="narrowed"),
    State("trail.page", f"{_TRAIL}?wie=nobody", "directie", about="nothing"),
    State("trail.page", f"{_TRAIL}?blad=2", "directie", about="second"),
    State("trail.page", _TRAIL, "directie", board=True),
    State("counsellors.page", _INBOX, "directie", about="on"),
    State("counsellors.page", f"{_INBOX}?nee=counsel_few", "directie", about="error"),
    State("counsellors.page", _INBOX, "directie", board=True),
    State("staff_permits.page", _STAFF, "directie", "empty"),
    State("staff_permits.page", _STAFF, "coordinator"),
    State("staff_permits.page", _STAFF, "directie", board=True),
)
NO_PAGE: dict[str, str] = {
    "numbers.download": "a list to take along",
    "trail.download": "a list to take along",
    "measures.sheet": "a list to take along",
    "counsellors.switch_on": "leads back to its page",
    "counsellors.switch_off": "leads back to its page",
}
