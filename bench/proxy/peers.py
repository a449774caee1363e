"""The proxies that are measured, and how each is started: all on core 1, except Klaswacht with two workers.

Stock mitmdump runs with `-q` and its default addons, and knows the sites' CA. Squid has no cache and, cheapest for it,
no access log; its CA is on P-256 and it keeps the certificates that it made in memory. HAProxy is no forward proxy: it
is spoken TLS to at once, and looks at the name in it: the floor. Klaswacht is `klaswacht up`, all of its processes
counted, with one worker and the dashboard.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.proxy import house, school
from bench.proxy.origin import authority
from cli.home import Home

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
_CERTGEN = ("/usr/lib/squid/security_file_certgen", "/usr/lib64/squid/security_file_certgen")
NAMES = {
    "klaswacht": "Klaswacht",
    "klaswacht2": "Klaswacht, 2 workers",
    "mitmdump": "stock mitmdump",
    "squid-bump": "Squid, bump all",
    "squid-splice": "Squid, splice all",
    "haproxy": "HAProxy, TCP",
}
"""What the tables call them."""

RAW = {"squid-splice", "haproxy"}
"""These look into nothing."""

_PORTS = {"klaswacht": 8081, "klaswacht2": 8091, "mitmdump": 8101, "squid-bump": 8111, "squid-splice": 8121,
          "haproxy": 8131}  # fmt: skip


@dataclass(slots=True)
class Proxy:
    """One running proxy. `connect`: it is asked with CONNECT; `denies`: it keeps the school's rules."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    port: int
    connect: bool = True
    denies: bool = False
    tunnels: frozenset[str] = field(default_factory=frozenset)
    home: Path | None = None

    @property
    def title(self) -> str:
        return NAMES[self.name]

    def raw(self, host: str) -> bool:
        """Whether a connection to the host must pass unopened."""
        return self.name in RAW or host in self.tunnels

    def family(self) -> list[int]:
        """All of its processes."""
        return house.family(self.process.pid)

    def workers(self) -> list[int]:
        """The processes that carry connections."""
        if not self.denies:
            return [self.process.pid]
        return [pid for pid in self.family() if b"cli.worker\0proxy" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def alive(self) -> bool:
        return self.process.poll() is None


@dataclass(frozen=True, slots=True)
class Ground:
    """What the proxies are started from: a folder, the sites' CA, the list, what Klaswacht tunnels, and the groups."""

    folder: Path
    trust: Path
    names: Path
    tunnels: frozenset[str]
    groups: tuple[str, ...] = school.GROUPS


def missing() -> dict[str, str]:
    """What is not installed here, and how it is."""
    found: dict[str, str] = {}
    squid = shutil.which("squid", path=_PATH)
    if not squid or not any(Path(one).exists() for one in _CERTGEN):
        found |= dict.fromkeys(("squid-bump", "squid-splice"), "apt install squid-openssl")
    if not shutil.which("haproxy", path=_PATH):
        found["haproxy"] = "apt install haproxy"
    if importlib.util.find_spec("mitmproxy") is None or not _mitmdump().exists():
        found["mitmdump"] = "pip install mitmproxy, in the environment of this Python"
    return found


def versions() -> str:
    """Which versions of the peers are here, in a line."""
    told = [f"mitmproxy {importlib.metadata.version('mitmproxy')}"]
    for program, flag in (("squid", "-v"), ("haproxy", "-v"), ("nginx", "-v")):
        if path := shutil.which(program, path=_PATH):
            said = subprocess.run([path, flag], capture_output=True, text=True, check=False)
            number = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
            told.append(f"{program} {number[0] if number else '?'}")
    return ", ".join(told)


def start(name: str, ground: Ground) -> Proxy:
    """Start a proxy in a fresh folder of its own and wait until it listens. Raises `RuntimeError` with its log."""
    for number in range(100):
        folder = ground.folder / f"{name}-{number}"
        if not folder.exists():
            break
    folder.mkdir()
    folder.chmod(0o755)
    log = folder / "log"
    made = _STARTS[name](name, ground, folder, log)

    def listens() -> bool:
        if made.process.poll() is not None:
            raise RuntimeError(f"{made.title} stopped:\n{log.read_text('utf-8', 'replace')[-3000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", made.port), 1):
            return True
        return False

    try:
        house.until(listens, made.title, 120, log)
        if made.denies:
            # It listens before its rules are there; the dashboard is the last to be ready.
            house.until(lambda: f":{made.port + 2}/" in log.read_text("utf-8", "replace"), made.title, 120, log)
    except RuntimeError:
        stop(made)
        raise
    if not made.workers():
        stop(made)
        raise RuntimeError(f"no process of {made.title} was recognised as a worker")
    if not house.settled(made.process.pid):  # what starting costs is no request's
        print(f"{made.title} does not rest before it is measured: its figures are too high", file=sys.stderr)
    return made


