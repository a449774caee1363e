"""A coordinator sets a second factor up on a real guard and signs in with it; a lost phone; a form kept by a step up.

Real `klaswacht up`, real Chromium, real codes computed from what the page shows. What is asserted is the order of
things and generous ceilings.
"""

from __future__ import annotations

import base64
import contextlib
import re
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import segno
from playwright.sync_api import Page, expect

from cli.account import reset
from cli.demo.certs import make_papers
from cli.demo.play import fill
from cli.demo.school import PASSWORD, Place, all_names
from cli.demo.sites import running
from cli.home import Home
from config import load
from config.texts import say
from dashboard import totp
from dashboard.actions.desk import Desk
from store import open_store
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground, started

pytestmark = [pytest.mark.full, pytest.mark.timeout(300), pytest.mark.browser]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """The playground as a school has it: a second factor is required."""
    folder = tmp_path_factory.mktemp("second-factor")
    home = Home(folder / "home")
    home.prepare()
    papers = make_papers(folder / "sites", all_names(), datetime.now(UTC))
    with running(papers) as (sites, ports), contextlib.ExitStack() as stack:
        fill(home, papers, ports, Place(0, 0, 0, {"7": 0, "8": 0}))
        text = home.school_file.read_text()
        assert "second_factor: optional" in text
        home.school_file.write_text(text.replace("second_factor: optional", "second_factor: required"))
        log = folder / "up.log"
        process, told = stack.enter_context(started(home, log))
        store = open_store(home.database_url, home.accounts_url, key=home.columns_key)
        stack.callback(store.close)
        settings = load.read_school(home.school_file).settings
        desk = Desk(store, load.knowledge(settings), settings.school.id, settings)
        yield Playground(home, papers, sites, process, log, store, desk, **told)


def password(page: Page, play: Playground, login: str) -> None:
    page.goto(f"{play.dashboard_url}/inloggen")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()


def next_code(secret: bytes, used: set[str]) -> str:
    """A code that was not used yet, as one waits for the next on a phone."""
    end = time.monotonic() + 60
    while (code := totp.code_at(secret, datetime.now(UTC))) in used:
        assert time.monotonic() < end
        time.sleep(0.5)
    used.add(code)
    return code


def sets_it_up(page: Page, used: set[str], shots: Shots) -> tuple[bytes, list[str]]:
    """From the page that asks for it to the recovery codes."""
    expect(page.locator("h1")).to_have_text(say("dash.account.setup", "nl"))
    shots.take(page, "account", "instellen")
    page.get_by_role("button", name=say("dash.account.setup_go", "nl")).click()
    page.locator(".qr-code svg").wait_for()
    page.get_by_text(say("dash.account.setup_type", "nl")).click()
    typed = page.locator(".once.key").inner_text()
    secret = base64.b32decode(typed.replace(" ", ""))
    shots.take(page, "account", "scannen")
    # What is drawn is what was typed over: a camera would read the same secret.
    drawn = page.locator(".qr-code svg path").last.get_attribute("d")
    meant = segno.make(totp.address(secret, "Klaswacht", "coordinator"), error="m")
    assert drawn and f'd="{drawn}"' in meant.svg_inline(scale=1, light="#fff", omitsize=True)
    page.fill("input[name=first]", "000000")
    page.get_by_role("button", name=say("dash.account.setup_confirm", "nl")).click()
    expect(page.locator(".note.bad")).to_contain_text("klopt niet")
    page.fill("input[name=first]", next_code(secret, used))
    page.get_by_role("button", name=say("dash.account.setup_confirm", "nl")).click()
    expect(page.locator(".recovery code")).to_have_count(10)
    shots.take(page, "account", "herstelcodes")
    return secret, page.locator(".recovery code").all_inner_texts()


def types_code(page: Page, code: str) -> None:
    page.fill("input[name=code]", code)
    page.get_by_role("button", name=say("dash.sign_in_code.go", "nl")).click()


@pytest.mark.parametrize("width", [390, 1440])
def test_a_coordinator_sets_it_up_signs_in_loses_the_phone_and_is_helped(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots, used = Shots(width, 900), set[str]()
    page = browsers.staff("coordinator", width)
    password(page, play, "coordinator")
    page.wait_for_url("**/account/tweestaps")
    page.goto(f"{play.dashboard_url}/beheer/medewerkers")
    page.wait_for_url("**/account/tweestaps")
    secret, codes = sets_it_up(page, used, shots)
    with page.expect_download() as kept:
        page.get_by_role("link", name=say("dash.account.codes_save", "nl")).click()
    text = kept.value.path().read_text()
    assert all(code in text for code in codes)
    page.get_by_role("link", name=say("dash.account.codes_done", "nl")).click()
    page.wait_for_url("**/beheer/**")
    page.goto(f"{play.dashboard_url}/account")
    expect(page.locator("main")).to_contain_text("Chrome op Linux" if width > 600 else "Chrome op")
    shots.take(page, "account", "mijn-account")

    other = browsers.staff("coordinator-thuis", width)
    password(other, play, "coordinator")
    other.wait_for_url("**/inloggen/code")
    shots.take(other, "account", "code")
    types_code(other, "000000")
    expect(other.locator(".note.bad")).to_contain_text("klopt niet")
    other.goto(f"{play.dashboard_url}/beheer/")
    other.wait_for_url("**/inloggen**")
    password(other, play, "coordinator")
    types_code(other, next_code(secret, used))
    other.wait_for_url("**/beheer/**")
    page.reload()
    expect(page.locator(".account-news")).to_contain_text("nog niet kende")
    shots.take(page, "account", "nieuws")
    page.locator(".item", has_not_text=say("dash.account.here", "nl")).get_by_role(
        "button", name=say("dash.account.end", "nl")
    ).click()
    other.reload()
    other.wait_for_url("**/inloggen**")

    password(other, play, "coordinator")
    types_code(other, codes[0].lower())
    other.wait_for_url("**/beheer/**")
    password(browser := browsers.staff("dief", width), play, "coordinator")
    types_code(browser, codes[0])
    expect(browser.locator(".note.bad")).to_contain_text("klopt niet")

    assert "gewist" in reset(play.home, "coordinator", datetime.now(UTC))
    other.goto(f"{play.dashboard_url}/beheer/")
    other.wait_for_url("**/inloggen**", timeout=PATIENCE)
    password(other, play, "coordinator")
    other.wait_for_url("**/account/tweestaps")
    assert stat.S_IMODE(play.home.seal_key.stat().st_mode) == 0o600
    log = play.log.read_text("utf-8", "replace")
    assert not any(code in log for code in codes) and base64.b32encode(secret).decode() not in log


def test_a_teacher_signs_in_as_before_and_no_script_is_needed_for_the_rest(
    play: Playground, browsers: Browsers
) -> None:
    page = browsers.staff("anja", 820)
    password(page, play, "anja")
    page.wait_for_url("**/les/**")
    chromium = browsers.staff("directie", 820).context.browser
    assert chromium
    size = {"width": 820, "height": 800}
    context = chromium.new_context(java_script_enabled=False, locale="nl-NL", viewport=size)
    still = context.new_page()
    password(still, play, "directie")
    still.wait_for_url("**/account/tweestaps")
    still.get_by_role("button", name=say("dash.account.setup_go", "nl")).click()
    still.locator(".qr-code svg").wait_for()
    assert re.fullmatch(r"[A-Z2-7 ]+", (still.locator(".once.key").text_content() or ""))
    box = still.locator(".qr-code svg").bounding_box()
    assert box and box["width"] >= 180, "large enough for a camera"
    context.close()
