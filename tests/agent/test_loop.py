"""A laptop in the lesson: real programs, the real dashboard."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.enforce import Ending
from agent.home import Home
from agent.link import LinkError
from agent.loop import Setting, Watch, deliver
from agent.loop import run as watch_on
from agent.observe import own_user
from agent.outbox import Outbox
from agent.school import School
from config.load import knowledge
from config.texts import reason_sentence, say
from policy.model import Agreement, Effect, Knowledge, Reason
from store.events import What
from tests.agent.school import DEVICE, LESSON, SCHOOL, Dashboard
from tests.cast import at

ROOT = Path(__file__).parents[2]

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Laptop:
    """One pupil's laptop: the agent's parts, put together as `agent.__main__` does; notes are kept, not shown.

    It looks only at what this test started: other tests, and whoever works on this computer, are left alone.
    """

    def __init__(self, at_school: Dashboard, home: Home, known: Knowledge | None = None, **setting: object) -> None:
        self.link = at_school.link(home)
        self.school = School(home, known or knowledge(), lambda: LESSON)
        self.outbox = Outbox(home)
        self.notes: list[tuple[str, str, str]] = []
        given = {"patience": 2.0, "user": own_user(), "under": os.getpid(), **setting}
        self.watch = Watch(Setting(DEVICE, **given), self.school, self.outbox, self.show)

    def show(self, title: str, body: str, user: str) -> str:
        self.notes.append((title, body, user))
        return "test"

    def look(self, name: str) -> list:
        """One pass; what came of the program `name`."""
        return [one for one in self.watch.look() if one.program.app == name]


def eventually(true: Callable[[], object], seconds: float = 30) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def laptop(at_school: Dashboard, home: Home) -> Laptop:
    made = Laptop(at_school, home)
    made.school.refresh(made.link)
    return made


def test_a_chat_program_in_the_lesson_ends_and_the_teacher_sees_it(at_school: Dashboard, laptop: Laptop, run) -> None:
    discord = run("discord")
    (handled,) = laptop.look("discord")
    assert handled.decision.reason is Reason.APP
    assert handled.endings == (Ending.ENDED,)
    assert discord.wait(10) != 0
    deliver(laptop.outbox, laptop.link)
    (event,) = at_school.events()
    assert (event.what, event.thing, event.category) == (What.BLOCKED, "discord", "chat")
    assert (event.device, event.person, event.group) == (DEVICE, "sam", "7")
    assert (event.effect, event.when) == (Effect.DENY, laptop.school.heard or LESSON)
    assert len(laptop.outbox) == 0


def test_the_child_reads_what_happened_and_what_to_do(laptop: Laptop, run) -> None:
    run("discord")
    laptop.look("discord")
    ((title, body, user),) = laptop.notes
    assert title.startswith("Discord ")
    assert "leerkracht" in body
    assert user == own_user()
    assert all(len(sentence.split()) <= 12 for sentence in f"{title}. {body}".replace("?", ".").split(".") if sentence)


def test_a_program_that_is_tried_again_and_again_ends_each_time_and_is_told_once_a_minute(
    at_school: Dashboard, laptop: Laptop, run
) -> None:
    for _ in range(3):
        started = run("discord")
        laptop.look("discord")
        assert started.wait(10) != 0
    assert (len(laptop.notes), len(laptop.outbox)) == (1, 1)


def test_a_permitted_program_is_left_alone_and_ends_with_the_permission(
    at_school: Dashboard, laptop: Laptop, run
) -> None:
    at_school.permit(LESSON + timedelta(minutes=10))
    laptop.school.refresh(laptop.link)
    discord = run("discord")
    for _ in range(3):
        (handled,) = laptop.look("discord")
        assert handled.decision.reason is Reason.GRANTED
    assert discord.poll() is None
    deliver(laptop.outbox, laptop.link)
    assert [(one.what, one.thing, bool(one.grant)) for one in at_school.events()] == [(What.GRANTED, "discord", True)]
    # The end needs no word from the server: it came with the permission.
    laptop.school.clock.hear(LESSON + timedelta(minutes=10))
    laptop.look("discord")
    assert discord.wait(10) != 0


def test_a_permitted_program_rests_during_a_test_and_nothing_of_it_is_kept(
    at_school: Dashboard, laptop: Laptop, run
) -> None:
    at_school.permit(LESSON + timedelta(minutes=30))
    test = Agreement("", LESSON, at("10:15"), frozenset({"7"}), sites=("leren.nl",), by="anja", test=True)
    made = at_school.store.measures.start_agreement(SCHOOL, test, LESSON)
    laptop.school.refresh(laptop.link)
    discord = run("discord")
    (handled,) = laptop.look("discord")
    assert (handled.decision.reason, handled.endings) == (Reason.TEST, (Ending.ENDED,))
    assert discord.wait(10) != 0
    ((_, body, _),) = laptop.notes
    assert body == reason_sentence(Reason.TEST, "nl"), "nobody asks in a test"
    assert len(laptop.outbox) == 0
    at_school.store.measures.stop_agreement(SCHOOL, made.id, "anja", LESSON)
    laptop.school.refresh(laptop.link)
    again = run("discord")
    (handled,) = laptop.look("discord")
    assert handled.decision.reason is Reason.GRANTED and again.poll() is None


def test_a_renamed_copy_ends_as_what_it_is(at_school: Dashboard, laptop: Laptop, run) -> None:
    chat = run("discord", build=b"chat 1.2")
    laptop.look("discord")
    assert chat.wait(10) != 0
    copy = run("huiswerk", build=b"chat 1.2")
    (handled,) = laptop.look("discord")
    assert handled.endings == (Ending.ENDED,)
    assert copy.wait(10) != 0
    deliver(laptop.outbox, laptop.link)
    assert [(one.what, one.thing) for one in at_school.events()] == [(What.BLOCKED, "discord")]


def test_work_can_be_saved_before_the_program_ends(at_school: Dashboard, home: Home, run) -> None:
    known = knowledge()
    laptop = Laptop(at_school, home, replace(known, apps={**known.apps, "gimp": "games"}))
    laptop.school.refresh(laptop.link)
    drawing, game = run("gimp"), run("steam")
    for seconds in (0, 10, 19):
        laptop.school.clock.hear(LESSON + timedelta(seconds=seconds))
        (handled,) = laptop.look("gimp")
        assert (handled.decision.open, handled.endings) == (False, ())
    assert drawing.poll() is None
    assert game.wait(10) != 0, "what keeps no schoolwork need not wait for it"
    assert [body for title, body, _ in laptop.notes if title.startswith("Gimp")] == [say("agent.saving.body")]
    laptop.school.clock.hear(LESSON + timedelta(seconds=21))
    (handled,) = laptop.look("gimp")
    assert handled.endings == (Ending.ENDED,)
    assert drawing.wait(10) != 0


def test_trying_out_warns_nobody(at_school: Dashboard, home: Home, run) -> None:
    known = knowledge()
    laptop = Laptop(at_school, home, replace(known, apps={**known.apps, "gimp": "games"}), dry_run=True)
    laptop.school.refresh(laptop.link)
    drawing = run("gimp")
    laptop.look("gimp")
    assert (laptop.notes, drawing.poll()) == ([], None)


def test_other_programs_are_nobody_s_business(at_school: Dashboard, laptop: Laptop, run) -> None:
    ordinary = run("mijn-werkstuk")
    assert laptop.look("mijn-werkstuk") == []
    assert ordinary.poll() is None
    assert len(laptop.outbox) == 0


def test_a_trial_leaves_alone_what_others_started(at_school: Dashboard, home: Home, run) -> None:
    mine = run("discord")
    laptop = Laptop(at_school, home, under=mine.pid)
    laptop.school.refresh(laptop.link)
    assert laptop.look("discord") == []
    assert mine.poll() is None


def test_a_program_of_the_system_is_never_touched(at_school: Dashboard, home: Home, run) -> None:
    """The laptop's child is somebody else than the account that runs the program."""
    laptop = Laptop(at_school, home, user="lena")
    laptop.school.refresh(laptop.link)
    discord = run("discord")
    (handled,) = laptop.look("discord")
    assert handled.decision.effect is Effect.DENY
    if own_user() == "root":
        assert handled.endings == ()
        assert discord.poll() is None
        assert (laptop.notes, len(laptop.outbox)) == ([], 0)
    else:
        assert handled.endings == (Ending.ENDED,)


