"""What a page shows of itself: HTML to a `Page` of short folded strings, of which `policy.pageshape` reads signs.

Read are labels of buttons and links inside the site, form fields, addresses, marks for machines and visible text, all
bounded. Links to another site are left out: "follow us on ..." tells nothing about the page that says it. Any input
gives a page; nothing raises.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from policy.address import site_of

MOST_HTML = 64 * 1024
"""So much of a page is read (bytes, or characters once decoded)."""

_MOST_NODES = 600
_MOST_FIELDS = 80
_LONGEST_LABEL = 60
_MOST_SCRIPT = 48 * 1024
_DEEPEST = 256
_MOST_ATTRIBUTES = 120
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)([^>]*)>?")
_ATTRIBUTE = re.compile(r"[\s/=]+")
# Closed by what comes next, or empty: they do not nest.
_FLAT = frozenset(
    {"p", "li", "td", "th", "tr", "dt", "dd", "option", "br", "img", "input", "meta", "link", "hr"}
    | {"source", "wbr", "area", "base", "col", "embed", "track", "param"}
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([a-zA-Z0-9_-]{2,30})", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_NO_LABEL = re.compile(r"[^\w@+ ']+")
_COUNT = re.compile(r"\b[\d.,]+\s?[km]?\b")
_CONTROLS = "a[href], button, summary, [role=button], input[type=submit], input[type=button]"
_FIELDS = "input, select, textarea"
_DESCRIBED = "meta[name=description], meta[property='og:title'], meta[property='og:description']"
_TURKISH = str.maketrans("ıİ", "ii")


@dataclass(frozen=True, slots=True)
class Page:
    """Of one page: folded strings (lower case, no accents). Lives as long as the judging; never stored.

    `paths` are addresses inside the site, from `/`; `marks` are `what=value` for machines (`og:type=profile`,
    `generator=discourse 3`, `schema=recipe`, `tag=canvas`); `code` is scripts and where they and frames come from.
    """

    host: str = ""
    title: str = ""
    text: str = ""
    labels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    code: str = ""


def fold_page(text: str) -> str:
    """Lower case, no accents, single spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_TURKISH))
        text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return _SPACE.sub(" ", text.lower()).strip()


def decoded(body: bytes, content_type: str = "") -> str:
    """The first 64 KB of a body as text: by the header's charset, the page's own, or UTF-8; never an error."""
    body = body[:MOST_HTML]
    header = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    found = _CHARSET.search(body[:2048])
    for name in (header, found[1].decode("ascii") if found else "", "utf-8"):
        try:
            if name:
                text = body.decode(name, "replace")
                return text.replace("\0", " ")
        except (LookupError, ValueError):
            continue
    return ""


def looks_like_html(text: str) -> bool:
    """Whether a text is a page at all: some element that only HTML has, near its start."""
    return re.search(r"<(!doctype html|html|head|body|title|div|p|a|meta|script|form)\b", text[:4096], re.I) is not None


def read_page(html: str, host: str = "", *, websocket: bool = False) -> Page:
    """The page in `html`, of the site `host` (canonical; empty: unknown). `websocket`: one was opened from it."""
    try:
        tree = LexborHTMLParser(tamed(html[:MOST_HTML]))
        marks = set(_marks(tree)) | ({"websocket=seen"} if websocket else set())
        labels, paths = _controls(tree, site_of(host) if host else "")
        marks.update(f"scheme={path.partition(':')[0]}" for path in paths if not path.startswith("/"))
        page = Page(
            host=host,
            title=_title(tree),
            labels=labels,
            fields=tuple(_fields(tree)),
            paths=tuple(path for path in paths if path.startswith("/")),
            marks=frozenset(marks),
            code=_code(tree),
            text=_text(tree),
        )
    except Exception:  # a reader of anything that a site sends: what it stumbles over is a page without signs
        return Page(host)
    return page


def tamed(html: str) -> str:
    """Without what makes a parser slow: elements hundreds deep, hundreds of attributes on one; and without drawings.

    Browsers stop at some hundreds as well.
    """
    html = _without(_without(html, "<!--", "-->"), "<svg", "</svg")
    depth: Counter[str] = Counter()
    total = at = 0
    pieces: list[str] = []
    for match in _TAG.finditer(html):
        name, attributes = match[2].lower(), match[3]
        nests = name not in _FLAT
        if match[1]:
            if depth[name]:
                depth[name] -= 1
                total -= 1
        elif nests and total < _DEEPEST:
            depth[name] += 1
            total += 1
        elif nests:
            pieces += (html[at : match.start()], " ")
            at = match.end()
            continue
        if len(attributes) > 1000 and len(_ATTRIBUTE.findall(attributes)) > _MOST_ATTRIBUTES:
            pieces += (html[at : match.start()], f"<{match[1]}{name}>")
            at = match.end()
    return "".join((*pieces, html[at:])) if pieces else html


def _without(html: str, start: str, end: str) -> str:
    """Without every piece from `start` to `end`; one that does not end stays."""
    lower = html.lower()
    if len(lower) != len(html):  # some capitals have two small letters
        html = lower
    pieces: list[str] = []
    at = 0
    while (begin := lower.find(start, at)) >= 0:
        pieces.append(html[at:begin])
        close = lower.find(end, begin + len(start))
        if close < 0:
            pieces.append(html[begin:])
            return " ".join(pieces)
        at = close + len(end)
    return " ".join((*pieces, html[at:])) if pieces else html


def _attributes(node: LexborNode) -> dict[str, str]:
    return {name: value or "" for name, value in node.attributes.items()}


