"""A CUPS of a test: a private `cupsd` with a folder of its own, and a printer that counts what comes out of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CUPSD = shutil.which("cupsd") or "/usr/sbin/cupsd"
SERVER_BIN = Path("/usr/lib/cups")
PUPIL = "games"
"""An account of every machine that no one is: not root, and not in CUPS's group of administrators."""

_CONF = """LogLevel debug
Listen 127.0.0.1:{port}
Listen {socket}
DefaultAuthType Basic
Browsing No
WebInterface No
<Location />
  Order allow,deny
  Allow from 127.0.0.1
</Location>
<Location /admin>
  Order allow,deny
</Location>
<Location /admin/conf>
  AuthType Default
  Require user @SYSTEM
  Order allow,deny
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  <Limit Create-Job Print-Job Validate-Job>
    Order deny,allow
  </Limit>
  <Limit CUPS-Add-Modify-Printer CUPS-Delete-Printer Pause-Printer Resume-Printer CUPS-Accept-Jobs CUPS-Reject-Jobs>
    AuthType Default
    Require user @SYSTEM
    Order deny,allow
  </Limit>
  <Limit CUPS-Move-Job CUPS-Get-Document Cancel-Job Hold-Job Release-Job Set-Job-Attributes>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""
_FILES = """ServerRoot {root}
RequestRoot {root}/spool
CacheDir {root}/cache
StateDir {root}/state
DataDir /usr/share/cups
ServerBin {root}/bin
ErrorLog {root}/error_log
AccessLog {root}/access_log
PageLog {root}/page_log
TempDir {root}/spool/tmp
DocumentRoot /usr/share/cups/doc-root
SystemGroup root
FileDevice Yes
"""


def needed() -> None:
    """Skip where there is no CUPS, or where it cannot be run under accounts of others."""
    if not Path(CUPSD).exists() or shutil.which("lp") is None:
        pytest.skip("cups and cups-client are not installed (setup/machine.sh)")
    if os.geteuid() != 0:
        pytest.skip("a private cupsd with pupils of their own needs root")


class Sink:
    """A printer at a socket: what one connection brings is one paper. Until `go` is set it takes one byte."""

    def __init__(self) -> None:
        self.papers: list[bytes] = []
        self.began = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def uri(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                paper, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._take, args=(paper,), daemon=True).start()

    def _take(self, paper: socket.socket) -> None:
        with paper:
            taken = bytearray(paper.recv(1))
            if not taken:
                return
            self.began.set()
            self.go.wait(60)
            while more := paper.recv(65536):
                taken += more
            self.papers.append(bytes(taken))

    def close(self) -> None:
        """Take no more. The thread must be gone before its number of a socket is given to another one."""
        self.go.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._server.close()


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may enter, as `/run/cups` is: the one that pytest gives is closed to them."""
    with tempfile.TemporaryDirectory(prefix="cups-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


class PrivateCups:
    """One `cupsd` on loopback. `address` is `host:port`, for those who come over the network."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.socket = root / "cups.sock"
        self.conf = root / "cupsd.conf"
        for folder in ("spool/tmp", "cache", "state", "bin", "ppd", "ssl"):
            (root / folder).mkdir(parents=True)
        for folder in SERVER_BIN.iterdir():
            if folder.name != "backend":
                (root / "bin" / folder.name).symlink_to(folder)
        self.backends = root / "bin" / "backend"
        self.backends.mkdir()
        for name in ("socket", "ipp"):
            shutil.copy(SERVER_BIN / "backend" / name, self.backends / name)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.conf.write_text(_CONF.format(port=self.port, socket=self.socket))
        (root / "cups-files.conf").write_text(_FILES.format(root=root))
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [CUPSD, "-f", "-c", str(self.conf), "-s", str(self.root / "cups-files.conf")]
        with (self.root / "out").open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)
        until(self._answers, "cupsd does not answer")

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.root / "out").read_text() + (self.root / "error_log").read_text()
        with socket.socket(socket.AF_UNIX) as trial:
            return trial.connect_ex(str(self.socket)) == 0

    def kill(self) -> None:
        """`kill -9`, as a crash or a power cut; what it started stays as it is."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def run(self, *command: str, user: str | None = None, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a command of CUPS as an account of the machine, over the local socket unless it names a server."""
        environment = {"PATH": os.environ["PATH"], "CUPS_SERVER": str(self.socket), "HOME": "/nonexistent"}
        return subprocess.run(
            command, input=text, capture_output=True, user=user, env=environment, timeout=60, check=False, cwd="/"
        )


def until(true: Callable[[], object], otherwise: str, patience: float = 45.0) -> None:
    """Wait until something is so; how long it takes is not what is tested."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)
