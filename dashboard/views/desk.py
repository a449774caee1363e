"""What every page of Beheer has around it: its menu, with how much waits where."""

from __future__ import annotations

from dashboard.actions import ban_proposals, begin, emergency, notices, registers
from dashboard.auth import house, visitor, words
from dashboard.present.desk import Menu, menu
from dashboard.present.emergency import notice
from dashboard.views.forms import message


def frame(here: str) -> dict[str, object]:
    """What `desk.html` needs on the page `here` (a door's name in `present.desk`); a template of Beheer extends it."""
    at = house()
    exit_open = notice(emergency.current(at.desk, at.clock()), words())
    return {"menu": _menu(here), "message": message(), "exit_open": exit_open}


def _menu(here: str) -> Menu:
    at, me = house(), visitor().member
    now = at.clock()
    proposals = len(at.desk.store.proposals.open(at.desk.school)) + notices.refusing(at.desk, now).count
    waits = {
        "voorstellen": proposals,
        "registers": registers.count_of_care(registers.lines(at.desk, me, now)),
        "measures": len(ban_proposals.waiting(at.desk, me)),
    }
    over = here != "begin" and begin.finished(at.desk, now)
    return menu(me.role, here, waits, words(), frozenset({"begin"} if over else ()))
