"""What an engine saw, as one `AccessRequest`: every name in play, what is done, what is searched for.

Nothing of a body leaves this module but the kinds of files in it and a search that was typed into an engine's form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import parse_qsl

from policy.address import canonical, canonical_host
from policy.model import AccessRequest, Action, Address, Principal, Search
from policy.search import UNKNOWN, Engines
from proxy_addons.facts import Exchange

_SENDING = frozenset({"POST", "PUT", "PATCH"})
_BARE = frozenset({"x-bare-url", "x-bare-host", "x-bare-headers", "x-bare-forward-headers"})
"""Headers in which a page's service worker tells a bare server what to fetch (TompHTTP's specification)."""
_PAGES = frozenset({"document", "iframe", "frame"})
_FORM = "application/x-www-form-urlencoded"
_SPOKEN = re.compile(r"text/.*|.*[/+](json|xml)|application/(x-www-form-urlencoded|(x-)?(ndjson|protobuf|grpc).*)")
"""Types in which a page talks with its own server; anything else that is sent is a file."""
_MEDIA = {"image": "picture", "audio": "sound", "video": "video"}
_EXTENSIONS = {
    "picture": "apng avif bmp gif heic heif ico jfif jpeg jpg png svg tif tiff webp",
    "sound": "aac aif aiff amr flac m4a mid midi mp3 oga ogg opus wav weba wma",
    "video": "3gp avi flv m4v mkv mov mp4 mpeg mpg mts ogv webm wmv",
}
_BY_EXTENSION = {ending: kind for kind, endings in _EXTENSIONS.items() for ending in endings.split()}
_MOST_QUERY = 64 * 1024  # bytes of a form that are read for a search
_MOST_LEAVES = 2_000  # texts of a JSON body that are read
_MOST_PARTS = 200
_PART_HEAD = 2048  # bytes of a part in which its headers must be
_SIGNS = {
    b"\xff\xd8\xff": "picture",
    b"\x89PNG\r\n": "picture",
    b"GIF8": "picture",
    b"II*\x00": "picture",
    b"MM\x00*": "picture",
    b"ID3": "sound",
    b"\xff\xfb": "sound",
    b"OggS": "sound",
    b"fLaC": "sound",
    b"\x1a\x45\xdf\xa3": "video",
}
"""How files begin, whatever they are called (their own specifications)."""
_RIFF = {b"WEBP": "picture", b"WAVE": "sound", b"AVI ": "video"}
_BRANDS = {b"hei": "picture", b"hev": "picture", b"mif": "picture", b"avi": "picture", b"M4A": "sound"}
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
        navigation=is_navigation(exchange) and not _is_suggestion(exchange, address, engines),
        websocket=exchange.websocket,
        search=search,
        media=media,
        unreadable=unreadable or address is None or _hides_a_search(exchange, address, engines),
        relay="bare-server" if _BARE.intersection(exchange.headers) else "",
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
    family = kind.partition("/")[0]
    if _SPOKEN.fullmatch(kind) or not _may_have_body(exchange, kind):
        return Action.SUBMIT, frozenset()
    if family in _MEDIA:
        return Action.UPLOAD, frozenset({_MEDIA[family]})
    media = _files(exchange) if family == "multipart" else _bare_file(exchange, kind)
    return (Action.SUBMIT if media == frozenset() else Action.UPLOAD), media or frozenset()


def _may_have_body(exchange: Exchange, kind: str) -> bool:
    """Whether something is sent along, looked into or not. HTTP/2 need not say how long it is, or that it is there."""
    length = exchange.headers.get("content-length", "" if kind or "transfer-encoding" in exchange.headers else "0")
    return bool(exchange.body) or length != "0"


def _bare_file(exchange: Exchange, kind: str) -> frozenset[str] | None:
    """The kind of a file that is the whole body, empty when it is none; None when it may be any (see `_files`)."""
    if exchange.body is not None:
        seen = _sniffed(exchange.body) or ("file" if kind else None)
        return frozenset({seen}) if seen else frozenset()
    return frozenset({"file"}) if kind and not kind.endswith("octet-stream") else None


def _content_type(exchange: Exchange) -> str:
    return exchange.headers.get("content-type", "").partition(";")[0].strip().lower()


def _files(exchange: Exchange) -> frozenset[str] | None:
    """The kinds of files in a form with parts; None when it was not looked into, or not all: then it may hold any.

    No kind at all is how the policy hears that (`AccessRequest.media`), so that a rule about photos speaks.
    """
    boundary = _boundary(exchange.headers.get("content-type", ""))
    if exchange.body is None or boundary is None:
        return None
    parts = exchange.body.split(b"--" + boundary, _MOST_PARTS + 1)
    found = {kind for part in parts[1 : _MOST_PARTS + 1] if (kind := _file_kind(part)) is not None}
    return None if len(parts) > _MOST_PARTS + 1 else frozenset(found)


def _boundary(content_type: str) -> bytes | None:
    match = re.search(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^;\s]+))", content_type, re.IGNORECASE)
    if match is None:
        return None
    return (match[1] or match[2]).encode("latin-1", "replace")


def _file_kind(part: bytes) -> str | None:
    """Picture, sound, video or file, by how it begins, else by what is said of it; None for a part that is no file."""
    head, end, rest = part[:_PART_HEAD].partition(b"\r\n\r\n")
    name, type_ = _FILENAME.search(head), _PART_TYPE.search(head)
    kind = _sniffed(rest) or _MEDIA.get(type_[1].decode("ascii", "replace").lower() if type_ else "")
    if kind is not None and rest.strip(b"\r\n-"):
        return kind
    if name is None:
        return None
    filename = (name[1] if name[1] is not None else name[2] or b"").decode("utf-8", "replace").strip()
    if not filename and end and not rest.strip(b"\r\n-"):
        return None
    ending = filename.rpartition(".")[2].lower() if "." in filename else ""
    return kind or _BY_EXTENSION.get(ending) or "file"


def _sniffed(start: bytes) -> str | None:
    """The kind of a file by its first bytes."""
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12])
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:11], "video")
    return next((kind for sign, kind in _SIGNS.items() if start.startswith(sign)), None)


def _search(exchange: Exchange, address: Address | None, engines: Engines) -> Search | None:
    """What is searched for, in the address or in a form that was posted."""
    if address is None:
        return None
    found = engines.query(address)
    if not exchange.body or exchange.method.upper() not in _SENDING:
        return found
    fields = _body_fields(exchange)
    sent = engines.in_body(address, fields) if fields else None
    if found is None or sent is None:
        return found or sent
    # Both are judged: what is in the address must not hide what is sent.
    return Search(found.engine if found.engine != UNKNOWN else sent.engine, f"{found.text} {sent.text}")


def _body_fields(exchange: Exchange) -> list[tuple[str, str]] | None:
    """The fields of a form or of JSON (a dot between keys); None when the body is neither, or cannot be read."""
    kind, body = _content_type(exchange), exchange.body or b""
    if exchange.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        return None
    if kind == _FORM:
        text = body[:_MOST_QUERY].decode("utf-8", "replace")
        return parse_qsl(text, keep_blank_values=True)
    if kind == "application/json" or kind.endswith("+json") or (kind == "text/plain" and body[:1] in (b"{", b"[")):
        try:
            return list(islice(_leaves(json.loads(body[:_MOST_QUERY]), ""), _MOST_LEAVES))
        except (ValueError, RecursionError):
            return None
    return None


def _leaves(value: object, name: str) -> Iterator[tuple[str, str]]:
    """Every text in JSON with the keys that lead to it."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, name)
    elif isinstance(value, str):
        yield name, value


def _is_suggestion(exchange: Exchange, address: Address | None, engines: Engines) -> bool:
    """Whether a search box asks, with every letter: nobody opened that, unless a browser says so itself."""
    opened = exchange.headers.get("sec-fetch-dest") == "document"
    return not opened and address is not None and engines.suggests(address)


def _hides_a_search(exchange: Exchange, address: Address | None, engines: Engines) -> bool:
    """Whether a search is sent in a body that cannot be read: too long, packed, or of a kind of its own."""
    if exchange.method.upper() not in _SENDING or address is None or not engines.posted(address):
        return False
    if not _may_have_body(exchange, _content_type(exchange)):
        return False
    return exchange.body is None or (bool(exchange.body) and _body_fields(exchange) is None)
