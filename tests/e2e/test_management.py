"""The management with a real guard: permits a teacher, bans, exports; and counsellors read what nobody else can.

What is asserted is the order of things and generous ceilings.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from cli.demo.school import PASSWORD
from config.texts import say
from dashboard.actions import accounts
from policy.model import Role
from store.accounts import Purpose
from store.people import Person
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_measures import OPEN, becomes, fits, sign_in
from tests.e2e.test_registers import FILMS, adopt, laptop

pytestmark = [pytest.mark.full, pytest.mark.timeout(300), pytest.mark.browser]

HELP = "https://zoekmaar.test/zoek?q=ik+word+gepest"
REASON = "Twee keer een filter omzeild."


def unfold(page: Page) -> None:
    """On a phone Beheer's menu is folded."""
    menu = page.locator("details.desk-menu:not([open]) > summary")
    if menu.is_visible():
        menu.click()


def now() -> datetime:
    return datetime.now(UTC)


def menu(page: Page, room: str, door: str = "") -> None:
    """Through the menu, as people go."""
    unfold(page)
    page.get_by_role("link", name=say(f"dash.desk.room.{room}", "nl")).first.click()
    if door:
        expect(page.locator("details.desk-menu > summary")).to_contain_text(say(f"dash.desk.room.{room}", "nl"))
        unfold(page)
        page.get_by_role("link", name=say(f"dash.desk.page.{door}", "nl"), exact=True).click()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_management_permits_staff_bans_a_pupil_and_exports(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots = Shots(width, number=100)
    adopt(play, "kardinaal-de-jong")
    anja = laptop(play)
    becomes(anja, FILMS, 403)
    page = browsers.staff("directie", width)
    sign_in(page, play, "directie", "/beheer/")
    menu(page, "people", "staff_permits")
    page.get_by_text(say("dash.standing.open_form", "nl")).click()
    page.locator("input[name=categories][value=video]").check()
    page.get_by_text(say("dash.standing.people", "nl")).click()
    page.locator("input[name=people][value=staff-anja]").check()
    shots.take(page, "directie", "personeel")
    assert fits(page)
    page.get_by_role("button", name=say("dash.standing.give", "nl"), exact=True).click()
    expect(page.get_by_text(say("dash.done.standing", "nl"))).to_be_visible(timeout=PATIENCE)
    becomes(anja, FILMS, 200)

    noor = browsers.pupil("Noor", width)
    types(noor, OPEN)
    expect(noor.get_by_text(say("page.sanction.title", "nl"))).to_have_count(0)
    page.goto(f"{play.dashboard_url}/maatregelen/")
    page.locator("details", has_text="Groep 7").first.locator("summary").click()
    page.get_by_role("link", name="Noor").first.click()
    page.locator("#verbod input[name=on][value=chromebook]").check()
    page.fill("textarea[name=reason]", REASON)
    page.locator("#verbod button.main").click()
    expect(page.get_by_text(REASON).first).to_be_visible(timeout=PATIENCE)
    shots.take(page, "directie", "verbod")
    becomes(play.device("Noor"), OPEN, 403)
    types(noor, OPEN)
    expect(noor.locator("h1")).to_have_text(say("page.sanction.title", "nl"), timeout=PATIENCE)
    assert REASON not in noor.content()
    shots.take(noor, "leerling", "verbod")

    for action, ending in (("file_get", ".txt"), ("file_csv", ".csv")):
        with page.expect_download() as got:
            page.get_by_role("button", name=say(f"dash.measures.{action}", "nl")).click()
        assert got.value.suggested_filename.endswith(ending) and "noor" not in got.value.suggested_filename.casefold()
        assert REASON in got.value.path().read_text("utf-8-sig")
    page.get_by_role("button", name=say("dash.measures.file_show", "nl")).click()
    expect(page.locator("article").get_by_text(REASON)).to_be_visible(timeout=PATIENCE)
    shots.take(page, "directie", "overzicht")

    page.goto(f"{play.dashboard_url}/beheer/logboek")
    for code in ("sanction.add", "file.export", "export.dossier", "grant.add"):
        expect(page.locator("table").get_by_text(say(f"dash.trail.did.{code}", "nl"), exact=True).first).to_be_visible()
    assert REASON not in page.content()
    page.get_by_role("link", name=say("dash.trail.check", "nl")).click()
    expect(page.get_by_text("De reeks klopt:")).to_be_visible(timeout=PATIENCE)
    assert fits(page)
    shots.take(page, "directie", "logboek")
    menu(page, "numbers", "numbers")
    expect(page.locator("h1")).to_have_text(say("dash.numbers.title", "nl"))
    assert fits(page)
    shots.take(page, "directie", "cijfers")
    (ban,) = play.store.measures.sanctions(play.desk.school, now())
    play.store.measures.withdraw_sanction(play.desk.school, ban.id, "staff-directie", now())
    for grant in play.store.grants.live(play.desk.school, now()):
        play.store.grants.revoke(play.desk.school, grant.id, "staff-directie", now())


def counsellor(play: Playground, name: str) -> None:
    """Somebody whom the coordinator made a counsellor, and who chose a password."""
    school, person = play.desk.school, Person(name, Role.COUNSELLOR, name.title())
    play.store.people.put_people(school, [person], "staff-coordinator", now())
    account = accounts.add_account(play.desk, name, person, "staff-coordinator", now()).value
    assert account is not None
    token = play.store.accounts.make_link(school, account.id, Purpose.SET_PASSWORD, now())
    assert token is not None and accounts.set_password(play.desk, token, PASSWORD, PASSWORD, now()).ok


def test_counsellors_read_what_nobody_else_can(play: Playground, browsers: Browsers) -> None:
    shots = Shots(1440, number=120)
    page = browsers.staff("directie", 1440)
    sign_in(page, play, "directie", "/beheer/postvak/")
    expect(page.get_by_text(say("dash.counsel.is_off", "nl"))).to_be_visible(timeout=PATIENCE)
    counsellor(play, "coen")
    page.reload()
    expect(page.get_by_text("Nu zijn het er 1.")).to_be_visible(timeout=PATIENCE)
    assert page.get_by_role("button", name=say("dash.counsel.on", "nl")).count() == 0
    shots.take(page, "directie", "postvak-nog-niet")
    counsellor(play, "fay")
    page.reload()
    pupil = browsers.pupil("Sanne", 1440)
    types(pupil, HELP)
    expect(pupil.locator("h1")).to_have_text(say("page.help.title", "nl"), timeout=PATIENCE)
    assert pupil.get_by_text(say("page.help.heard", "nl")).count() == 0, "nobody switched it on"
    page.get_by_role("button", name=say("dash.counsel.on", "nl")).click()
    expect(page.get_by_text(say("dash.done.counsel_on", "nl")).first).to_be_visible(timeout=PATIENCE)
    shots.take(page, "directie", "postvak-aan")

    until = datetime.now(UTC).timestamp() + PATIENCE / 1000
    while not pupil.get_by_text(say("page.help.heard", "nl")).count():  # both workers hear of it by themselves
        assert datetime.now(UTC).timestamp() < until
        types(pupil, HELP)
    while not play.store.signals.newest(play.desk.school):
        assert datetime.now(UTC).timestamp() < until
        pupil.wait_for_timeout(200)
    shots.take(pupil, "leerling", "hulp")

    coen = browsers.staff("coen", 1440)
    sign_in(coen, play, "coen", "/vertrouwen/")
    expect(coen.locator(".inbox").get_by_text("Sanne")).to_be_visible(timeout=PATIENCE)
    shots.take(coen, "vertrouwen", "postvak")
    for login in ("directie", "coordinator", "anja"):
        other = browsers.staff(f"{login}-kijkt", 1440)
        sign_in(other, play, login, "/melden")
        answer = other.goto(f"{play.dashboard_url}/vertrouwen/")
        assert answer is not None and answer.status == 403, login
        assert "Sanne" not in other.content()
    for path in ("/beheer/logboek?wie=coen", "/beheer/cijfers", "/beheer/postvak/", "/meldingen"):
        page.goto(f"{play.dashboard_url}{path}")
        assert "Sanne" not in page.locator("#page").inner_text(), path
        assert fits(page)
