"""The pages of Systeem: how the guard is, and the emergency exit."""

from __future__ import annotations

from tests.access.state import State

_HEALTH, _EXIT = "/beheer/gezondheid", "/beheer/nooduitgang"

STATES: tuple[State, ...] = (
    State("health.page", _HEALTH, "coordinator"),
    State("health.page", _HEALTH, "directie", "empty", about="silent"),
    State("health.page", _HEALTH, "coordinator", board=True),
    State("emergency.page", _EXIT, "coordinator"),
    State("emergency.page", _EXIT, "directie", "empty"),
    State("emergency.page", _EXIT, "coordinator", board=True),
    State("emergency.page", f"{_EXIT}?nee=emergency_hours", "coordinator", about="error"),
    State("emergency.code", f"{_EXIT}/code", "coordinator", start=_EXIT, about="once"),
    State("emergency.start", f"{_EXIT}/aan", "coordinator", "evening", start=_EXIT, form={"uren": "2"}, about="open"),
)
NO_PAGE: dict[str, str] = {}
