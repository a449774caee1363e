"""Whether something goes through unseen or is looked into, in one line for an adult; `policy.inspection` decides it."""

from __future__ import annotations

from config.texts import has, say
from policy.inspection import Inspection


def passage(found: Inspection | None, lang: str = "nl") -> str:
    """Say what becomes of the connection; empty where there is none. A school's own reason is told as it wrote it."""
    if found is None:
        return ""
    known = f"inspection.reason.{found.reason}"
    reason = say(known, lang) if has(known, lang) else found.reason.rstrip(".")
    why = say(f"inspection.why.{found.why.value}", lang, reason=reason)
    return say("inspection.tunnelled" if found.tunnelled else "inspection.inspected", lang, why=why)
