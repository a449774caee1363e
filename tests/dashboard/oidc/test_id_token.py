"""What a provider signed, and what others did: a lying provider lets nobody in."""

from __future__ import annotations

import pytest
from joserfc import jwk

from tests.cast import LESSON
from tests.dashboard.conftest import Clock
from tests.dashboard.oidc.school import AGAIN, GOOGLE, MICROSOFT, School, refused_and_not_linked, turned_away
from tests.dashboard.provider import SECRET


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
