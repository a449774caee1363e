"""Web proxies that give themselves away by shape: they encrypt what they fetch, so nothing inside can be read.

Script names, session paths and sockets of the service-worker proxies that are handed round among pupils (Ultraviolet,
Scramjet, Rammerhead, Womginx, with bare, wisp and epoxy transports), as their sources have them.
"""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import unquote

from policy.model import Address

_SCRIPTS = frozenset(
    f"{tool}{name}.js"
    for tool, names in {
        "uv.": "bundle config handler client sw sw-handler",
        "uv-": "sw",
        "scramjet.": "all bundle client codecs config controller shared sync worker sw",
        "scramjet-": "sw",
        "rammerhead": " .min",
        "womginx": " -sw",
        "baremux": " -worker",
        "wisp-": "client",
        "epoxy-": "bundled",
        "libcurl_": "full",
    }.items()
    for name in names.split(" ")
) | {"nph-proxy.cgi", "nph-proxy.pl", "glype.php"}
_SOCKETS = frozenset({"wisp", "wsproxy", "bare", "epoxy"})
_SESSION = re.compile(r"[0-9a-f]{32}")
_LONGEST = 64


def relay_tool(address: Address, *, websocket: bool = False) -> str | None:
    """The kind of web proxy that an address gives away, or None. Linear in the length of the path."""
    segments = [segment for segment in unquote(address.path).lower().split("/") if segment]
    if not segments:
        return None
    if websocket and not _SOCKETS.isdisjoint(segments):
        return "socket"
    if any(len(one) <= _LONGEST and one in _SCRIPTS for one in segments):
        return "proxy-script"
    for first, second in pairwise(segments):
        if second.startswith("_rhs") and _SESSION.fullmatch(first):
            return "proxy-session"
    return None
