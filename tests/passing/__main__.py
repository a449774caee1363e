"""python -m tests.passing [--write]: the page about traffic, printed or written."""

from __future__ import annotations

import sys

from tests.passing.catalogue import PAGE, page

if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(page())
