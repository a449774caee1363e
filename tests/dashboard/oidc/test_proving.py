"""Proving anew, at the provider, that it is still oneself."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.actions import accounts as signing_in
from policy.model import Role
from tests.cast import LESSON
from tests.dashboard.conftest import BASE, SCHOOL, Browser, Clock
from tests.dashboard.oidc.school import ADDRESS, DOMAIN, School


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