def test_trying_out_ends_and_tells_nothing(at_school: Dashboard, home: Home, run, caplog) -> None:
    laptop = Laptop(at_school, home, dry_run=True)
    laptop.school.refresh(laptop.link)
    discord = run("discord")
    (handled,) = laptop.look("discord")
    assert handled.endings == (Ending.DRY_RUN,)
    assert discord.poll() is None
    laptop.look("discord")
    assert [one.getMessage() for one in caplog.records if "discord" in one.getMessage()] == [
        "Zou dichtgaan: discord (app)"
    ], "who tries it out reads it, once"
    assert (laptop.notes, len(laptop.outbox)) == ([], 0)


@pytest.mark.evasion("E21")
def test_without_the_server_the_copy_on_disk_goes_on(at_school: Dashboard, laptop: Laptop, home: Home, run) -> None:
    at_school.permit(LESSON + timedelta(minutes=10))
    laptop.school.refresh(laptop.link)
    at_school.stop()
    try:
        restarted = Laptop(at_school, home)
        with pytest.raises(LinkError):
            restarted.school.refresh(restarted.link)
        discord, steam = run("discord"), run("steam")
        restarted.watch.look()
        assert discord.poll() is None
        assert steam.wait(10) != 0
    finally:
        at_school.start()
    # What happened meanwhile is told when the server is back.
    deliver(restarted.outbox, restarted.link)
    assert {(one.what, one.thing) for one in at_school.events()} == {
        (What.BLOCKED, "steam"),
        (What.GRANTED, "discord"),
    }


