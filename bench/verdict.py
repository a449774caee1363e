"""A target of a bench, whether it was met, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """`what` must hold; `how` is what was seen."""

    what: str
    met: bool
    how: str

    def __str__(self) -> str:
        return f"{self.what}: {'met' if self.met else '**NOT met**'} - {self.how}"

    def row(self) -> str:
        """The same as a row of a table in Markdown."""
        return f"| {self.what} | {self.how} | {'met' if self.met else '**MISSED**'} |"
