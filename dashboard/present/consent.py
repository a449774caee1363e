"""What a teacher reads, in private, before giving a permission that leaves somebody out for want of a yes from home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.actions.consent import Missing
from dashboard.present.words import Words

_OTHER_TASKS = ("book", "language", "paper")


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """The page. `names` is empty until the teacher asks for them; `one` is whether it is about one child's request.

    With `board` it says nothing at all: not how many, not who, and nothing can be confirmed there.
    """

    board: bool
    lines: tuple[str, ...]
    names: tuple[str, ...]
    may_name: bool
    tasks: tuple[str, ...]
    go: str


def consent_page(
    missing: Missing, names: Mapping[str, str], words: Words, *, board: bool, named: bool, asked: bool
) -> ConsentPage:
    """What to tell. `named`: the teacher asked for names; `asked`: it is the answer to one child's request."""
    if board:
        return ConsentPage(True, (), (), False, (), "")
    count, nobody = len(missing.left_out), missing.left_out == missing.reached
    lines = [words("dash.consent.empty")] if missing.empty else []
    if count == 1:
        lines.append(words("dash.consent.one"))
    elif count:
        lines.append(words("dash.consent.many", count=count))
    if missing.left_out and nobody:
        lines.append(words("dash.consent.nobody"))
    if missing.shared:
        lines.append(words("dash.consent.shared"))
    if missing.left_out:
        lines.append(words("dash.consent.quiet"))
    everybody = sorted((names.get(person, "") for person in missing.left_out), key=str.casefold)
    return ConsentPage(
        board=False,
        lines=tuple(lines),
        names=tuple(name for name in everybody if name) if named else (),
        may_name=bool(missing.left_out) and not named,
        tasks=tuple(words(f"dash.consent.task.{task}") for task in _OTHER_TASKS) if missing.left_out or asked else (),
        go=words("dash.consent.go_nobody" if nobody and missing.left_out else "dash.consent.go"),
    )
