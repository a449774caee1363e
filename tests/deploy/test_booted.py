"""The same bundle on a Debian 12 that was started by systemd: both services run, are shut in, and come back.

Needs root, debootstrap and a Debian mirror, and takes minutes: `make install-test`, not part of the other runs.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.deploy.conftest import a_copy, telling

pytestmark = [pytest.mark.install, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
TOOLS = (HERE / "services.sh").read_text()
READY = "get http://127.0.0.1:9464/readyz | grep -q 'ready.: true'"
DESK, PROXY = "klaswacht-desk.service", "klaswacht-proxy.service"
_LONG = 300.0  # seconds, for whatever is waited for
_STANDS = re.compile("running|degraded")


class Machine:
    """A machine by the process id of its systemd, as this machine sees it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def tries(self, inside: str) -> subprocess.CompletedProcess[str]:
        """A script in it, as root."""
        enter = ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-C"]
        clean = ["env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "sh", "-eu"]
        return subprocess.run(
            [*enter, *clean], input=inside, capture_output=True, text=True, timeout=_LONG, check=False
        )

    def does(self, inside: str) -> str:
        """The same where it must work; what it said."""
        done = self.tries(inside)
        assert done.returncode == 0, f"{inside}\n{done.stdout[-3000:]}{done.stderr[-3000:]}\n{self.journal()}"
        return done.stdout

    def until(self, inside: str) -> None:
        """Again and again, until it works."""
        end = time.monotonic() + _LONG
        while self.tries(inside).returncode != 0:
            assert time.monotonic() < end, f"never: {inside}\n{self.journal()}"
            time.sleep(0.25)

    def journal(self) -> str:
        """What the services said last."""
        return self.tries(f"journalctl --no-pager -n 60 -u {DESK} -u {PROXY}").stdout

    def main(self, service: str) -> int:
        """The first process of a service."""
        return int(self.does(f"systemctl show -P MainPID {service}"))

    def ready(self) -> None:
        """Both run, and the proxy carries by the school's rules."""
        self.until(f"systemctl is-active -q {DESK} {PROXY}")
        self.until(TOOLS + READY)

    def closed(self, host: str) -> bool:
        """Whether a pupil's device that asks for it is told no, by the page."""
        page = self.does(f"{TOOLS}\nexport http_proxy=http://127.0.0.1:8080\nget http://{host}/")
        return page.startswith("403 ") and "<h1" in page


@pytest.fixture(scope="module")
def machine(debian: Path) -> Iterator[Machine]:
    """A machine that was started, without Klaswacht."""
    with a_copy(debian, "booted") as root:
        running = subprocess.Popen([HERE / "boot.sh", str(root)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            found = Machine(_first_process(running))
            end = time.monotonic() + _LONG
            while not _STANDS.match(found.tries("systemctl is-system-running").stdout):
                assert time.monotonic() < end and running.poll() is None, "systemd did not start"
                time.sleep(0.25)
            yield found
        finally:
            for one in psutil.Process(running.pid).children(recursive=True):
                if one.name() == "systemd":
                    one.kill()
            running.wait(_LONG)


def _first_process(running: subprocess.Popen[bytes]) -> int:
    """The machine's systemd, as soon as it is one."""
    end = time.monotonic() + _LONG
    while time.monotonic() < end and running.poll() is None:
        for one in psutil.Process(running.pid).children(recursive=True):
            if one.name() == "systemd":
                return one.pid
        time.sleep(0.05)
    raise AssertionError("no systemd was started")


def test_systemd_starts_both_shuts_them_in_and_brings_them_back(machine: Machine) -> None:
    with telling("install.sh where systemd runs, to the first closed page"):
        machine.does("/root/bundle/install.sh")
        machine.ready()
        said = machine.does(f"journalctl --no-pager -o cat -u {DESK}")
        found = re.search(r" http://(\S+)/$", said, re.MULTILINE)
        assert found is not None, said
        assert machine.closed(found[1])
    # Not even who is root in the proxy's own view of the machine sees them.
    view = f"nsenter -t {machine.main(PROXY)} -m "
    assert machine.does(f"{view} cat /var/lib/klaswacht/school.yaml")
    for hidden in ("accounts/accounts.db", "secrets/answers", "secrets/columns", "ca/mitmproxy-ca.pem"):
        assert machine.does(f"test -s /var/lib/klaswacht/{hidden}") == ""
        assert machine.tries(f"{view} cat /var/lib/klaswacht/{hidden}").returncode != 0, hidden
    assert machine.tries(f"{view} touch /var/lib/klaswacht/x /opt/klaswacht/x").returncode != 0

    for service in (PROXY, DESK):
        before = machine.main(service)
        machine.does(f"kill -9 {before}")
        if service == DESK:
            assert machine.closed(found[1]), "the proxy goes on without it"
        machine.until(f"test $(systemctl show -P NRestarts {service}) = 1")
        machine.ready()
        assert machine.main(service) != before
        assert machine.closed(found[1])

    with telling("an upgrade where systemd runs"):
        machine.does("/root/newer/install.sh")
        machine.ready()
    assert machine.does("readlink /opt/klaswacht/current").strip() == "9.9.9"
    assert machine.closed(found[1])


CP = """#!/bin/sh
case "$*" in *before*accounts*) exit 1 ;; esac
exec /bin/cp "$@"
"""
"""A `cp` that breaks off the way back at the second part."""


def test_a_way_back_that_broke_off_is_gone_on_with_and_what_came_after_is_kept(machine: Machine) -> None:
    machine.does("/root/newer/install.sh")  # the same once more, as somebody does who is not sure: the way back stays
    machine.ready()
    machine.does("touch /var/lib/klaswacht/db/came-after")
    machine.does(f"mkdir /tmp/broken\ncat >/tmp/broken/cp <<'CP'\n{CP}CP\nchmod +x /tmp/broken/cp")
    back = "/opt/klaswacht/current/install.sh back"
    broken = machine.tries(f"PATH=/tmp/broken:$PATH {back}")
    assert broken.returncode != 0 and "type it once more" in broken.stdout
    assert machine.tries(f"systemctl is-enabled -q {DESK}").returncode != 0, "nobody starts with half a school"
    assert machine.tries(f"systemctl is-active -q {DESK} {PROXY}").returncode != 0
    machine.does(back)
    machine.ready()
    machine.does(f"systemctl is-enabled -q {DESK} {PROXY}")
    assert machine.does("readlink /opt/klaswacht/current").startswith("0.")
    assert machine.does("ls /var/lib/klaswacht/after/9.9.9-*/db/came-after")
    assert machine.tries("ls /var/lib/klaswacht/db/came-after").returncode != 0


def test_a_second_machine_has_no_desk_whoever_starts_it(machine: Machine) -> None:
    machine.does(f"systemctl stop {DESK} {PROXY}\ntouch /etc/klaswacht/no-desk\nsystemctl start {DESK} {PROXY}")
    machine.until(TOOLS + READY)
    assert machine.tries(f"systemctl is-active -q {DESK}").returncode != 0
    machine.does(f"systemctl enable {DESK}")
