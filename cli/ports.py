"""The ports that the guard listens on: taken before anything starts, and held for all workers together.

The supervisor binds each port with SO_REUSEPORT and never listens on it itself, so that a worker that is started
again finds it free, and nobody else's program slips in between. Port 0 asks the system for a free one.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cli.home import Trouble
from config.settings import Listen

_HTTP = 80


@dataclass(frozen=True, slots=True)
class Held:
    """A port that is ours: the number, and the socket that keeps it."""

    number: int
    socket: socket.socket

    def release(self) -> None:
        """Let go of the port."""
        self.socket.close()


def hold(address: str, number: int, setting: str, file: Path) -> Held:
    """Take a port; `setting` and `file` are what a person changes when it cannot be had.

    Raises:
        Trouble: it is taken, may not be used, or the address is not this machine's.
    """
    try:
        if number:
            _probe(address, number)
        taken = _socket(address)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            taken.bind((address, number))
        except OSError:
            taken.close()
            raise
    except OSError as error:
        raise _trouble(error, address, number, setting, file) from error
    return Held(int(taken.getsockname()[1]), taken)


def probe_datagrams(address: str, number: int, setting: str, file: Path) -> None:
    """Look whether a port can be had for datagrams (UDP). Held it cannot be: who holds it gets what is sent there.

    Raises:
        Trouble: as `hold`.
    """
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, number))
    except OSError as error:
        raise _trouble(error, address, number, setting, file) from error


def is_free(address: str, number: int) -> bool:
    """Whether nobody listens on the port now and we may."""
    try:
        _probe(address, number)
    except OSError:
        return False
    return True


def answers(address: str, number: int, timeout: float = 1.0) -> bool:
    """Whether somebody takes a connection on the port, within `timeout` seconds."""
    try:
        with socket.create_connection((reachable(address), number), timeout):
            return True
    except OSError:
        return False


def reachable(address: str) -> str:
    """The address to connect to for what listens on `address`: the loopback one for `every address`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)


def bracketed(address: str) -> str:
    """The address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address


def pages_url(listen: Listen) -> str:
    """Where devices find the guard's own pages (`listen.page`), without a slash at the end."""
    host = listen.reach[0] if listen.reach else reachable(listen.address)
    return f"http://{bracketed(host)}" + ("" if listen.page == _HTTP else f":{listen.page}")


def describe(ports: Mapping[str, Held]) -> dict[str, int]:
    """The numbers alone, to tell a worker."""
    return {name: held.number for name, held in ports.items()}


def _socket(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET)
    # Connections of an earlier run that still linger are no reason to refuse; a listening program is.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def _probe(address: str, number: int) -> None:
    """Bind without sharing: with SO_REUSEPORT alone a second guard would quietly get half of the connections."""
    with _socket(address) as probe:
        probe.bind((address, number))
        probe.listen(1)


def _trouble(error: OSError, address: str, number: int, setting: str, file: Path) -> Trouble:
    if error.errno == errno.EADDRINUSE:
        return Trouble(
            f"port {number} on {address} is taken by another program",
            f"stop that program (`ss -ltunp 'sport = :{number}'` names it), or change `{setting}` in `{file}`",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Trouble(
            f"port {number} on {address} is only for root", f"choose one above 1023 for `{setting}` in `{file}`"
        )
    return Trouble(
        f"cannot listen on `{address}` ({error.strerror})", f"set `listen.address` in `{file}` to this machine's own"
    )
