"""A bare Debian 12, the bundle and its script: from nothing to the first page that is closed, and a way back.

Needs root, debootstrap and a Debian mirror, and takes minutes: `make install-test`, not part of the other runs.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import a_copy

pytestmark = [pytest.mark.install, pytest.mark.timeout(1800)]

# What systemd would do by the units: their users, what they are handed, and no rights at all.
INSIDE = """
set -eu
R=$1
mount -t proc proc $R/proc
mount --bind /dev $R/dev
ip link set lo up
chroot $R sh -eu <<'IN'
{inside}
IN
"""
SERVICES = (Path(__file__).parent / "services.sh").read_text()


@pytest.fixture(scope="module")
def bare(debian: Path) -> Iterator[Path]:
    """A machine on which systemd does not run, for all tests here."""
    with a_copy(debian, "bare") as root:
        yield root


def shell(root: Path, inside: str) -> str:
    command = ["unshare", "-m", "-n", "-p", "-f", "--kill-child", "sh", "-s", str(root)]
    done = subprocess.run(
        command, input=INSIDE.replace("{inside}", inside), capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


def test_from_a_bare_machine_to_the_first_page_that_is_closed(bare: Path) -> None:
    told = shell(
        bare,
        f"""/root/bundle/install.sh
{SERVICES}
desk
proxy
host=$(sed -n 's|.* http://\\(.*\\)/$|\\1|p' /tmp/desk.log | head -1)
echo "HOST $host"
echo "PAGE $(http_proxy=http://127.0.0.1:8080 get http://$host/ | head -c 400)"
for one in accounts/accounts.db secrets/answers secrets/second-factor secrets/columns ca/mitmproxy-ca.pem school.yaml \\
        extension/klaswacht.crx; do
    if (as klaswacht-proxy cat /var/lib/klaswacht/$one) >/dev/null 2>&1; then echo "READS $one"; fi
done
for place in /var/lib/klaswacht /opt/klaswacht /etc/klaswacht; do
    if (as klaswacht-proxy touch $place/x) 2>/dev/null; then echo "WRITES $place"; fi
done
/usr/local/bin/klaswacht account first-link
stop_both
""",
    )
    assert re.search(r"^HOST \S+\.\S+$", told, re.MULTILINE)
    assert re.search(r"^PAGE 403 ", told, re.MULTILINE), told
    assert re.findall(r"^READS (.*)$", told, re.MULTILINE) == ["school.yaml", "extension/klaswacht.crx"], "no secret"
    assert "WRITES" not in told
    assert "/wachtwoord/" in told


def test_a_newer_version_brings_an_older_school_along_and_there_is_a_way_back(bare: Path) -> None:
    told = shell(
        bare,
        f"""{SERVICES}
umask 027
older() {{ (as klaswacht-desk $K/python - "$1") </root/older.py; }}
older make
/root/newer/install.sh
echo "NOW $(readlink /opt/klaswacht/current)"
older raw
desk
proxy
older tell
stop_both
/root/newer/install.sh back
echo "THEN $(readlink /opt/klaswacht/current)"
older raw
desk
proxy
stop_both
""",
    )
    assert "NOW 9.9.9" in told
    assert re.search(r"^THEN 0\.", told, re.MULTILINE)
    older = re.search(r"^OLDER (\d+) of (\d+)$", told, re.MULTILINE)
    assert older is not None and older[1] < older[2], told
    # Nothing was brought up before a guard ran; then everybody is there; and the way back is the file of before.
    assert re.findall(r"^RAW (\d+) (\d+)$", told, re.MULTILINE) == [(older[1], "40")] * 2
    assert re.findall(r"^PUPILS (\d+) GROUPS (\d+)$", told, re.MULTILINE) == [("40", "2")]


@pytest.mark.evasion("S22")
def test_a_bundle_that_was_changed_is_not_installed(bare: Path) -> None:
    told = shell(
        bare,
        """cp -a /root/bundle /root/bad
echo x >>/root/bad/wheels/$(ls /root/bad/wheels | head -1)
if /root/bad/install.sh; then echo INSTALLED; else echo REFUSED; fi
""",
    )
    assert "REFUSED" in told
