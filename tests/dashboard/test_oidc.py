"""Signing in with an account of school, against a real provider on this machine: honest, lying, slow and gone."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import oidc_provider_mock
import pytest
from flask import Flask
from joserfc import jwk
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from cli.demo.certs import Papers, make_papers
from config.settings import Egress, Listen, Provider, Settings, SignIn
from dashboard import close_app, create_app
from dashboard.actions import accounts as signing_in
from dashboard.oidc import Away, Desks
from dashboard.oidc.trip import TRIP_COOKIE, Trips, new_trip
from dashboard.oidc.wire import LARGEST, Wire, trusting
from dashboard.oidc.wire import browser as browser_of
from policy.model import Role
from store import Store
from store.accounts import AccountState
from tests.cast import KNOWLEDGE, LESSON
from tests.dashboard.conftest import BASE, SCHOOL, SEAL, Browser, Clock, give_account
from tests.dashboard.provider import SECRET, LyingProvider, serving, slowly

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


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    names = sorted({host.partition(":")[0] for hosts in HOSTS.values() for host in hosts} | {"localhost"})
    return make_papers(tmp_path_factory.mktemp("papers"), names, datetime.now(UTC))


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


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "geheim.txt"
    file.touch(0o600)
    file.write_text(SECRET + "\n")
    return file


@pytest.fixture
def providers(clock: Clock) -> dict[str, LyingProvider]:
    return {way: LyingProvider(clock, issuer=ISSUERS[way], person=dict(ANJA[way])) for way in WAYS}


@pytest.fixture
def app(
    store: Store, clock: Clock, papers: Papers, secret: Path, providers: dict[str, LyingProvider]
) -> Iterator[Flask]:
    # As the real one has it: three hosts.
    providers["google"].described = {
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "jwks_uri": "https://www.googleapis.com/jwks",
    }
    with ExitStack() as stack:
        places = {way: stack.enter_context(serving(providers[way], papers)) for way in WAYS}
        made = create_app(store, KNOWLEDGE, SCHOOL, settings(places, papers, secret), clock, b"s" * 32, seal=SEAL)
        made.extensions["klaswacht_oidc"]._within = 60.0  # a busy machine is not a slow provider
        yield made
        close_app(made)


@pytest.fixture
def school(store: Store, browser: Callable[[], Browser], providers: dict[str, LyingProvider], app: Flask) -> School:
    return School(store, browser, providers, app)


# --- who comes in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_who_is_expected_comes_in_and_is_linked(school: School, way: str) -> None:
    account = school.expects()
    anja = school.browser()
    answer = school.enters(anja, way, naar="/les/7")
    assert (answer.status_code, answer.request.path) == (200, "/les/7")
    assert anja.cookie()
    (link,) = school.store.identities.links(SCHOOL)
    assert (link.issuer, link.subject, link.account) == (ISSUERS[way], SUBJECTS[way], account)
    told = [(entry.who, entry.what) for entry in school.store.audit.entries(SCHOOL)]
    assert {("anja", "oidc.link"), ("anja", "oidc.enter")} <= set(told)
    session = school.store.accounts.session(SCHOOL, anja.cookie(), LESSON)
    assert session
    assert session.way == "oidc"


@pytest.mark.parametrize("way", WAYS)
def test_the_second_time_one_is_known_by_the_subject_though_the_address_changed(school: School, way: str) -> None:
    school.expects()
    school.enters(school.browser(), way)
    new = f"anja.bakker@{DOMAIN}"
    school.providers[way].claims = {"preferred_username" if way == "microsoft" else "email": new}
    anja = school.browser()
    school.enters(anja, way)
    assert anja.cookie()


def test_an_account_without_a_password_is_enough(school: School) -> None:
    account = school.store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, LESSON)
    assert account
    school.store.identities.expect(SCHOOL, account.id, ADDRESS, LESSON)
    anja = school.browser()
    school.enters(anja)
    assert anja.cookie()


def test_nothing_but_issuer_and_subject_is_kept(school: School, tmp_path: Path) -> None:
    school.providers["oidc"].claims = {"name": "Anja Zeldzaam", "picture": "https://portaal.example/zeldzaam.jpg"}
    school.expects()
    school.enters(school.browser())
    school.store.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.suffix in {".db", ".db-wal"})
    assert b"p-1" in everything
    for trace in (b"Zeldzaam", b"zeldzaam", SECRET.encode(), ADDRESS.encode()):
        assert trace not in everything, trace


def test_somebody_with_a_second_factor_here_is_still_asked_for_it(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.expects()
    monkeypatch.setattr(signing_in.second_factor, "has_one", lambda *_: True)
    anja = school.browser()
    answer = school.enters(anja)
    assert answer.request.path == "/inloggen/code"
    assert not anja.cookie()


@pytest.mark.parametrize(("way", "comes_in"), [("microsoft", True), ("oidc", True), ("google", False)])
def test_a_second_factor_that_the_provider_asked_for_counts_where_providers_say_so(
    school: School, way: str, comes_in: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.expects()
    school.enters(school.browser(), way)
    monkeypatch.setattr(signing_in.second_factor, "has_one", lambda *_: True)
    school.providers[way].claims = {"amr": ["pwd", "mfa"]}
    anja = school.browser()
    school.enters(anja, way)
    assert bool(anja.cookie()) is comes_in


# --- who does not --------------------------------------------------------------------------------------------------


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


def test_everybody_who_is_nobody_gets_the_same_page(school: School) -> None:
    pages = {turned_away(school)}
    closed = school.expects()
    school.store.accounts.set_state(SCHOOL, closed, AccountState.CLOSED, LESSON)
    pages.add(turned_away(school))
    pupil = give_account(school.store, "sam", Role.PUPIL)
    school.store.identities.expect(SCHOOL, pupil, f"sam@{DOMAIN}", LESSON)
    school.providers["oidc"].claims = {"email": f"sam@{DOMAIN}", "sub": "p-2"}
    pages.add(turned_away(school))
    school.providers["oidc"].claims = {"email": "a.devries@elders.example"}
    pages.add(turned_away(school))
    school.providers["oidc"].claims = {"email_verified": False}
    pages.add(turned_away(school))
    assert len(pages) == 1
    assert school.store.identities.links(SCHOOL) == ()


def test_nobody_is_made_by_signing_in_and_a_user_name_alone_links_nobody(school: School) -> None:
    give_account(school.store, "anja")
    before = school.store.accounts.accounts(SCHOOL)
    school.providers["oidc"].claims = {"email": f"anja@{DOMAIN}", "preferred_username": "anja"}
    turned_away(school)
    assert school.store.accounts.accounts(SCHOOL) == before


def test_an_account_that_was_closed_after_it_was_linked_stays_out(school: School) -> None:
    account = school.expects()
    school.enters(school.browser())
    school.store.accounts.set_state(SCHOOL, account, AccountState.CLOSED, LESSON)
    turned_away(school)


@pytest.mark.parametrize(
    ("way", "claims"),
    [
        ("google", {"hd": None}),
        ("google", {"hd": "elders.example"}),
        ("google", {"hd": [DOMAIN]}),
        ("google", {"email_verified": False}),
        ("google", {"email_verified": "true"}),
        ("microsoft", {"tid": "11111111-7777-8888-9999-000000000000"}),
        ("microsoft", {"tid": None}),
        ("oidc", {"email": "a.devries@sub.kalisto.example"}),
        ("oidc", {"email": f"a.devries@elders.example@{DOMAIN}"}),
        ("oidc", {"email": None}),
        ("oidc", {"email_verified": None}),
    ],
)
def test_an_account_of_elsewhere_is_not_taken_though_it_was_linked(
    school: School, way: str, claims: dict[str, object]
) -> None:
    school.expects()
    school.enters(school.browser(), way)
    school.providers[way].claims = claims
    turned_away(school, way)


@pytest.mark.parametrize(
    "claims",
    [
        {"preferred_username": "iemand@elders.example", "email": ADDRESS},
        {"idp": "https://sts.windows.net/11111111-7777-8888-9999-000000000000/"},
        {"acct": 1},
    ],
)
def test_a_guest_of_the_tenant_is_linked_to_nobody_by_an_address(school: School, claims: dict[str, object]) -> None:
    school.expects()
    school.providers["microsoft"].claims = claims
    turned_away(school, "microsoft")


# --- what was signed -----------------------------------------------------------------------------------------------


def refused_and_not_linked(school: School, way: str = "oidc", says: str = AGAIN) -> None:
    school.expects()
    turned_away(school, way, says)
    assert school.store.identities.links(SCHOOL) == ()


@pytest.mark.full
@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": None},
        {"nonce": "een andere"},
        {"nonce": ""},
        {"aud": "een ander programma"},
        {"aud": None},
        {"aud": ["klaswacht", "een ander programma"]},
        {"aud": ["klaswacht", "een ander programma"], "azp": "een ander programma"},
        {"azp": "een ander programma"},
        {"iss": "https://elders.example"},
        {"iss": "https://portaal.example/op/"},
        {"iss": "https://portaal.example"},
        {"iss": GOOGLE},
        {"iss": None},
        {"exp": None},
        {"exp": "morgen"},
        {"exp": True},
        {"exp": 10**30},
        {"iat": None},
        {"nbf": "nu"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
    ids=str,
)
def test_a_claim_that_is_not_as_it_must_be_lets_nobody_in(school: School, claims: dict[str, object]) -> None:
    school.providers["oidc"].claims = claims
    refused_and_not_linked(school)


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_two_minutes_are_forgiven_and_no_more(school: School, claim: str) -> None:
    now = int(LESSON.timestamp())
    sign = -1 if claim == "exp" else 1
    school.providers["oidc"].claims = {claim: now + sign * 130}
    refused_and_not_linked(school)
    school.providers["oidc"].claims = {claim: now + sign * 110}
    anja = school.browser()
    school.enters(anja)
    assert anja.cookie()


def test_the_tokens_of_another_tenant_with_our_claims_do_not_count(school: School) -> None:
    other = MICROSOFT.replace("6666", "1111")
    school.providers["microsoft"].claims = {"iss": other}
    refused_and_not_linked(school, "microsoft")


@pytest.mark.parametrize("kid", ["k1", "k2", None])
def test_what_another_key_signed_does_not_count(school: School, kid: str | None) -> None:
    school.providers["oidc"].signer = jwk.RSAKey.generate_key(2048)
    school.providers["oidc"].header = {"kid": kid}
    refused_and_not_linked(school)


def test_what_nobody_signed_does_not_count(school: School) -> None:
    school.providers["oidc"].header = {"alg": "none"}
    refused_and_not_linked(school)


@pytest.mark.parametrize("with_what", ["secret", "public key", "n"])
def test_what_was_signed_with_a_secret_that_we_know_too_does_not_count(school: School, with_what: str) -> None:
    provider = school.providers["oidc"]
    key = {
        "secret": SECRET.encode(),
        "public key": provider.key.as_pem(private=False),
        "n": provider.key.as_dict(private=False)["n"].encode(),
    }[with_what]
    provider.signer, provider.header = key, {"alg": "HS256"}
    refused_and_not_linked(school)


def test_a_key_that_may_not_sign_does_not(school: School) -> None:
    provider = school.providers["oidc"]
    public = provider.key.as_dict(private=False)
    provider.published = [{**public, "use": "enc"}, {"kty": "oct", "kid": "k1", "k": "c2VjcmV0"}, {"kty": "EC"}, {}]
    refused_and_not_linked(school)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_short_key_does_not_count(school: School) -> None:
    school.providers["oidc"].key = jwk.RSAKey.generate_key(1024, {"kid": "k1"})
    refused_and_not_linked(school)


def test_elliptic_curves_are_fine_and_a_key_of_the_other_kind_is_not(school: School) -> None:
    provider = school.providers["oidc"]
    curve = jwk.ECKey.generate_key("P-256", {"kid": "k1"})
    provider.published = [curve.as_dict(private=False)]
    refused_and_not_linked(school)
    provider.signer, provider.header = curve, {"alg": "ES256"}
    anja = school.browser()
    school.enters(anja)
    assert anja.cookie()


def test_new_keys_of_a_provider_are_looked_up_and_not_at_every_made_up_name(school: School, clock: Clock) -> None:
    school.expects()
    school.enters(school.browser())
    provider = school.providers["oidc"]
    provider.key, provider.header = jwk.RSAKey.generate_key(2048, {"kid": "k2"}), {"kid": "k2"}
    clock.on(minutes=1)
    anja = school.browser()
    school.enters(anja)
    assert anja.cookie()
    provider.header = {"kid": "verzonnen"}
    looked = provider.asked.count("/op/jwks")
    for _ in range(3):
        turned_away(school, says=AGAIN)
    assert provider.asked.count("/op/jwks") == looked, "half a minute has to go by"


# --- there and back ------------------------------------------------------------------------------------------------


def test_what_is_asked_of_the_provider(school: School) -> None:
    asked = {}
    for way in WAYS:
        address = school.browser().get(f"/inloggen/{way}").headers["Location"]
        asked[way] = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked[way]["redirect_uri"] == f"{BASE}/inloggen/{way}/terug"
        assert asked[way]["response_type"] == "code"
        assert asked[way]["code_challenge_method"] == "S256"
        assert len(asked[way]["code_challenge"]) == 43
        assert asked[way]["scope"] == "openid email profile"
        assert min(len(asked[way]["state"]), len(asked[way]["nonce"])) >= 43
    assert asked["google"]["hd"] == DOMAIN
    assert len({one["state"] for one in asked.values()} | {one["nonce"] for one in asked.values()}) == 6


def test_the_cookie_of_a_trip_is_short_sealed_and_away_from_scripts(school: School) -> None:
    answer = school.browser().get("/inloggen/oidc?naar=/les/7")
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith(TRIP_COOKIE)]
    for mark in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"):
        assert mark in cookie
    assert "Domain" not in cookie
    state = parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]
    assert state not in cookie


@pytest.mark.parametrize("state", ["", "verkeerd", None])
def test_a_return_with_another_state_lets_nobody_in(school: School, state: str | None) -> None:
    school.expects()
    visitor = school.browser()
    back = urlsplit(school.sent_back(visitor))
    code = parse_qs(back.query)["code"][0]
    answer = visitor.get(f"{back.path}?{urlencode({'code': code} | ({} if state is None else {'state': state}))}")
    assert "nee=oidc_again" in answer.headers["Location"]
    assert not visitor.cookie()
    assert "/op/token" not in school.providers["oidc"].asked


def test_a_return_works_once_though_the_cookie_was_kept(school: School) -> None:
    school.expects()
    visitor = school.browser()
    back = school.sent_back(visitor)
    kept = visitor.cookie(TRIP_COOKIE)
    visitor.get(back)
    assert visitor.cookie()
    thief = school.browser()
    thief.client.set_cookie(TRIP_COOKIE, kept, domain="wacht.school", secure=True)
    assert "nee=oidc_again" in thief.get(back).headers["Location"]
    assert not thief.cookie()
    assert school.providers["oidc"].asked.count("/op/token") == 1, "it does not even get to the provider"


def test_a_code_that_was_used_is_refused_by_the_provider_and_so_by_us(school: School) -> None:
    school.expects()
    first, second = school.browser(), school.browser()
    used = parse_qs(urlsplit(school.sent_back(first)).query)["code"][0]
    school.providers["oidc"].codes.pop(used)
    back = urlsplit(school.sent_back(second))
    state = parse_qs(back.query)["state"][0]
    answer = second.get(f"{back.path}?{urlencode({'code': used, 'state': state})}", follow_redirects=True)
    assert AGAIN in answer.text
    assert not second.cookie()


def test_a_code_of_another_trip_does_not_fit_the_proof_key(school: School) -> None:
    """PKCE: a code that was caught in one browser is of no use in another."""
    school.expects()
    victim, thief = school.browser(), school.browser()
    caught = parse_qs(urlsplit(school.sent_back(victim)).query)["code"][0]
    back = urlsplit(school.sent_back(thief))
    state = parse_qs(back.query)["state"][0]
    answer = thief.get(f"{back.path}?{urlencode({'code': caught, 'state': state})}", follow_redirects=True)
    assert AGAIN in answer.text
    assert not thief.cookie()


def test_a_return_in_a_browser_that_never_left_signs_nobody_in(school: School) -> None:
    """Signing a victim in as the attacker (login CSRF): the address alone is not enough."""
    school.expects()
    attacker, victim = school.browser(), school.browser()
    back = school.sent_back(attacker)
    assert "nee=oidc_again" in victim.get(back).headers["Location"]
    school.sent_back(victim)  # a trip of their own does not help either
    assert "nee=oidc_again" in victim.get(back).headers["Location"]
    assert not victim.cookie()


def test_a_trip_is_over_after_ten_minutes_and_no_cookie_is_made_up(school: School, clock: Clock) -> None:
    school.expects()
    late = school.browser()
    back = school.sent_back(late)
    clock.on(minutes=10)
    assert "nee=oidc_again" in late.get(back).headers["Location"]
    forged = Trips(b"x" * 32).pack(new_trip("oidc", "", clock.now))
    late.client.set_cookie(TRIP_COOKIE, forged, domain="wacht.school", secure=True)
    assert "nee=oidc_again" in late.get(back).headers["Location"]
    assert not late.cookie()


def test_a_trip_to_one_provider_does_not_end_at_another(school: School) -> None:
    school.expects()
    visitor = school.browser()
    back = school.sent_back(visitor).replace("/oidc/", "/google/")
    assert "nee=oidc_again" in visitor.get(back).headers["Location"]
    assert school.providers["google"].asked == []


@pytest.mark.parametrize("says", [True, False])
def test_an_answer_that_names_another_issuer_is_not_taken_to_this_one(school: School, says: bool) -> None:
    school.providers["oidc"].described = {"authorization_response_iss_parameter_supported": says}
    school.expects()
    visitor = school.browser()
    back = school.sent_back(visitor)
    answer = visitor.get(f"{back}&iss=https%3A%2F%2Felders.example", follow_redirects=True)
    assert AGAIN in answer.text
    unnamed = visitor.get(school.sent_back(visitor), follow_redirects=True)
    assert (AGAIN in unnamed.text) is says
    named = school.browser()
    named.get(f"{school.sent_back(named)}&{urlencode({'iss': ISSUERS['oidc']})}")
    assert bool(named.cookie()) is True or not says


@pytest.mark.parametrize("naar", ["https://elders.nl/", "//elders.nl", "/\\elders.nl", "javascript:alert(1)", "elders"])
def test_after_it_one_is_never_sent_elsewhere(school: School, naar: str) -> None:
    school.expects()
    visitor = school.browser()
    answer = visitor.get(school.sent_back(visitor, naar=naar))
    assert answer.headers["Location"] == "/"
    assert visitor.cookie()


def test_a_session_that_was_there_ends_and_never_becomes_the_new_one(school: School) -> None:
    school.expects()
    visitor = school.browser()
    visitor.client.set_cookie("__Host-klaswacht", "planted", domain="wacht.school", secure=True)
    school.enters(visitor)
    first = visitor.cookie()
    assert first not in {"", "planted"}
    school.enters(visitor)
    assert visitor.cookie() != first
    assert school.store.accounts.session(SCHOOL, first, LESSON) is None


def test_the_way_back_is_the_schools_own_address_whatever_host_a_request_names(school: School) -> None:
    for host in ("elders.nl", "elders.nl:443", "wacht.school.elders.nl"):
        answer = school.app.test_client().get("/inloggen/oidc?naar=/les/7", base_url=f"https://{host}")
        assert answer.headers["Location"] == "https://wacht.school:8443/inloggen/oidc?naar=/les/7", host
        assert TRIP_COOKIE not in str(answer.headers)
    behind = school.app.test_client().get("/inloggen/oidc", base_url="https://wacht.school:9443")
    address = parse_qs(urlsplit(behind.headers["Location"]).query)["redirect_uri"]
    assert address == ["https://wacht.school:9443/inloggen/oidc/terug"]


def test_somebody_who_says_no_at_the_provider_is_back_at_the_page(school: School) -> None:
    visitor = school.browser()
    back = urlsplit(school.sent_back(visitor))
    state = parse_qs(back.query)["state"][0]
    answer = visitor.get(f"{back.path}?error=access_denied&state={state}&error_description=<b>x", follow_redirects=True)
    assert AGAIN in answer.text
    assert "<b>x" not in answer.text


def test_a_provider_that_the_school_does_not_use_is_not_there(store: Store, clock: Clock) -> None:
    made = create_app(
        store, KNOWLEDGE, SCHOOL, Settings(listen=Listen(name="wacht.school")), clock, b"s" * 32, seal=SEAL
    )
    visitor = Browser(made.test_client())
    for path in ("/inloggen/google", "/inloggen/google/terug", "/inloggen/facebook"):
        assert visitor.get(path).status_code == 404
    assert "Google" not in visitor.page("/inloggen")
    close_app(made)


def test_who_comes_back_wrongly_too_often_has_to_wait(school: School) -> None:
    school.expects()
    visitor = school.browser()
    for _ in range(30):
        visitor.get("/inloggen/oidc/terug?state=x&code=y")
    assert "nee=wait" in visitor.get(school.sent_back(visitor)).headers["Location"]
    assert not visitor.cookie()


# --- a provider that is gone, slow, or sends us elsewhere ----------------------------------------------------------


def out(school: School) -> str:
    """What the page says on the way out."""
    visitor = school.browser()
    answer = visitor.get("/inloggen/oidc", follow_redirects=True)
    assert answer.request.path == "/inloggen"
    assert 'name="password"' in answer.text
    return answer.text


@pytest.mark.full
@pytest.mark.parametrize("at", ["openid-configuration", "token", "jwks"])
@pytest.mark.parametrize(
    "answer",
    [
        Response(status=500),
        Response("<html>"),
        Response("[]"),
        Response(status=302, headers={"Location": "https://elders.example/"}),
        Response(status=307, headers={"Location": "/op/anders"}),
        Response("{" + " " * LARGEST + "}"),
        Response("{}", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["broken", "page", "list", "elsewhere", "redirect", "huge", "packed"],
)
def test_a_provider_that_answers_oddly_leaves_the_local_form(school: School, at: str, answer: Response) -> None:
    school.expects()
    school.providers["oidc"].answers = {at: lambda _: answer}
    if at == "openid-configuration":
        assert AWAY in out(school)
    else:
        turned_away(school, says=AWAY)
    assert "/op/anders" not in school.providers["oidc"].asked


@pytest.mark.full
@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://elders.example"},
        {"issuer": "https://portaal.example/op/"},
        {"authorization_endpoint": "https://elders.example/authorize"},
        {"authorization_endpoint": "http://portaal.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "https://elders.example/token"},
        {"token_endpoint": "https://portaal.example:8444/token"},
        {"token_endpoint": "https://portaal.example@elders.example/token"},
        {"jwks_uri": "https://10.0.0.1/jwks"},
        {"jwks_uri": 7},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_provider_that_names_another_host_is_not_followed(school: School, described: dict[str, object]) -> None:
    school.providers["oidc"].described = described
    assert AWAY in out(school)


@pytest.mark.parametrize(
    "address",
    ["https://elders.example/", "https://portaal.example:8444/", "http://portaal.example/", "https://127.0.0.1/"],
)
def test_the_way_out_leads_to_the_provider_and_nowhere_else(papers: Papers, address: str) -> None:
    with (
        browser_of(Wire(HOSTS["oidc"], trusting((papers.ca,)))) as http,
        pytest.raises(Away, match="not the provider's"),
    ):
        http.get(address)


def test_a_provider_that_is_gone_leaves_the_local_form(
    store: Store, clock: Clock, papers: Papers, secret: Path, browser: Callable[[], Browser]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    made = create_app(
        store, KNOWLEDGE, SCHOOL, settings(dict.fromkeys(WAYS, port), papers, secret), clock, b"s" * 32, seal=SEAL
    )
    visitor = Browser(made.test_client())
    assert AWAY in visitor.get("/inloggen/oidc", follow_redirects=True).text
    give_account(store, "anja")
    visitor.sign_in("anja")
    assert visitor.cookie()
    close_app(made)


@pytest.mark.full
def test_a_slow_provider_keeps_nobody_waiting(
    papers: Papers, secret: Path, providers: dict[str, LyingProvider]
) -> None:
    provider = providers["oidc"]
    provider.answers = {"openid-configuration": slowly(3)}
    with serving(provider, papers) as port:
        desks = Desks(settings(dict.fromkeys(WAYS, port), papers, secret), within=0.3)
        with pytest.raises(Away, match=r"ReadTimeout|no answer in time"):
            desks.ask("oidc", lambda desk: desk.address(new_trip("oidc", "", LESSON), BASE, LESSON))
        desks.close()


def test_a_provider_whose_certificate_nobody_vouches_for_is_not_asked(
    tmp_path: Path, secret: Path, papers: Papers, providers: dict[str, LyingProvider], store: Store, clock: Clock
) -> None:
    strange = make_papers(tmp_path / "vreemd", ["portaal.example"], datetime.now(UTC))
    misnamed = make_papers(tmp_path / "andere naam", ["elders.example"], datetime.now(UTC))
    for served, trusted in ((strange, papers), (misnamed, misnamed)):
        with serving(providers["oidc"], served) as port:
            desks = Desks(settings(dict.fromkeys(WAYS, port), trusted, secret))
            with pytest.raises(Away, match="ConnectError"):
                desks.ask("oidc", lambda desk: desk.address(new_trip("oidc", "", LESSON), BASE, LESSON))
            desks.close()
    assert providers["oidc"].asked == []


def test_a_secret_that_others_may_read_is_not_used_and_never_logged(
    school: School, secret: Path, caplog: pytest.LogCaptureFixture
) -> None:
    school.expects()
    secret.chmod(0o644)
    caplog.set_level(logging.DEBUG)
    turned_away(school, says=AWAY)
    assert "others may read the secret's file" in caplog.text
    secret.chmod(0o600)
    secret.write_text("verlopen geheim\n")
    turned_away(school, says=AGAIN)
    assert "invalid_client" in caplog.text
    secret.write_text(SECRET)
    anja = school.browser()
    school.enters(anja)
    assert anja.cookie()
    for trace in (SECRET, SECRET.replace(" ", "%20"), "verlopen geheim", ADDRESS, "p-1", anja.cookie()):
        assert trace not in caplog.text, trace


def test_what_a_provider_says_of_a_code_does_not_write_our_log(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    school.expects()
    said = Response('{"error": "x\\nERROR root is in: a.devries", "error_description": "<b>"}', status=400)
    school.providers["oidc"].answers = {"token": lambda _: said}
    turned_away(school, says=AGAIN)
    assert "code: refused" in caplog.text
    assert "root is in" not in caplog.text


# --- proving anew --------------------------------------------------------------------------------------------------


def asked_anew(school: School, browser: Browser, way: str = "oidc") -> str:
    """The path back from proving anew."""
    address = browser.get(f"/inloggen/{way}/opnieuw?naar=/account").headers["Location"]
    query = parse_qs(urlsplit(address).query)
    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
    return school.providers[way].signed_in_at(address).removeprefix(BASE)


def test_proving_anew_at_the_provider_counts_when_it_says_that_it_was_just_now(school: School, clock: Clock) -> None:
    school.expects()
    anja = school.browser()
    school.enters(anja)
    clock.on(minutes=20)
    school.providers["oidc"].claims = {"auth_time": int(clock.now.timestamp())}
    answer = anja.get(asked_anew(school, anja))
    assert answer.headers["Location"] == "/account"
    session = school.store.accounts.session(SCHOOL, anja.cookie(), clock.now)
    assert session
    assert session.proved == clock.now


@pytest.mark.parametrize("claims", [{}, {"auth_time": int(LESSON.timestamp())}, {"auth_time": "nu"}])
def test_an_old_sign_in_there_does_not_prove_anything_now(
    school: School, clock: Clock, claims: dict[str, object]
) -> None:
    school.expects()
    anja = school.browser()
    school.enters(anja)
    clock.on(minutes=20)
    school.providers["oidc"].claims = claims
    assert "niet zien dat u er nu bent" in anja.get(asked_anew(school, anja), follow_redirects=True).text
    session = school.store.accounts.session(SCHOOL, anja.cookie(), clock.now)
    assert session
    assert session.proved < clock.now


def test_who_has_no_password_here_finds_the_way_to_the_provider(school: School, clock: Clock) -> None:
    account = school.store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, LESSON)
    assert account
    school.store.identities.expect(SCHOOL, account.id, ADDRESS, LESSON)
    anja = school.browser()
    school.enters(anja)
    page = anja.page("/opnieuw?naar=/account")
    assert "/inloggen/oidc/opnieuw?naar=/account" in page
    assert "/inloggen/google/opnieuw" not in page, "Google does not say when"


def test_less_than_the_second_factor_here_proves_nothing(
    school: School, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.expects()
    anja = school.browser()
    school.enters(anja)
    clock.on(minutes=20)
    monkeypatch.setattr(signing_in.second_factor, "has_one", lambda *_: True)
    provider = school.providers["oidc"]
    provider.claims = {"auth_time": int(clock.now.timestamp())}
    assert "nee=oidc_not_anew" in anja.get(asked_anew(school, anja)).headers["Location"]
    provider.claims |= {"amr": ["mfa"]}
    assert anja.get(asked_anew(school, anja)).headers["Location"] == "/account"


def test_a_colleague_does_not_prove_for_another(school: School, clock: Clock) -> None:
    school.expects()
    anja = school.browser()
    school.enters(anja)
    school.expects("bram", f"bram@{DOMAIN}")
    school.providers["oidc"].claims = {"sub": "p-9", "email": f"bram@{DOMAIN}"}
    school.enters(school.browser())
    school.providers["oidc"].claims |= {"auth_time": int(clock.now.timestamp())}
    assert "nee=oidc_other" in anja.get(asked_anew(school, anja)).headers["Location"]


def test_nobody_proves_anew_who_is_not_signed_in(school: School) -> None:
    assert "/inloggen" in school.browser().get("/inloggen/oidc/opnieuw").headers["Location"]


# --- the coordinator says who is who --------------------------------------------------------------------------------


def test_the_coordinator_enters_addresses_and_what_is_wrong_stays_in_its_field(
    school: School, signed_in: Callable[[str], Browser]
) -> None:
    anja, bram = give_account(school.store, "anja"), give_account(school.store, "bram")
    cor = signed_in("cor")
    form = {f"adres-{anja}": ADDRESS.upper(), f"adres-{bram}": "geen adres"}
    page = cor.post("/beheer/schoolaccounts", **form).text
    assert "Dit is geen e-mailadres." in page
    assert 'value="geen adres"' in page
    assert school.store.identities.addresses(SCHOOL) == {anja: ADDRESS}
    page = cor.post("/beheer/schoolaccounts", **{f"adres-{bram}": ADDRESS}).text
    assert "Dit adres hoort al bij een ander." in page
    page = cor.post("/beheer/schoolaccounts", **{f"adres-{bram}": f"bram@{DOMAIN}", f"adres-{anja}": ""}).text
    assert "De adressen zijn opgeslagen." in page
    assert school.store.identities.addresses(SCHOOL) == {bram: f"bram@{DOMAIN}"}
    assert ("cor", "oidc.expect") in [(one.who, one.what) for one in school.store.audit.entries(SCHOOL)]


def test_user_names_are_proposed_and_saved_only_by_the_coordinator(
    school: School, signed_in: Callable[[str], Browser]
) -> None:
    give_account(school.store, "anja")
    page = signed_in("cor").page("/beheer/schoolaccounts?invullen=1")
    assert f'value="anja@{DOMAIN}"' in page
    assert school.store.identities.addresses(SCHOOL) == {}


def test_a_link_is_seen_and_taken_away_and_then_one_is_out(school: School, signed_in: Callable[[str], Browser]) -> None:
    account = school.expects()
    anja = school.browser()
    school.enters(anja)
    cor = signed_in("cor")
    assert "sinds " in cor.page("/beheer/schoolaccounts")
    assert "losgemaakt" in cor.post(f"/beheer/schoolaccounts/{account}/los").text
    assert school.store.accounts.session(SCHOOL, anja.cookie(), LESSON) is None
    turned_away(school)
    assert ("cor", "oidc.unlink") in [(one.who, one.what) for one in school.store.audit.entries(SCHOOL)]
    assert "niet" in cor.post("/beheer/schoolaccounts/verzonnen/los").text


@pytest.mark.parametrize("login", ["anja", "iris", "stan", "coen"])
def test_only_coordinator_and_management_say_who_is_who(
    school: School, signed_in: Callable[[str], Browser], login: str
) -> None:
    account = school.expects("bram", f"bram@{DOMAIN}")
    visitor = signed_in(login)
    assert visitor.get("/beheer/schoolaccounts").status_code == 403
    assert visitor.post("/beheer/schoolaccounts", follow=False, **{f"adres-{account}": ADDRESS}).status_code == 403
    assert visitor.post(f"/beheer/schoolaccounts/{account}/los", follow=False).status_code == 403
    assert school.store.identities.addresses(SCHOOL) == {account: f"bram@{DOMAIN}"}


def test_the_buttons_stand_above_the_local_form(school: School) -> None:
    page = school.browser().page("/inloggen?naar=/les/7")
    places = [page.index(text) for text in ("Inloggen met Google", "Inloggen met Microsoft", "Inloggen met Portaal")]
    assert places == sorted(places)
    assert places[-1] < page.index('name="password"')
    assert "/inloggen/google?naar=/les/7" in page


# --- another program's provider -------------------------------------------------------------------------------------


def test_a_provider_that_others_wrote_signs_somebody_in(
    store: Store, clock: Clock, papers: Papers, secret: Path
) -> None:
    """`oidc-provider-mock`, as it is: its own pages, codes, keys and clock."""
    clock.now = datetime.now(UTC)
    with serving(oidc_provider_mock.app(), papers) as port:
        issuer = f"https://localhost:{port}"
        one = Provider("oidc", "Mock", issuer, "klaswacht", secret, frozenset({f"localhost:{port}"}), domain=DOMAIN)
        made = create_app(
            store,
            KNOWLEDGE,
            SCHOOL,
            Settings(
                listen=Listen(name="wacht.school"),
                egress=Egress(trust=(papers.ca,)),
                sign_in=SignIn("optional", (one,)),
            ),
            clock,
            b"s" * 32,
            seal=SEAL,
        )
        made.extensions["klaswacht_oidc"]._within = 60.0
        context = ssl.create_default_context(cafile=papers.ca)
        with httpx.Client(verify=context) as person:
            person.put(f"{issuer}/users/m-1", json={"email": ADDRESS, "email_verified": True}).raise_for_status()
            account = give_account(store, "anja")
            store.identities.expect(SCHOOL, account, ADDRESS, clock.now)
            for _ in range(2):
                visitor = Browser(made.test_client())
                address = visitor.get("/inloggen/oidc?naar=/les/7").headers["Location"]
                yes = person.post(address, data={"sub": "m-1"})
                answer = visitor.get(yes.headers["Location"].removeprefix(BASE))
                assert answer.headers["Location"] == "/les/7"
                assert visitor.cookie()
            replayed = visitor.get(yes.headers["Location"].removeprefix(BASE))
            assert "nee=oidc_again" in replayed.headers["Location"]
        close_app(made)
    assert [(link.issuer, link.subject) for link in store.identities.links(SCHOOL)] == [(issuer, "m-1")]
