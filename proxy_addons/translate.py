"""What an engine saw, as one `AccessRequest`: every name in play, what is done, what is searched for.

Nothing of a body leaves this module but the kinds of files in it and a search that was typed into an engine's form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from policy.address import canonical, canonical_host
from policy.model import AccessRequest, Action, Address, Principal, Search
from policy.search import UNKNOWN, Engines
from proxy_addons.facts import Exchange

_SENDING = frozenset({"POST", "PUT", "PATCH"})
_PAGES = frozenset({"document", "iframe", "frame"})
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_MEDIA = {"image": "picture", "audio": "sound", "video": "video"}
_EXTENSIONS = {
    "picture": "apng avif bmp gif heic heif ico jfif jpeg jpg png svg tif tiff webp",
    "sound": "aac aif aiff amr flac m4a mid midi mp3 oga ogg opus wav weba wma",
    "video": "3gp avi flv m4v mkv mov mp4 mpeg mpg mts ogv webm wmv",
}
_BY_EXTENSION = {ending: kind for kind, endings in _EXTENSIONS.items() for ending in endings.split()}
_MOST_QUERY = 64 * 1024  # bytes of a form that are read for a search
_MOST_PARTS = 200
_PART_HEAD = 2048  # bytes of a part in which its headers must be
_FILENAME = re.compile(rb"filename\*?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\r\n]*))", re.IGNORECASE)
_PART_TYPE = re.compile(rb"^content-type\s*:\s*([\w.+-]+)/", re.IGNORECASE | re.MULTILINE)


def of_connect(host: str, port: int, who: Principal) -> AccessRequest:
    """A CONNECT to `host`, which may hold anything yet."""
    name = canonical_host(host)
    address = canonical(f"https://{_bracketed(name)}:{port}/") if name else None
    hosts = (name,) if name else ()
    return AccessRequest(Action.CONNECT, who, hosts, address, navigation=False, unreadable=address is None)


def of_hello(connect: str | None, sni: str | None, who: Principal) -> AccessRequest:
    """A TLS ClientHello: the CONNECT target, if there was one, and the name in it."""
    hosts, unreadable = _names(name for name in (sni, connect) if name is not None)
    address = canonical(f"https://{_bracketed(hosts[0])}/") if hosts else None
    unreadable = unreadable or address is None
    return AccessRequest(Action.CONNECT, who, hosts, address, navigation=False, unreadable=unreadable)


def of_exchange(exchange: Exchange, who: Principal, engines: Engines) -> AccessRequest:
    """An HTTP request or WebSocket handshake."""
    address = canonical(exchange.url)
    others = [*exchange.hosts, *(name for name in (exchange.connect, exchange.sni) if name is not None)]
    hosts, unreadable = _names(others if address is None else [address.host, *others])
    action, media = _action(exchange)
    search = _search(exchange, address, engines)
    if search is not None and action in (Action.VISIT, Action.SUBMIT) and not exchange.websocket:
        # A form on an unlisted site keeps its own action: what is posted there is not only a search.
        action = Action.SEARCH if action is Action.VISIT or search.engine != UNKNOWN else action
    return AccessRequest(
        action=action,
        who=who,
        hosts=hosts,
        address=address,
        navigation=is_navigation(exchange),
        websocket=exchange.websocket,
        search=search,
        media=media,
        unreadable=unreadable or address is None,
    )


def is_navigation(exchange: Exchange) -> bool:
    """Whether a person opened this as a page of its own: by the browser's own word, else a request for HTML."""
    if exchange.websocket:
        return False
    headers = exchange.headers
    if "prefetch" in headers.get("sec-purpose", "") or headers.get("purpose") == "prefetch":
        return False
    destination = headers.get("sec-fetch-dest")
    if destination is not None:
        return destination == "document"
    mode = headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    if headers.get("x-requested-with"):
        return False
    return wants_html(exchange)


