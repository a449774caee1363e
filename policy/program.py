"""The one canonical name of a program, however a system or a person writes it."""

from __future__ import annotations

import unicodedata

_GONE = " (deleted)"


def app_name(name: str) -> str:
    """Return the canonical name of a program: its file's name without folder and `.exe`, lower case, one Unicode form.

    Empty when nothing is left. Linux marks a program whose file was removed after the start; the mark is taken off, so
    that removing is no way out.
    """
    found = name
    while (plain := _once(found)) != found:
        found = plain
    return found


def _once(name: str) -> str:
    # Signs that only look like a slash become one here, so this comes before the folder is cut off.
    wide = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
    last = wide.removesuffix(_GONE).replace("\\", "/").rstrip("/").rpartition("/")[2]
    return last.strip().removesuffix(".exe").strip()
