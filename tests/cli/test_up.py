"""`klaswacht up` for real: own processes, ports of the system's choice, and the two lines of curl that it prints."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from cli.places import cores
from config import load
from config.texts import say

START_WITHIN = 90.0  # seconds, on a machine that does other things too
COMMAND = Path(sys.executable).with_name("klaswacht")
RULE = say("cli.up.running", school="Onze school", protocol="kalisto")


@dataclass(slots=True)
class Guard:
    """One running `klaswacht up`; `told` is what it printed."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def told(self) -> str:
        return self.log.read_text()

    @property
    def curls(self) -> list[str]:
        return [line.strip() for line in self.told.splitlines() if line.strip().startswith("curl ")]

    @property
    def dashboard(self) -> str:
        return re.search(r"https://127\.0\.0\.1:\d+", self.told)[0]

    def port(self, label: str) -> int:
        return int(re.search(rf"{say(label)} +127\.0\.0\.1:(\d+)", self.told)[1])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"KLASWACHT_HOME": str(home)}


def write_school(home: Path) -> None:
    """The template as a school gets it, on free ports."""
    home.mkdir(exist_ok=True, mode=0o700)
    load.write_template(home / "school.yaml")
    text = (home / "school.yaml").read_text()
    for port in ("8080", "8081", "8443"):
        assert f": {port} " in text
        text = text.replace(f": {port} ", ": 0 ")
    (home / "school.yaml").write_text(text)


@contextlib.contextmanager
def guard(home: Path, log: Path, *flags: str, said: str = "") -> Iterator[Guard]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [COMMAND, "up", *flags],
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Guard(process, log)
    try:
        end = time.monotonic() + START_WITHIN
        while said not in running.told if said else len(running.curls) < 2:
            assert process.poll() is None, f"it ended:\n{running.told}"
            assert time.monotonic() < end, f"it did not start in time:\n{running.told}"
            time.sleep(0.1)
        yield running
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("a school") / "var"
    write_school(home)
    return home


@pytest.fixture(scope="module")
def up(home: Path) -> Iterator[Guard]:
    with guard(home, home.parent / "first.log", "--monitor", "127.0.0.1:0") as running:
        yield running


@pytest.fixture
def curl() -> None:
    if not any((Path(folder) / "curl").exists() for folder in os.environ["PATH"].split(os.pathsep)):
        pytest.skip("curl is not installed (sudo apt-get install curl)")


