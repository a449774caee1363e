"""A bare Debian 12, the bundle and its script: from nothing to the first page that is closed, and a way back.

Needs root, debootstrap and a Debian mirror, and takes minutes: `make install-test`, not part of the other runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
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


def needs() -> None:
    if os.geteuid() != 0:
        pytest.skip("it must be root")
    for tool in ("debootstrap", "unshare", "setpriv"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (sudo apt-get install debootstrap util-linux)")


def shell(root: Path, inside: str) -> str:
    command = ["unshare", "-m", "-n", "-p", "-f", "--kill-child", "sh", "-s", str(root)]
    done = subprocess.run(
        command, input=INSIDE.replace("{inside}", inside), capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def bare() -> Iterator[Path]:
    """A bare Debian 12, with the bundle of this very tree in it."""
    needs()
    with tempfile.TemporaryDirectory(prefix="klaswacht-install-") as folder:
        root, dist = Path(folder) / "root", Path(folder) / "dist"
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(root)], check=True, capture_output=True)
        subprocess.run([ROOT / "deploy/bundle.sh", str(dist)], check=True, capture_output=True, cwd=ROOT)
        bundle = next(dist.glob("*.tar.gz"))
        for name in ("bundle", "newer"):
            (root / "root" / name).mkdir()
            to = ["-C", str(root / "root" / name), "--strip-components=1"]
            subprocess.run(["tar", "-xzf", str(bundle), *to], check=True)
        newer(root / "root/newer")
        yield root


def newer(folder: Path) -> None:
    """The same bundle under a later number, as an upgrade would be."""
    version = (folder / "VERSION").read_text().strip()
    (folder / "VERSION").write_text("9.9.9\n")
    wheel = next(folder.glob(f"wheels/klaswacht-{version}-*.whl"))
    script = (folder / "install.sh").read_text()
    (folder / "install.sh").write_text(script.replace("wheels/klaswacht-$version-", f"wheels/{wheel.name[:10]}"))
    sums = "find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS"
    subprocess.run(["sh", "-c", sums], cwd=folder, check=True)


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


def test_a_newer_version_takes_its_place_and_there_is_a_way_back(bare: Path) -> None:
    told = shell(
        bare,
        f"""/root/newer/install.sh
{SERVICES}
echo "NOW $(readlink /opt/klaswacht/current)"
desk
proxy
stop_both
/root/newer/install.sh back
echo "THEN $(readlink /opt/klaswacht/current)"
desk
proxy
stop_both
""",
    )
    assert "NOW 9.9.9" in told
    assert re.search(r"^THEN 0\.", told, re.MULTILINE)


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
