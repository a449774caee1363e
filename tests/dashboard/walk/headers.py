"""What every answer must have, whatever was asked and whoever asked it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

_POLICY = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "frame-ancestors": {"'none'"},
    "base-uri": {"'none'"},
}
_SECRET_IN_ADDRESS = re.compile(r"[A-Za-z0-9_-]{43}")
ONE_TIME = ("/wachtwoord/",)
"""Addresses whose secret works once, which is why they may have one."""


def must_be_safe(answer: TestResponse, path: str) -> None:
    """The headers of an answer, its cookies, and where it leads."""
    told = (path, answer.status_code)
    headers = answer.headers
    policy = {}
    for part in headers["Content-Security-Policy"].split(";"):
        name, *values = part.split()
        policy[name] = set(values)
    for name, values in _POLICY.items():
        assert policy.get(name) == values, (told, name)
    assert not any("unsafe" in value or "*" in value for values in policy.values() for value in values), told
    assert policy["form-action"] >= {"'self'"}, told
    assert headers["X-Content-Type-Options"] == "nosniff", told
    assert headers["X-Frame-Options"] == "DENY", told
    assert headers["Referrer-Policy"] == "no-referrer", told
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", told
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", told
    assert int(headers["Strict-Transport-Security"].partition("max-age=")[2].split(";")[0]) >= 31_536_000, told
    assert "Access-Control-Allow-Origin" not in headers, told
    if not path.startswith("/static/"):
        assert headers["Cache-Control"] == "no-store", told
    if (
        answer.status_code not in {204, 304}
        and not 300 <= answer.status_code < 400
        and headers.get("Content-Length") != "0"
    ):
        kind = headers.get("Content-Type", "")
        assert kind, told
        if kind.startswith("text/") and not path.startswith("/static/"):
            assert "charset=utf-8" in kind.lower(), (told, kind)
    for name in ("Server", "X-Powered-By"):
        assert name not in headers, told
    for line in headers.getlist("Set-Cookie"):
        assert line.startswith("__Host-"), (told, line)
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in line.split(";")}, (told, line)
        assert "SameSite=Lax" in line or "SameSite=Strict" in line, (told, line)
        assert "Domain" not in line, (told, line)
    leads = headers.get("Location", "")
    assert "\r" not in leads and "\n" not in leads, told
    if leads and not path.startswith(ONE_TIME):
        assert not _SECRET_IN_ADDRESS.search(urlsplit(leads).query), (told, leads)
