"""The soak: mixed traffic and permissions coming and going, on a real `klaswacht up` with two workers.

    .venv/bin/python -m bench.soak [--minutes 10] [--seed 1] [--clients 1.0] [--write]

The exit code is 1 when a verdict is not met.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.permission import machine
from bench.soak.run import soak

REPORT = Path(__file__).parents[2] / "docs" / "performance.md"
_MARKS = ("<!-- bench:soak -->", "<!-- /bench:soak -->")


def write(lines: list[str]) -> None:
    """Put what was told into `docs/performance.md`, in the place of the last run."""
    said = "\n".join([_MARKS[0], "", machine(), "", *lines, "", _MARKS[1]])
    before, found, rest = REPORT.read_text("utf-8").partition(_MARKS[0])
    after = rest.partition(_MARKS[1])[2] if found else "\n"
    REPORT.write_text(f"{before}{said}{after}", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.soak", description="A long mixed load on a real guard.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=float, default=1.0, help="a share of them, for a small or busy machine")
    parser.add_argument("--write", action="store_true", help="write the table to docs/performance.md")
    parser.add_argument(
        "--folder", type=Path, help="where the guard lives, to look at its log after (default: nowhere)"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        told, lines = soak(given.folder or Path(temporary), given.minutes, given.seed, given.clients)
    if given.write:
        write(lines)
    return 0 if all(verdict.met for verdict in told) else 1


if __name__ == "__main__":
    sys.exit(main())
