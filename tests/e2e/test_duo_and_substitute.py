"""Two teachers of one group, a substitute for a day, and a proposal to the management: each from both sides at once.

Real Chromium, real guard: what a teacher says on one screen is on the other, and at the pupil.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from cli.demo.school import PASSWORD
from config.texts import say
from policy.model import Facet
from store.incidents import Ask, AskState, Wish
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import PHONE, SITE, sees_the_block_page, sign_in

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

TABLET, WIDE = 820, 1440
CHAT = "kletsplein.test"


@pytest.fixture(autouse=True)
def nothing_is_open(play: Playground) -> None:
    now = datetime.now(UTC)
    for grant in play.store.grants.live("school", now):
        play.store.grants.revoke("school", grant.id, "setup", now)
    for ask in play.store.incidents.asks("school", None):
        play.store.incidents.answer("school", ask.id, AskState.NO, "setup", now)
    for ban in play.store.measures.sanctions("school", now):
        play.store.measures.lift_sanction("school", ban.id, "setup", now)


def both(page: Page, shots: Shots, who: str, what: str) -> None:
    """The same screen by day and by night."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shots.take(page, who, f"{what}-{scheme}")
    page.emulate_media(color_scheme="light")


def is_live(page: Page) -> None:
    expect(page.locator(".live-dot")).to_have_text(say("dash.lesson.live", "nl"), timeout=PATIENCE)


def gives(page: Page, site: str = CHAT) -> None:
    page.fill("#site", site)
    page.locator("#geef-formulier").get_by_role("button", name=say("dash.give.go", "nl"), exact=True).click()


def asks(play: Playground, person: str, group: str, host: str = CHAT) -> Ask:
    wish = Wish(host, "lesson", "social", "Voor mijn werkstuk", group, None, person, Facet.PLACE)
    made = play.store.incidents.ask("school", wish, datetime.now(UTC))
    assert made is not None
    return made


def open_items(page: Page, count: int) -> None:
    expect(page.locator("#part-open .item")).to_have_count(count, timeout=PATIENCE)


def is_open(pupil: Page) -> None:
    """The child opens the site (anew, if its page did not do so itself)."""
    types(pupil, SITE)
    expect(pupil.locator("#stand")).to_be_visible(timeout=PATIENCE)


def test_two_teachers_of_one_group_steer_the_same_lesson(play: Playground, browsers: Browsers) -> None:
    phone, wide = Shots(PHONE, number=110), Shots(WIDE, number=110)
    karin, wim = browsers.staff("karin", PHONE), browsers.staff("wim", WIDE)
    sign_in(karin, play, "karin")
    sign_in(wim, play, "wim")
    is_live(karin)
    is_live(wim)
    tess = browsers.pupil("Tess", TABLET)
    types(tess, SITE)
    sees_the_block_page(tess)

    gives(karin)
    item = wim.locator("#part-open .item")
    expect(item).to_contain_text("door juf Karin", timeout=PATIENCE)
    open_items(karin, 1)
    expect(karin.locator("#part-open")).not_to_contain_text("door juf Karin")
    is_open(tess)
    both(wim, wide, "duo", "de-ander-gaf")
    both(karin, phone, "duo", "zelf-gegeven")

    item.get_by_role("button", name=say("dash.open.stop", "nl")).click()
    open_items(karin, 0)
    types(tess, SITE)
    sees_the_block_page(tess)

    asked = asks(play, "p4-5-1", "4-5")
    for page in (karin, wim):
        expect(page.locator(f"#vraag-{asked.id}")).to_be_visible(timeout=PATIENCE)
    wim.locator(f"#vraag-{asked.id}").get_by_role("button", name=say("dash.asks.no", "nl"), exact=True).click()
    expect(karin.locator(f"#vraag-{asked.id}")).to_have_count(0, timeout=PATIENCE)


ANSWER = """id => {
  const form = document.querySelector(`#vraag-${id} form`);
  const data = new URLSearchParams(new FormData(form));
  data.set("answer", "yes");
  window.answered = fetch(form.action, {method: "POST", body: data}).then(answer => answer.text());
}"""


