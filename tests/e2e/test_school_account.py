"""A teacher signs in with an account of school, in Chromium, by a real provider; the coordinator said who is who."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import oidc_provider_mock
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from cli.demo.school import PASSWORD
from config import load
from config.private_folder import columns_key
from config.settings import Listen, Provider, SignIn
from dashboard import close_app, create_app
from store import Store, open_store
from tests.access.school import seeded
from tests.dashboard.provider import serving
from tests.e2e.browsing import chromium_program
from tests.e2e.conftest import SHOTS

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]
DOMAIN = "speeltuin.example"
WIDTHS = (390, 820, 1440)


@dataclass
class Stage:
    """A school with its dashboard at `url`, and a provider at `issuer`."""

    store: Store
    school: str
    url: str
    issuer: str


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    seed = seeded(tmp_path)
    secret = tmp_path / "portaal.txt"
    secret.touch(0o600)
    secret.write_text("geheim\n")
    store = open_store(str(tmp_path / "k.db"), str(tmp_path / "a.db"), key=columns_key(tmp_path))
    with ExitStack() as stack:
        port = stack.enter_context(serving(oidc_provider_mock.app(), seed.papers))
        issuer = f"https://localhost:{port}"
        portal = Provider("oidc", "Portaal", issuer, "kw", secret, frozenset({f"localhost:{port}"}), domain=DOMAIN)
        settings = replace(
            seed.file.settings,
            listen=Listen(name="localhost"),
            egress=replace(seed.file.settings.egress, trust=(seed.papers.ca,)),
            sign_in=SignIn("optional", (portal,)),
        )
        name = settings.school.id
        app = create_app(store, load.knowledge(settings), name, settings, lambda: datetime.now(UTC), b"s" * 32)
        own = stack.enter_context(serving(app, seed.papers))
        with httpx.Client(verify=False) as person:
            for subject, login in (("p-1", "anja"), ("p-2", "een.leerling")):
                told = {"email": f"{login}@{DOMAIN}", "email_verified": True, "name": login}
                person.put(f"{issuer}/users/{subject}", json=told).raise_for_status()
        yield Stage(store, name, f"https://localhost:{own}", issuer)
        close_app(app)
    store.close()


@pytest.fixture(scope="module")
def chromium(engine: Playwright) -> Iterator[Browser]:
    chromium = engine.chromium.launch(executable_path=chromium_program(), args=["--no-sandbox", "--disable-gpu"])
    yield chromium
    chromium.close()


def opened(chromium: Browser) -> Page:
    context = chromium.new_context(ignore_https_errors=True, locale="nl-NL", viewport={"width": 820, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(45_000)
    return page


def shots(page: Page, what: str) -> None:
    """The page on every width, light and dark."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=str(SHOTS / f"oidc-{what}-{width}-{scheme}.png"), full_page=True)


def through_the_portal(page: Page, stage: Stage, subject: str) -> None:
    page.goto(f"{stage.url}/inloggen?naar=/account")
    page.get_by_role("link", name="Inloggen met Portaal").click()
    page.wait_for_url(f"{stage.issuer}/**")
    page.get_by_label("Subject").fill(subject)
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.wait_for_url(f"{stage.url}/**")


def test_from_an_address_that_the_coordinator_enters_to_a_teacher_who_is_in(stage: Stage, chromium: Browser) -> None:
    office = opened(chromium)
    office.goto(f"{stage.url}/inloggen?naar=/beheer/schoolaccounts")
    shots(office, "inloggen")
    office.get_by_label("Gebruikersnaam").fill("coordinator")
    office.get_by_label("Wachtwoord").fill(PASSWORD)
    office.get_by_role("button", name="Inloggen", exact=True).click()
    anja = next(one for one in stage.store.accounts.accounts(stage.school) if one.login == "anja")
    field = office.locator(f'[name="adres-{anja.id}"]')
    field.fill("anja@onaf")
    office.get_by_role("button", name="Opslaan").click()
    expect(office.get_by_text("Dit is geen e-mailadres.")).to_be_visible()
    shots(office, "beheer-fout")
    field.fill(f"anja@{DOMAIN}")
    office.get_by_role("button", name="Opslaan").click()
    expect(office.get_by_text("De adressen zijn opgeslagen.")).to_be_visible()

    stranger = opened(chromium)
    through_the_portal(stranger, stage, "p-2")
    expect(stranger.get_by_text("Dit account hoort bij niemand van het personeel.")).to_be_visible()
    shots(stranger, "niemand")

    teacher = opened(chromium)
    through_the_portal(teacher, stage, "p-1")
    teacher.wait_for_url(f"{stage.url}/account")
    shots(teacher, "binnen")
    (link,) = stage.store.identities.links(stage.school)
    assert (link.issuer, link.subject, link.account) == (stage.issuer, "p-1", anja.id)

    office.reload()
    expect(office.get_by_text("Maak los", exact=True)).to_be_visible()
    shots(office, "beheer")
    office.get_by_text("Maak los", exact=True).click()
    office.get_by_role("button", name="Ja, maak los").click()
    expect(office.get_by_text("Het account is losgemaakt.")).to_be_visible()
    teacher.reload()
    teacher.wait_for_url(f"{stage.url}/inloggen**")
