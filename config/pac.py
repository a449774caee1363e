"""The text of a PAC file (proxy auto-configuration): one answer for every address, and that is the guard.

No `DIRECT`, also not for what is near, and nothing is looked up: a browser asks for every address, and what it looks up
for that is slow and tells others. Browsers reach this very machine and link-local addresses without asking a PAC at all
(Chromium, net/docs/proxy.md, "Implicit bypass rules").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

MEDIA_TYPE = "application/x-ns-proxy-autoconfig"

_NOWHERE = "PROXY 127.0.0.1:9"
"""The discard port of the device itself, where nobody listens: an empty answer would mean DIRECT."""

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\Z")
_LONGEST_NOTE = 200  # characters


def written(host: str) -> str | None:
    """A host (name or address, canonical) as it stands in a PAC file; None when it cannot stand there."""
    try:
        address = ip_address(host)
    except ValueError:
        return host if _NAME.match(host) else None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return None if address.scope_id is not None else f"[{address}]"
    return str(address)


def script(ways: Iterable[tuple[str, int]], note: str = "") -> str:
    """A PAC file that leads everything to the first of `ways` (host, port) that answers.

    What cannot be written is left out; with nothing left every address leads nowhere. `note` is one line of comment.
    """
    hosts = ((written(host), port) for host, port in ways)
    proxies = [f"PROXY {host}:{port:d}" for host, port in hosts if host is not None and 0 < port < 65_536]
    answer = "; ".join(dict.fromkeys(proxies)) or _NOWHERE
    return f'{_comment(note)}function FindProxyForURL(url, host) {{\n  return "{answer}";\n}}\n'


def path(group: str) -> str:
    """The path of a group's PAC file at the guard; ids of groups need no escaping."""
    return f"/pac/{group}.pac"


def _comment(note: str) -> str:
    """One line of printable ASCII, so that nothing in it can end the comment."""
    line = "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in note[:_LONGEST_NOTE])
    return f"// {line}\n" if line else ""