def test_of_two_who_say_yes_at_once_one_is_first_and_the_other_is_told_so_kindly(
    play: Playground, browsers: Browsers
) -> None:
    karin, wim = browsers.staff("karin", PHONE), browsers.staff("wim", TABLET)
    wim.route("**/stroom*", lambda route: route.abort())  # his screen does not hear what she does
    asked = asks(play, "p4-5-2", "4-5")
    sign_in(karin, play, "karin")
    sign_in(wim, play, "wim")
    for page in (karin, wim):
        expect(page.locator(f"#vraag-{asked.id}")).to_be_visible(timeout=PATIENCE)
    for page in (karin, wim):
        page.evaluate(ANSWER, asked.id)
    told = [str(page.evaluate("() => window.answered")) for page in (karin, wim)]
    late = say("dash.no.answered", "nl")
    assert sorted(late in text for text in told) == [False, True]
    assert len(play.store.grants.live("school", datetime.now(UTC), ("4-5",))) == 1

    again = asks(play, "p4-5-3", "4-5", "filmpjes.test")
    wim.reload()
    expect(wim.locator(f"#vraag-{again.id}")).to_be_visible(timeout=PATIENCE)
    expect(karin.locator(f"#vraag-{again.id}")).to_be_visible(timeout=PATIENCE)
    karin.locator(f"#vraag-{again.id}").get_by_role("button", name=say("dash.asks.no", "nl"), exact=True).click()
    expect(karin.locator(f"#vraag-{again.id}")).to_have_count(0, timeout=PATIENCE)
    wim.locator(f"#vraag-{again.id} button[value=yes]").click()
    expect(wim.locator(".note.bad")).to_contain_text(late, timeout=PATIENCE)
    expect(wim.locator(f"#vraag-{again.id}")).to_have_count(0)
    Shots(TABLET, number=115).take(wim, "duo", "al-beantwoord")


