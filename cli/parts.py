"""Which processes a guard is made of, and the ports that it holds for them.

All of them under one supervisor, or in two services with a user each (`deploy/systemd`): the desk, which owns the home
folder, makes and renews what is in it and serves the dashboard; and the proxy, which may read its rules there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cli import places, ports
from cli.growth import MIB
from cli.home import Trouble
from cli.supervisor import Task
from config.settings import Listen, Settings


class Part(StrEnum):
    """What one supervisor runs."""

    ALL = "all"
    PROXY = "proxy"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Taken:
    """The ports that were taken, by name, and the places of the workers; `late`: the dashboard may come later."""

    home: Path
    numbers: Mapping[str, int]
    places: Sequence[places.Place]
    late: bool = False


def hold(listen: Listen, file: Path, part: Part = Part.ALL) -> dict[str, ports.Held]:
    """Take the ports of a part.

    Raises:
        Trouble: one cannot be had; `file` is where a person changes it.
    """
    wanted: dict[str, int] = {}
    if part is not Part.DESK:
        wanted |= {"proxy": listen.proxy, "keyed": listen.keyed}
        wanted |= {f"group:{group}": number for group, number in listen.groups.items()}
        others = (("transparent", listen.transparent), ("dns", listen.dns), ("page", listen.page))
        wanted |= {name: number for name, number in others if number}
    if part is not Part.PROXY:
        wanted["dashboard"] = listen.dashboard
    held: dict[str, ports.Held] = {}
    try:
        if "dns" in wanted:
            ports.probe_datagrams(listen.address, listen.dns, "listen.dns", file)
        for name, number in wanted.items():
            kind, _, group = name.partition(":")
            setting = f"listen.groups.{group}" if group else f"listen.{kind}"
            held[name] = ports.hold(listen.address, number, setting, file)
    except Trouble:
        release(held)
        raise
    return held


def release(held: Mapping[str, ports.Held]) -> None:
    """Let go of all of them."""
    for one in held.values():
        one.release()


def tasks(taken: Taken, settings: Settings, part: Part = Part.ALL) -> tuple[Task, ...]:
    """The processes: the proxy's workers, each with a place on the same ports, the dashboard, what answers names."""

    def command(kind: str) -> tuple[str, ...]:
        told = json.dumps(dict(taken.numbers), separators=(",", ":"))
        return (sys.executable, "-m", "cli.worker", kind, str(taken.home), told)

    def worker(number: int) -> Task:
        return Task(
            f"proxy {number + 1}",
            command("proxy"),
            places.told(taken.places, number),
            places.descriptors(taken.places),
            place=number,
            beside=True,
            most_growth=settings.workers_mb * MIB,
        )

    # The dashboard binds its port beside the one that is held, so two may run for a moment.
    dashboard = Task("dashboard", command("dashboard"), beside=True, late=taken.late)
    listen = settings.listen
    names = (Task("dns" if listen.dns else "pages", command("dns")),) if listen.dns or listen.page else ()
    workers = tuple(worker(number) for number in range(len(taken.places)))
    return {Part.ALL: (*workers, dashboard, *names), Part.PROXY: (*workers, *names), Part.DESK: (dashboard,)}[part]
