"""python -m tests.reliability [--write]: the paper of what happens when something breaks, printed or written."""

from __future__ import annotations

import sys

from tests.reliability.paper import PAGE, machine, page
from tests.reliability.rows import read

if __name__ == "__main__":
    rows = read()
    short = " Made in the short form: waits were cut." if any(row.short for row in rows.values()) else ""
    try:
        made = page(rows, machine() + short)
    except LookupError as error:
        sys.exit(f"klaswacht: {error}")
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(made, "utf-8")
    else:
        sys.stdout.write(made)
