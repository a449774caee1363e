"""python -m tests.evasions [--write]: the page about tricks, printed or written."""

from __future__ import annotations

import sys

from tests.evasions.catalogue import PAGE, page

if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(page())
