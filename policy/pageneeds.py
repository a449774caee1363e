"""Which other hosts a page needs to work: read off its HTML and its content security policy, fetching nothing.

What scripts ask for later is not in a page; of that only its policy tells. Any input gives an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from policy.address import canonical, site_of
from policy.model import Address
from policy.pagesigns import tamed

MOST_HOSTS = 60
"""Hosts that are told of at most; those that more is fetched from come first."""
MOST_PAGE = 768 * 1024
"""So much of a page is read (bytes, or characters once decoded): one that is made to be slow takes a second then."""
_MOST_NODES = 6_000
_MOST_ADDRESSES = 8_000
_LONGEST = 2_000  # characters of one address
_MOST_POLICY = 32 * 1024  # characters of a policy that are read


class Use(StrEnum):
    """What a page has from a host. The order is that of importance for whoever looks at it."""

    ONWARD = "onward"
    SCRIPT = "script"
    STYLE = "style"
    FRAME = "frame"
    MEDIA = "media"
    PICTURE = "picture"
    FONT = "font"
    FORM = "form"
    CONNECT = "connect"
    ALLOWED = "allowed"


class Trouble(StrEnum):
    """Why there is nothing to read of a page."""

    REFUSED = "refused"
    LOCKED = "locked"
    NOWHERE = "nowhere"
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    CERTIFICATE = "certificate"
    BROKEN = "broken"
    NO_PAGE = "no_page"
    TURNED_AWAY = "turned_away"
    ROUND = "round"
    BUSY = "busy"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Need:
    """One host with its uses, most important first. `address` is one of those that are fetched there, as an example.

    `measuring`: everything that is fetched there only counts visitors or shows advertisements, as far as names tell.
    `sends`: a form is sent there in a body.
    """

    host: str
    uses: tuple[Use, ...]
    address: Address
    measuring: bool = False
    sends: bool = False

    @property
    def only_allowed(self) -> bool:
        """Whether the page itself fetches nothing there: only its policy names it, or a connection is made ready."""
        return set(self.uses) <= {Use.ALLOWED, Use.CONNECT}


@dataclass(frozen=True, slots=True)
class Peeked:
    """What a look at one page gave: `needs`, or the `trouble`. `landed` is the host where it was in the end.

    `whole` is false where the page went on after what was read of it.
    """

    trouble: Trouble | None = None
    landed: str = ""
    needs: tuple[Need, ...] = ()
    whole: bool = True


# --- what a page fetches ---------------------------------------------------------------------------------------------

_URL_IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]{1,2000})""", re.IGNORECASE)
_FONT = re.compile(r"\.(?:woff2?|ttf|otf|eot)(?:[?#]|$)", re.IGNORECASE)
_LINKS: Mapping[str, Use] = {
    "stylesheet": Use.STYLE,
    "preconnect": Use.CONNECT,
    "dns-prefetch": Use.CONNECT,
    "modulepreload": Use.SCRIPT,
    "icon": Use.PICTURE,
    "apple-touch-icon": Use.PICTURE,
    "manifest": Use.CONNECT,
}
_PRELOADS: Mapping[str, Use] = {
    "script": Use.SCRIPT,
    "worker": Use.SCRIPT,
    "style": Use.STYLE,
    "image": Use.PICTURE,
    "font": Use.FONT,
    "video": Use.MEDIA,
    "audio": Use.MEDIA,
    "track": Use.MEDIA,
}
_SOURCES: Mapping[str, tuple[tuple[str, ...], Use]] = {
    "script": (("src",), Use.SCRIPT),
    "img": (("src", "data-src", "data-original", "data-lazy-src"), Use.PICTURE),
    "image": (("href", "xlink:href"), Use.PICTURE),
    "iframe": (("src", "data-src"), Use.FRAME),
    "frame": (("src",), Use.FRAME),
    "embed": (("src",), Use.FRAME),
    "object": (("data",), Use.FRAME),
    "video": (("src", "data-src"), Use.MEDIA),
    "audio": (("src",), Use.MEDIA),
    "track": (("src",), Use.MEDIA),
    "source": (("src", "data-src"), Use.MEDIA),
    "input": (("src",), Use.PICTURE),
    "body": (("background",), Use.PICTURE),
}
_SETS = ("srcset", "data-srcset", "imagesrcset")
_WANTED = f"{', '.join(_SOURCES)}, link[href], form[action], button[formaction], style, [style], video[poster]"
_POLICIES: frozenset[str] = frozenset(
    {"default-src", "script-src", "script-src-elem", "style-src", "style-src-elem", "img-src", "font-src"}
    | {"connect-src", "media-src", "frame-src", "child-src", "worker-src", "form-action", "object-src"}
)
_TINY = re.compile(r"(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|!|$)|display\s*:\s*none", re.IGNORECASE)


