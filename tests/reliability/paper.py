"""`docs/reliability.md`: a table a part, a row a fault, made of what the tests saw."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from tests.reliability.rows import ROOT, Row, all_faults

PAGE = ROOT / "docs" / "reliability.md"
PARTS = ("Processes", "Disk and database", "Clock", "Files", "Crowds", "PostgreSQL and two nodes")
"""The tables, in their order."""
_HEAD = "| what breaks | a pupil | help | the teacher | the coordinator | all is well again | afterwards |"
_INTRO = """# What happens when something breaks

Each row is a test (`tests/reliability`). It starts the whole program as `klaswacht up` does, in front of pretend sites.
Pupils keep asking for an open site, a closed one and a help line, over http, https and by name; one has a permission,
another a ban. A teacher and the coordinator are signed in: she gives permissions all the time, they look at Gezondheid.
Then something is broken, and the row says what they saw. `make faults` runs all of it and writes this page; nobody
writes in it by hand.

*As always*: every answer was the usual one. *Never reached*: nothing came to where the closed site is, counted there.
What people read is quoted in Dutch.
"""
_UNSEEN = """## Not seen

What is tested too, but did not pass, or was not run, when this page was made:"""

_EVERY_TIME = re.compile(r"(?:(.+): )?\w+(?: \w+)? every time \(\d+\)")
_OF_MACHINE = re.compile(r"\*(?:Het is heel druk|De klok staat op [^*]* wordt niet gelijkgezet)[^*]*\*")
_HOME = re.compile(r"(?:/[\w.-]+)+/home\b")  # the folder of that one run says nothing to a reader


def page(rows: dict[tuple[str, str], Row], told: str) -> str:
    """The paper; a fault whose test did not pass is named as such. Raises `LookupError` for a part without a place."""
    wanted = all_faults()
    if strange := [part for part, _ in wanted if part not in PARTS]:
        raise LookupError(f"`PARTS` does not know {strange}")
    lines = [_INTRO, told, ""]
    for part in PARTS:
        mine = [rows[one] for one in wanted if one[0] == part and one in rows]
        if mine:
            lines += [f"## {part}", "", _HEAD, "|---|---|---|---|---|---|---|", *map(_line, mine), ""]
            lines += [f"- *{row.fault}*: {row.note}" for row in mine if row.note] + [""] * any(row.note for row in mine)
    if missing := [one for one in wanted if one not in rows]:
        lines += [_UNSEEN, "", *(f"- {part}: {what}" for part, what in missing)]
    return "\n".join(lines).rstrip() + "\n"


def _line(row: Row) -> str:
    reached = "closed site never reached" if row.reached == 0 else f"closed site reached {row.reached} times"
    after = f"{reached} ({row.asked} requests); {row.kept}"
    seen = map(brief, (row.pupil, row.help, row.teacher, row.coordinator))
    cells = (row.fault, *seen, row.well, after)
    return "| " + " | ".join(_HOME.sub("var", cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def brief(cell: str) -> str:
    """A cell without what was as always, and without how busy the machine was or whose clock it has."""
    usual, other = [], []
    for part in _OF_MACHINE.sub("", cell).split("; "):
        if part in ("", "nothing new"):
            continue
        found = _EVERY_TIME.fullmatch(part)
        if found is None:
            other.append(part)
        elif found[1]:
            usual.append(found[1])
    if not other:
        return "as always"
    return "; ".join([*other, *([f"as always: {', '.join(usual)}"] if usual else [])])


def machine(now: datetime | None = None) -> str:
    """Date and machine, and how busy it was."""
    found = [line.partition(":")[2].strip() for line in _cpu() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Made on {now or datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()} on {platform.system()}, "
        f"{os.process_cpu_count()} cores ({found[0] if found else platform.machine()}), {memory:.0f} GB, "
        f"load {os.getloadavg()[1]:.1f}. The machine had other work: times are what was seen, not a promise."
    )


def faults_in(text: str) -> list[tuple[str, str]]:
    """Part and fault of every row of a paper."""
    found, part = [], ""
    for line in text.partition(_UNSEEN)[0].splitlines():
        if line.startswith("## "):
            part = line.removeprefix("## ")
        elif line.startswith("| ") and line != _HEAD:
            found.append((part, line.split(" | ")[0].removeprefix("| ")))
    return found


def unseen_in(text: str) -> list[tuple[str, str]]:
    """Part and fault of what a paper says that it did not see."""
    told = (line.removeprefix("- ").partition(": ") for line in text.partition(_UNSEEN)[2].splitlines() if line)
    return [(part, what) for part, _, what in told]


def _cpu() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
