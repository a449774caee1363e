"""A laptop in a network of its own, where a tunnel comes and the default route goes through it.

python -m tests.agent.apart FOLDER: prints as JSON what the agent found at each look. Needs root.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from agent.home import Home
from agent.outbox import Outbox
from agent.surroundings import Places
from agent.tampering import Around
from tests.cast import LESSON


def main(folder: Path) -> None:
    """Make the network, look, change it, look again; and once more after a restart."""
    os.unshare(os.CLONE_NEWNET | os.CLONE_NEWNS)
    _run("mount", "--make-rprivate", "/")
    _run("mount", "-t", "sysfs", "sysfs", str(_made(folder / "sys")))
    _ip("link add eth9 type veth peer name eth8", "link set eth8 up", "link set eth9 up")
    _ip("addr add 10.9.0.2/24 dev eth9", "route add default via 10.9.0.1")
    home = Home(_made(folder / "laptop"))
    for name in ("device.json", "school-ca.crt"):
        (home.path / name).write_text("{}")
    places = Places(etc=_made(folder / "etc"), sys_net=folder / "sys" / "class" / "net", home=_made(folder / "lena"))
    around, found = _around(home, places), []

    def look(minutes: int) -> None:
        seen = around.look(LESSON + timedelta(minutes=minutes), "lena", at_school=True)
        found.append([[one.fact.value, one.detail] for one in seen])

    look(0)
    _ip("tuntap add huiswerk mode tun", "addr add 10.8.0.2/24 dev huiswerk", "link set huiswerk up")
    look(1)
    _ip("route replace default via 10.8.0.1 dev huiswerk")
    look(2)
    around = _around(home, places)
    look(3)
    _ip("route replace default via 10.9.0.1 dev eth9", "link del huiswerk")
    look(4)
    sys.stdout.write(json.dumps({"found": found, "told": [one["fact"] for one in Outbox(home).batch()[0]]}))


def _around(home: Home, places: Places) -> Around:
    return Around(home.path, Outbox(home), places, lambda: LESSON)


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _ip(*commands: str) -> None:
    for command in commands:
        _run("ip", *command.split())


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
