"""Hands out the school's companion extension: where browsers ask which version there is, and the extension itself.

`cli.extension` packs and publishes it in the guard's home; the proxy has no key of it, and changes nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from proxy_addons.facts import Answer

UPDATES, PACKAGE = "/extensie/updates.xml", "/extensie/klaswacht.crx"

_FOLDER = "extension"
_LARGEST = 4 << 20  # bytes
_ID, _VERSION = re.compile(r"[a-p]{32}"), re.compile(r"\d{1,5}(\.\d{1,5}){0,3}")
_HEADERS = (("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff"))


@dataclass(frozen=True, slots=True)
class Extension:
    """The published extension: its id (32 letters) and version."""

    id: str
    version: str


def extension_of(home: Path) -> Extension | None:
    """The extension that a home publishes; None: none, or what is there cannot be read."""
    file = home / _FOLDER / "extension.json"
    try:
        return _read(file, file.stat().st_mtime_ns)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=4)
def _read(file: Path, _written: int) -> Extension | None:
    found = json.loads(file.read_bytes()[:4096])
    id_, version = (str(found.get(name, "")) if isinstance(found, dict) else "" for name in ("id", "version"))
    return Extension(id_, version) if _ID.fullmatch(id_) and _VERSION.fullmatch(version) else None


def handed(path: str, base: str, home: Path) -> Answer | None:
    """The answer to a path of the extension's, asked for under `base` (scheme and host); None: there is nothing."""
    about = extension_of(home)
    if about is None or path not in (UPDATES, PACKAGE):
        return None
    if path == UPDATES:
        return Answer(200, (("Content-Type", "application/xml; charset=utf-8"), *_HEADERS), _updates(about, base))
    try:
        data = (home / _FOLDER / "klaswacht.crx").read_bytes()
    except OSError:
        return None
    if len(data) > _LARGEST:
        return None
    return Answer(200, (("Content-Type", "application/x-chrome-extension"), *_HEADERS), data)


def _updates(about: Extension, base: str) -> bytes:
    """The update manifest, as developer.chrome.com/docs/apps/autoupdate has it. Nothing in it needs escaping."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<gupdate xmlns='http://www.google.com/update2/response' protocol='2.0'>\n"
        f"  <app appid='{about.id}'>\n"
        f"    <updatecheck codebase='{base}{PACKAGE}' version='{about.version}'/>\n"
        "  </app>\n"
        "</gupdate>\n"
    ).encode()