@pytest.mark.parametrize("width", [PHONE, TABLET, WIDE])
def test_a_substitute_comes_in_with_a_code_opens_a_site_and_is_out_when_it_is_withdrawn(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots, name = Shots(width, number=120), f"Jan Peters {width}"
    anja = browsers.staff("anja", width)
    sign_in(anja, play, "anja")
    is_live(anja)
    anja.get_by_role("link", name=say("dash.substitute.to_page", "nl"), exact=True).click()
    expect(anja.locator("h1")).to_contain_text(say("dash.substitute.head", "nl"))
    both(anja, shots, "juf", "invaller-kies")
    anja.get_by_role("button", name=say("dash.substitute.today", "nl"), exact=True).click()
    code = anja.locator(".daycode").inner_text()
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", code)
    anja.get_by_text(say("dash.substitute.spelled", "nl")).click()
    both(anja, shots, "juf", "invaller-code")
    fits(anja)
    anja.get_by_role("link", name=say("dash.substitute.page_back", "nl")).click()
    is_live(anja)

    jan = browsers.staff("invaller", width)
    jan.goto(f"{play.dashboard_url}/")
    both(jan, shots, "invaller", "inloggen")
    jan.get_by_role("link", name=say("dash.substitute.link", "nl")).click()
    jan.fill("input[name=name]", name)
    jan.fill("input[name=code]", "AAAA-2222")
    jan.get_by_role("button", name=say("dash.substitute.go", "nl"), exact=True).click()
    expect(jan.locator(".note.bad")).to_contain_text(say("dash.no.day_code", "nl"), timeout=PATIENCE)
    both(jan, shots, "invaller", "deur")
    fits(jan)
    jan.fill("input[name=name]", name)
    jan.fill("input[name=code]", code.lower())
    jan.get_by_role("button", name=say("dash.substitute.go", "nl"), exact=True).click()
    expect(jan.locator("h1")).to_have_text(say("dash.substitute.welcome", "nl"), timeout=PATIENCE)
    expect(jan.locator(".steps li")).to_have_count(5)
    both(jan, shots, "invaller", "zo-werkt-het")
    fits(jan)
    expect(anja.locator("#part-substitute")).to_contain_text(f"Invaller {name} is er", timeout=PATIENCE)
    both(anja, shots, "juf", "invaller-is-er")
    fits(anja)

    jan.locator("a.button.main").click()
    is_live(jan)
    both(jan, shots, "invaller", "les")
    pupil = browsers.pupil("Noor", width)
    types(pupil, SITE)
    sees_the_block_page(pupil)
    gives(jan)
    open_items(jan, 1)
    expect(anja.locator("#part-open .item")).to_contain_text(f"door invaller {name}", timeout=PATIENCE)
    is_open(pupil)

    anja.locator("#part-substitute summary").click()
    both(anja, shots, "juf", "invaller-beeindig")
    anja.get_by_role("button", name=say("dash.substitute.out_go", "nl"), exact=True).click()
    # Nobody touches the substitute's screen: its live connection ends, and with it the page.
    expect(jan.locator("h1")).to_have_text(say("dash.sign_in.title", "nl"), timeout=PATIENCE)
    shots.take(jan, "invaller", "eruit")
    expect(anja.locator("#part-substitute .note")).to_have_count(0, timeout=PATIENCE)
    jan.go_back()
    jan.wait_for_load_state()
    assert "Noor" not in jan.content() and CHAT not in jan.content()


def test_after_signing_out_the_back_button_shows_nothing(play: Playground, browsers: Browsers) -> None:
    page = browsers.staff("anja", TABLET)
    asks(play, "p7-1", "7")
    sign_in(page, play, "anja")
    expect(page.locator("#part-asks")).to_contain_text("Noor", timeout=PATIENCE)
    page.get_by_role("button", name=say("dash.menu.out", "nl"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("dash.sign_in.title", "nl"), timeout=PATIENCE)
    for _ in range(3):
        page.go_back()
        page.wait_for_load_state()
        assert "Noor" not in page.content()
        assert CHAT not in page.content()


@pytest.mark.parametrize("width", [PHONE, TABLET, WIDE])
def test_a_teacher_proposes_the_management_decides_and_the_teacher_reads_why(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots, why = Shots(width, number=150), f"Kwam drie keer niet van een spelletje los ({width})."
    answer = f"Goed dat u het zegt. Ik praat met Sem ({width})."
    anja, ria = browsers.staff("anja", width), browsers.staff("directie", width)
    sign_in(anja, play, "anja")
    anja.goto(f"{play.dashboard_url}/maatregelen/voorstellen")
    anja.select_option("select[name=pupil]", label="Sem")
    anja.locator("input[name=lasts][value=tomorrow]").check()
    anja.fill("textarea[name=reason]", why)
    both(anja, shots, "juf", "voorstel")
    fits(anja)
    anja.get_by_role("button", name=say("dash.proposed.go", "nl"), exact=True).click()
    expect(anja.get_by_text(say("dash.done.proposed", "nl"))).to_be_visible(timeout=PATIENCE)
    sem = browsers.pupil("Sem", width)
    types(sem, "https://onzeschool.test/")
    expect(sem.locator("body")).to_contain_text("Onze school", timeout=PATIENCE)

    to_the_measures(ria, play)
    expect(ria.locator("#voorstellen")).to_contain_text(why)
    expect(ria.locator("nav .tag")).to_contain_text("1")
    both(ria, shots, "directie", "voorstellen")
    fits(ria)
    ria.locator("#voorstellen").get_by_role("link", name=say("dash.proposed.decide", "nl")).click()
    expect(ria.locator("#verbod textarea[name=reason]")).to_have_value(why)
    both(ria, shots, "directie", "voorstel-ingevuld")
    fits(ria)
    ria.locator("#verbod input[name=answer]").fill(answer)
    ria.get_by_role("button", name=say("dash.measures.ban_go", "nl"), exact=True).click()
    expect(ria.get_by_role("button", name=say("dash.measures.lift", "nl"), exact=True)).to_be_visible(timeout=PATIENCE)
    anja.reload()
    expect(anja.get_by_text(answer)).to_be_visible(timeout=PATIENCE)
    both(anja, shots, "juf", "voorstel-antwoord")
    fits(anja)
    ria.get_by_role("button", name=say("dash.measures.lift", "nl"), exact=True).click()
    expect(ria.get_by_text(say("dash.done.ban_lifted", "nl"))).to_be_visible(timeout=PATIENCE)


def to_the_measures(page: Page, play: Playground) -> None:
    page.goto(f"{play.dashboard_url}/")
    page.fill("input[name=login]", "directie")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=say("dash.sign_in.go", "nl"), exact=True).click()
    page.wait_for_url("**/beheer/**")
    page.goto(f"{play.dashboard_url}/maatregelen/")


def fits(page: Page) -> None:
    """Nothing sticks out at the side."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
