"""The text of a CSV that a spreadsheet opens without running anything in it, and its way back.

A cell that a spreadsheet might take for a formula gets a `'` in front (OWASP ASVS 5.0: 1.2.10); so does one that has
such a `'` by itself, so that reading back gives the very same cell. Separator `;`, UTF-8 with a mark and CRLF: that is
what a Dutch Excel opens with a double click; everything is in quotes (RFC 4180).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

# What starts a formula or a command, its full-width and small look-alikes too; white and unseen signs before it are
# passed over, because some programs drop them first.
_RUNS = re.compile("'*[\\s\\x00-\\x1f\\u00ad\\u200b-\\u200f\\u2060\\ufeff]*[=+@\\t\\r\\n\\x00|%\\-＝＋－＠﹢﹣﹦﹫−]")
_MARK = "'"
BOM = "\ufeff"


def safe(cell: str) -> str:
    """The cell as it stands in a file: marked when a spreadsheet might run it."""
    return _MARK + cell if _RUNS.match(cell) else cell


def as_meant(cell: str) -> str:
    """The cell as it was before `safe`; what `safe` never makes comes back as it is."""
    return cell[1:] if cell.startswith(_MARK) and _RUNS.match(cell) else cell


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A whole file as text, without the mark in front (`BOM`)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe(cell) for cell in header])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()
