"""What stands between a browser and the views: security headers, the form token and the Origin check.

The token is an HMAC of the browser's session cookie (or, before signing in, of a cookie that is only for that), so it
needs no storage and dies with the session. OWASP ASVS 5.0: 3.4.3 (CSP), 3.5.1 (cross-site requests).
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from flask import Request, Response, request
from werkzeug.wrappers import Response as AnyResponse

SESSION_COOKIE = "__Host-klaswacht"
EARLY_COOKIE = "__Host-klaswacht-voor"
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}


def protect(response: Response) -> Response:
    """Put the security headers on every answer; nothing but the static files may be kept by a browser."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    leads = response.headers.get("Location", "")
    if leads.startswith(request.host_url):  # werkzeug's own redirects name the Host header, which anybody may write
        response.headers["Location"] = "/" + leads.removeprefix(request.host_url).lstrip("/\\")
        response.set_data(b"")
    return response


def new_cookie() -> str:
    """A fresh cookie value: 256 random bits."""
    return secrets.token_urlsafe(32)


def set_cookie(response: AnyResponse, name: str, value: str) -> None:
    """Set a cookie of the dashboard: this host only, over TLS only, out of reach of scripts, gone with the browser."""
    response.set_cookie(name, value, secure=True, httponly=True, samesite="Lax", path="/")


def drop_cookie(response: AnyResponse, name: str) -> None:
    """Take a cookie of the dashboard away again."""
    response.delete_cookie(name, secure=True, httponly=True, samesite="Lax", path="/")


def token_for(secret: bytes, cookie: str) -> str:
    """The form token that belongs to a cookie value (hex)."""
    return hmac.new(secret, b"form:" + cookie.encode(), sha256).hexdigest()


def same_origin(asked: Request) -> bool:
    """Whether a request that changes something comes from our own page.

    `Referrer-Policy: no-referrer` makes browsers send `Origin: null` with a form of our own page (Fetch standard,
    "append a request Origin header"); then `Sec-Fetch-Site`, which no page can set, has to say it. Neither: refused.
    """
    origin = asked.headers.get("Origin", "null")
    if origin != "null":
        return origin == asked.host_url.rstrip("/")
    return asked.headers.get("Sec-Fetch-Site") == "same-origin"


def honest(asked: Request, secret: bytes) -> bool:
    """Whether a request that changes something carries the token of its own cookie and comes from our own page."""
    cookie = asked.cookies.get(SESSION_COOKIE) or asked.cookies.get(EARLY_COOKIE)
    given = asked.headers.get(CSRF_HEADER) or asked.form.get(CSRF_FIELD, "")
    if not cookie or not same_origin(asked):
        return False
    return hmac.compare_digest(given.encode(), token_for(secret, cookie).encode())
