"""What is around the programs: interfaces, routes, name servers, proxy settings. Reads what psutil does not.

The parsers take bytes as they are on disk and never raise: a line that is not understood says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

_LARGEST = 1024 * 1024
_DNS_OVER_TLS = 853
_WEB = frozenset({80, 443})
_ESTABLISHED, _UP = "01", 1
_PROXY_NAME = re.compile(r"\s*(?:export\s+)?((?:https?|ftp|all|no|socks|auto)_proxy)\s*=\s*(.*)", re.IGNORECASE)
_TRR = re.compile(rb'user_pref\("network\.trr\.mode",\s*([23])\s*\)')
# As a package of the distribution, a snap and a flatpak put them in a home.
_FIREFOX = ("", "snap/firefox/common/", ".var/app/org.mozilla.firefox/")
_CHROMES = (
    ".config/google-chrome",
    ".config/chromium",
    ".config/microsoft-edge",
    ".config/BraveSoftware/Brave-Browser",
    "snap/chromium/common/chromium",
    ".var/app/com.google.Chrome/config/google-chrome",
    ".var/app/org.chromium.Chromium/config/chromium",
)
_TETHERS = frozenset({"rndis_host", "cdc_ether", "cdc_ncm", "ipheth"})
_TUNNEL_NAMES = re.compile(r"(?:tun|tap|wg|ppp|utun|tailscale|zt|nordlynx|proton|mullvad)[0-9a-z-]*\Z")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How the network and its settings are at one moment.

    `proxies` maps a place (`/etc/environment http_proxy`) to what is set there; `around` are the ports of others that
    connections of the session go to past the guard, `own_dns` the browsers that look names up by themselves.
    """

    tunnels: frozenset[str] = frozenset()
    tethers: frozenset[str] = frozenset()
    routes: frozenset[str] = frozenset()
    dns: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()
    proxies: tuple[tuple[str, str], ...] = ()
    around: frozenset[int] = frozenset()
    own_dns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look: the folders of the system, and of the user whose session it is."""

    etc: Path = Path("/etc")
    proc_net: Path = Path("/proc/net")
    sys_net: Path = Path("/sys/class/net")
    home: Path | None = None
    uid: int | None = None
    desktop: dict[str, str] = field(default_factory=dict)

    @property
    def environments(self) -> tuple[Path, ...]:
        """The files that set the environment of every session."""
        more = self.etc / "environment.d"
        with suppress(OSError):
            return (self.etc / "environment", *sorted(more.glob("*.conf")))
        return (self.etc / "environment",)


def look_around(places: Places) -> Surroundings:
    """Read everything once. What cannot be read is as if it were not there."""
    tunnels, tethers = interfaces(places.sys_net)
    proxies = [
        (f"{path} {name}", value)
        for path in places.environments
        for name, value in proxy_settings(_bytes(path)).items()
    ]
    proxies += [(f"gnome {name}", value) for name, value in places.desktop.items()]
    routes = default_routes(_bytes(places.proc_net / "route")) | default_routes6(_bytes(places.proc_net / "ipv6_route"))
    ports = far_ports(_bytes(places.proc_net / "tcp"), places.uid) | far_ports(
        _bytes(places.proc_net / "tcp6"), places.uid
    )
    past = {_DNS_OVER_TLS} | (_WEB if _uses_proxy(proxies) else frozenset())
    return Surroundings(
        tunnels=tunnels,
        tethers=tethers,
        routes=routes,
        dns=name_servers(_bytes(places.etc / "resolv.conf")),
        hosts=named_hosts(_bytes(places.etc / "hosts")),
        proxies=tuple(sorted(proxies)),
        around=ports & past,
        own_dns=_own_dns(places.home) if places.home else frozenset(),
    )


def interfaces(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tunnels and the telephones on USB among the interfaces in `/sys/class/net`."""
    tunnels, tethers = set(), set()
    names: Iterable[Path] = ()
    with suppress(OSError):
        names = list(folder.iterdir())
    for one in names:
        kind = _bytes(one / "uevent")
        if (one / "tun_flags").exists() or b"DEVTYPE=wireguard" in kind or _TUNNEL_NAMES.match(one.name):
            tunnels.add(one.name)
        with suppress(OSError):
            if (one / "device" / "driver").resolve().name in _TETHERS and one.name.startswith(("usb", "enx")):
                tethers.add(one.name)
    return frozenset(tunnels), frozenset(tethers)


