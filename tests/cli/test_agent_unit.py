"""The agent as a service: what its account may, and what it may not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.home import Home
from cli.agent_unit import RIGHTS, System, install, remove, unit
from tests.agent.school import Dashboard, prepare

ROOT = Path(__file__).parents[2]
SERVICE, PUPIL = 64011, 64012  # accounts of nobody
HOME = Path("/var/lib/klaswacht-agent")
TRIES = """
import json, os, pathlib, socket, subprocess
from agent.put_back import put_back_proxies
from agent.surroundings import Places, Surroundings
from agent.platform.rights import as_account, may_act_for_others
import pwd
def may(what):
    try:
        what()
    except OSError:
        return False
    return True
pupil = pwd.struct_passwd(("lena", "x", PUPIL, PUPIL, "", "/", ""))
said = subprocess.run(as_account(pupil, ["cat", "/proc/self/status"]), capture_output=True, text=True).stdout
etc = pathlib.Path("FOLDER")
usual = Surroundings(proxies=((f"{etc}/environment http_proxy", "http://wacht:3128"),))
print(json.dumps({
    "back": bool(put_back_proxies(usual, Places(etc=etc), lambda name, value: False)),
    "write": may(lambda: open("/etc/hosts", "ab").close()),
    "own": may(lambda: os.chown("/etc/hosts", os.getuid(), -1)),
    "port": may(lambda: socket.socket().bind(("127.0.0.1", 81))),
    "network": may(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    "look": may(lambda: os.readlink("/proc/THEIRS/exe")),
    "others": may_act_for_others(),
    "pupil": [line.split()[1] for line in said.splitlines() if line.startswith(("Uid", "CapEff", "CapAmb", "CapPrm"))],
}))
"""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_takes_the_service_and_finds_little_to_attack(tmp_path: Path) -> None:
    file = tmp_path / "klaswacht-agent.service"
    file.write_text(unit(HOME, Path(sys.executable)))
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
    weighed = ["systemd-analyze", "security", "--offline=yes", "--threshold=35", file]
    assert subprocess.run(weighed, capture_output=True).returncode == 0


def test_what_is_installed_is_taken_away_again(tmp_path: Path) -> None:
    system = System(tmp_path)
    install(system, HOME)
    assert "ExecStart=" in system.unit.read_text()
    assert remove(system)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not remove(system)


@pytest.fixture
def at_school(tmp_path: Path) -> Iterator[Dashboard]:
    folder = tmp_path / "school"
    folder.mkdir()
    prepare(folder)
    running = Dashboard(folder)
    yield running
    running.close()


def limited(*command: str) -> list[str]:
    """The command with the rights of the service and no others."""
    rights = ",".join(f"+{one.removeprefix('CAP_').lower()}" for one in RIGHTS)
    who = [f"--reuid={SERVICE}", f"--regid={SERVICE}", "--clear-groups", "--no-new-privs"]
    few = [f"--inh-caps=-all,{rights}", f"--ambient-caps=-all,{rights}", f"--bounding-set=-all,{rights}"]
    return ["setpriv", *who, *few, "--", *command]


@pytest.mark.full
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv")
def test_with_these_rights_alone_a_pupil_s_program_ends_and_nothing_else_can_be_done(
    at_school: Dashboard, tmp_path: Path
) -> None:
    folder = Path(tempfile.mkdtemp())  # where another account may be too
    folder.chmod(0o755)
    home = Home(tmp_path / "laptop")
    at_school.enrol(home)
    for path in (home.path, *home.path.iterdir()):
        os.chown(path, SERVICE, SERVICE)
    homework, discord = (
        subprocess.Popen([shutil.copy("/bin/sleep", folder / name), "120"], user=PUPIL, group=PUPIL, extra_groups=())
        for name in ("homework", "discord")
    )
    lent = folder / "environment"  # as `install` lends it
    lent.write_text("LANG=nl\nhttp_proxy=http://elders:1\n")
    os.chown(lent, 0, SERVICE)
    lent.chmod(0o664)
    command = [sys.executable, "-m", "agent", "--home", str(home.path), "--under", str(os.getpid())]
    agent = subprocess.Popen(limited(*command), cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        assert discord.wait(60) != 0
        tried = TRIES.replace("PUPIL", str(PUPIL)).replace("THEIRS", str(homework.pid)).replace("FOLDER", str(folder))
        tries = limited(sys.executable, "-c", tried)
        found = json.loads(subprocess.run(tries, cwd=ROOT, capture_output=True, check=True).stdout)
        assert found["look"]
        assert found["others"]
        assert found["back"]
        assert lent.read_text() == 'LANG=nl\nhttp_proxy="http://wacht:3128"\n'
        assert not any(found[name] for name in ("write", "own", "port", "network"))
        assert found["pupil"][0] == str(PUPIL)
        assert {int(one, 16) for one in found["pupil"][1:]} == {0}, "a program of the session has none of these rights"
        assert homework.poll() is None, "a program that nobody knows is nobody's business"
    finally:
        for process in (agent, discord, homework):
            process.kill()
            process.wait()
        shutil.rmtree(folder)
