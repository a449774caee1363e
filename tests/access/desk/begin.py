"""The first-run assistant, every step of it."""

from __future__ import annotations

from tests.access.state import State

_PAGE = "/beheer/begin"
_SLUGS = (
    *("protocol", "groepen", "tijden", "vakanties", "leerlingen"),
    *("apparaten", "certificaat", "leerkracht", "zelftest"),
)


def _posted(endpoint: str, slug: str, about: str = "", **form: str) -> State:
    start = f"{_PAGE}/{slug.partition('/')[0]}"
    return State(endpoint, f"{_PAGE}/{slug}", "coordinator", start=start, form=form or {"go": "1"}, about=about)


STATES: tuple[State, ...] = (
    State("begin.page", _PAGE, "coordinator"),
    State("begin.page", _PAGE, "directie", "empty"),
    State("begin.page", _PAGE, "coordinator", board=True),
    *(State("begin.step", f"{_PAGE}/{slug}", "coordinator", about=slug) for slug in _SLUGS),
    *(State("begin.step", f"{_PAGE}/{slug}", "coordinator", "empty", about=slug) for slug in ("groepen", "zelftest")),
    _posted("begin.look", "protocol/bekijk", "other", protocol="regenboog"),
    _posted("begin.look", "protocol/bekijk", "same", protocol="kalisto"),
    _posted("begin.choose", "protocol", "refused", protocol="niets"),
    _posted("begin.groups", "groepen", "refused", names="!!"),
    _posted("begin.times", "tijden", "refused", start="08:30", end="08:00"),
    _posted("begin.holidays", "vakanties", "refused", region="oost"),
    _posted("begin.people", "leerlingen", "refused", group="7", names=" "),
    _posted("begin.teacher", "leerkracht", "once", name="Juf Els", login="els", groups="7"),
    _posted("begin.teacher", "leerkracht", "refused", name="Juf Els", login="!"),
)
NO_PAGE: dict[str, str] = {}
