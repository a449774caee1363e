"""A small OpenID provider on this machine that can lie: real HTTPS, real keys, and whatever it is told to sign."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jwt
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from cli.demo.certs import Papers

SECRET = "geheim van de school"


class Quiet(WSGIRequestHandler):
    """Says nothing of every request."""

    def log(self, *_: object) -> None:
        """Keep still."""


@dataclass
class LyingProvider:
    """Honest by itself; a test makes it lie by changing `claims`, `header`, `signer`, `described`, or an answer."""

    clock: Callable[[], datetime]
    client: str = "klaswacht"
    issuer: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    signer: jwk.Key | bytes | None = None
    key: jwk.RSAKey = field(default_factory=lambda: _honest())
    published: list[dict[str, Any]] | None = None
    answers: dict[str, Callable[[Request], Response]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    authorizations: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        kind = request.path.rpartition("/")[2]
        answer = self.answers.get(kind) or getattr(self, f"_{kind.replace('-', '_')}", None)
        return (answer(request) if answer else Response(status=404))(environ, start)

    def _openid_configuration(self, _: Request) -> Response:
        base = self.issuer
        told = {"issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token"}
        return _json({**told, "jwks_uri": f"{base}/jwks", **self.described})

    def _jwks(self, _: Request) -> Response:
        return _json({"keys": [self.key.as_dict(private=False)] if self.published is None else self.published})

    def signed_in_at(self, address: str) -> str:
        """What the browser of a person who says yes is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        self.authorizations.append(address)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _authorize(self, request: Request) -> Response:
        """For a real browser: a page with one button."""
        if request.method == "POST":
            return Response(status=302, headers={"Location": self.signed_in_at(request.url)})
        page = "<!doctype html><title>Portaal</title><form method=post><button>Ja, ik ben het</button></form>"
        return Response(page, mimetype="text/html")

    def _token(self, request: Request) -> Response:
        asked = self.codes.pop(request.form.get("code", ""), None)
        sent = request.authorization
        mine = sent is not None and (sent.username, sent.password) == (self.client, SECRET.replace(" ", "%20"))
        if not mine:
            return _json({"error": "invalid_client"}, 401)
        challenge = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        given = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != given or asked["redirect_uri"] != request.form["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        return _json({"access_token": "a", "token_type": "Bearer", "id_token": self.token(asked.get("nonce", ""))})

    def token(self, nonce: str) -> str:
        """What it signs, with its lies."""
        now = int(self.clock().timestamp())
        said = {"iss": self.issuer, "aud": self.client, "iat": now, "exp": now + 300, "nonce": nonce}
        said |= {**self.person, **self.claims}
        claims = {name: value for name, value in said.items() if value is not None}
        header = {"alg": "RS256", "kid": "k1", **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        if header["alg"] == "none" or isinstance(self.signer, bytes):
            # By hand: the library refuses to lie.
            head = ".".join(_packed(json.dumps(one).encode()) for one in (header, claims))
            made = hmac.digest(self.signer, head.encode(), "sha256") if isinstance(self.signer, bytes) else b""
            return f"{head}.{_packed(made)}"
        return jwt.encode(header, claims, self.signer or self.key, algorithms=[header["alg"]])


@cache
def _honest() -> jwk.RSAKey:
    """Made once: it costs a fifth of a second."""
    return jwk.RSAKey.generate_key(2048, {"kid": "k1"})


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, mimetype="application/json")


@contextlib.contextmanager
def serving(app: Callable[..., Any], papers: Papers) -> Iterator[int]:
    """An app over TLS on a port of its own, until the end of the block; the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=papers.server_context(), request_handler=Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def slowly(seconds: float) -> Callable[[Request], Response]:
    """An answer that takes its time."""

    def answer(_: Request) -> Response:
        time.sleep(seconds)
        return _json({})

    return answer
