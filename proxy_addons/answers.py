"""Answers that need no page, and the headers of those that do. Nobody keeps any of them."""

from __future__ import annotations

import base64
import hashlib
import json

from proxy_addons.facts import Answer, Exchange


def tiny(exchange: Exchange, status: int) -> Answer:
    """The answer to what a page loads by itself: JSON where that is read, else nothing at all."""
    headers = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
    destination = exchange.headers.get("sec-fetch-dest", "empty")
    if exchange.websocket or destination not in ("empty", "") or exchange.method.upper() == "HEAD":
        return Answer(status, (*headers, ("Content-Type", "text/plain; charset=utf-8")), b"")
    return json_answer({"klaswacht": "closed"}, status)


def json_answer(value: object, status: int = 200) -> Answer:
    """A small JSON answer that nobody keeps."""
    headers = (
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        # How the page's script knows the guard's word from that of a site which answers on the same path.
        ("X-Klaswacht", "1"),
    )
    return Answer(status, headers, json.dumps(value, ensure_ascii=False).encode())


def elsewhere(url: str) -> Answer:
    """Leads to an address that is open in place of the one asked for."""
    return Answer(302, (("Location", url), ("Cache-Control", "no-store")), b"")


def page_headers(css: str, js: str) -> tuple[tuple[str, str], ...]:
    """The headers of a page with exactly this style and script: nothing else runs, nothing is fetched or kept."""
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(css)}",
            f"script-src {_hash(js)}",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
    return (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Vary", "Accept-Language, Accept, Sec-Fetch-Dest"),
    )


def frameable(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The same without the refusal to stand in a frame: a framed page has no buttons to be tricked into."""
    kept = (header for header in headers if header[0] != "X-Frame-Options")
    return tuple((name, value.replace("frame-ancestors 'none'", "frame-ancestors *")) for name, value in kept)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
