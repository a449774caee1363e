"""Reading a page as a browser does: which elements and attributes it has, and whether any of them came from data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.dashboard.walk.world import BASE

type Shape = Counter[tuple[str, tuple[str, ...]]]
_LEADING = (
    "href",
    "src",
    "action",
    "formaction",
    "data",
    "poster",
    "hx-get",
    "hx-post",
    "hx-sse:connect",
    "xlink:href",
)
_INLINE_SCRIPT = frozenset({"base", "object", "embed", "iframe", "frame", "link", "meta", "style", "script"})
ALLOWED_HOSTS = frozenset({"wacht.school", ""})


def nodes(html: str) -> Iterator[LexborNode]:
    """Every element of a page, as a browser makes them of it."""
    root = LexborHTMLParser(html).root
    assert root is not None
    yield from (
        node for node in root.traverse(include_text=False) if node.tag and not node.tag.startswith(("-", "_", "!"))
    )


def shape(html: str) -> Shape:
    """The elements of a page with the names of their attributes, counted."""
    return Counter((node.tag or "", tuple(sorted(node.attributes))) for node in nodes(html))


def must_be_ours(html: str, path: str, *, outside: frozenset[str] = frozenset()) -> None:
    """Nothing on a page runs, styles or leads elsewhere but what its template says."""
    for node in nodes(html):
        told = (path, node.tag, node.attributes)
        for name, value in node.attributes.items():
            assert not name.lower().startswith("on"), told
            assert name != "style" and name != "srcdoc", told
            assert "kwxss" not in name.lower(), told
            if name in _LEADING and value is not None:
                parts = urlsplit(urljoin(BASE + path, value.strip()))
                if node.tag == "img" and parts.scheme == "data":
                    assert value.startswith("data:image/"), told
                    continue
                assert parts.scheme in {"https", "http"} | ({"mailto", "tel"} if node.tag == "a" else set()), told
                if node.tag != "a":
                    assert parts.netloc in ALLOWED_HOSTS, told
                elif parts.netloc not in ALLOWED_HOSTS | outside:
                    assert "noreferrer" in (node.attributes.get("rel") or ""), told
        assert "kwxss" not in (node.tag or "").lower(), told
        if node.tag == "script":
            assert (node.attributes.get("src") or "").startswith("/static/"), told
            assert not node.text().strip(), told
        elif node.tag == "link":
            assert (node.attributes.get("href") or "").startswith("/static/"), told
        elif node.tag == "meta":
            assert "http-equiv" not in node.attributes or node.attributes["http-equiv"] == "refresh", told
        else:
            assert node.tag not in _INLINE_SCRIPT, told
