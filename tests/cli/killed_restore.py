"""Restores that are killed at an exact point, each in a process of its own. Run as a program, of one thread, so that it
may fork: `python -m tests.cli.killed_restore HOME BACKUP KEY`, then a number a line; a line back for each.

The points are what CPython tells its audit hooks of: every file that is opened, moved, made or taken away, every
database and every program. `0` counts them. The process is ended by the kernel there (SIGKILL), as a power cut would.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from cli.backup import unpacking
from cli.backup.locks import Private
from cli.home import Home
from tests.cli.backups import LATER

KILLING = frozenset(
    {
        "open",
        "os.chmod",
        "os.chown",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "shutil.rmtree",
        "sqlite3.connect",
        "subprocess.Popen",
    }
)


def one(home: Home, backup: Path, key: Private, number: int) -> str:
    """Restore in a child that is killed at point `number`; what became of it."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _child(home, backup, key, number, tell)
    os.close(tell)
    with os.fdopen(told) as said:
        points = said.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return f"points {points}" if os.WEXITSTATUS(status) == 0 else "failed"


def _child(home: Home, backup: Path, key: Private, number: int, tell: int) -> None:
    seen = 0

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in KILLING or (event == "open" and not _writes(args)):
            return
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    code = 1
    try:
        unpacking.restore(home, backup, key, LATER)
        os.write(tell, str(seen).encode())
        code = 0
    finally:
        os._exit(code)


def _writes(args: tuple[object, ...]) -> bool:
    flags = args[2] if len(args) > 2 else 0
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


if __name__ == "__main__":
    place, file, private = (Path(one) for one in sys.argv[1:])
    opener = Private.read(private.read_text())
    for line in sys.stdin:
        print(one(Home(place), file, opener, int(line)), flush=True)