@dataclass(slots=True)
class _Found:
    uses: dict[Use, None] = field(default_factory=dict)
    address: Address | None = None
    fetched: int = 0
    others: int = 0  # addresses that are for more than counting
    sends: bool = False


def read_needs(html: str, base: Address, policies: Iterable[str] = ()) -> tuple[Need, ...]:
    """The other hosts of the page in `html`, which was found at `base`; `policies` are its CSP headers.

    The page's own host is not among them.
    """
    hosts: dict[str, _Found] = {}
    try:
        tree = LexborHTMLParser(tamed(html[:MOST_PAGE]))
        start = _base(tree, base)
        for number, (text, use, tiny, sends) in enumerate(_fetched(tree)):
            if number >= _MOST_ADDRESSES:
                break
            _note(hosts, _joined(start, text), use, tiny=tiny, sends=sends)
        inside = [_of(node).get("content", "") for node in tree.css("meta[http-equiv]") if _is_policy(node)]
    except Exception:  # a reader of anything that a site sends: what it stumbles over needs nothing
        inside = []
    for policy in (*policies, *inside):
        for address in _allowed(policy[:_MOST_POLICY], base):
            _note(hosts, address, Use.ALLOWED)
    hosts.pop(base.host, None)
    ranked = sorted(hosts.items(), key=lambda pair: (_rank(pair[1]), -pair[1].fetched, pair[0]))
    return tuple(need for host, found in ranked[:MOST_HOSTS] if (need := _need(host, found)) is not None)


def _rank(found: _Found) -> int:
    return min(list(Use).index(use) for use in found.uses)


def _need(host: str, found: _Found) -> Need | None:
    if found.address is None:
        return None
    uses = tuple(use for use in Use if use in found.uses)
    return Need(host, uses, found.address, found.others == 0, found.sends)


def _note(
    hosts: dict[str, _Found], address: Address | None, use: Use, *, tiny: bool = False, sends: bool = False
) -> None:
    if address is None:
        return
    found = hosts.setdefault(address.host, _Found())
    if use is Use.ALLOWED and found.uses:
        return  # it is needed; that its policy allows it adds nothing
    found.uses[use] = None
    found.address = found.address or address
    found.fetched += 1
    found.others += not (tiny or counts_visitors(address))
    found.sends = found.sends or sends


def _of(node: LexborNode) -> dict[str, str]:
    return {name: value or "" for name, value in node.attributes.items()}


def _base(tree: LexborHTMLParser, base: Address) -> str:
    """Where addresses without a host belong: the page itself, or what it says of that."""
    page = text_of(base)
    for node in tree.css("base[href]")[:1]:
        found = _joined(page, _of(node).get("href", ""))
        return text_of(found) if found is not None else page
    return page


