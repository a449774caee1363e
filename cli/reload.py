"""`klaswacht reload`: asks the running guard to replace its processes one by one, and says how that went."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from cli.home import Home, Trouble, write_private
from cli.rolling import Outcome
from cli.school import good_settings, running
from cli.supervisor import RELOAD
from config.texts import say

_LOOK = 0.1  # seconds
PATIENCE = 30 * 60.0  # seconds for a whole round: sixteen workers that each take a minute and a half


def outcome_file(home: Home) -> Path:
    """Where the guard writes how its last round of replacing ended."""
    return home.path / ".reload.json"


def note(home: Home, outcome: Outcome) -> None:
    """In the guard: keep how a round ended, for whoever asked for it."""
    told = {"number": time.time_ns(), "renewed": list(outcome.renewed), "failed": outcome.failed}
    write_private(outcome_file(home), json.dumps(told).encode())


def reload(home: Home, patience: float = PATIENCE) -> str:
    """Ask for a round and wait until it is done; a sentence that says so.

    Raises:
        Trouble: no guard runs here, it stopped meanwhile, or a new process did not come up.
    """
    before = _number(_read(home))
    os.kill(_guard(home), RELOAD)
    end = time.monotonic() + patience
    while (told := _read(home)) is None or _number(told) == before:
        if not running(home):
            raise Trouble("the guard stopped meanwhile", "start it with `klaswacht up`")
        if time.monotonic() > end:
            raise Trouble("the guard does not say that it is done", "look at what it printed")
        time.sleep(_LOOK)
    match told:
        case {"failed": None, "renewed": list(renewed)}:
            return say("workers.reloaded", good_settings(home).language, count=len(renewed))
    raise Trouble(
        f"the new `{told.get('failed')}` did not come up; the old one goes on, and nothing more was replaced",
        "the guard's own output says why",
    )


def _guard(home: Home) -> int:
    """The process of the guard that holds the home folder.

    Raises:
        Trouble: there is none.
    """
    try:
        if running(home):
            return int(home.lock_file.read_text())
    except (OSError, ValueError):
        pass
    raise Trouble(f"no guard runs in `{home.path}`", "start it with `klaswacht up`, or name its folder: KLASWACHT_HOME")


def _read(home: Home) -> dict[str, object] | None:
    try:
        told = json.loads(outcome_file(home).read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _number(told: dict[str, object] | None) -> object:
    return None if told is None else told.get("number")