def test_an_hour_without_the_server_is_decided_by_the_copy_and_a_permission_in_it_ends(
    at_school: Dashboard, laptop: Laptop, run
) -> None:
    hour = LESSON + timedelta(hours=1)
    at_school.permit(hour)
    laptop.school.refresh(laptop.link)
    at_school.stop()
    try:
        discord = run("discord")
        for minutes in (1, 30, 59):
            laptop.school.clock.hear(LESSON + timedelta(minutes=minutes))
            with pytest.raises(LinkError):
                laptop.school.refresh(laptop.link)
            laptop.look("discord")
            assert discord.poll() is None
        laptop.school.clock.hear(hour)
        laptop.look("discord")
        assert discord.wait(10) != 0
    finally:
        at_school.start()


def test_a_copy_that_was_removed_is_no_way_out(at_school: Dashboard, laptop: Laptop, home: Home, run) -> None:
    (home.path / "snapshot.json").unlink()
    at_school.stop()
    try:
        restarted = Laptop(at_school, home)
        discord = run("discord")
        (handled,) = restarted.look("discord")
        assert handled.decision.reason is Reason.FAILED
        assert discord.wait(10) != 0
    finally:
        at_school.start()


def test_at_home_in_the_evening_only_the_safety_floor_holds_and_nothing_is_written(
    at_school: Dashboard, home: Home, run
) -> None:
    laptop = Laptop(at_school, home)
    at_school.moment.now = at("19:00")
    laptop.school.refresh(laptop.link)
    laptop.school.clock.hear(at("20:00"))  # an hour later, far from school
    chat, vpn = run("discord"), run("openvpn")
    laptop.watch.look()
    assert chat.poll() is None
    assert vpn.wait(10) != 0
    assert len(laptop.outbox) == 0
    assert len(laptop.notes) == 1


@pytest.mark.full
def test_the_whole_agent_from_tap_to_closed(at_school: Dashboard, laptop: Laptop, run) -> None:
    """Everything at work: the watch and the line each in their own thread."""
    stop = threading.Event()
    agent = threading.Thread(
        target=watch_on, args=(laptop.watch, laptop.school, laptop.outbox, laptop.link, stop, 0.1), daemon=True
    )
    agent.start()
    try:
        assert run("discord").wait(20) != 0
        assert eventually(lambda: [one.what for one in at_school.events()] == [What.BLOCKED])
        grant = at_school.permit(LESSON + timedelta(minutes=30))
        assert eventually(lambda: laptop.school.snapshot and laptop.school.snapshot.state.grants)
        discord = run("discord")
        assert eventually(lambda: What.GRANTED in [one.what for one in at_school.events()])
        assert discord.poll() is None
        at_school.store.grants.revoke("school", grant.id, "anja", at_school.moment())
        assert discord.wait(20) != 0
    finally:
        stop.set()
        agent.join(30)
    assert not agent.is_alive()


@pytest.mark.full
@pytest.mark.skipif(not FAKETIME, reason="needs libfaketime (setup/machine.sh)")
@pytest.mark.parametrize("shifted", ["-11y", "+40d"])
def test_another_clock_on_the_laptop_alone_changes_nothing(at_school: Dashboard, home: Home, run, shifted: str) -> None:
    """The whole program, started anew, with a clock of long ago (an empty battery) or of the future."""
    at_school.permit(LESSON + timedelta(hours=1))
    School(home, knowledge()).refresh(at_school.link(home))
    clock = {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME": shifted, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    command = [sys.executable, "-m", "agent", "--home", str(home.path), "--under", str(os.getpid())]
    discord = run("discord")
    agent = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **clock, "PATH": ""})
    try:
        assert eventually(lambda: {one.what for one in at_school.events()} == {What.GRANTED}, 60)
        (event,) = at_school.events()
        assert event.when == LESSON, "it is told by the time of the school"
        assert discord.poll() is None
    finally:
        agent.kill()
        agent.wait()


def test_the_agent_that_was_killed_goes_on_where_it_was(at_school: Dashboard, home: Home, run) -> None:
    """The whole program as a service manager starts it, over what one shell started; killed, and started again."""
    at_school.link(home)
    nothing = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"), "")
    command = [sys.executable, "-m", "agent", "--home", str(home.path), "--under", str(os.getpid())]

    def started() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **nothing, "PATH": ""})

    agent = started()
    try:
        assert run("discord").wait(60) != 0
        assert eventually(lambda: at_school.events() or len(Outbox(home)))
        agent.kill()
        agent.wait()
        steam = run("steam")
        at_school.stop()
        agent = started()
        assert steam.wait(60) != 0, "without the server, by the copy on disk"
        at_school.start()
        assert eventually(lambda: {one.thing for one in at_school.events()} == {"discord", "steam"}, 60)
    finally:
        agent.kill()
        agent.wait()
    assert len(at_school.events()) == 2
