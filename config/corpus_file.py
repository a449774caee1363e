"""The corpora that come with the product: what children really type, to try a change of the lists or words on.

They were written before the lexicon and the lists, and are never tuned on; their own heads tell how they were made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_ROOT = files("config").joinpath("corpus")
_LAST_IS_TEXT = frozenset({"texts-personal"})
_NAMES = ("hosts-closed", "hosts-open", "queries-bad", "queries-help", "queries-school", "texts-personal")


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """One row. `number` counts from 1; `label` is the kind, theme or group that its writer gave it (may be empty)."""

    number: int
    text: str
    label: str


def names() -> tuple[str, ...]:
    """The corpora there are."""
    return _NAMES


@cache
def rows(name: str) -> tuple[CorpusRow, ...]:
    """All rows of one corpus, in their order; read once a process.

    Raises:
        LookupError: there is no corpus of that name.
    """
    if name not in _NAMES:
        raise LookupError(f"there is no corpus `{name}`")
    lines = _ROOT.joinpath(f"{name}.txt").read_text("utf-8").split("\n")
    kept = (line for line in lines if line.strip() and not line.startswith("#"))
    return tuple(_row(number, line, name) for number, line in enumerate(kept, 1))


def _row(number: int, line: str, name: str) -> CorpusRow:
    # Some rows hold spaces and signs that cannot be seen on purpose: nothing of a text is taken off.
    first, _, rest = line.partition(" " if name.startswith("hosts-") else "\t")
    if name in _LAST_IS_TEXT:
        return CorpusRow(number, rest.replace("\\n", "\n"), first)
    return CorpusRow(number, first, rest.partition("\t")[0])
