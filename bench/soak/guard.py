"""The guard under the soak: `klaswacht up` with two workers as its own processes, before the soak's pretend sites."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from bench.soak.lines import Door
from bench.soak.names import ALL, LOOK_ONLY, SCHOOL
from cli.demo.certs import Papers, make_papers
from cli.demo.play import fill
from cli.demo.school import Place
from cli.demo.sites import Ports
from cli.home import Home
from config import load
from dashboard.actions import permission
from dashboard.actions.desk import Desk
from policy.model import Member
from store import open_store
from tests.e2e.playground import started


class Addresses(Ports):
    """The guard's `egress.hosts` for the soak's names."""

    def hosts(self) -> dict[str, str]:
        both = ((443, self.tls), (80, self.plain))
        return {f"{name}:{port}": f"127.0.0.1:{real}" for name in ALL for port, real in both}


@dataclass(frozen=True, slots=True)
class Guard:
    """What runs: `pid` is the supervisor's; `keyed` and `groups` are ports, `control` that of the sites."""

    pid: int
    log: Path
    desk: Desk
    ca: Path
    papers: Papers
    keyed: int
    dashboard: int
    groups: dict[str, int]
    control: int

    def teacher(self, group: str) -> Member:
        """Somebody who may act for the group."""
        snapshot = self.desk.snapshot(datetime.now(UTC))
        staff = (one for one in snapshot.people.values() if one.id.startswith("staff-"))
        return next(one for one in staff if group in one.groups)

    def opened_to_look(self) -> None:
        """Group 8 may look at one site to the end of the lesson, and send nothing to it."""
        wish = permission.Wish("8", site=LOOK_ONLY, view_only=True)
        given = permission.give(self.desk, self.teacher("8"), wish, datetime.now(UTC))
        assert given.ok, given.code

    async def seen(self) -> dict[str, Any]:
        """What the sites saw (`origin.Seen`)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.control, limit=1 << 20)
        writer.write(b"?\n")
        told = json.loads(await reader.readline())
        writer.close()
        return cast(dict[str, Any], told)

    def door(self, port: int, key: str | None = None) -> Door:
        """A pupil's way in by one of the guard's ports; `key` is `device-id:device-key`."""
        return Door(port, (self.ca, self.papers.ca), key)


@contextlib.contextmanager
def guard(folder: Path) -> Iterator[Guard]:
    """Sites and guard, for as long as the block lasts; all in `folder`."""
    home = Home(folder / "home")
    home.prepare()
    papers = make_papers(folder / "sites", ALL, datetime.now(UTC))
    log = folder / "up.log"
    with contextlib.ExitStack() as stack:
        tls, plain, control = stack.enter_context(_sites(papers))
        fill(home, papers, Addresses(tls, plain), Place(0, 0, 0, {"7": 0, "8": 0}), SCHOOL)
        process, told = stack.enter_context(started(home, log))
        ports = cast(dict[str, Any], told)
        store = open_store(home.database_url, home.accounts_url, key=home.columns_key)
        stack.callback(store.close)
        settings = load.read_school(home.school_file).settings
        desk = Desk(store, load.knowledge(settings), settings.school.id, settings)
        ca = home.ca_folder / "klaswacht-ca.crt"
        running = Guard(
            process.pid, log, desk, ca, papers, ports["keyed"], ports["dashboard"], ports["groups"], control
        )
        yield running


@contextlib.contextmanager
def _sites(papers: Papers) -> Iterator[list[int]]:
    """The pretend sites, in a process of their own so that they are in nobody's way; their ports."""
    command = [sys.executable, "-m", "bench.soak.origin", str(papers.ca.parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def lasts(seconds: float) -> bool:
    """Whether the lesson (the whole day, in Amsterdam) goes on for so long: at midnight every permission ends."""
    from cli.school import AMSTERDAM

    begins = datetime.now(UTC).astimezone(AMSTERDAM)
    return begins.date() == (begins + timedelta(seconds=seconds)).date()
