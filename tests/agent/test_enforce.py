"""Programs end, kindly first; the system never does."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from agent.enforce import WARNING, Ending, Warnings, end, is_system
from agent.observe import Observation, Process, observe, own_user
from tests.cast import LESSON


def looked(pid: int) -> tuple[Process, Observation]:
    seen = observe(LESSON, own_user())
    return next(one for one in seen.processes if one.pid == pid), seen


def test_a_program_is_asked_to_stop_and_stops(run) -> None:
    started = run("discord")
    process, seen = looked(started.pid)
    (outcome,) = end([process], seen)
    assert outcome.ending is Ending.ENDED
    assert started.wait(10) == -signal.SIGTERM


def test_a_program_that_does_not_listen_is_killed(run) -> None:
    started = run("discord", stubborn=True)
    process, seen = looked(started.pid)
    (outcome,) = end([process], seen, patience=0.3)
    assert outcome.ending is Ending.KILLED
    assert started.wait(10) == -signal.SIGKILL


def test_trying_out_ends_nothing(run) -> None:
    started = run("discord")
    process, seen = looked(started.pid)
    (outcome,) = end([process], seen, dry_run=True)
    assert outcome.ending is Ending.DRY_RUN
    assert started.poll() is None


def test_a_number_that_was_given_to_another_program_is_left_alone(run) -> None:
    started = run("discord")
    process, seen = looked(started.pid)
    assert end([replace(process, started=process.started - 5)], seen) == ()
    assert started.poll() is None


def test_what_ended_by_itself_is_not_reported(run) -> None:
    started = run("discord")
    process, seen = looked(started.pid)
    started.kill()
    started.wait()
    assert end([process], seen) == ()


def test_the_agent_and_what_started_it_are_never_ended() -> None:
    own, seen = looked(os.getpid())
    parent, _ = looked(os.getppid())
    outcomes = end([own, parent], seen)
    assert [one.ending for one in outcomes] == [Ending.SYSTEM, Ending.SYSTEM]


def test_a_daemon_of_the_system_is_never_ended_whatever_its_name(run) -> None:
    """A real program, seen as the system's own and not of the child who sits there."""
    started = run("discord")
    process, seen = looked(started.pid)
    systems = replace(process, user="root", parent=1)
    child = replace(seen, user="lena", processes=(*(p for p in seen.processes if p.pid != process.pid), systems))
    (outcome,) = end([systems], child)
    assert outcome.ending is Ending.SYSTEM
    assert started.poll() is None


SHELL = Process(20, "bash", "/usr/bin/bash", 1, "lena", 5.0)
AGENT = Process(30, "python3", "/usr/bin/python3", 29, "lena", 5.0)
STARTER = Process(29, "discord", "/usr/bin/discord", 1, "lena", 4.0)


@pytest.mark.parametrize(
    ("process", "system"),
    [
        (Process(1, "init", "/sbin/init", 0, "root", 1.0), True),
        (Process(2, "kthreadd", None, 0, "root", 1.0), True),
        (Process(40, "kworker/0:1", None, 2, "root", 1.0), True),
        (AGENT, True),
        (STARTER, True),
        (Process(50, "tailscaled", "/usr/sbin/tailscaled", 1, "root", 2.0), True),
        (Process(51, "anydesk", "C:\\anydesk.exe", 1, "NT AUTHORITY\\SYSTEM", 2.0), True),
        (Process(52, "tor", "/usr/bin/tor", 1, "_tor", 2.0), True),
        (Process(53, "tor", "/usr/bin/tor", 1, "systemd-resolve", 2.0), True),
        (Process(54, "tor", None, 1, "", 2.0), True),
        (Process(60, "discord", "/tmp/discord", 20, "lena", 6.0), False),
        (Process(61, "discord", "/tmp/discord", 1, "lena", 6.0), False),
        (Process(62, "discord", "C:\\discord.exe", 1, "LAPTOP\\Lena", 6.0), False),
        (Process(63, "discord", "/tmp/discord", 1, "tom", 6.0), False),  # another child's session on the same laptop
        (Process(64, "openvpn", "/usr/sbin/openvpn", 20, "root", 6.0), False),  # `sudo openvpn` in the child's shell
        (Process(65, "openvpn", "/usr/sbin/openvpn", 20, "root", 4.0), True),  # older than the shell: not its child
    ],
    ids=lambda value: f"{value.name}-{value.pid}" if isinstance(value, Process) else str(value),
)
def test_what_belongs_to_the_system(process: Process, system: bool) -> None:
    others = [one for one in (SHELL, STARTER, AGENT) if one.pid != process.pid]
    assert is_system(process, Observation(LESSON, "lena", AGENT.pid, (*others, process))) is system


def test_time_to_save_begins_anew_when_a_program_may_run_again_in_between() -> None:
    drawing = Process(10, "gimp-2.10", "/usr/bin/gimp", 1, "lena", 1.0)
    game = Process(11, "steam", "/home/lena/steam", 1, "lena", 1.0)
    warnings, both = Warnings(frozenset({"gimp"})), frozenset({drawing, game})
    assert warnings.due(both, LESSON) == ({game}, {drawing})
    assert warnings.due(both, LESSON + WARNING / 2) == ({game}, frozenset())
    assert warnings.due((), LESSON + WARNING / 2) == (frozenset(), frozenset())
    assert warnings.due((drawing,), LESSON + WARNING) == (frozenset(), {drawing})
    assert warnings.due((drawing,), LESSON + 2 * WARNING) == ({drawing}, frozenset())
    assert warnings.due((drawing,), LESSON - 2 * WARNING) == ({drawing}, frozenset()), "a clock put back"
