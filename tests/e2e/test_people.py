"""People in and lists out: a coordinator reads in a list with mistakes, mends it, and begins a new school year.

Real Chromium, real guard, real dashboard.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cli.demo.school import PASSWORD
from config.texts import say
from tests.e2e.conftest import PATIENCE, SHOTS, Browsers
from tests.e2e.playground import Playground

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SIZES = (390, 820, 1440)
LIST = (
    "leerlingnummer;roepnaam;tussenvoegsel;achternaam;groep;geboortedatum\n"
    "201;Kim;de;Wit;7;01-02-2015\n202;Zoë;;Ünal;8;02-03-2014\n203;;;;7;03-04-2015\n204;Bo;;Bos;Groep 9;04-05-2015\n"
    '205;"Liv;;Prins;6;05-06-2015\n'
)


def words(code: str, **values: object) -> str:
    return say(f"dash.{code}", "nl", **values)


def sign_in(page: Page, play: Playground) -> None:
    page.goto(f"{play.dashboard_url}/")
    page.fill("input[name=login]", "coordinator")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=words("sign_in.go")).click()
    page.wait_for_url("**/beheer/**")


def shots(page: Page, what: str) -> None:
    """The page as it stands at three widths, the middle one dark."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    for width in SIZES:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme="dark" if width == SIZES[1] else "light")
        page.screenshot(path=str(SHOTS / f"mensen-{what}-{width}.png"), full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (what, width)
    page.emulate_media(color_scheme="light")
    if size:
        page.set_viewport_size(size)


def read_in(page: Page, play: Playground, file: Path) -> None:
    page.goto(f"{play.dashboard_url}/beheer/inlezen")
    page.set_input_files("input[name=file]", str(file))
    page.get_by_role("button", name=words("people.look")).click()
    expect(page.locator("h1")).to_have_text(words("people.preview"), timeout=PATIENCE)


def adopt(page: Page, button: str) -> None:
    page.get_by_role("button", name=words(f"people.{button}")).click()
    expect(page.locator("h1")).to_have_text(words("people.done_title"), timeout=PATIENCE)


@pytest.mark.full
def test_a_list_with_mistakes_is_mended_and_brought_back(play: Playground, browsers: Browsers, tmp_path: Path) -> None:
    page = browsers.staff("Carla", 1440)
    sign_in(page, play)
    page.goto(f"{play.dashboard_url}/beheer/inlezen")
    shots(page, "inlezen")
    bad = tmp_path / "leerlingen.csv"
    bad.write_bytes(LIST.encode("cp1252"))
    read_in(page, play, bad)
    expect(page.locator("#mis tbody tr")).to_have_count(3)
    for line, code in (("4", "no_name"), ("5", "group"), ("6", "quote")):
        row = page.locator("#mis tbody tr", has=page.get_by_role("cell", name=line, exact=True))
        expect(row).to_contain_text(words(f"people.bad.{code}.problem", group="Groep 9"))
    expect(page.locator("main")).not_to_contain_text("2015")
    expect(page.locator(".note.care")).to_contain_text("geboortedatum")
    shots(page, "regels")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=words("people.mend_go")).click()
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    adopt(page, "adopt_good")
    assert text.count("\n") == 4
    lines = text.splitlines()
    mended = [
        lines[0],
        lines[1].replace('"203";""', '"203";"Sam Vos"'),
        lines[2].replace('"Groep 9"', '"8"'),
        lines[3].replace('"";"";"";"";""', '"205";"Liv Prins";"6";"";""'),
    ]
    good = tmp_path / "verbeterd.csv"
    good.write_text("\n".join(mended), "utf-8")
    read_in(page, play, good)
    expect(page.locator("#mis")).to_have_count(0)
    adopt(page, "adopt")
    shots(page, "overgenomen")
    page.goto(f"{play.dashboard_url}/beheer/leerlingen")
    for name in ("Kim de Wit", "Zoë Ünal", "Sam Vos", "Bo Bos", "Liv Prins"):
        expect(page.locator("main")).to_contain_text(name)
    page.goto(f"{play.dashboard_url}/beheer/uitvoer/leerlingen")
    shots(page, "papier")
    page.emulate_media(media="print")
    page.pdf(path=str(SHOTS / "mensen-papier.pdf"), format="A4")
    expect(page.locator("nav.groups").first).to_be_hidden()
    page.emulate_media(media="screen")
    page.goto(f"{play.dashboard_url}/beheer/uitvoer")
    shots(page, "lijsten")


@pytest.mark.full
def test_a_new_school_year_and_back_again(play: Playground, browsers: Browsers) -> None:
    page = browsers.staff("Carla", 1440)
    sign_in(page, play)
    page.goto(f"{play.dashboard_url}/beheer/nieuw-jaar")
    shots(page, "nieuwjaar")
    page.get_by_role("button", name=words("people.look")).click()
    expect(page.locator(".note.bad")).to_contain_text(words("no.year_asked"), timeout=PATIENCE)
    shots(page, "nieuwjaar-vraagt")
    for number, one in enumerate(page.locator("select[name^='p:p4-5-']").all()):
        one.select_option("to:6" if number % 2 else "stay")
    page.get_by_role("button", name=words("people.look")).click()
    expect(page.locator("h1")).to_have_text(words("people.preview"), timeout=PATIENCE)
    expect(page.locator("main")).to_contain_text(words("people.moved", before="Groep 7", after="Groep 8"))
    shots(page, "nieuwjaar-ziet")
    page.locator("input[name=kept]").check()
    page.get_by_role("button", name=words("year_new.go")).click()
    expect(page.locator("h1")).to_have_text(words("year_new.done_title"), timeout=PATIENCE)
    shots(page, "nieuwjaar-klaar")
    page.get_by_role("button", name=words("year_new.back_go")).click()
    expect(page.locator(".note.told")).to_contain_text(words("done.year_back"), timeout=PATIENCE)
    page.goto(f"{play.dashboard_url}/beheer/leerlingen?zoek=emma")
    expect(page.locator(".pick")).to_contain_text("Groep 8")
