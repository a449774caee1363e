"""One provider at work: what it says of itself, where a browser is sent, and what it tells for a code (Authlib)."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from config.secret_file import NoSecret, read_secret
from config.settings import Provider, Settings
from dashboard.oidc.id_token import Claims, Keys, Rejected, UnknownKey, judged, usable_keys
from dashboard.oidc.trip import Trip
from dashboard.oidc.wire import WITHIN, Away, Wire, browser, host_of, trusting

_FRESH = timedelta(hours=6)
"""So long counts what a provider says of itself, and its keys."""

_NOT_SOONER = timedelta(seconds=30)
"""Between two looks for a key that nobody knows, so that a made-up token does not send us out each time."""

_SAID = ("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type")
_AT_A_TIME = 8
_SCOPE = "openid email profile"


@dataclass(frozen=True, slots=True)
class About:
    """What a provider says of itself (OpenID Connect Discovery 1.0), as far as it is used; `read` is when (UTC)."""

    sign_in: str
    token: str
    keys: str
    secret_in_form: bool
    says_issuer: bool
    read: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser came back with: the code, and the issuer where the provider names it (RFC 9207)."""

    code: str
    issuer: str | None = None


@dataclass
class ProviderDesk:
    """One provider, with what it last said of itself. Safe to call from many threads.

    `detours` is where names lead in this school's network (`egress.hosts`).
    """

    provider: Provider
    context: ssl.SSLContext
    detours: Mapping[str, str] = field(default_factory=dict)
    within: float = WITHIN
    _about: About | None = None
    _keys: Keys = field(default_factory=dict)
    _keys_read: datetime | None = None

    def address(self, trip: Trip, redirect: str, now: datetime) -> str:
        """Where the browser goes to sign in.

        Raises:
            Away: the provider does not answer, or says something odd of itself.
        """
        with self._open() as http:
            about = self._described(http, now)
        more: dict[str, str] = {"nonce": trip.nonce}
        if self.provider.way == "google":
            more |= {"hd": self.provider.domain}
        # A school's screens are shared: which account is asked, not taken.
        more |= {"prompt": "login", "max_age": "0"} if trip.again else {"prompt": "select_account"}
        client = self._client(None, redirect)
        found, _ = client.create_authorization_url(about.sign_in, state=trip.state, code_verifier=trip.verifier, **more)
        return str(found)

    def claims(self, asked: Asked, trip: Trip, redirect: str, now: datetime) -> Claims:
        """Who came in, for the code that a browser came back with.

        Raises:
            Away: the provider does not answer, or the secret's file cannot be used.
            Rejected: the code, or what the provider signed, does not count.
        """
        with self._open() as http:
            about = self._described(http, now)
            named = asked.issuer is not None or about.says_issuer
            if named and asked.issuer != self.provider.issuer:
                raise Rejected("mixed up")  # an answer of another provider is not taken to this one (RFC 9207)
            token = self._token(http, about, asked.code, trip, redirect)
            try:
                return judged(token, self._known_keys(http, about, now), self.provider, trip.nonce, now)
            except UnknownKey:
                keys = self._known_keys(http, about, now, renew=True)
                return judged(token, keys, self.provider, trip.nonce, now)

    def _open(self) -> httpx.Client:
        return browser(Wire(self.provider.hosts, self.context, self.detours, self.within))

    def _client(self, http: httpx.Client | None, redirect: str) -> Any:
        return OAuth2Client(
            http,
            client_id=self.provider.client_id,
            scope=_SCOPE,
            redirect_uri=redirect,
            code_challenge_method="S256",
        )

    def _described(self, http: httpx.Client, now: datetime) -> About:
        if self._about is not None and now - self._about.read < _FRESH:
            return self._about
        told = _json(http.get(self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"))
        if told.get("issuer") != self.provider.issuer:
            raise Away("it calls itself otherwise")
        places = [told.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        sign_in, token, keys = (one if isinstance(one, str) else "" for one in places)
        if not all(host_of(one) in self.provider.hosts for one in (sign_in, token, keys)):
            raise Away("it names an address that is not its own")
        means = told.get("token_endpoint_auth_methods_supported")
        form = isinstance(means, list) and "client_secret_post" in means
        says = told.get("authorization_response_iss_parameter_supported") is True
        self._about = About(sign_in, token, keys, form, says, now)
        return self._about

    def _token(self, http: httpx.Client, about: About, code: str, trip: Trip, redirect: str) -> str:
        try:
            secret = read_secret(self.provider.secret_file)
        except NoSecret as no:
            raise Away(str(no)) from None
        name = self.provider.client_id
        # RFC 6749, 2.3.1: in the header both are written as in a form.
        proof = httpx.Auth() if about.secret_in_form else httpx.BasicAuth(quote(name, ""), quote(secret, ""))
        form = {"client_id": name, "client_secret": secret} if about.secret_in_form else {}
        try:
            told = self._client(http, redirect).fetch_token(
                about.token,
                grant_type="authorization_code",
                code=code,
                code_verifier=trip.verifier,
                auth=proof,
                **form,
            )
        except OAuth2Error as error:
            # The provider's own word for it, if RFC 6749 has it (a wrong secret: `invalid_client`), for the log.
            raise Rejected(f"code: {error.error if error.error in _SAID else 'refused'}") from None
        except (httpx.HTTPError, ValueError):
            raise Away("what it says of a code is not understood") from None
        token = told.get("id_token")
        if not isinstance(token, str):
            raise Rejected("no id_token")
        return token

    def _known_keys(self, http: httpx.Client, about: About, now: datetime, *, renew: bool = False) -> Keys:
        age = None if self._keys_read is None else now - self._keys_read
        if age is None or age >= (_NOT_SOONER if renew else _FRESH):
            self._keys, self._keys_read = usable_keys(_json(http.get(about.keys))), now
        return self._keys


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json() if answer.status_code == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Away(f"an answer that is not understood ({answer.status_code})")
    return found


class Desks:
    """Every provider that the school uses, by its word. Threads of their own ask them, so that a name that nobody can
    look up, or a slow provider, keeps no page waiting.
    """

    def __init__(self, settings: Settings, *, within: float = WITHIN) -> None:
        self._settings, self._within = settings, within
        self._desks: dict[str, ProviderDesk] = {}
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The providers, in the order of their buttons."""
        return self._settings.sign_in.providers

    def known(self, way: str) -> bool:
        """Whether the school uses this provider."""
        return any(one.way == way for one in self.providers)

    def ask[T](self, way: str, question: Callable[[ProviderDesk], T]) -> T:
        """What a provider answers to a question, within the time.

        Raises:
            Away: it does not.
            Rejected: as `ProviderDesk.claims`.
        """
        with self._lock:
            threads = self._threads = self._threads or ThreadPoolExecutor(_AT_A_TIME, "oidc")
        asked = threads.submit(lambda: question(self._desk(way)))
        try:
            return asked.result(self._within + 1)
        except (Away, Rejected):
            raise
        except TooLong:
            asked.cancel()
            raise Away("no answer in time") from None
        except Exception as error:
            # Whatever a provider sends, the page with the local form comes; the error's own words may quote it.
            raise Away(type(error).__name__) from None

    def close(self) -> None:
        """Let go of the threads."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    def _desk(self, way: str) -> ProviderDesk:
        with self._lock:
            if way not in self._desks:
                provider = next(one for one in self.providers if one.way == way)
                egress = self._settings.egress
                try:
                    context = trusting(egress.trust)
                except OSError as error:
                    raise Away(f"a certificate of `egress.trust` cannot be read: {error.strerror}") from None
                self._desks[way] = ProviderDesk(provider, context, egress.hosts, self._within)
            return self._desks[way]