def is_framed(exchange: Exchange) -> bool:
    """Whether the answer will stand in a frame of another page."""
    return exchange.headers.get("sec-fetch-dest") in ("iframe", "frame", "embed", "object", "fencedframe")


def wants_html(exchange: Exchange) -> bool:
    """Whether a page can be shown to whoever asks: a GET or form of something that reads HTML (or anything)."""
    if exchange.websocket:
        return False
    headers = exchange.headers
    destination = headers.get("sec-fetch-dest")
    if destination is not None:
        return destination in _PAGES
    if headers.get("sec-fetch-mode", "navigate") != "navigate":
        return False
    accept = headers.get("accept", "").lower()
    if "text/html" in accept or "application/xhtml" in accept:
        return True
    return exchange.method.upper() in ("GET", "HEAD", "POST") and (not accept or accept.startswith("*/*"))


def _names(names: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """Canonical names without doubles in their order, and whether one of them could not be read."""
    found: dict[str, None] = {}
    unreadable = False
    for name in names:
        host = canonical_host(name)
        if host is None:
            unreadable = True
        else:
            found[host] = None
    return tuple(found), unreadable


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _action(exchange: Exchange) -> tuple[Action, frozenset[str]]:
    """What is done, and the kinds of files that go out with it."""
    if exchange.websocket or exchange.method.upper() not in _SENDING:
        return Action.VISIT, frozenset()
    kind = _content_type(exchange)
    if kind == _MULTIPART:
        media = _files(exchange)
        return (Action.UPLOAD if media else Action.SUBMIT), media
    family = kind.partition("/")[0]
    if family in _MEDIA:
        return Action.UPLOAD, frozenset({_MEDIA[family]})
    if kind in ("application/octet-stream", "application/offset+octet-stream"):
        return Action.UPLOAD, frozenset({"file"})
    return Action.SUBMIT, frozenset()


def _content_type(exchange: Exchange) -> str:
    return exchange.headers.get("content-type", "").partition(";")[0].strip().lower()


def _files(exchange: Exchange) -> frozenset[str]:
    """The kinds of files in a multipart form; one that was not looked into holds a file, whatever it says."""
    boundary = _boundary(exchange.headers.get("content-type", ""))
    if exchange.body is None or boundary is None:
        return frozenset({"file"})
    parts = exchange.body.split(b"--" + boundary, _MOST_PARTS + 1)
    found = {kind for part in parts[1 : _MOST_PARTS + 1] if (kind := _file_kind(part)) is not None}
    return frozenset(found | {"file"} if len(parts) > _MOST_PARTS + 1 else found)


def _boundary(content_type: str) -> bytes | None:
    match = re.search(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^;\s]+))", content_type, re.IGNORECASE)
    if match is None:
        return None
    return (match[1] or match[2]).encode("latin-1", "replace")


def _file_kind(part: bytes) -> str | None:
    """Picture, sound, video or file; None for a part that is no file (or an empty file field)."""
    head, end, rest = part[:_PART_HEAD].partition(b"\r\n\r\n")
    name = _FILENAME.search(head)
    if name is None:
        return None
    filename = (name[1] if name[1] is not None else name[2] or b"").decode("utf-8", "replace").strip()
    if not filename and end and not rest.strip(b"\r\n-"):
        return None
    ending = filename.rpartition(".")[2].lower() if "." in filename else ""
    kind = _PART_TYPE.search(head)
    family = kind[1].decode("ascii", "replace").lower() if kind else ""
    return _MEDIA.get(family) or _BY_EXTENSION.get(ending) or "file"


def _search(exchange: Exchange, address: Address | None, engines: Engines) -> Search | None:
    """What is searched for, in the address or in a form that was posted."""
    if address is None:
        return None
    found = engines.query(address)
    if found is not None or exchange.method.upper() != "POST" or not exchange.body:
        return found
    if _content_type(exchange) != _FORM:
        return None
    text = exchange.body[:_MOST_QUERY].decode("utf-8", "replace")
    return engines.query(replace(address, query=text))
