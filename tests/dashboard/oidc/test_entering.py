"""Who comes in with an account of school, against a real provider on this machine."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import httpx
import oidc_provider_mock
import pytest

from cli.demo.certs import Papers
from config.settings import Egress, Listen, Provider, Settings, SignIn
from dashboard import close_app, create_app
from dashboard.actions import accounts as signing_in
from policy.model import Role
from store import Store
from tests.cast import KNOWLEDGE, LESSON
from tests.dashboard.conftest import BASE, SCHOOL, SEAL, Browser, Clock, give_account
from tests.dashboard.oidc.school import ADDRESS, DOMAIN, ISSUERS, SUBJECTS, WAYS, School
from tests.dashboard.provider import SECRET, serving
from tests.store.words import words_of


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
    kept = "\n".join(words_of(school.store))
    assert SUBJECTS["oidc"] in kept, "the search finds nothing, so it proves nothing"
    school.store.close()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.suffix in {".db", ".db-wal"})
    assert ISSUERS["oidc"].encode() in files, "the search finds nothing, so it proves nothing"
    for trace in ("Zeldzaam", "zeldzaam", SECRET, ADDRESS):
        assert trace not in kept, trace
        assert trace.encode() not in files, trace


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
