"""The switch of the counsellors' inbox in words."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions.counsellors import Standing
from dashboard.present.words import Words
from policy.counsel import NEEDED


@dataclass(frozen=True, slots=True)
class SwitchPage:
    """The page. `missing` says what is needed before it can be on, or is empty."""

    on: bool
    state: str
    people: tuple[tuple[str, str], ...]
    missing: str


def switch_page(standing: Standing, said: Words) -> SwitchPage:
    """The page as it is shown."""
    state = said("dash.counsel.is_off")
    if standing.on is not None:
        day = f"{said.local(standing.on.when):%d-%m-%Y}"
        known = bool(standing.by)
        state = said("dash.counsel.is_on", name=standing.by, day=day) if known else said("dash.counsel.is_on_before")
    people = tuple((one.name, said(f"dash.counsel.{'ready' if one.ready else 'not_ready'}")) for one in standing.named)
    missing = "" if standing.enough else said("dash.counsel.missing", needed=NEEDED, count=standing.ready)
    return SwitchPage(standing.on is not None, state, people, missing)