def text_of(address: Address) -> str:
    """A canonical address written out."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    usual = {"http": 80, "https": 443, "ws": 80, "wss": 443}[address.scheme] == address.port
    query = f"?{address.query}" if address.query else ""
    return f"{address.scheme}://{host}{'' if usual else f':{address.port}'}{address.path}{query}"


def _joined(base: str, text: str) -> Address | None:
    """The address that a text in a page means; None where that is not on the web."""
    text = text.strip()
    if not text or len(text) > _LONGEST or text.startswith(("#", "data:", "blob:", "javascript:", "about:", "mailto:")):
        return None
    try:
        return canonical(urljoin(base, text))
    except ValueError:
        return None


def _fetched(tree: LexborHTMLParser) -> Iterator[tuple[str, Use, bool, bool]]:
    """Every address in a page with its use, whether it is too small to be seen, and whether a form is sent there."""
    for node in tree.css(_WANTED)[:_MOST_NODES]:
        found, tag = _of(node), node.tag or ""
        tiny = tag in ("img", "iframe") and (
            bool({found.get("width", ""), found.get("height", "")} & {"0", "1", "0px", "1px"})
            or _TINY.search(found.get("style", "")[:200]) is not None
        )
        if tag == "link":
            yield from ((found.get("href", ""), use, False, False) for use in _of_link(found))
        elif tag == "form":
            yield found.get("action", ""), Use.FORM, False, found.get("method", "").strip().lower() == "post"
        elif tag == "button":
            yield found.get("formaction", ""), Use.FORM, False, found.get("formmethod", "").strip().lower() == "post"
        elif tag == "style":
            yield from _of_style(node.text(deep=True))
        elif tag in _SOURCES:
            names, use = _SOURCES[tag]
            if tag == "source" and any(found.get(name) for name in _SETS):
                use = Use.PICTURE
            yield from ((found[name], use, tiny, False) for name in names if found.get(name))
            yield from _of_set(found)
        if found.get("poster"):
            yield found["poster"], Use.PICTURE, False, False
        if "url" in found.get("style", "")[:_LONGEST].lower():
            yield from _of_style(found["style"][:_LONGEST])


def _of_link(found: dict[str, str]) -> Iterator[Use]:
    for rel in found.get("rel", "").lower().split()[:6]:
        if rel in ("preload", "prefetch"):
            yield _PRELOADS.get(found.get("as", "").lower(), Use.CONNECT)
        elif rel in _LINKS:
            yield _LINKS[rel]


def _of_set(found: dict[str, str]) -> Iterator[tuple[str, Use, bool, bool]]:
    for name in _SETS:
        for one in found.get(name, "")[: 10 * _LONGEST].split(","):
            text = one.strip().partition(" ")[0]
            if text:
                yield text, Use.PICTURE, False, False


def _of_style(text: str) -> Iterator[tuple[str, Use, bool, bool]]:
    for match in _URL_IN_STYLE.finditer(text):
        imported = match[0][:1] == "@"
        use = Use.STYLE if imported else Use.FONT if _FONT.search(match[1]) else Use.PICTURE
        yield match[1], use, False, False


# --- what a page's policy allows -------------------------------------------------------------------------------------


def _is_policy(node: LexborNode) -> bool:
    return _of(node).get("http-equiv", "").strip().lower() == "content-security-policy"


def _allowed(policy: str, base: Address) -> Iterator[Address]:
    """The hosts that a policy (CSP level 3) names for what is fetched; a `*.` before a name is left off."""
    for directive in policy.replace(",", ";").split(";"):
        name, *sources = directive.split()[:200] or [""]
        if name.lower() not in _POLICIES:
            continue
        for source in sources:
            if source.startswith("'") or source.endswith(":") or source == "*":
                continue
            scheme, there, rest = source.rpartition("://")
            rest = rest.removeprefix("*.").replace(":*", "")
            if "." not in rest or "*" in rest:
                continue
            address = canonical(f"{scheme if there else base.scheme}://{rest}")
            if address is not None:
                yield address


# --- counting and advertising ----------------------------------------------------------------------------------------

_COUNTING = re.compile(
    r"(?:^|[.-])(?:ads?\d*|adservices?|adsystem|analytics|beacons?|collector|ct|gtm|metrics|pixel|px|smetrics|"
    r"stats?|tagmanager|tags|telemetry|tr|track(?:er|ing)?|trk)(?:[.-]|$)|"
    r"analytics|doubleclick|googletagmanager|googlesyndication|scorecardresearch|hotjar|criteo|taboola|outbrain"
)
"""Parts of names by which hosts for counting and advertising call themselves."""
_COUNTING_PATH = re.compile(
    r"/(?:tr|ct|pixel(?:\.gif)?|beacon(?:\.min)?(?:\.js)?|collect|fbevents\.js|uwt\.js|scevent(?:\.min)?\.js|"
    r"insight(?:\.min|\.old\.min)?\.js|gtm\.js|gtag/js|analytics\.js|hotjar-[^/]*|events\.js)(?:[/?]|$)",
    re.IGNORECASE,
)


def counts_visitors(address: Address) -> bool:
    """Whether an address is for counting visitors or for advertisements, by its name or path."""
    if _COUNTING_PATH.search(address.path):
        return True
    site = site_of(address.host)
    # The whole name but its suffix, so that a top-level label is never read.
    return _COUNTING.search(address.host.removesuffix(site.partition(".")[2]).rstrip(".")) is not None
