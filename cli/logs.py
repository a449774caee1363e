"""What is logged, as lines for people or as one JSON object a line (`KLASWACHT_LOG=json`), for what gathers logs.

What is said is said without names, addresses of pages and words of pupils, by whoever says it; here no line gets more:
of an exception its kind and place, never its own words, which may quote what came in.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

FORM = "KLASWACHT_LOG"
"""In the environment: `json`, or nothing."""


class JsonLines(logging.Formatter):
    """One object a line: `at` (UTC), `level`, `part` (which process), `where` (which module), `said`."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        """The line, without an end."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": self._part,
            "where": record.name,
            "said": record.getMessage(),
        }
        kind, _, trace = record.exc_info or (None, None, None)
        if kind is not None:
            frames = traceback.extract_tb(trace)[-3:]
            line["broke"] = kind.__name__
            line["at_lines"] = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
        return json.dumps(line, ensure_ascii=False)


def set_up(plain: str, part: str) -> None:
    """Begin to log in this process: warnings and worse. `plain` is the form of lines for people."""
    if os.environ.get(FORM) != "json":
        logging.basicConfig(level=logging.WARNING, format=plain)
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(part))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
