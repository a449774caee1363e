"""There and back: a trip to the provider is one browser's, once, and leads nowhere else."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from config.settings import Listen, Settings
from dashboard import close_app, create_app
from dashboard.oidc.trip import TRIP_COOKIE, Trips, new_trip
from store import Store
from tests.cast import KNOWLEDGE, LESSON
from tests.dashboard.conftest import BASE, SCHOOL, SEAL, Browser, Clock
from tests.dashboard.oidc.school import AGAIN, DOMAIN, ISSUERS, WAYS, School


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
