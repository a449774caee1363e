"""A real process of the guard in which one hook breaks while it runs: the worker, or a script for stock mitmdump.

Which hook, is in the file that `BROKEN_HOOK_FILE` names; nothing in the product knows of it.
"""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from proxy_addons import main, runner
from proxy_addons.hooks import HOOKS, Hooks

FILE = "BROKEN_HOOK_FILE"


def break_by(file: Path) -> None:
    """Make every hook raise while its name is in the file."""
    for name in HOOKS:
        setattr(Hooks, name, _breaking(file, name, getattr(Hooks, name)))


def _breaking(file: Path, name: str, whole: Any) -> Any:
    def now() -> None:
        if file.read_text() == name:
            raise RuntimeError("broken on purpose")

    async def waits(self: Hooks, *args: Any) -> Any:
        now()
        return await whole(self, *args)

    def runs(self: Hooks, *args: Any) -> Any:
        now()
        return whole(self, *args)

    return waits if inspect.iscoroutinefunction(whole) else runs


addons: list[Any] = []
if __name__ == "__main__":
    break_by(Path(os.environ[FILE]))
    sys.exit(runner.main())
if __name__.startswith("__mitmproxy_script__"):
    break_by(Path(os.environ[FILE]))
    addons = main._addons()
