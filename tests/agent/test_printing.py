"""Printing by permission: only what was permitted comes out, once, whatever is killed; nothing tells a title."""

from __future__ import annotations

import dataclasses
import os
import pwd
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.cups import Attributes, Cups, CupsError, Tag, decode, encode
from agent.pages import Sure
from agent.print_asking import allowed, cap_of, said_yes
from agent.print_rules import IDLE, STOPPED, faults
from agent.printed import Entry, Journal, Mark, Marks, Stage
from agent.printing import NOTICE, Act, Deed, PrintJob, Seen, Why, asker, job_of, plan, sentence
from policy.decide import decide
from policy.model import Facet, Grant, Role, Sanction, SanctionTarget, State, Strength
from policy.printer import item_of
from tests.agent.cups import PUPIL, needed, open_folder, until
from tests.agent.print_server import BELL, OTHER_ACCOUNT, PrintServer, Routes, school
from tests.cast import LESSON

ROOT = Path(__file__).resolve().parents[2]
JOB = PrintJob(7, "sam", 3, None, LESSON, "u-7", Sure.COUNTED)


def seen(*, allowed: bool = True, mark: Mark = Mark.NOTHING, **changes) -> Seen:
    return Seen(replace(JOB, **changes), allowed, BELL, mark)


def one(job: Seen, now=LESSON, entry: Entry | None = None, cap: int | None = 10, yes=frozenset()) -> Act:
    (act,) = plan([job], {"u-7": entry} if entry else {}, cap, now, yes)
    return act


class TestPlan:
    @pytest.mark.evasion("E30")
    def test_what_is_permitted_goes_to_the_printer_and_the_rest_waits(self):
        assert one(seen()) == Act(Deed.MOVE, JOB, Why.PERMITTED)
        assert one(seen(allowed=False)) == Act(Deed.WAIT, JOB, Why.NOT_PERMITTED)

    def test_a_job_longer_than_the_cap_waits_until_an_adult_says_yes_to_it(self):
        assert one(seen(pages=11)).why is Why.TOO_LONG
        assert one(seen(pages=10)).deed is Deed.MOVE
        assert one(seen(pages=11), cap=None).deed is Deed.MOVE
        assert one(seen(pages=11), yes=frozenset({"u-7"})).deed is Deed.MOVE
        assert (
            one(
                seen(
                    pages=11,
                ),
                yes=frozenset({"another"}),
            ).deed
            is Deed.WAIT
        )

    def test_a_yes_to_one_long_job_lifts_the_cap_and_not_the_rules(self):
        assert one(seen(allowed=False, pages=11), yes=frozenset({"u-7"})).deed is Deed.WAIT

    def test_pages_that_only_the_sender_counted_do_not_pass_a_cap(self):
        assert one(seen(pages=1, sure=Sure.CLAIMED)).why is Why.UNCOUNTED
        assert one(seen(pages=None, sure=Sure.UNKNOWN)).why is Why.UNCOUNTED
        assert one(seen(pages=None, sure=Sure.UNKNOWN), cap=None).deed is Deed.MOVE

    def test_two_minutes_before_the_bell_it_is_told_and_at_the_bell_it_is_dropped(self):
        waiting = seen(allowed=False)
        assert one(waiting, BELL - NOTICE - timedelta(seconds=1)).deed is Deed.WAIT
        assert one(waiting, BELL - NOTICE) == Act(Deed.WARN, JOB, Why.NOT_PERMITTED, BELL)
        told = Entry(Stage.WARNED, BELL - NOTICE, 7)
        assert one(waiting, BELL - timedelta(seconds=1), told).deed is Deed.WAIT
        assert one(waiting, BELL, told) == Act(Deed.DROP, JOB, Why.BELL)

    def test_nothing_is_dropped_that_nobody_was_told_of(self):
        late = BELL + timedelta(hours=1)
        warned = one(seen(allowed=False), late)
        assert (warned.deed, warned.until) == (Deed.WARN, late + NOTICE)
        told = Entry(Stage.WARNED, late, 7)
        assert one(seen(allowed=False), late + timedelta(seconds=60), told).deed is Deed.WAIT
        assert one(seen(allowed=False), late + NOTICE, told).deed is Deed.DROP

    def test_a_yes_after_the_warning_still_prints(self):
        assert one(seen(), BELL, Entry(Stage.WARNED, BELL - NOTICE, 7)).deed is Deed.MOVE

    def test_what_cups_forgot_that_it_printed_is_not_printed_again(self):
        moved = Entry(Stage.MOVED, LESSON, 7)
        assert one(seen(mark=Mark.DONE), entry=moved) == Act(Deed.DROP, JOB, Why.PRINTED)
        assert one(seen(mark=Mark.DONE)) == Act(Deed.DROP, JOB, Why.PRINTED)

    def test_a_job_in_doubt_is_told_once_and_never_moved(self):
        assert one(seen(mark=Mark.BEGUN)) == Act(Deed.TELL, JOB, Why.DOUBT)
        assert one(seen(mark=Mark.BEGUN), entry=Entry(Stage.DOUBT, LESSON, 7)).deed is Deed.WAIT

    def test_a_move_of_which_nothing_came_is_done_after_all(self):
        assert one(seen(), entry=Entry(Stage.MOVING, LESSON, 7)).deed is Deed.MOVE

    def test_a_no_drops_it_at_once_and_only_what_is_not_in_the_printer_yet(self):
        refused = frozenset({"u-7"})
        (act,) = plan([seen(allowed=False)], {}, 10, LESSON, no=refused)
        assert act == Act(Deed.DROP, JOB, Why.REFUSED)
        (act,) = plan([seen(mark=Mark.BEGUN)], {}, 10, LESSON, no=refused)
        assert act == Act(Deed.TELL, JOB, Why.DOUBT)
        (act,) = plan([seen(allowed=False)], {}, 10, LESSON, no=frozenset({"another"}))
        assert act.deed is Deed.WAIT


