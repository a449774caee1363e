"""A provider that is gone, slow, or sends us elsewhere; the local form is always there."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from werkzeug.wrappers import Response

from cli.demo.certs import Papers, make_papers
from dashboard import close_app, create_app
from dashboard.oidc import Away, Desks
from dashboard.oidc.trip import new_trip
from dashboard.oidc.wire import LARGEST, Wire, trusting
from dashboard.oidc.wire import browser as browser_of
from store import Store
from tests.cast import KNOWLEDGE, LESSON
from tests.dashboard.conftest import BASE, SCHOOL, SEAL, Browser, Clock, give_account
from tests.dashboard.oidc.school import ADDRESS, AGAIN, AWAY, HOSTS, WAYS, School, settings, turned_away
from tests.dashboard.provider import SECRET, LyingProvider, serving, slowly


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


@pytest.mark.evasion("S07")
def test_what_a_provider_says_of_a_code_does_not_write_our_log(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    school.expects()
    said = Response('{"error": "x\\nERROR root is in: a.devries", "error_description": "<b>"}', status=400)
    school.providers["oidc"].answers = {"token": lambda _: said}
    turned_away(school, says=AGAIN)
    assert "code: refused" in caplog.text
    assert "root is in" not in caplog.text
