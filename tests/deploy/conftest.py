"""A bare Debian 12 with the bundle of this very tree in it, made once for all tests that install it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
_ROOMY = 8 * 2**30  # bytes


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where nobody may mount control groups (in some containers) systemd cannot run: its tests are left out, aloud."""
    booted = [item for item in items if item.path.name == "test_booted.py"]
    if not booted or _makes_groups():
        return
    items[:] = [item for item in items if item not in booted]
    config.hook.pytest_deselected(items=booted)
    print("\nsystemd cannot run here (no control groups can be mounted): its tests are left out")


def _makes_groups() -> bool:
    """Whether this machine lets root mount control groups; who is not root hears of that by `needs`."""
    if os.geteuid() != 0:
        return True
    look = ["unshare", "--mount", "--cgroup", "mount", "-t", "cgroup2", "groups", "/mnt"]
    return subprocess.run(look, capture_output=True, check=False).returncode == 0


def needs() -> None:
    if os.geteuid() != 0:
        pytest.skip("making a root of a bare Debian needs root")
    for tool in ("debootstrap", "unshare", "setpriv"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (sudo apt-get install debootstrap util-linux)")


@pytest.fixture(scope="session")
def debian() -> Iterator[Path]:
    """A bare Debian 12 that is used by nobody, only copied. In `/root`: the bundle, and a newer one."""
    needs()
    with tempfile.TemporaryDirectory(prefix="klaswacht-install-") as place, in_memory(Path(place)) as folder:
        root, dist = folder / "root", folder / "dist"
        with telling("a bare Debian"):
            command = ["debootstrap", "--variant=minbase", "--include=systemd", "bookworm", str(root)]
            subprocess.run(command, check=True, capture_output=True)
        with telling("the bundle"):
            subprocess.run([ROOT / "deploy/bundle.sh", str(dist)], check=True, capture_output=True, cwd=ROOT)
        with telling("unpacking"):
            bundle = next(dist.glob("*.tar.gz"))
            (root / "root/bundle").mkdir()
            to = ["-C", str(root / "root/bundle"), "--strip-components=1"]
            subprocess.run(["tar", "-xzf", str(bundle), *to], check=True)
            shutil.copytree(root / "root/bundle", root / "root/newer", copy_function=os.link, symlinks=True)
            newer(root / "root/newer")
            shutil.copy(Path(__file__).parent / "older.py", root / "root/older.py")
        yield root


@contextmanager
def a_copy(root: Path, name: str) -> Iterator[Path]:
    """A machine of one's own, beside the one that it is copied from."""
    mine = root.with_name(name)
    subprocess.run(["cp", "-a", str(root), str(mine)], check=True)
    try:
        yield mine
    finally:
        shutil.rmtree(mine)


@contextmanager
def telling(what: str) -> Iterator[None]:
    """How many seconds it took, for whoever reads the run (`-s`)."""
    began = time.monotonic()
    yield
    print(f"install-test: {what}: {time.monotonic() - began:.0f} s")


@contextmanager
def in_memory(folder: Path) -> Iterator[Path]:
    """The folder on a disk of memory, where there is plenty: a package's every file is otherwise waited for."""
    roomy = psutil.virtual_memory().available > _ROOMY
    command = ["mount", "-t", "tmpfs", "-o", "size=6g,mode=0755", "klaswacht-install", str(folder)]
    mounted = roomy and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def newer(folder: Path) -> None:
    """The same bundle under a later number, as an upgrade would be. What it shares with the other is not written."""
    version = (folder / "VERSION").read_text().strip()
    for name in ("VERSION", "install.sh", "SHA256SUMS"):
        text = (folder / name).read_text()
        (folder / name).unlink()
        (folder / name).write_text(text)
    (folder / "install.sh").chmod(0o755)
    (folder / "VERSION").write_text("9.9.9\n")
    wheel = next(folder.glob(f"wheels/klaswacht-{version}-*.whl"))
    script = (folder / "install.sh").read_text()
    (folder / "install.sh").write_text(script.replace("wheels/klaswacht-$version-", f"wheels/{wheel.name[:10]}"))
    sums = "find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS"
    subprocess.run(["sh", "-c", sums], cwd=folder, check=True)
