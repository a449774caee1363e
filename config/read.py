"""The only YAML reader: bytes to plain values, with the line of every value, by 1.2-safe rules of our own."""

from __future__ import annotations


class ConfigError(Exception):
    """A file says something that cannot be. `str` is one line: `file:line: problem; hint` (lower case, input in backticks).

    `line` counts from 1; 0 means the file as a whole.
    """

    def __init__(self, file: str, line: int, problem: str, hint: str = "") -> None:
        super().__init__(file, line, problem, hint)
        self.file, self.line, self.problem, self.hint = file, line, problem, hint

    def __str__(self) -> str:
        """Return the one line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.problem}" + (f"; {self.hint}" if self.hint else "")