class TestAsked:
    def ask(self, *grants: Grant, user: str = "sam", ban: bool = False, now=LESSON) -> tuple[bool, bool]:
        """Whether it may be printed, and whether somebody said yes to this very job."""
        bans = (Sanction("s", "sam", SanctionTarget.PRINTER, LESSON, BELL),) if ban else ()
        whole = replace(school(), state=State(grants=grants, sanctions=bans))
        who = asker(whole, user, {})
        may = allowed(lambda request, moment: decide(request, whole, moment), who, "u-7", now)
        return may, said_yes(whole, who, "u-7", now)

    def yes(self, **changes) -> Grant:
        given = Grant("y", LESSON, BELL, Role.TEACHER, "anja", people=frozenset({"sam"}), items=(item_of("u-7"),))
        return replace(given, facets=frozenset({Facet.PRINT}), **changes)

    def test_a_yes_is_to_one_job_of_one_pupil_until_its_end(self):
        assert self.ask() == (False, False)
        assert self.ask(self.yes()) == (True, True)
        assert self.ask(self.yes(items=(item_of("u-8"),))) == (False, False)
        assert self.ask(self.yes(), user="noor") == (False, False)
        assert self.ask(self.yes(), user="nobody-knows") == (False, False)
        assert self.ask(self.yes(), now=BELL) == (False, False)

    def test_a_permission_for_the_lesson_counts_and_lifts_no_cap(self):
        assert self.ask(self.yes(items=())) == (True, False)

    def test_under_a_banned_name_nothing_is_printed_by_itself(self):
        assert not self.ask(self.yes(items=()), ban=True)[0]
        assert self.ask(self.yes(items=(), people=frozenset({"noor"})), user="noor", ban=True)[0]

    def test_how_long_a_job_may_be_is_what_the_school_says_before_what_was_set_up(self):
        whole = school()
        for said, own, cap in ((None, 10, 10), (3, 10, 3), (0, 10, None), (None, None, None), (20, 10, 20)):
            assert cap_of(replace(whole, policy=replace(whole.policy, print_pages=said)), own) == cap
        assert cap_of(None, 10) == 10


class TestWho:
    def test_a_name_on_a_job_is_a_claim_and_makes_nobody_more_than_a_pupil(self):
        snapshot = school()
        assert asker(snapshot, "sam", {}).person == "sam"
        assert asker(snapshot, "sam", {}).strength is Strength.CLAIMED
        for name in ("anja", "root", "", "nobody-knows"):
            who = asker(snapshot, name, {})
            assert (who.role, who.person, who.groups) == (Role.PUPIL, None, ())

    def test_an_account_of_another_name_is_the_person_that_the_school_says(self):
        assert asker(school(), "s.devries", {"s.devries": "sam"}).person == "sam"

    def test_what_is_told_is_who_pages_colour_and_when_and_never_the_title(self):
        found = Attributes(
            {
                "job-id": (7,),
                "job-uuid": ("urn:uuid:u-7",),
                "job-name": ("brief aan oma",),
                "job-originating-user-name": ("sam",),
                "print-color-mode": ("color",),
                "time-at-creation": (1000,),
                "job-printer-up-time": (1060,),
            }
        )
        told = job_of(found, LESSON, 3, Sure.COUNTED)
        assert told == PrintJob(7, "sam", 3, True, LESSON - timedelta(seconds=60), "u-7", Sure.COUNTED)
        assert "oma" not in repr(told)
        assert {field.name for field in dataclasses.fields(PrintJob)} == {
            "id", "user", "pages", "colour", "at", "uuid", "sure"
        }  # fmt: skip


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize(
    ("deed", "why"),
    [
        (Deed.WARN, Why.NOT_PERMITTED),
        (Deed.WARN, Why.TOO_LONG),
        (Deed.DROP, Why.BELL),
        (Deed.DROP, Why.PRINTED),
        (Deed.TELL, Why.DOUBT),
        (Deed.TELL, Why.LOST),
    ],
)
def test_everything_that_is_told_has_a_sentence(deed, why, lang):
    assert len(sentence(Act(deed, JOB, why, BELL), lang)) > 20
    assert sentence(Act(Deed.MOVE, JOB, Why.PERMITTED), lang) == ""
    unknown = replace(JOB, pages=None)
    assert "None" not in sentence(Act(deed, unknown, why), lang)


