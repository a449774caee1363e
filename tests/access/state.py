"""One state of one page, as the tests of every page and state name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class State:
    """One state of one page. `form` is sent to `path` from the page `start` (empty: `path` is only opened).

    `{link}` and `{planned}` in a path stand for a password link and an agreement that are there.
    """

    endpoint: str
    path: str
    who: str = ""
    school: str = "busy"
    board: bool = False
    status: int = 200
    start: str = ""
    form: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    template: str = ""
    about: str = ""

    @property
    def id(self) -> str:
        words = (self.endpoint, self.who or "nobody", self.school, "board" if self.board else "", self.about)
        return "-".join(word for word in words if word)
