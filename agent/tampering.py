"""Notices when the way around the guard opens: compares the surroundings with the usual ones, puts back, and tells.

Only while the device is at school: how the network at home is, is nobody's business. What is told are facts about the
device; no person is in it.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.clock import system_time
from agent.home import SURROUNDINGS
from agent.outbox import Outbox, device_event
from agent.platform import linux
from agent.put_back import put_back_dns, put_back_hosts, put_back_proxies
from agent.surroundings import Places, Surroundings, look_around
from agent.usual import Told, by_school
from policy.devicefact import DeviceFact

_EVERY = timedelta(seconds=5)
_QUIET = timedelta(minutes=1)
_JUMP = timedelta(minutes=2)
_OWN_FILES = ("device.json", "school-ca.crt")


@dataclass(frozen=True, slots=True)
class Change:
    """One fact with its detail: the name of an interface, an address, a place. Never a value with a password in it."""

    fact: DeviceFact
    detail: str


def changes(usual: Surroundings, here: Surroundings, says: Told | None = None) -> tuple[Change, ...]:
    """Return what is otherwise than usual; what is gone is said only where its absence opens a way.

    Of a hosts file five lines at most, those first that lead away from what the school `says` is its own.
    """
    found = [Change(DeviceFact.TUNNEL, name) for name in sorted(here.tunnels - usual.tunnels)]
    found += [Change(DeviceFact.TETHER, name) for name in sorted(here.tethers - usual.tethers)]
    found += [Change(DeviceFact.ROUTE, route) for route in sorted(here.routes - usual.routes)]
    if here.dns != usual.dns:
        found.append(Change(DeviceFact.DNS, " ".join(here.dns) or "-"))
    before, now = dict(usual.proxies), dict(here.proxies)
    where = {name.partition(" ")[0] for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    found += [Change(DeviceFact.PROXY, place) for place in sorted(where)]
    lines = sorted(here.hosts - usual.hosts, key=lambda line: (not (says and says.leads_away(line)), line))
    found += [Change(DeviceFact.HOSTS, line) for line in lines[:5]]
    found += [Change(DeviceFact.AROUND, f"port {port}") for port in sorted(here.around)]
    found += [Change(DeviceFact.OWN_DNS, name) for name in sorted(here.own_dns)]
    return tuple(found)


def _copy(says: Told | None) -> tuple[Change, ...]:
    return (Change(DeviceFact.COPY, "snapshot.json"),) if says and says.refused else ()


class Usual:
    """The surroundings as they were at the first look at school, kept in the agent's folder through restarts."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SURROUNDINGS

    def read(self) -> Surroundings | None:
        """Return what is kept; None where there is nothing, or nothing that can be read."""
        try:
            found = json.loads(self._path.read_bytes())
            return Surroundings(
                tunnels=frozenset(map(str, found["tunnels"])),
                tethers=frozenset(map(str, found["tethers"])),
                routes=frozenset(map(str, found["routes"])),
                dns=tuple(map(str, found["dns"])),
                hosts=frozenset(map(str, found["hosts"])),
                proxies=tuple((str(name), str(value)) for name, value in found["proxies"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, usual: Surroundings) -> None:
        """Keep it; a disk that is full costs the copy, never the agent."""
        with suppress(OSError):
            new = self._path.with_name(f".{SURROUNDINGS}.{secrets.token_hex(4)}")
            try:
                with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(json.dumps(_plain(usual)).encode())
                new.replace(self._path)
            finally:
                new.unlink(missing_ok=True)


def _plain(usual: Surroundings) -> dict[str, Any]:
    return {
        "tunnels": sorted(usual.tunnels),
        "tethers": sorted(usual.tethers),
        "routes": sorted(usual.routes),
        "dns": list(usual.dns),
        "hosts": sorted(usual.hosts),
        "proxies": [list(one) for one in usual.proxies],
    }


class Around:
    """Looks at the surroundings every five seconds, puts back what may be put back, and tells. Used by one thread."""

    def __init__(
        self,
        folder: Path,
        outbox: Outbox,
        places: Places | None = None,
        system: Callable[[], datetime] = system_time,
        *,
        dry_run: bool = False,
    ) -> None:
        self._folder = folder
        self._outbox = outbox
        self._places = places or Places()
        self._system = system
        self._dry_run = dry_run
        self._usual = Usual(folder)
        self._looked: datetime | None = None
        self._ahead: timedelta | None = None
        self._stands: frozenset[Change] = frozenset()
        self._desktop: tuple[tuple[object, ...], dict[str, str]] | None = None
        self._told: dict[Change, datetime] = {}

    def look(
        self,
        now: datetime,
        user: str,
        revision: int = 0,
        *,
        at_school: bool,
        told: Callable[[], Told | None] = lambda: None,
    ) -> tuple[Change, ...]:
        """Look once (at most every five seconds) and return what is otherwise than usual.

        `told` says what the school itself tells of its guard: that goes before what was seen when the device came.
        """
        jumped = self._jumped(now)
        if not at_school or (self._looked is not None and timedelta(0) <= now - self._looked < _EVERY and not jumped):
            return ()
        self._looked = now
        usual = self._usual.read()
        places = self._session(user, usual)
        here = look_around(places)
        if usual is None:
            usual = here
            if not self._dry_run:
                self._usual.keep(here)
        says = told()
        usual = by_school(usual, says)
        found = (*changes(usual, here, says), *self._files(), *_copy(says), *jumped)
        back = frozenset() if self._dry_run else self._put_back(found, usual, places, user, says)
        self._tell(found, back, now, revision)
        return found

    def _session(self, user: str, usual: Surroundings | None) -> Places:
        """Where to look for whom: the home and the desktop settings of the session."""
        home, uid = self._places.home, self._places.uid
        if home is None:
            try:
                account = pwd.getpwnam(user)
            except KeyError:
                return self._places
            home, uid = Path(account.pw_dir), account.pw_uid
        stamp = (user, *linux.desktop_changed(home))
        if self._desktop is None or self._desktop[0] != stamp:
            said = linux.proxy_settings(user, home)
            if said is None:  # not now: as if nothing changed
                known = usual.proxies if usual else ()
                said = {name.removeprefix("gnome "): value for name, value in known if name.startswith("gnome ")}
            else:
                self._desktop = stamp, said
            return replace(self._places, home=home, uid=uid, desktop=said)
        return replace(self._places, home=home, uid=uid, desktop=self._desktop[1])

    def _files(self) -> tuple[Change, ...]:
        return tuple(Change(DeviceFact.FILES, name) for name in _OWN_FILES if not (self._folder / name).exists())

    def _jumped(self, now: datetime) -> tuple[Change, ...]:
        """Compare the device's clock with the school's time, which goes on by itself: a jump is told in minutes."""
        ahead, before = self._system() - now, self._ahead
        self._ahead = ahead
        if before is None or abs(ahead - before) < _JUMP:
            return ()
        return (Change(DeviceFact.CLOCK, f"{round((ahead - before).total_seconds() / 60):+d} min"),)

    def _put_back(
        self, found: tuple[Change, ...], usual: Surroundings, places: Places, user: str, says: Told | None
    ) -> frozenset[Change]:
        back = set()
        away = {one for one in found if one.fact is DeviceFact.HOSTS and says and says.leads_away(one.detail)}
        if away and says and put_back_hosts(usual, places, says.leads_away):
            back |= away
        if any(one.fact is DeviceFact.PROXY for one in found):
            done = put_back_proxies(usual, places, lambda name, value: linux.set_proxy(user, places.home, name, value))
            back |= {one for one in found if one.fact is DeviceFact.PROXY and one.detail in done}
        dns = {one for one in found if one.fact is DeviceFact.DNS}
        if dns and put_back_dns(usual, places):
            back |= dns
        return frozenset(back)

    def _tell(self, found: tuple[Change, ...], back: frozenset[Change], now: datetime, revision: int) -> None:
        """Tell what came since the last look; the same thing not twice in a minute."""
        came = [one for one in found if one not in self._stands]
        self._stands = frozenset(found) - back
        if self._dry_run:
            return
        self._told = {one: when for one, when in self._told.items() if abs(now - when) < _QUIET}
        for one in came:
            if one not in self._told:
                self._told[one] = now
                self._outbox.add(device_event(one.fact, one.detail, now, revision, put_back=one in back))
