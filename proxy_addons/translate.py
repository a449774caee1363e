"""What an engine saw, as one `AccessRequest`: every name in play, what is done, what is searched for.

Of a body only findings are in it: the kinds of files, of personal data, the terms, and a search that was typed.
"""

from __future__ import annotations

from collections.abc import Iterable

from policy import kinds
from policy.address import canonical, canonical_host
from policy.lookups import MEDIA, is_lookup
from policy.model import AccessRequest, Action, Address, DeviceClass, Principal, Role, Search, Snapshot
from policy.outgoing import Outgoing, judged
from policy.search import UNKNOWN, Engines
from policy.shapes import LOOKUP
from policy.targets import fetched
from proxy_addons.content import Content, of_query, sends
from proxy_addons.content import of_exchange as content_of
from proxy_addons.content.files import content_type, may_have_body
from proxy_addons.facts import Exchange

_BARE = frozenset({"x-bare-url", "x-bare-host", "x-bare-headers", "x-bare-forward-headers"})
"""Headers in which a page's service worker tells a bare server what to fetch (TompHTTP's specification)."""
_SOCKETS = frozenset({"bare", "wisp-v1", "wisp-v2"})
"""What such a service worker says that it speaks over a WebSocket."""
_PAGES = frozenset({"document", "iframe", "frame"})


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


def of_dns(host: str, who: Principal, *, navigation: bool = True) -> AccessRequest:
    """A host that is looked up. Nobody sees what follows, so it is asked for as a page that somebody opens.

    Without `navigation` it is a name that another one leads to.
    """
    name = canonical_host(host)
    address = canonical(f"https://{_bracketed(name)}/") if name else None
    hosts = (name,) if name else ()
    return AccessRequest(Action.CONNECT, who, hosts, address, navigation=navigation, unreadable=address is None)


def of_exchange(
    exchange: Exchange, who: Principal, engines: Engines, snapshot: Snapshot | None = None
) -> AccessRequest:
    """An HTTP request or WebSocket handshake.

    With a snapshot, what a pupil sends out is judged too (`policy.outgoing`). Of a body that was too long to look into
    nothing is found; of what staff sends from a device of their own nothing is read.
    """
    address = canonical(exchange.url)
    others = [*exchange.hosts, *(name for name in (exchange.connect, exchange.sni) if name is not None)]
    hosts, unreadable = _names(others if address is None else [address.host, *others])
    reads = snapshot is not None and (who.role is Role.PUPIL or who.device_class is DeviceClass.PUPIL)
    content = content_of(exchange, with_texts=reads or snapshot is None)
    action, media = _action(exchange, content)
    out = _outgoing(exchange, content, address, hosts, snapshot) if reads and snapshot is not None else Outgoing()
    hosts += _targets(content, address, hosts, snapshot)
    search = _search(content, address, engines)
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
        unreadable=unreadable or address is None or _hides_a_search(exchange, content, address, engines),
        relay=_relay(exchange),
        personal=out.personal,
        said=out.said,
        asker=_asker(exchange, address),
    )


def _asker(exchange: Exchange, address: Address | None) -> str:
    """The host of the page that asks, where a browser says it: a script's own word is not in these headers."""
    page = canonical(exchange.headers.get("origin", ""))
    if page is not None:
        return page.host
    of_itself = exchange.headers.get("sec-fetch-site") in ("same-origin", "same-site")
    return address.host if of_itself and address is not None else ""


def is_navigation(exchange: Exchange) -> bool:
    """Whether a person opened this as a page of its own: by the browser's own word, else a request for HTML."""
    if exchange.websocket:
        return False
    headers = exchange.headers
    if is_ahead(exchange):
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


def is_ahead(exchange: Exchange) -> bool:
    """Whether a browser asks before anybody opened the page; when somebody does it shows this answer, unasked."""
    headers = exchange.headers
    return "prefetch" in headers.get("sec-purpose", "") or headers.get("purpose") == "prefetch"


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


def _action(exchange: Exchange, content: Content) -> tuple[Action, frozenset[str]]:
    """What is done, and the kinds of files that go out with it (none in an upload: it may be any)."""
    if not sends(exchange):
        return Action.VISIT, frozenset()
    return (Action.SUBMIT if content.media == frozenset() else Action.UPLOAD), content.media or frozenset()


def _outgoing(
    exchange: Exchange, content: Content, address: Address | None, hosts: tuple[str, ...], snapshot: Snapshot
) -> Outgoing:
    """What is said in the body and in the address; the words of a search are judged as words, not here."""
    sure, perhaps = snapshot.knowledge.engines.fields(address) if address else (frozenset[str](), frozenset[str]())
    query = of_query(address.query) if address and address.query else ()
    asked = [field for field in query if field.name.lower() not in sure | perhaps]
    sent = [field for field in content.fields if field.name.lower() not in sure]
    # What a page fetches by itself says nothing to anybody: only what is sent, and what a person opens, is heard.
    with_words = bool(sent) or exchange.websocket or sends(exchange) or is_navigation(exchange)
    return judged([*asked, *sent], hosts, snapshot, with_words=with_words, address=address)


def _targets(
    content: Content, address: Address | None, hosts: tuple[str, ...], snapshot: Snapshot | None
) -> tuple[str, ...]:
    """The sites that a form asks this one to fetch: names that are in play as much as its own."""
    if snapshot is None or address is None or not content.fields:
        return ()
    listed = bool(kinds.of_list(address.host, snapshot))
    pairs = ((field.name, field.text) for field in content.fields)
    found = fetched(address, pairs, snapshot.knowledge.relays, listed=listed)
    return tuple(host for host in found if host not in hosts)


def _search(content: Content, address: Address | None, engines: Engines) -> Search | None:
    """What is searched for, in the address or in what is sent there."""
    if address is None:
        return None
    found = engines.query(address)
    pairs = [(field.name, field.text) for field in content.fields if field.name]
    sent = engines.in_body(address, pairs) if pairs else None
    if found is None or sent is None:
        return found or sent
    # Both are judged: what is in the address must not hide what is sent.
    return Search(found.engine if found.engine != UNKNOWN else sent.engine, f"{found.text} {sent.text}")


def _is_suggestion(exchange: Exchange, address: Address | None, engines: Engines) -> bool:
    """Whether a search box asks, with every letter: nobody opened that, unless a browser says so itself."""
    opened = exchange.headers.get("sec-fetch-dest") == "document"
    return not opened and address is not None and engines.suggests(address)


def _relay(exchange: Exchange) -> str:
    """What the headers or the body give away of a way around the guard; empty when nothing."""
    spoken = {one.strip() for one in exchange.headers.get("sec-websocket-protocol", "").lower().split(",")}
    if _BARE.intersection(exchange.headers) or not _SOCKETS.isdisjoint(spoken):
        return "bare-server"
    kinds = (content_type(exchange), *exchange.headers.get("accept", "").split(","))
    if not MEDIA.isdisjoint(kind.partition(";")[0].strip().lower() for kind in kinds):
        return LOOKUP
    return LOOKUP if exchange.body is not None and is_lookup(exchange.body) else ""


def _hides_a_search(exchange: Exchange, content: Content, address: Address | None, engines: Engines) -> bool:
    """Whether a search is sent in a body that cannot be read: too long, packed in an odd way, or of no known kind."""
    if not sends(exchange) or address is None or not engines.posted(address):
        return False
    if not may_have_body(exchange, content_type(exchange)):
        return False
    return not content.complete or not any(field.name for field in content.fields)
