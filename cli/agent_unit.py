"""The agent as a systemd service with an account of its own: what it may, what is written where, and all of it back."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "klaswacht-agent"
UNIT = "klaswacht-agent.service"
RIGHTS = ("CAP_KILL", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_SETUID", "CAP_SETGID")
"""End programs of others; see which file they run; read their files; show a note and settings in their session."""
PUT_BACK = ("environment", "hosts", "resolv.conf")
_UNIT = """\
# Written by `klaswacht agent install`; `klaswacht agent remove` takes it away.
[Unit]
Description=Klaswacht: the agreements of the school on this computer
After=network.target

[Service]
Type=exec
User={account}
SupplementaryGroups=tty
ExecStart={python} -m agent --home {home}
WorkingDirectory=/
Restart=always
RestartSec=2
UMask=0077
StateDirectory={state}
StateDirectoryMode=0700
# Beside those five rights it is an ordinary account, and stays one.
AmbientCapabilities={rights}
CapabilityBoundingSet={rights}
NoNewPrivileges=yes
# It writes its own folder, and the three files that it puts back. Homes it may read: a browser's settings are there.
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={files}
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
# It sees what others run, and never what is in their memory.
SystemCallFilter=~@debug @mount @reboot @swap process_vm_readv process_vm_writev
SystemCallErrorNumber=EPERM
KeyringMode=private
CPUWeight=20
MemoryHigh=120M
Environment=MALLOC_ARENA_MAX=1

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True, slots=True)
class System:
    """Where the system is. Another root is for trying it out: then no command of the system is given."""

    root: Path = Path("/")

    @property
    def unit(self) -> Path:
        """The file of the service."""
        return self.root / "etc/systemd/system" / UNIT

    @property
    def lent(self) -> Path:
        """Where it is written whose group which file had."""
        return self.root / "etc/systemd/system" / f".{UNIT}.json"

    @property
    def real(self) -> bool:
        """Whether this is the system that runs."""
        return self.root == Path("/")

    @property
    def runs(self) -> bool:
        """Whether systemd is in charge here."""
        return self.real and Path("/run/systemd/system").is_dir() and shutil.which("systemctl") is not None

    def files(self) -> Iterator[Path]:
        """The files in `/etc` that the agent puts back; what is a link is written by another program."""
        for name in PUT_BACK:
            path = self.root / "etc" / name
            if path.is_file() and not path.is_symlink():
                yield path


def unit(home: Path, python: Path) -> str:
    """Return the text of the service. `home` is the agent's folder, below `/var/lib`."""
    return _UNIT.format(
        account=ACCOUNT,
        python=python,
        home=home,
        state=home.name,
        rights=" ".join(RIGHTS),
        files=" ".join(f"-/etc/{name}" for name in PUT_BACK),
    )


def install(system: System, home: Path) -> None:
    """Make the account, hand it the folder and the three files, write the service, and start it where systemd runs.

    Raises:
        OSError: something cannot be written; who asks is not root.
        subprocess.CalledProcessError: a command of the system says no.
    """
    if system.real:
        if not _known(ACCOUNT):
            _run("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT)
        account = pwd.getpwnam(ACCOUNT)
        for path in (home, *home.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
        _lend(system, account.pw_gid)
    system.unit.parent.mkdir(parents=True, exist_ok=True)
    system.unit.write_text(unit(home, Path(sys.executable)))
    system.unit.chmod(0o644)
    if system.runs:
        _run("systemctl", "daemon-reload")
        _run("systemctl", "enable", "--now", UNIT)


def remove(system: System) -> bool:
    """Take all of it back, the enrolment aside; False where there was nothing.

    Raises:
        OSError, subprocess.CalledProcessError: as `install`.
    """
    if not system.unit.exists():
        return False
    if system.runs:
        _run("systemctl", "disable", "--now", UNIT)
    _take_back(system)
    system.unit.unlink()
    if system.runs:
        _run("systemctl", "daemon-reload")
    return True


def _lend(system: System, group: int) -> None:
    """Let the group of the agent write the files; how they were is written down first, once."""
    lent = json.loads(system.lent.read_text()) if system.lent.exists() else {}
    for path in system.files():
        found = path.stat()
        if str(path) not in lent and found.st_gid != group:
            lent[str(path)] = [found.st_gid, found.st_mode & 0o7777]
    system.lent.parent.mkdir(parents=True, exist_ok=True)
    system.lent.write_text(json.dumps(lent))
    for path in system.files():
        os.chown(path, -1, group)
        path.chmod(path.stat().st_mode & 0o7777 | 0o020)


def _take_back(system: System) -> None:
    if not system.lent.exists():
        return
    for name, (group, mode) in json.loads(system.lent.read_text()).items():
        if Path(name).is_file():
            os.chown(name, -1, group)
            Path(name).chmod(mode)
    system.lent.unlink()


def _known(account: str) -> bool:
    try:
        pwd.getpwnam(account)
        grp.getgrnam(account)
    except KeyError:
        return False
    return True


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own words only
