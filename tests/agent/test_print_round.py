"""A pupil prints, a teacher taps, and the paper comes out: real CUPS, a real agent and a real dashboard."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from agent.home import Home
from agent.link import Link, LinkError, enrol
from agent.outbox import Outbox
from agent.print_round import PrintRound
from agent.printed import write_setting
from agent.printing import NOTICE
from agent.school import School
from config.factory import program_knowledge
from config.load import factory_policy, knowledge
from config.settings import Settings, SignIn
from dashboard.app import close_app, create_app
from dashboard.passwords import hashed
from policy.model import Action, Device, DeviceClass, Role
from tests.agent.cups import PUPIL, needed, open_folder, until
from tests.agent.print_server import PrintServer
from tests.agent.school import LESSON, OFFICE, SCHOOL, Dashboard
from tests.cast import at

QUEUE = Device("printserver", "Printserver", DeviceClass.INFRASTRUCTURE, prints=True)
WORD = "zeven eendjes op een rij"
BELL = at("10:15")


@pytest.fixture
def office(at_school: Dashboard) -> Dashboard:
    """A school where printing needs a yes, with a print server in its register."""
    at_school.store.policies.add(SCHOOL, factory_policy("regenboog"), "file", OFFICE, LESSON)
    at_school.store.devices.put(SCHOOL, QUEUE, OFFICE, LESSON)
    at_school.store.print_accounts.put(SCHOOL, {"sam": PUPIL}, OFFICE, LESSON)
    return at_school


@pytest.fixture
def with_teacher(office: Dashboard) -> Dashboard:
    """The same, where a teacher signs in with a password alone."""
    office.stop()
    close_app(office.app)
    settings = Settings(sign_in=SignIn(second_factor="optional"))
    office.app = create_app(
        office.store, knowledge(), SCHOOL, settings, office.moment, b"secret", answers=b"a" * 32, seal=b"z" * 32
    )
    office.start()
    account = office.store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, LESSON)
    assert account
    office.store.accounts.set_password(SCHOOL, account.id, hashed(WORD), LESSON)
    return office


def enrolled(office: Dashboard, home: Home, device: str = QUEUE.id) -> Link:
    enrolment = enrol(office.address, office.ca.public, office.code(device))
    home.enrol(enrolment, office.ca.public.read_bytes())
    return Link(enrolment, home.ca)


def test_a_device_that_is_no_print_server_is_told_so_and_tells_nothing(office: Dashboard, home: Home) -> None:
    link = enrolled(office, home, "chroom-1")
    with pytest.raises(LinkError) as no:
        link.prints([{"id": "u-7", "user": "sam", "at": LESSON.isoformat()}])
    assert no.value.permanent
    assert office.store.print_jobs.get(SCHOOL, "u-7") is None


def test_a_print_server_tells_its_whole_list_and_hears_a_no(office: Dashboard, home: Home) -> None:
    link = enrolled(office, home)
    jobs = [{"id": f"u-{n}", "user": PUPIL, "pages": n, "counted": True, "at": LESSON.isoformat()} for n in (1, 2)]
    assert (link.prints(jobs).body or {}) == {"no": []}
    assert [one.person for one in office.store.print_jobs.waiting(SCHOOL, ("7",))] == ["sam", "sam"]
    assert office.store.print_jobs.say_no(SCHOOL, "u-1", "anja", LESSON)
    assert (link.prints(jobs).body or {}) == {"no": ["u-1"]}
    assert (link.prints(jobs[1:]).body or {}) == {"no": []}


def test_a_computer_without_a_queue_does_nothing(office: Dashboard, home: Home, tmp_path: Path) -> None:
    link = enrolled(office, home)
    found = PrintRound(School(home, program_knowledge()), Outbox(home), link, tmp_path / "nothing")
    assert found.look() > 5 and found.tell() > 5


class Teacher:
    """A browser of a teacher: https, cookies, the form's own token."""

    def __init__(self, office: Dashboard) -> None:
        self.base = f"https://localhost:{office.port}"
        trust = ssl.create_default_context(cafile=str(office.ca.public))
        self._open = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=trust), urllib.request.HTTPCookieProcessor(CookieJar())
        ).open
        self.post("/inloggen", login="anja", password=WORD)

    def get(self, path: str) -> str:
        answer: bytes = self._open(f"{self.base}{path}", timeout=60).read()
        return answer.decode()

    def post(self, path: str, **form: str) -> str:
        page = self.get("/les/7" if path != "/inloggen" else path)
        token = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
        assert token, page
        data = urllib.parse.urlencode({"csrf": token[1], **form}).encode()
        asked = urllib.request.Request(f"{self.base}{path}", data, {"Origin": self.base})
        answer: bytes = self._open(asked, timeout=60).read()
        return answer.decode()

    def sees(self) -> list[str]:
        """The ids of the prints on the lesson page."""
        return re.findall(r'id="print-([^"]+)"', self.get("/les/7"))

    def answers(self, job: str, answer: str) -> None:
        self.post(f"/les/7/print/{job}", answer=answer)