def _nodes(tree: LexborHTMLParser, wanted: str, most: int = _MOST_NODES) -> list[LexborNode]:
    return tree.css(wanted)[:most]


def _label(text: str) -> str:
    """A label without counts and signs: `Vind ik leuk (12)` is `vind ik leuk`."""
    if not text or len(text) > 4 * _LONGEST_LABEL:
        return ""
    cleaned = _SPACE.sub(" ", _NO_LABEL.sub(" ", _COUNT.sub(" ", fold_page(text)))).strip()
    return cleaned if len(cleaned) <= _LONGEST_LABEL else ""


def _controls(tree: LexborHTMLParser, site: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Labels of what can be pressed within the site, and where its links lead; each once."""
    labels: dict[str, None] = {}
    paths: dict[str, None] = {}
    for node in _nodes(tree, _CONTROLS):
        found = _attributes(node)
        if node.tag == "a":
            path = _inside(found.get("href", ""), site)
            if not path:
                continue
            paths[path] = None
            if not path.startswith("/"):
                continue
        for text in (
            node.text(deep=True, separator=" "),
            found.get("aria-label"),
            found.get("title"),
            found.get("value"),
        ):
            if text and (label := _label(text)):
                labels[label] = None
    return tuple(labels), tuple(paths)


def _inside(href: str, site: str) -> str:
    """The path of a link within the site, or a scheme that is no web page (`magnet:`); empty for another site."""
    href = href.strip()[:300].lower()
    scheme, colon, _ = href.partition(":")
    if colon and scheme.isalpha() and scheme not in ("http", "https"):
        return f"{scheme}:"
    if (colon and scheme in ("http", "https")) or href.startswith("//"):
        try:
            parts = urlsplit(href)
            host = parts.hostname or ""
        except ValueError:
            return ""
        if not site or site_of(host) != site:
            return ""
        href = parts.path + (f"?{parts.query}" if parts.query else "")
    return "/" + href.lstrip("./#")


def _fields(tree: LexborHTMLParser) -> Iterator[str]:
    """One line a form field: what it is called and what it asks for."""
    for node in _nodes(tree, _FIELDS, _MOST_FIELDS):
        found = _attributes(node)
        kind = found.get("type", "") or ("text" if node.tag == "input" else str(node.tag))
        if kind in ("hidden", "submit", "button"):
            continue
        said = (found.get(name, "")[:120] for name in ("name", "id", "placeholder", "aria-label", "autocomplete"))
        yield fold_page(" ".join((f"type={kind}", *said)))
    for node in _nodes(tree, "[contenteditable][aria-label], [data-placeholder]", 10):
        found = _attributes(node)
        yield fold_page(f"type=textarea {found.get('aria-label', '')[:120]} {found.get('data-placeholder', '')[:120]}")


def _title(tree: LexborHTMLParser) -> str:
    """Title, description and first headings."""
    said = [node.text(deep=True, separator=" ")[:300] for node in (*_nodes(tree, "title", 1), *_nodes(tree, "h1", 2))]
    said += [
        _attributes(node).get("content", "")[:400]
        for node in _nodes(
            tree, "meta[name=description], meta[property='og:title'], meta[property='og:description']", 6
        )
    ]
    return fold_page(" | ".join(said))


def _marks(tree: LexborHTMLParser) -> Iterator[str]:
    """What is there for machines."""
    for node in _nodes(tree, "meta", 150):
        found = _attributes(node)
        name, content = found.get("property") or found.get("name") or found.get("http-equiv"), found.get("content", "")
        if name:
            yield fold_page(f"{name[:60]}={content[:120]}")
    for node in _nodes(tree, "link[rel], a[rel~=me]", 150):
        found = _attributes(node)
        yield f"rel={fold_page(found.get('rel', '')[:60])}"
        if kind := found.get("type"):
            yield f"type={fold_page(kind[:60])}"
    for node in _nodes(tree, "script[type='application/ld+json']", 10):
        yield from (f"schema={kind}" for kind in _schema(node.text(deep=True)))
    for node in _nodes(tree, "[itemtype]", 60):
        yield f"schema={fold_page(_attributes(node).get('itemtype', '').rpartition('/')[2][:60])}"
    for tag in ("canvas", "video", "iframe", "article"):
        count = len(_nodes(tree, tag, 20))
        if count:
            yield f"tag={tag}"
            yield f"tags={tag}{'+' if count > 1 else ''}"
    for node in _nodes(tree, "[id]", 300):
        yield f"id={fold_page((_attributes(node).get('id') or '')[:40])}"


def _schema(text: str) -> Iterator[str]:
    """Every `@type` in structured data, with the action that an interaction counter counts."""
    try:
        waiting: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    for _ in range(2000):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            for key in ("@type", "interactionType"):
                found = value.get(key)
                for kind in found if isinstance(found, list) else [found]:
                    if isinstance(kind, str):
                        yield fold_page(kind.rpartition("/")[2][:60])
            waiting += value.values()


def _code(tree: LexborHTMLParser) -> str:
    """Where scripts and frames come from, and what stands in the page itself."""
    said: list[str] = []
    for node in _nodes(tree, "script, iframe, embed, object", 150):
        found = _attributes(node)
        said += (found.get(name, "")[:200] for name in ("src", "data"))
        if node.tag == "script" and found.get("type") != "application/ld+json":
            said.append(node.text(deep=True))
    return " ".join(said)[:_MOST_SCRIPT].lower()


def _text(tree: LexborHTMLParser) -> str:
    """What a reader sees; the last to be asked for, because it takes the rest out of the tree."""
    for node in tree.css("script, style, template, svg"):
        node.decompose()
    return fold_page(tree.body.text(deep=True, separator=" ")) if tree.body else ""
