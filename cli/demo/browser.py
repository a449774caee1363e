"""A throw-away browser for the playground: a profile of its own that trusts the school's CA and uses the guard.

Chromium on Linux reads extra CAs from an NSS database below `HOME`; `certutil` (Debian: libnss3-tools) writes it. Where
that is not there the browser is told the public keys by flag: the guard's certificates carry the CA's own key, and the
pretend sites send their CA along, so the keys of the two CAs are enough.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.demo.certs import spki_pin

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The path of a Chromium on this machine, or None."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@dataclass(frozen=True, slots=True)
class Profile:
    """A browser's own folder. `trusted` says whether the CAs are in its NSS database; else `pins` speak for them."""

    home: Path
    trusted: bool
    pins: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """What the browser's environment has beside ours."""
        return {"HOME": str(self.home)}

    def flags(self) -> tuple[str, ...]:
        """Flags for every start; as root Chromium has no sandbox to run in."""
        trust = () if self.trusted else (f"--ignore-certificate-errors-spki-list={','.join(self.pins)}",)
        return (*_QUIET, *trust, *(("--no-sandbox",) if os.geteuid() == 0 else ()))

    def command(self, url: str, proxy: str | None = None) -> str:
        """One line for a person to copy: the browser on `url`, through the proxy `host:port` or straight."""
        words = (
            find_chromium() or "chromium",
            f"--user-data-dir={self.home / 'profile'}",
            f"--proxy-server={proxy}" if proxy else "--no-proxy-server",
            "--accept-lang=nl",
            *self.flags(),
            url,
        )
        return " ".join(["env", shlex.quote(f"HOME={self.home}"), *(shlex.quote(word) for word in words)])


def make_profile(home: Path, authorities: Mapping[str, Path]) -> Profile:
    """A profile folder in `home` that trusts the CA files in `authorities` (a nickname to a PEM file).

    An NSS database that is there is made anew. Raises `OSError` when the folder cannot be written.
    """
    database = home / ".pki" / "nssdb"
    shutil.rmtree(database, ignore_errors=True)
    database.mkdir(parents=True)
    pins = tuple(spki_pin(path) for path in authorities.values())
    return Profile(home, _write_database(database, authorities), pins)


def _write_database(database: Path, authorities: Mapping[str, Path]) -> bool:
    """Whether all CAs were written; without certutil nothing is."""
    certutil = shutil.which("certutil")
    if certutil is None:
        return False
    where = ("-d", f"sql:{database}")
    password = database / ".empty"
    password.touch()
    steps: list[Sequence[str]] = [("-N", *where, "--empty-password")]
    for name, path in authorities.items():
        steps.append(("-A", *where, "-f", str(password), "-t", "C,,", "-n", name, "-i", str(path)))
    return all(_ran([certutil, *step]) for step in steps)


def _ran(command: Sequence[str]) -> bool:
    """Whether it went well. Without a terminal certutil asks for a password for ever, so it gets a limit."""
    try:
        done = subprocess.run(  # noqa: S603 - certutil with our own words
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