def default_routes(data: bytes) -> frozenset[str]:
    """Return the default routes of `/proc/net/route` as `via 10.0.0.1 dev eth0`; halves of the net count as one.

    Tunnels put `0.0.0.0/1` and `128.0.0.0/1` over the default route.
    """
    found = set()
    for line in _lines(data)[1:]:
        words = line.split()
        with suppress(ValueError, IndexError):
            target, gateway, flags, mask = words[1], words[2], int(words[3], 16), int(words[7], 16)
            whole = (int(target, 16), mask) in {(0, 0), (0, 0x80), (0x80, 0x80)}
            if whole and flags & _UP:
                via = IPv4Address(bytes.fromhex(gateway)[::-1])
                found.add(f"via {via} dev {words[0]}")
    return frozenset(found)


def default_routes6(data: bytes) -> frozenset[str]:
    """Return the default routes of `/proc/net/ipv6_route`; the one on `lo` that refuses everything is none."""
    found = set()
    for line in _lines(data):
        words = line.split()
        with suppress(ValueError, IndexError):
            if int(words[1], 16) <= 1 and int(words[0], 16) in {0, 1 << 127} and words[9] != "lo":
                via = IPv6Address(bytes.fromhex(words[4]))
                found.add(f"via {via} dev {words[9]}")
    return frozenset(found)


def name_servers(data: bytes) -> tuple[str, ...]:
    """Return the name servers of a `resolv.conf`, in their order."""
    words = (line.split() for line in _lines(data))
    return tuple(one[1] for one in words if len(one) > 1 and one[0] == "nameserver")


def named_hosts(data: bytes) -> frozenset[str]:
    """Return the lines of a hosts file as `address name`, each name once; comments say nothing."""
    found: set[str] = set()
    for line in _lines(data):
        address, *names = line.partition("#")[0].split() or [""]
        found.update(f"{address} {name.casefold()}" for name in names)
    return frozenset(found)


def proxy_settings(data: bytes) -> dict[str, str]:
    """Return the proxy variables that a file of the environment sets; the last one counts, as it does there."""
    found: dict[str, str] = {}
    for line in _lines(data):
        match = _PROXY_NAME.match(line)
        if match is not None:
            found[match[1]] = match[2].strip().strip("\"'")
    return found


def far_ports(data: bytes, uid: int | None = None) -> frozenset[int]:
    """Return the ports on the internet to which `/proc/net/tcp` (or `tcp6`) has connections of `uid` (None: anyone)."""
    found = set()
    for line in _lines(data)[1:]:
        words = line.split()
        with suppress(ValueError, IndexError):
            address, _, port = words[2].partition(":")
            mine = uid is None or int(words[7]) == uid
            if words[3] == _ESTABLISHED and mine and _address(address).is_global:
                found.add(int(port, 16))
    return frozenset(found)


def _address(text: str) -> IPv4Address | IPv6Address:
    # The kernel writes words of four bytes, each in its own order.
    raw = bytes.fromhex(text)
    found = ip_address(b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4)))
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def firefox_looks_up_itself(data: bytes) -> bool:
    """Whether the `prefs.js` of a profile says so: mode 2 is first its own, 3 is only its own."""
    return _TRR.search(data) is not None


def chrome_looks_up_itself(data: bytes) -> bool:
    """Whether the `Local State` of a profile says that names are always looked up over https."""
    try:
        found = json.loads(data)["dns_over_https"]["mode"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return bool(found == "secure")


def _own_dns(home: Path) -> frozenset[str]:
    found = set()
    with suppress(OSError):
        for place in _FIREFOX:
            if any(firefox_looks_up_itself(_bytes(path)) for path in home.glob(f"{place}.mozilla/firefox/*/prefs.js")):
                found.add("firefox")
    for place in _CHROMES:
        if chrome_looks_up_itself(_bytes(home / place / "Local State")):
            found.add(Path(place).name.casefold())
    return frozenset(found)


def _uses_proxy(proxies: Iterable[tuple[str, str]]) -> bool:
    return any(value and name.casefold().endswith(("http_proxy", "https_proxy")) for name, value in proxies)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()
