"""A school that signs in with accounts of school: three providers, and what they say of Anja."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from werkzeug.test import TestResponse

from cli.demo.certs import Papers
from config.settings import Egress, Listen, Provider, Settings, SignIn
from dashboard.oidc.trip import TRIP_COOKIE
from store import Store
from tests.cast import LESSON
from tests.dashboard.conftest import BASE, SCHOOL, Browser, give_account
from tests.dashboard.provider import LyingProvider

DOMAIN, TENANT = "kalisto.example", "66666666-7777-8888-9999-000000000000"
ADDRESS = f"a.devries@{DOMAIN}"
GOOGLE = "https://accounts.google.com"
MICROSOFT = f"https://login.microsoftonline.com/{TENANT}/v2.0"
ISSUERS = {"google": GOOGLE, "microsoft": MICROSOFT, "oidc": "https://portaal.example/op"}
HOSTS = {
    "google": ("accounts.google.com:443", "oauth2.googleapis.com:443", "www.googleapis.com:443"),
    "microsoft": ("login.microsoftonline.com:443",),
    "oidc": ("portaal.example:443",),
}
NOBODY = "Dit account hoort bij niemand van het personeel. Vraag de coördinator."
AGAIN = "Het inloggen is niet gelukt."
AWAY = "Uw gebruikersnaam en wachtwoord werken wel."
ANJA = {
    "google": {"sub": "g-1", "email": ADDRESS, "email_verified": True, "hd": DOMAIN},
    "microsoft": {"sub": "pairwise", "oid": "o-1", "preferred_username": ADDRESS, "tid": TENANT},
    "oidc": {"sub": "p-1", "email": ADDRESS, "email_verified": True},
}
"""What an honest provider says of Anja."""

SUBJECTS = {"google": "g-1", "microsoft": "o-1", "oidc": "p-1"}
WAYS = tuple(ISSUERS)


@dataclass
class School:
    """A school with three providers, a browser that goes there, and what they say of whoever says yes."""

    store: Store
    browser: Callable[[], Browser]
    providers: dict[str, LyingProvider]
    app: Flask

    def expects(self, login: str = "anja", address: str = ADDRESS) -> str:
        """The coordinator entered the address; the account's id."""
        account = give_account(self.store, login)
        assert self.store.identities.expect(SCHOOL, account, address, LESSON)
        return account

    def sent_back(self, browser: Browser, way: str = "oidc", naar: str = "") -> str:
        """The path that the provider sends a browser back to."""
        answer = browser.get(f"/inloggen/{way}" + (f"?naar={naar}" if naar else ""))
        assert answer.status_code == 303, answer.text
        address = answer.headers["Location"]
        assert address.startswith("https://"), address
        return self.providers[way].signed_in_at(address).removeprefix(BASE)

    def enters(self, browser: Browser, way: str = "oidc", naar: str = "") -> TestResponse:
        """All of it: out, yes, and back."""
        return browser.get(self.sent_back(browser, way, naar), follow_redirects=True)


def settings(places: dict[str, int], papers: Papers, secret: Path) -> Settings:
    named = {"google": "Google", "microsoft": "Microsoft", "oidc": "Portaal"}
    providers = tuple(
        Provider(
            way,
            named[way],
            ISSUERS[way],
            "klaswacht",
            secret,
            frozenset(HOSTS[way]),
            domain="" if way == "microsoft" else DOMAIN,
            tenant=TENANT if way == "microsoft" else "",
        )
        for way in WAYS
    )
    detours = {host: f"127.0.0.1:{places[way]}" for way in WAYS for host in HOSTS[way]}
    return Settings(
        listen=Listen(name="wacht.school"),
        egress=Egress(hosts=detours, trust=(papers.ca,)),
        sign_in=SignIn("optional", providers),
    )


def page_of(answer: TestResponse) -> str:
    return re.sub(r'value="[0-9a-f]{64}"', "", answer.text)


def turned_away(school: School, way: str = "oidc", says: str = NOBODY) -> str:
    visitor = school.browser()
    answer = school.enters(visitor, way)
    assert answer.request.path == "/inloggen"
    assert says in answer.text
    assert not visitor.cookie()
    assert not visitor.cookie(TRIP_COOKIE)
    assert 'name="password"' in answer.text, "the local form is still there"
    return page_of(answer)


def refused_and_not_linked(school: School, way: str = "oidc", says: str = AGAIN) -> None:
    school.expects()
    turned_away(school, way, says)
    assert school.store.identities.links(SCHOOL) == ()
