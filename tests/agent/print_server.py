"""A real CUPS on which `klaswacht printing setup` ran, and the ways in which pupils send to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from agent.cups import Cups, Tag
from agent.print_rules import IDLE
from agent.printed import Journal, Marks, PrintSetting
from agent.printing import Act, Printing
from cli.printing import install
from config.load import factory_policy, knowledge
from policy.decide import decide
from policy.model import Facet, Grant, Role, Snapshot, State
from policy.printer import item_of
from tests.agent.cups import PUPIL, PrivateCups, Sink
from tests.cast import LESSON, PEOPLE, at

BELL = at("10:15")
OTHER_ACCOUNT = "news"


def school() -> Snapshot:
    """Printing needs a yes here, and sam has it for this lesson."""
    yes = Grant("g", LESSON, BELL, Role.TEACHER, "anja", people=frozenset({"sam"}), facets=frozenset({Facet.PRINT}))
    return Snapshot(1, "school", factory_policy("regenboog"), knowledge(), people=PEOPLE, state=State(grants=(yes,)))


class PrintServer:
    """A CUPS on which `klaswacht printing setup` ran, a printer, and the guard beside it."""

    def __init__(self, root: Path) -> None:
        self.sink = Sink()
        self.cupsd = PrivateCups(root)
        self.cups = Cups(self.cupsd.socket)
        self.home = root / "klaswacht"
        self.told: list[Act] = []
        self.now = LESSON
        self.snapshot = school()
        self.cups.change(
            "echt",
            [
                (Tag.URI, "device-uri", self.sink.uri),
                (Tag.BOOLEAN, "printer-is-accepting-jobs", True),
                (Tag.ENUM, "printer-state", IDLE),
            ],
        )

    def setup(self, guard: str = "root", cap: int | None = 10) -> None:
        people = {PUPIL: "sam", OTHER_ACCOUNT: "noor"}
        self.setting = PrintSetting(
            guard=guard,
            cap=cap,
            people=people,
            socket=str(self.cupsd.socket),
            backends=str(self.cupsd.backends),
        )
        install(self.home, self.setting, "nl")
        self.guard = self.restarted()

    def says_yes(self, uuid: str) -> None:
        """An adult says yes to this one job of sam's."""
        yes = Grant(
            "y",
            LESSON,
            BELL,
            Role.TEACHER,
            "anja",
            people=frozenset({"sam"}),
            facets=frozenset({Facet.PRINT}),
            items=(item_of(uuid),),
        )
        self.snapshot = replace(self.snapshot, state=replace(self.snapshot.state, grants=(yes,)))

    def restarted(self) -> Printing:
        """The guard as it starts: nothing is known but what is on disk."""
        self.guard = Printing(
            self.cups,
            self.setting,
            Journal(self.home / "journal"),
            Marks(self.home),
            lambda request, now: decide(request, self.snapshot, now),
            lambda: self.snapshot,
            self.told.append,
        )
        return self.guard

    def send(self, text: str, user: str = PUPIL, *options: str) -> int:
        done = self.cupsd.run("lp", "-d", "leerling", "-t", "geheim", *options, user=user, text=text.encode())
        assert done.returncode == 0, done.stderr
        return int(done.stdout.split()[3].rpartition(b"-")[2])

    def papers(self) -> Counter[str]:
        return Counter(paper.decode().strip() for paper in self.sink.papers)

    def finished(self) -> bool:
        """Whether nothing is on its way to the printer any more."""
        return not self.cups.jobs("echt")

    def close(self) -> None:
        self.cupsd.stop()
        self.sink.close()


_PRINT_JOB = """{ OPERATION Print-Job
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR language attributes-natural-language en
  ATTR uri printer-uri $uri
  ATTR name requesting-user-name $who
  ATTR name job-name geheim
  ATTR mimeMediaType document-format text/plain
  FILE $filename
  STATUS successful-ok }
"""
_CREATE_JOB = """{ OPERATION Create-Job
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR language attributes-natural-language en
  ATTR uri printer-uri $uri
  ATTR name requesting-user-name $who
  ATTR name job-name geheim
  STATUS successful-ok
  EXPECT job-id }
{ OPERATION Send-Document
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR language attributes-natural-language en
  ATTR uri printer-uri $uri
  ATTR integer job-id $job-id
  ATTR name requesting-user-name $who
  ATTR mimeMediaType document-format text/plain
  ATTR boolean last-document true
  FILE $filename
  STATUS successful-ok }
"""


class Routes:
    """Five ways in which a pupil sends a job over the network, under the name that its computer says."""

    ALL = ("lp", "lpr", "print_job", "create_job", "immediate")

    def __init__(self, server: PrintServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        folder.mkdir()
        (folder / "print_job").write_text(_PRINT_JOB)
        (folder / "create_job").write_text(_CREATE_JOB)

    def send(self, route: str, who: str, text: str) -> None:
        at = self.server.cupsd.address
        paper = self.folder / "paper.txt"
        paper.write_text(text)
        lp = ("lp", "-h", at, "-U", who, "-d", "leerling", "-t", "geheim")
        command = {
            "lp": lp,
            "lpr": ("lpr", "-H", at, "-U", who, "-P", "leerling", "-T", "geheim"),
            "immediate": (*lp, "-H", "immediate", "-o", "job-hold-until=no-hold"),
        }.get(route)
        if command is None:
            uri = f"ipp://{at}/printers/leerling"
            command = ("ipptool", "-t", "-f", str(paper), "-d", f"who={who}", uri, str(self.folder / route))
        done = (
            self.server.cupsd.run(*command, str(paper)) if command[0] != "ipptool" else self.server.cupsd.run(*command)
        )
        assert done.returncode == 0, (route, done.stdout, done.stderr)
