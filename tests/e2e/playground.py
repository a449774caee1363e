"""The real thing in a temporary folder: `klaswacht up` as its own processes, in front of the pretend sites."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from cli.demo.certs import Papers, make_papers
from cli.demo.play import fill
from cli.demo.school import Place, all_names, pupils
from cli.demo.sites import Sites, running
from cli.home import Home
from config import load
from config.texts import say
from dashboard.actions.desk import Desk
from store import Store, open_store
from tests.e2e.clients import Device

START_WITHIN = 180.0  # seconds, on a machine that does other things too
STOP_WITHIN = 30.0


@dataclass(slots=True)
class Playground:
    """One running guard. `proxy`, `keyed`, `dashboard` and `groups` are the ports that it took."""

    home: Home
    papers: Papers
    sites: Sites
    process: subprocess.Popen[bytes]
    log: Path
    store: Store
    desk: Desk
    proxy: int
    keyed: int
    dashboard: int
    groups: dict[str, int]

    @property
    def ca(self) -> Path:
        """The school's CA certificate, as devices get it."""
        return self.home.ca_folder / "klaswacht-ca.crt"

    @property
    def dashboard_url(self) -> str:
        return f"https://127.0.0.1:{self.dashboard}"

    def device(self, name: str | None = None, group: str = "7") -> Device:
        """A device of a named pupil (its key proves it), or one of which only the group is known."""
        if name is None:
            return Device(self.groups[group], (self.ca,))
        one = next(pupil for pupil in pupils() if pupil.name == name)
        return Device(self.keyed, (self.ca,), key=f"{one.device}:{one.key}")

    def stop(self) -> int:
        """Ctrl-C, and wait; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@contextlib.contextmanager
def playground(
    folder: Path, more: Sequence[str] = (), page: int = 0, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Playground]:
    """Start everything in `folder` and stop it at the end; `more` are lines for its `school.yaml`.

    `page` is the port of the guard's own pages, with the PAC files (0: it has none); `environment` is the guard's too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    home = Home(folder / "home")
    home.prepare()
    papers = make_papers(folder / "sites", all_names(), datetime.now(UTC))
    with running(papers) as (sites, ports), contextlib.ExitStack() as stack:
        place = Place(0, 0, 0, {"7": 0, "8": 0}, page)
        fill(home, papers, ports, place, more)
        log = folder / "up.log"
        process, told = stack.enter_context(started(home, log, environment))
        store = open_store(home.database_url, home.accounts_url, key=home.columns_key)
        stack.callback(store.close)
        settings = load.read_school(home.school_file).settings
        desk = Desk(store, load.knowledge(settings), settings.school.id, settings)
        yield Playground(home, papers, sites, process, log, store, desk, **told)


@contextlib.contextmanager
def started(
    home: Home, log: Path, more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, object]]]:
    """`klaswacht up` in a filled home, until the end of the block; with the ports that it took (as in `Playground`)."""
    process = start(home, log, more)
    try:
        yield process, listening(process, log)
    finally:
        end(process)


def start(home: Home, log: Path, more: Mapping[str, str] = MappingProxyType({})) -> subprocess.Popen[bytes]:
    """`klaswacht up` in a filled home, as its own process; what it says goes to `log`, `more` to its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KLASWACHT_")}
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-c", "from cli.main import main; main()", "up"],
            env={**environment, "KLASWACHT_HOME": str(home.path), "PYTHONUNBUFFERED": "1", **more},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, and wait."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listening(process: subprocess.Popen[bytes], log: Path) -> dict[str, object]:
    """The ports that it prints when everything listens."""
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        text = log.read_text("utf-8", "replace")
        dashboard = _after(text, say("cli.up.dashboard", "nl"))
        if dashboard:
            return {
                "proxy": _after(text, say("cli.up.proxy", "nl")),
                "keyed": _after(text, say("cli.up.keyed", "nl")),
                "dashboard": dashboard,
                "groups": {group: _after(text, say("cli.up.group", "nl", group=group)) for group in ("7", "8")},
            }
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the guard did not start:\n{log.read_text('utf-8', 'replace')}")


def _after(text: str, label: str) -> int:
    found = re.search(rf"^\s*{re.escape(label)}\s+\S*:(\d+)/?$", text, re.MULTILINE)
    return int(found[1]) if found else 0