class TestJournal:
    def test_what_was_being_moved_is_known_after_a_crash(self, tmp_path):
        Journal(tmp_path).write("u-7", Entry(Stage.MOVING, LESSON, 7))
        assert Journal(tmp_path).entries == {"u-7": Entry(Stage.MOVING, LESSON, 7)}

    def test_half_a_journal_is_an_empty_one(self, tmp_path):
        (tmp_path / "journal.json").write_text('{"u-7": {"stage": "mo')
        assert Journal(tmp_path).entries == {}

    def test_marks_that_cannot_be_read_are_doubt(self, tmp_path):
        assert Marks(tmp_path).mark(7, "u-7") is Mark.BEGUN
        (tmp_path / "marks").mkdir()
        assert Marks(tmp_path).mark(7, "u-7") is Mark.NOTHING


def test_what_is_written_to_cups_is_read_back_the_same():
    body = encode(0, [(1, [(Tag.CHARSET, "attributes-charset", "utf-8")]), (2, [(Tag.KEYWORD, "several", ("a", "é"))])])
    status, groups, left = decode(body + b"rest")
    assert (status, left) == (0, b"rest")
    assert groups[2][0].values == {"several": ("a", "é")}


# --- with a real CUPS


@contextmanager
def acting_as(account: str) -> Iterator[None]:
    """What CUPS sees of us meanwhile is another account of the machine."""
    os.seteuid(pwd.getpwnam(account).pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def server() -> Iterator[PrintServer]:
    needed()
    with open_folder() as root:
        made = PrintServer(root)
        yield made
        made.close()


_OWN_QUEUE = """{ OPERATION CUPS-Create-Local-Printer
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR language attributes-natural-language en
  ATTR uri printer-uri $uri
  GROUP printer-attributes-tag
  ATTR name printer-name eigen
  ATTR uri device-uri $sink
  STATUS successful-ok }
"""


@pytest.mark.evasion("E30")
def test_of_thirty_jobs_by_five_routes_only_the_permitted_come_out_once_each(server, tmp_path):
    server.setup()
    routes = Routes(server, tmp_path / "routes")
    for number in range(3):
        for route in Routes.ALL:
            for who in ("sam", "noor"):
                routes.send(route, who, f"{who} {route} {number}")
    assert len(server.guard.waiting(LESSON)) == 30
    assert server.papers() == Counter(), "nothing comes out by itself"
    for _ in range(3):
        server.guard.once(LESSON)
    until(lambda: sum(server.papers().values()) >= 15, "not all came out")
    until(server.finished, "the printer's queue is not empty")
    assert server.papers() == Counter(f"sam {route} {number}" for route in Routes.ALL for number in range(3))
    assert {job.user for job in server.guard.waiting(LESSON)} == {"noor"}


def test_a_job_that_may_wait_until_tonight_is_not_printed_tonight_on_the_yes_of_now(server):
    server.setup()
    number = server.send("sam", PUPIL, "-H", "23:59")
    server.guard.once(LESSON)
    until(lambda: server.papers(), "it did not come out now")
    until(server.finished, f"job {number} is still there")


def test_at_the_bell_what_was_not_permitted_is_gone_after_a_notice(server):
    server.setup()
    server.send("noor", OTHER_ACCOUNT)
    server.guard.once(LESSON)
    server.restarted().once(BELL - NOTICE)
    assert [act.deed for act in server.told] == [Deed.WARN]
    # The job itself came at the machine's time, which is not the school's; the second look keeps the first one's time.
    server.restarted()
    server.guard.waiting(LESSON)
    server.guard.once(BELL)
    assert [act.deed for act in server.told] == [Deed.WARN, Deed.DROP]
    assert server.cups.jobs("leerling") == ()
    assert server.papers() == Counter()


def test_a_long_job_waits_and_its_pages_are_told(server):
    server.setup(cap=2)
    server.send("\f".join(["een", "twee", "drie", "vier"]))
    assert server.guard.once(LESSON) == ()
    (job,) = server.guard.waiting(LESSON)
    assert (job.pages, job.sure) == (4, Sure.COUNTED)
    server.says_yes(job.uuid)
    assert [act.deed for act in server.guard.once(LESSON)] == [Deed.MOVE]


@pytest.mark.evasion("E30")
def test_a_pupil_gets_no_job_past_the_guard_by_asking_cups(server, tmp_path):
    server.setup()
    number = str(server.send("noor", OTHER_ACCOUNT))
    job = f"leerling-{number}"
    tries = (
        ("lp", "-d", "echt"),
        ("lpr", "-P", "echt"),
        ("lpmove", job, "echt"),
        ("lpmove", "leerling", "echt"),
        ("cupsenable", "leerling"),
        ("cupsenable", "--release", "leerling"),
        ("lp", "-i", job, "-H", "resume"),
        ("lp", "-i", job, "-H", "immediate"),
        ("lp", "-i", job, "-H", "restart"),
        ("lpadmin", "-p", "leerling", "-v", server.sink.uri, "-E"),
        ("lpadmin", "-p", "leerling", "-o", "printer-op-policy=default"),
        ("lpadmin", "-p", "echt", "-o", "printer-op-policy=default"),
        ("lpadmin", "-p", "nieuw", "-v", server.sink.uri, "-E"),
        ("cupsdisable", "echt"),
    )
    address = server.cupsd.address
    for command in tries:
        for who in ((), ("-h", address), ("-h", address, "-U", "root")):
            if command[0] == "lpr" and who:
                continue
            done = server.cupsd.run(command[0], *who, *command[1:], user=OTHER_ACCOUNT, text=b"noor\n\n\n")
            assert done.returncode != 0, (command, who, done.stdout)
    uri = f"ipp://{address}/"
    own = tmp_path / "own"
    own.write_text(_OWN_QUEUE.replace("$sink", server.sink.uri.replace("socket", "ipp")))
    done = server.cupsd.run("ipptool", "-t", uri, str(own), user=OTHER_ACCOUNT)
    assert done.returncode != 0, done.stdout
    assert len(server.cups.printers()) == 2
    assert list(faults(server.cups, server.setting)) == []
    assert server.papers() == Counter()
    (left,) = server.cups.jobs("leerling")
    assert left.number("job-id") == int(number)


def test_even_a_pupils_queue_that_somebody_started_prints_nothing(server):
    server.setup()
    server.send("noor", OTHER_ACCOUNT)
    assert server.cupsd.run("cupsenable", "leerling").returncode == 0
    until(lambda: server.cups.jobs("leerling")[0].number("job-state") == 4, "the backend did not hold it")
    assert server.papers() == Counter()
    assert ("running", {"queue": "leerling"}) in faults(server.cups, server.setting)


def test_the_guard_needs_no_more_than_an_account_of_its_own(server):
    server.setup(guard="daemon")
    server.send("sam")
    with acting_as(OTHER_ACCOUNT):
        other = Cups(server.cupsd.socket)
        number = other.jobs("leerling")[0].number("job-id")
        assert other.jobs("leerling")[0].text("job-originating-user-name") == "", "whose it is, is not told"
        for tried in (lambda: other.document(number), lambda: other.move(number, "echt"), lambda: other.drop(number)):
            with pytest.raises(CupsError) as no:
                tried()
            assert no.value.refused
    with acting_as("daemon"):
        server.cups = Cups(server.cupsd.socket)
        server.restarted()
        assert [act.deed for act in server.guard.once(LESSON)] == [Deed.MOVE]
    until(lambda: server.papers() == Counter(["sam"]), "it did not come out")


def test_cups_killed_while_it_prints_prints_each_job_once(server):
    server.setup()
    server.sink.go.clear()
    server.send("sam")
    server.guard.once(LESSON)
    until(server.sink.began.is_set, "nothing reached the printer")
    server.cupsd.kill()
    server.cupsd.start()
    server.restarted().once(LESSON)
    server.sink.go.set()
    until(lambda: server.papers() and server.finished(), "the job does not end")
    server.guard.once(LESSON)
    assert server.papers() == Counter(["sam"])


def test_a_job_that_broke_off_in_the_printer_is_told_once_and_not_printed_again(server):
    server.setup()
    server.sink.go.clear()
    server.send("sam " * 4000)
    server.guard.once(LESSON)
    until(server.sink.began.is_set, "nothing reached the printer")
    server.cupsd.kill()
    backend = b"PRINTER=echt"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = (
                backend in (process / "environ").read_bytes()
                and str(server.cupsd.root).encode() in (process / "environ").read_bytes()
            )
        except OSError:
            continue
        if ours:
            os.kill(int(process.name), signal.SIGKILL)
    server.cupsd.start()
    until(lambda: [j.number("job-state") for j in server.cups.jobs("echt")] == [4], "it is not held")
    server.restarted()
    for _ in range(3):
        server.guard.once(LESSON)
    assert [(act.deed, act.why) for act in server.told] == [(Deed.TELL, Why.DOUBT)]
    server.sink.go.set()
    assert len(server.sink.papers) <= 1


def test_cups_killed_right_after_each_move_loses_and_doubles_nothing(server):
    server.setup()
    for number in range(8):
        server.send(f"sam {number}")
    server.send("noor", OTHER_ACCOUNT)
    for _ in range(4):
        server.guard.once(LESSON)
        server.cupsd.kill()
        server.cupsd.start()
        server.restarted()
    server.guard.once(LESSON)
    until(lambda: server.finished() or server.guard.once(LESSON), "jobs are left")
    until(server.finished, "jobs are left at the printer")
    assert server.papers() == Counter(f"sam {number}" for number in range(8))
    assert [job.user for job in server.guard.waiting(LESSON)] == [OTHER_ACCOUNT]


def test_a_job_that_cups_forgot_to_have_printed_is_not_printed_again(server):
    server.setup()
    server.send("sam")
    # As CUPS is out of the box: where a job is, is written down half a minute later.
    server.cups.configure(server.cups.configuration() + "DirtyCleanInterval 600\n")
    until(lambda: "600" in server.cups.configuration(), "the file is not there")
    until(lambda: any(act.deed is Deed.MOVE for act in again(server)), "nothing is moved")
    until(lambda: server.papers() and server.finished(), "it is not printed")
    server.cupsd.kill()
    server.cupsd.start()
    forgot = bool(server.cups.jobs("leerling"))
    server.restarted().once(LESSON)
    until(server.finished, "the job does not end")
    assert server.papers() == Counter(["sam"])
    assert server.cups.jobs("leerling") == ()
    assert [act.why for act in server.told] == ([Why.PRINTED] if forgot else [])


def again(server: PrintServer) -> tuple[Act, ...]:
    """Look once more, while CUPS may be reading its file again."""
    try:
        return server.guard.once(LESSON)
    except CupsError:
        return ()


_GUARD = """
import sys
from pathlib import Path
from tests.agent.print_server import school
from agent.cups import Cups
from agent.printed import Journal, Marks, read_setting
from agent.printing import Printing
from policy.decide import decide
from tests.cast import LESSON
home = Path(sys.argv[1])
setting, snapshot = read_setting(home), school()
guard = Printing(Cups(Path(setting.socket)), setting, Journal(home / "journal"), Marks(home),
    lambda request, now: decide(request, snapshot, now), lambda: snapshot)
print("ready", flush=True)
while True:
    guard.once(LESSON)
"""


@pytest.mark.parametrize("moved", [1, 3, 5])
def test_the_guard_killed_in_the_middle_of_moving_loses_and_doubles_nothing(server, moved):
    server.setup()
    for number in range(6):
        server.send(f"sam {number}")
    with subprocess.Popen([sys.executable, "-c", _GUARD, str(server.home)], cwd=ROOT, stdout=subprocess.PIPE) as guard:
        until(lambda: len(Journal(server.home / "journal").entries) >= moved, "the guard moves nothing")
        guard.kill()
    server.cupsd.kill()
    server.cupsd.start()
    server.restarted().once(LESSON)
    until(server.finished, "jobs are left at the printer")
    server.guard.once(LESSON)
    until(server.finished, "jobs are left at the printer")
    assert server.papers() == Counter(f"sam {number}" for number in range(6))
    assert server.guard.waiting(LESSON) == ()


def test_a_stopped_queue_is_how_it_stays_when_cups_starts_again(server):
    server.setup()
    server.send("noor", OTHER_ACCOUNT)
    server.cupsd.kill()
    server.cupsd.start()
    states = {one.text("printer-name"): one.number("printer-state") for one in server.cups.printers()}
    assert states == {"leerling": STOPPED, "echt": IDLE}
    assert list(faults(server.cups, server.setting)) == []
    assert len(server.guard.waiting(LESSON)) == 1
