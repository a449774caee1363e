"""What runs becomes one question a program."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.observe import Observation, Process
from agent.translate import app_names, principal, programs
from config.load import knowledge
from policy.model import Action, DeviceClass, Role, Strength
from policy.program import app_name
from tests.cast import LESSON, SNAPSHOT, pupil


def process(name: str = "discord", exe: str | None = "/usr/bin/discord", pid: int = 10) -> Process:
    return Process(pid, name, exe, 1, "lena", 1.0)


@pytest.mark.parametrize(
    ("name", "exe", "names"),
    [
        ("discord", "/usr/share/discord/Discord", {"discord"}),
        ("Discord.exe", "C:\\Users\\lena\\AppData\\Discord.exe", {"discord"}),
        ("DISCORD.EXE", None, {"discord"}),
        ("Discord.exe", "/usr/bin/wine64-preloader", {"discord", "wine64-preloader"}),
        ("bash", "/tmp/discord", {"bash", "discord"}),
        ("discord", "/tmp/discord (deleted)", {"discord"}),
        ("ｄｉｓｃｏｒｄ", None, {"discord"}),
        ("", None, set()),
    ],
)
def test_a_program_is_known_by_every_name_it_has(name: str, exe: str | None, names: set[str]) -> None:
    assert app_names(process(name, exe)) == names


def test_one_question_for_all_processes_of_a_program() -> None:
    seen = Observation(
        LESSON, "lena", 1, (process(pid=10), process(pid=11), process("steam", "/usr/games/steam", pid=12))
    )
    asked = programs(seen, pupil())
    assert [(one.app, [p.pid for p in one.processes]) for one in asked] == [("discord", [10, 11]), ("steam", [12])]
    assert {one.request.action for one in asked} == {Action.RUN}
    assert {one.request.who for one in asked} == {pupil()}


def test_the_owner_of_the_laptop_asks() -> None:
    who = principal(SNAPSHOT, "chroom-1", LESSON)
    assert (who.role, who.person, who.groups, who.strength) == (Role.PUPIL, "sam", ("7",), Strength.PROVED)


def test_a_laptop_that_the_school_does_not_know_is_the_strictest_pupil() -> None:
    who = principal(replace(SNAPSHOT, devices={}), "chroom-1", LESSON)
    assert (who.role, who.person, who.device_class, who.strength) == (
        Role.PUPIL,
        None,
        DeviceClass.UNKNOWN,
        Strength.NONE,
    )


def test_every_program_that_is_known_is_known_by_the_name_it_is_asked_by() -> None:
    assert [name for name in knowledge().apps if app_name(name) != name] == []