def stop(proxy: Proxy) -> None:
    """End it, and everything that it started."""
    left = proxy.family() if proxy.alive() else []
    house.stop(proxy.process, signal.SIGINT if proxy.denies else signal.SIGTERM)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _mitmdump() -> Path:
    return Path(sys.executable).with_name("mitmdump")


def _start_klaswacht(name: str, ground: Ground, folder: Path, log: Path) -> Proxy:
    port, two = _PORTS[name], name == "klaswacht2"
    kept = ground.folder / f"home-{name}"
    if not kept.exists():
        school.make(Home(kept), ground.trust, ground.names, 2 if two else 1, port, ground.groups)
    home = folder / "home"
    shutil.copytree(kept, home)
    program = "from cli.main import main; main()"
    cores = (house.LOADER_CORE, house.PROXY_CORE) if two else (house.PROXY_CORE,)
    process = house.start(
        (sys.executable, "-c", program, "up"), log, cores, {"KLASWACHT_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    )
    return Proxy(name, process, log, port, denies=True, tunnels=ground.tunnels, home=home)


def _start_mitmdump(name: str, ground: Ground, folder: Path, log: Path) -> Proxy:
    port = _PORTS[name]
    options = ("-q", "--listen-host", "127.0.0.1", "-p", str(port), "--set", f"confdir={folder}")
    trust = ("--set", f"ssl_verify_upstream_trusted_ca={ground.trust}")
    return Proxy(name, house.start((str(_mitmdump()), *options, *trust), log, (house.PROXY_CORE,)), log, port)


def _start_squid(name: str, ground: Ground, folder: Path, log: Path) -> Proxy:
    port = _PORTS[name]
    authority(folder / "ca.crt", folder / "ca.pem", "Bench Squid", datetime.now(UTC))
    listed = folder / "listed"
    with ground.names.open() as names, listed.open("w") as file:
        file.writelines(f".{line}" for line in names)
    helper = next(one for one in _CERTGEN if Path(one).exists())
    subprocess.run([helper, "-c", "-s", str(folder / "made"), "-M", "16MB"], check=True, capture_output=True)
    (folder / "squid.conf").write_text(_squid_file(port, folder, helper, ground, name.removeprefix("squid-")))
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            shutil.chown(path, "proxy")
    squid = shutil.which("squid", path=_PATH) or "squid"
    command = (squid, "-N", "-f", str(folder / "squid.conf"))
    return Proxy(name, house.start(command, log, (house.PROXY_CORE,)), log, port)


def _squid_file(port: int, folder: Path, helper: str, ground: Ground, way: str) -> str:
    return f"""
http_port 127.0.0.1:{port} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=64MB \
tls-cert={folder}/ca.pem
tls_outgoing_options cafile={ground.trust}
acl first at_step SslBump1
acl listed dstdomain "{folder}/listed"
ssl_bump peek first
ssl_bump {way} all
http_access deny listed
http_access allow all
sslcrtd_program {helper} -s {folder}/made -M 16MB
sslcrtd_children 4 startup=2 idle=1
cache deny all
cache_mem 8 MB
access_log none
cache_log {folder}/cache.log
cache_store_log none
pid_filename {folder}/squid.pid
coredump_dir {folder}
netdb_filename none
pinger_enable off
hosts_file /etc/hosts
dns_nameservers 127.0.0.1
max_filedescriptors 16384
shutdown_lifetime 1 second
client_persistent_connections on
server_persistent_connections on
"""


def _start_haproxy(name: str, ground: Ground, folder: Path, log: Path) -> Proxy:
    port = _PORTS[name]
    (folder / "haproxy.cfg").write_text(f"""
global
  maxconn 8000
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend pupils
  bind 127.0.0.1:{port}
  tcp-request inspect-delay 5s
  tcp-request content accept if {{ req_ssl_hello_type 1 }}
  use_backend sites if {{ req_ssl_sni -m found }}
backend sites
  server origin {house.ORIGIN}:443
""")
    haproxy = shutil.which("haproxy", path=_PATH) or "haproxy"
    command = (haproxy, "-db", "-f", str(folder / "haproxy.cfg"))
    return Proxy(name, house.start(command, log, (house.PROXY_CORE,)), log, port, connect=False)


_STARTS: dict[str, Callable[[str, Ground, Path, Path], Proxy]] = {
    "klaswacht": _start_klaswacht,
    "klaswacht2": _start_klaswacht,
    "mitmdump": _start_mitmdump,
    "squid-bump": _start_squid,
    "squid-splice": _start_squid,
    "haproxy": _start_haproxy,
}


def order(names: Sequence[str], round_number: int) -> list[str]:
    """The names in another order every round: turned, and every second time backwards."""
    turned = [*names[round_number % len(names) :], *names[: round_number % len(names)]]
    return turned[::-1] if round_number % 2 else turned
