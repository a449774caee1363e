"""Web proxies that give themselves away by shape: they encrypt what they fetch, so nothing inside can be read.

Script names, session paths and sockets of the service-worker proxies that are handed round among pupils (Ultraviolet,
Scramjet, Rammerhead, Womginx, with bare, wisp and epoxy transports), as their sources have them.
"""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import unquote

from policy.lookups import looks_up
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
LOOKUP = "name-lookup"
"""A name that is looked up around the school's own name server (`policy.lookups`)."""
_PLACES = frozenset(
    {
        ("uv", "service"),
        ("scramjet", "service"),
        ("~", "uv"),
        ("~", "sj"),
        ("~", "scramjet"),
        ("includes", "process.php"),
    }
)
"""Two parts of a path behind which such a proxy keeps what it fetches, or where its form goes."""
_FIELDS = frozenset({"__cpo"})
"""Fields in which a proxy without scripts (CroxyProxy) says whose page it shows."""
_SOCKETS = frozenset({"wisp", "wsproxy", "bare", "epoxy"})
_SESSION = re.compile(r"[0-9a-f]{32}")
_LONGEST = 64


def relay_tool(address: Address, *, websocket: bool = False) -> str | None:
    """The kind of web proxy that an address gives away, or None. Linear in the length of the address."""
    if looks_up(address):
        return LOOKUP
    fields = {field.partition("=")[0] for field in address.query.split("&")} if address.query else frozenset[str]()
    if not _FIELDS.isdisjoint(fields):
        return "proxy-session"
    segments = [segment for segment in unquote(address.path).lower().split("/") if segment]
    if not segments:
        return None
    if segments[-1] == "browse.php" and {"u", "b"} <= fields:
        return "proxy-script"
    if websocket and not _SOCKETS.isdisjoint(segments):
        return "socket"
    if any(len(one) <= _LONGEST and one in _SCRIPTS for one in segments):
        return "proxy-script"
    for first, second in pairwise(segments):
        if second.startswith("_rhs") and _SESSION.fullmatch(first):
            return "proxy-session"
        if (first, second) in _PLACES:
            return "proxy-session"
    return None