_AGENT = "import sys; from pathlib import Path; from agent.__main__ import main; sys.exit(main())"


class Running:
    """The agent as a service runs it, beside the queue; it can be killed and started again."""

    def __init__(self, home: Home, prints: Path) -> None:
        self.home, self.prints = home, prints
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", _AGENT, "--home", str(self.home.path), "--prints", str(self.prints)]
        with (self.home.path / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def queue() -> Iterator[PrintServer]:
    needed()
    with open_folder() as root:
        made = PrintServer(root)
        made.setup()
        # Whose name it is, is the school's to say here.
        write_setting(made.home, replace(made.setting, people={}))
        yield made
        made.close()


@pytest.mark.evasion("E30")
@pytest.mark.full
def test_a_yes_prints_once_a_no_drops_and_the_bell_drops_the_rest_after_a_notice(
    with_teacher: Dashboard, home: Home, queue: PrintServer
) -> None:
    office = with_teacher
    office.moment.now = BELL - timedelta(minutes=25)  # the teacher stays signed in
    enrolled(office, home)
    teacher, agent = Teacher(office), Running(home, queue.home)
    try:
        queue.send("ja graag")
        until(lambda: len(teacher.sees()) == 1, "the teacher does not see the print")
        (first,) = teacher.sees()
        assert queue.papers() == {}
        agent.kill()
        teacher.answers(first, "yes")
        agent.start()
        until(lambda: queue.papers() == {"ja graag": 1}, "the paper does not come out")
        until(lambda: not teacher.sees(), "the print is still on the screen")

        queue.send("liever niet")
        queue.send("vergeten")
        until(lambda: len(teacher.sees()) == 2, "the teacher does not see both prints")
        teacher.answers(teacher.sees()[0], "no")
        until(lambda: len(queue.cups.jobs("leerling")) == 1, "the refused print stays")

        office.moment.now = BELL - NOTICE + timedelta(seconds=5)
        until(lambda: "Gaat weg om 10:15" in teacher.get("/les/7"), "the bell is not told")
        # A notice that came late gives its two minutes too.
        office.moment.now = BELL + NOTICE
        until(lambda: not queue.cups.jobs("leerling"), "what was not permitted stays after the bell")
        until(queue.finished, "something is still being printed")
        assert queue.papers() == {"ja graag": 1}
        until(lambda: len(kept(office)) == 3, "what became of the prints is not among what happened today")
        assert kept(office) == ["blocked", "blocked", "granted"]
        assert "een print" in teacher.get("/les/7")
    finally:
        agent.kill()


def kept(office: Dashboard) -> list[str]:
    """What is kept of prints, of the pupil whose account it was."""
    events = [one.event for one in office.store.events.latest(SCHOOL, limit=50)]
    return sorted(one.what.value for one in events if one.action is Action.PRINT and one.person == "sam")
