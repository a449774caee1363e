"""A network of the bench's own, and what processes use of a core and of memory.

All processes of a run live in namespaces of their own (`unshare`): one loopback device that carries `ORIGIN` too, and a
hosts file that nobody else sees. So every proxy finds every name in the same way, its system's own, on the real port
443; and the address of the sites is one out in the world to whatever judges addresses. Nothing leaves the machine, and
`/etc/hosts` itself is not touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

ORIGIN = "9.9.9.10"
"""Where all sites are: an address out in the world, which in this network is on our own loopback."""

LOADER_CORE, PROXY_CORE = 0, 1
_INSIDE = "KLASWACHT_BENCH_INSIDE"
_MS_BIND = 4096  # mount(2)
_TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")  # microseconds


def move_in(program: str, arguments: Sequence[str]) -> None:
    """Start a program (a module's name) again in namespaces of its own; returns only when it is there already."""
    if os.environ.get(_INSIDE):
        return
    if not shutil.which("unshare") or not shutil.which("ip"):
        sys.exit(f"{program} needs Linux with `unshare` and `ip` (apt install util-linux iproute2)")
    rights = [] if os.geteuid() == 0 else ["--map-current-user", "--keep-caps"]
    command = ["unshare", "--mount", "--net", *rights, sys.executable, "-m", program, *arguments]
    os.execvpe("unshare", command, os.environ | {_INSIDE: "1"})


def furnish(folder: Path, names: Iterable[str]) -> None:
    """Bring the network up, with `names` in its hosts file.

    Raises `CalledProcessError` or `OSError` without the right to it.
    """
    # A route and no address: the guard goes to none of the addresses that its own machine has.
    for line in ("link set lo up", f"route add local {ORIGIN}/32 dev lo"):
        subprocess.run(["ip", *line.split()], check=True)
    hosts = folder / "hosts"
    own = f"127.0.0.1 localhost {os.uname().nodename}\n"
    hosts.write_text(own + "".join(f"{ORIGIN} {name}\n" for name in names))
    hosts.chmod(0o644)
    # The call itself: the program `mount` wants to be root, and what is needed here is only the right to it.
    if ctypes.CDLL(None, use_errno=True).mount(str(hosts).encode(), b"/etc/hosts", None, _MS_BIND, None):
        raise OSError(ctypes.get_errno(), "the hosts file of the bench could not be put in place")


def start(
    command: Sequence[str], log: Path, cores: Iterable[int], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process on `cores`, in a process group of its own, with what it says in `log`."""
    pinned = ["taskset", "-c", ",".join(str(core) for core in cores), *command]
    with log.open("ab") as out:
        return subprocess.Popen(
            pinned,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """End a process that `start` started, and all of its group."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def family(root: int) -> list[int]:
    """The process and all its descendants that live now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int(_fields(int(entry.name))[1]), []).append(int(entry.name))
    found, to_see = [], [root]
    while to_see:
        pid = to_see.pop()
        found.append(pid)
        to_see += children.get(pid, [])
    return found


def cpu(pids: Iterable[int]) -> float:
    """Microseconds of user and system time of the processes so far, with those of their children that have ended."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += sum(int(one) for one in _fields(pid)[11:15])
    return total * _TICK


def memory(pids: Iterable[int]) -> float:
    """KB of memory of the processes: their own, and their share of what they share (PSS)."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


def connections(pid: int, port: int) -> int:
    """How many accepted connections on a listening port of ours the process holds."""
    here = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "01" and int(fields[1].rpartition(":")[2], 16) == port:
            here.add(f"socket:[{fields[9]}]")
    total = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            total += str(entry.readlink()) in here
    return total


def until(ready: Callable[[], bool], what: str, seconds: float, log: Path | None = None) -> None:
    """Wait until `ready()` is true. Raises `RuntimeError` with the end of the log."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            told = log.read_text("utf-8", "replace")[-3000:] if log and log.exists() else ""
            raise RuntimeError(f"{what} did not get ready within {seconds:.0f} s\n{told}")
        time.sleep(0.05)


def settled(root: int, seconds: float = 30.0) -> bool:
    """Wait until a process and its descendants rest: under 2 % of a core for half a second; False when they do not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = cpu(family(root))
        time.sleep(0.5)
        if cpu(family(root)) - before <= _TICK:
            return True
    return False


def _fields(pid: int) -> list[str]:
    """The fields of `stat` from the state on (the third, proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
