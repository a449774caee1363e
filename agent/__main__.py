"""Composition of the agent: `python -m agent` watches this device until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from agent import print_round
from agent.beat import Beat
from agent.home import Home, default_home
from agent.link import Link
from agent.loop import Setting, Watch, run
from agent.outbox import Outbox
from agent.platform import shower
from agent.printed import HOME as PRINTS
from agent.school import School
from agent.tampering import Around
from config.factory import program_knowledge
from config.texts import say


def start(
    home: Home, stop: threading.Event, *, dry_run: bool = False, under: int | None = None, prints: Path = PRINTS
) -> int:
    """Watch this device until `stop` is set; returns the exit code (2: this device is not enrolled).

    `dry_run` ends nothing; with `under` (a process id) only what that process started is looked at. `prints` is where a
    print server keeps its setting.
    """
    enrolment = home.enrolment()
    if enrolment is None:
        sys.stderr.write(f"{say('agent.not_enrolled', home=home.path)}\n")
        return 2
    school = School(home, program_knowledge())
    outbox = Outbox(home)
    setting = Setting(enrolment.device, enrolment.language, dry_run, under=under)
    link = Link(enrolment, home.ca, clock=school.clock)
    if under is None and not dry_run:
        print_round.start(print_round.PrintRound(school, outbox, link, prints), stop)
    # On a computer that somebody works on (`under`) the network is that person's business.
    around = None if under is not None else Around(home.path, outbox, dry_run=dry_run)
    watch = Watch(setting, school, outbox, shower(), around)
    run(watch, school, outbox, link, stop, beat=Beat(enrolment, home.ca, school))
    return 0


def stop_on_signals(stop: threading.Event) -> None:
    """Let Ctrl-C and a service manager stop the agent cleanly. Only in the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())


def main() -> int:
    """Read the command line and watch."""
    parser = argparse.ArgumentParser(prog="python -m agent", description=__doc__)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--under", type=int, default=None, metavar="PID")
    parser.add_argument("--prints", type=Path, default=PRINTS, help="where `klaswacht printing setup` wrote")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    stop = threading.Event()
    stop_on_signals(stop)
    here = Home(given.home or default_home())
    return start(here, stop, dry_run=given.dry_run, under=given.under, prints=given.prints)


if __name__ == "__main__":
    sys.exit(main())
