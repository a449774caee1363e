"""The week, the school year and the versions of the rules."""

from __future__ import annotations

from tests.access.state import State

_WEEK, _YEAR, _VERSIONS = "/beheer/week", "/beheer/jaar", "/beheer/versies"
_FILE = f"{_VERSIONS}/bestand"
_WHO = "coordinator"
_ROWS = (("lesson", "08:30", "14:00"), ("break", "10:15", "10:30"), ("break", "12:00", "12:30"))


def _typed(start: str, end: str) -> dict[str, str]:
    """A whole week as the form sends it, with Monday's first break at another time."""
    found = {"based_on": "1", "do": "look"}
    for day in range(5):
        for number, (kind, first, last) in enumerate(_ROWS):
            moved = day == 0 and number == 1
            values = (kind, start if moved else first, end if moved else last, "")
            found |= {f"{key}{day}-{number}": value for key, value in zip("ksen", values, strict=True)}
    return found


_GOOD, _WRONG = _typed("10:20", "10:35"), _typed("10:50", "10:20")
_FREE = {name: value for name, value in _GOOD.items() if not name[1:].startswith("1-")}
_YEAR_START = {"who": _WHO, "start": _YEAR}
_RULES = "protocol: regenboog\nschedule:\n  days:\n    mon: {lessons: ['08:30-14:00']}\n"

STATES: tuple[State, ...] = (
    State("week.school", _WEEK, _WHO),
    State("week.school", _WEEK, "directie", "empty"),
    State("week.school", f"{_WEEK}?ja=week_kept", _WHO, about="kept"),
    State("week.school", _WEEK, _WHO, board=True),
    State("week.page", f"{_WEEK}/7", _WHO),
    State("week.page", f"{_WEEK}/7", "directie", board=True),
    State("week.change_school", _WEEK, _WHO, start=_WEEK, form=_GOOD, about="plan"),
    State("week.change_school", _WEEK, _WHO, start=_WEEK, form=_WRONG, about="problem"),
    State("week.change_school", _WEEK, _WHO, start=_WEEK, form=_FREE, about="question"),
    State("week.change_school", _WEEK, _WHO, start=_WEEK, form={**_GOOD, "do": "save"}, about="not-looked-at"),
    State("week.change", f"{_WEEK}/7", _WHO, start=_WEEK, form={**_GOOD, "own0": "1"}, about="plan"),
    State("year.page", _YEAR, _WHO),
    State("year.page", f"{_YEAR}?jaar=2029-2030", "directie", "empty"),
    State("year.page", _YEAR, _WHO, board=True),
    State("year.change", _YEAR, form={"what": "study", "first": "2026-11-23"}, about="plan", **_YEAR_START),
    State("year.change", _YEAR, form={"what": "region", "name": "midden"}, about="region", **_YEAR_START),
    State("year.change", _YEAR, form={"what": "closed", "name": "feest", "first": "x"}, about="error", **_YEAR_START),
    State("versions.page", _VERSIONS, _WHO),
    State("versions.page", _VERSIONS, "directie", "empty"),
    State("versions.page", _VERSIONS, _WHO, board=True),
    State("versions.compare", f"{_VERSIONS}/verschil?oud=1&nieuw=1", _WHO),
    State("versions.compare", f"{_VERSIONS}/verschil?oud=1&nieuw=1", _WHO, board=True),
    State("versions.look_back", f"{_VERSIONS}/1/terug", _WHO),
    State("versions.look_back", f"{_VERSIONS}/1/terug", _WHO, board=True),
    State("versions.go_back", f"{_VERSIONS}/1/terug", _WHO, start=_VERSIONS, form={"based_on": "1"}),
    State("versions.file", _FILE, _WHO),
    State("versions.file", _FILE, "directie", board=True),
    State("versions.take_file", _FILE, _WHO, start=_FILE, form={"text": _RULES}, about="plan"),
    State("versions.take_file", _FILE, _WHO, start=_FILE, form={"text": "protocol: x\n"}, about="wrong"),
)
NO_PAGE: dict[str, str] = {"versions.download": "a file"}