def wait_for(what, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def workers(home: Path) -> dict[int, str]:
    """Process id to kind, of everything that the guard of this home started."""
    found = {}
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = place.read_bytes().split(b"\0")
            if b"cli.worker" in words and str(home).encode() in words:
                found[int(place.parent.name)] = words[words.index(b"cli.worker") + 1].decode()
    return found


def test_machines_that_watch_are_told_that_it_is_ready_and_what_it_counted(up: Guard, curl: None) -> None:
    base = re.search(r"(http://127\.0\.0\.1:\d+)/readyz", up.told)[1]
    with httpx.Client(trust_env=False, verify=False, timeout=30) as ask:

        def denied() -> float:
            found = re.search(r'^klaswacht_requests_total{effect="deny"} (\S+)', ask.get(f"{base}/metrics").text, re.M)
            return float(found[1])

        assert ask.get(f"{base}/healthz").status_code == 200
        wait_for(lambda: ask.get(f"{base}/readyz").status_code == 200)
        before = denied()
        subprocess.run(shlex.split(up.curls[0]), stdout=subprocess.DEVNULL, check=False, timeout=60)
        wait_for(lambda: denied() > before)
        assert ask.get(f"{up.dashboard}/readyz").json()["ready"] is True
        wait_for(lambda: 'klaswacht_dashboard_answers_total{status="2xx"} 0.0' not in ask.get(f"{base}/metrics").text)


def test_it_says_what_to_open(up, home):
    assert RULE in up.told
    assert str(home / "school.yaml") in up.told
    assert str(home / "ca" / "klaswacht-ca.crt") in up.told
    assert list(workers(home).values()).count("proxy") == cores()
    assert say("workers.cores", count=cores()) in up.told


@pytest.mark.parametrize(
    ("wrong", "why"), [("0", b"greater than or equal to 1"), ("17", b"less than or equal to 16"), ("many", b"integer")]
)
def test_a_wrong_number_of_workers_is_told_before_anything_starts(tmp_path, wrong, why):
    command = [COMMAND, "up", "--workers", wrong]
    done = subprocess.run(command, env=environment(tmp_path / "var"), capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"Invalid value for '--workers'" in done.stderr
    assert why in done.stderr
    assert not (tmp_path / "var").exists()


def test_a_reload_without_a_guard_says_what_to_do(tmp_path):
    done = subprocess.run(
        [COMMAND, "reload"], env=environment(tmp_path / "var"), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert b"no guard runs" in done.stderr
    assert b"klaswacht up" in done.stderr


@pytest.mark.usefixtures("curl")
@pytest.mark.parametrize("number", [0, 1], ids=["http", "https"])
def test_both_lines_of_curl_show_the_page_of_a_closed_site(up, number):
    line = up.curls[number]
    clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    words = [*shlex.split(line), "--silent", "--show-error", "--include", "--max-time", "30"]
    done = subprocess.run(words, env=clean, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^HTTP/[12.]+ 403", done.stdout, re.MULTILINE)
    assert '<html lang="nl"' in done.stdout
    assert any(say(f"page.{why}.title") in done.stdout for why in ("place", "locked"))
    assert "cache-control: no-store" in done.stdout.lower()


def test_the_page_is_there_for_a_client_that_trusts_the_schools_ca_only(up, home):
    trust = ssl.create_default_context(cafile=str(home / "ca" / "klaswacht-ca.crt"))
    url = shlex.split(up.curls[1])[-1]
    proxy = f"http://127.0.0.1:{up.port('cli.up.proxy')}"
    with httpx.Client(proxy=proxy, verify=trust, trust_env=False, timeout=30) as client:
        answer = client.get(url)
    assert answer.status_code == 403
    assert '<html lang="nl"' in answer.text


def test_the_dashboard_is_reached_over_the_schools_own_certificate(up, home):
    trust = ssl.create_default_context(cafile=str(home / "ca" / "klaswacht-ca.crt"))
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(verify=trust, trust_env=False, timeout=30, follow_redirects=True) as client:
        assert client.get(up.dashboard).status_code == 200
        link = re.search(rf"{re.escape(up.dashboard)}/wachtwoord/\S+", up.told)[0]
        page = client.get(link)
    assert page.status_code == 200
    assert "coordinator" in page.text


def test_a_second_guard_in_the_same_folder_is_told_so(up, home):
    done = subprocess.run([COMMAND, "up"], env=environment(home), capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert b"already" in done.stderr


def test_a_port_that_is_taken_is_told_before_anything_starts(up, tmp_path):
    taken = up.port("cli.up.proxy")
    write_school(tmp_path / "var")
    file = tmp_path / "var" / "school.yaml"
    file.write_text(file.read_text().replace("proxy: 0 ", f"proxy: {taken} "))
    done = subprocess.run(
        [COMMAND, "up"], env=environment(tmp_path / "var"), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert f"port {taken} " in line
    assert "`listen.proxy`" in line
    assert not (tmp_path / "var" / "ca").exists()


def test_the_doctor_finds_a_running_guard_in_order(up, home):
    done = subprocess.run([COMMAND, "doctor"], env=environment(home), capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout.decode()
    assert b"fail  " not in done.stdout


def test_a_worker_that_dies_comes_back_and_the_rest_keeps_answering(up, home):
    before = workers(home)
    victim = next(pid for pid, kind in before.items() if kind == "proxy")
    os.kill(victim, signal.SIGKILL)
    end = time.monotonic() + START_WITHIN
    while list(workers(home).values()).count("proxy") < cores() or victim in workers(home):
        assert time.monotonic() < end
        time.sleep(0.1)
    with socket.create_connection(("127.0.0.1", up.port("cli.up.proxy")), 10):
        pass


def test_ctrl_c_stops_all_of_it_and_the_next_start_keeps_everything(up, home):
    ca = (home / "ca" / "mitmproxy-ca.pem").read_bytes()
    assert up.stop() == 0
    assert not workers(home)
    assert up.told.rstrip().endswith(say("cli.up.stopped"))
    text = (home / "school.yaml").read_text()
    (home / "school.yaml").write_text(text.replace("# workers: 2", "workers: 2"))
    with guard(home, home.parent / "second.log", "--workers", "3") as again:
        assert list(workers(home).values()).count("proxy") == 3, "the flag goes before the file"
        assert say("workers.flag", count=3) in again.told
        assert (home / "ca" / "mitmproxy-ca.pem").read_bytes() == ca
        assert say("cli.up.new_rules", file=home / "school.yaml", number=1) not in again.told
        assert "/wachtwoord/" in again.told, "nobody has set a password yet"
        # Killed without a word: nothing of it stays behind.
        again.process.kill()
        again.process.wait()
        end = time.monotonic() + 30
        while workers(home):
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.mark.evasion("S14")
@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("harm", [b"", b"this is no database" * 500], ids=["emptied", "garbage"])
def test_a_guard_with_a_broken_database_comes_up_with_its_last_rules_and_goes_on_when_it_is_mended(
    tmp_path: Path, harm: bytes, curl: None
) -> None:
    home = tmp_path / "var"
    write_school(home)
    with guard(home, tmp_path / "first.log") as first:
        wait_for((home / ".laatste-stand").exists)
        closed_site = first.curls[0].split()[-1]
        assert first.stop() == 0
    database = home / "klaswacht.db"
    whole = database.read_bytes()
    for rest in ("-wal", "-shm"):
        database.with_name(database.name + rest).unlink(missing_ok=True)
    database.write_bytes(harm)
    with guard(home, tmp_path / "second.log", "--monitor", "127.0.0.1:0", said="readyz") as second:
        base = re.search(r"(http://127\.0\.0\.1:\d+)/readyz", second.told)[1]
        with httpx.Client(trust_env=False, verify=False, timeout=30) as ask:
            wait_for(lambda: ask.get(f"{base}/readyz").json()["parts"]["policy"], 180)
            assert ask.get(f"{base}/readyz").json()["parts"]["store"] is False
            wait_for(lambda: "klaswacht restore" in second.told)
            assert database.read_bytes() == harm, "a new one in its place would know nobody"
            wait_for(lambda: say("cli.up.proxy") in second.told)
            port = second.port("cli.up.proxy")
            with httpx.Client(trust_env=False, proxy=f"http://127.0.0.1:{port}", timeout=30) as pupil:
                closed = pupil.get(closed_site, headers={"Accept": "text/html"})
            assert closed.status_code == 403
            new = database.with_suffix(".new")
            new.write_bytes(whole)
            new.replace(database)
            wait_for(lambda: ask.get(f"{base}/readyz").status_code == 200, 120)
            wait_for(lambda: answers(ask, f"{second.dashboard}/readyz"), 180)


def answers(ask: httpx.Client, url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return ask.get(url).status_code == 200
    return False
