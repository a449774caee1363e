"""Makes `docs/screens`: the pictures that the papers use, of a school that stands still: the same at every run.

.venv/bin/python -m tests.access.screens [name ...]
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from cli.demo.browser import find_chromium
from config.chromebook import parcel
from config.chromebook.school import Extension, facts
from config.factory import factory_knowledge
from config.settings import Listen
from config.texts import say
from tests.access.filled import calm
from tests.access.pupils import OWN, SITE, SITUATIONS
from tests.access.school import LESSON, Seeded, behind, seeded, standing
from tests.proxy_addons.browser import FLAGS

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
LARGEST = 150_000  # bytes
PHONE, DESKTOP, PAPER = (390, 844), (1280, 800), (600, 849)


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture. `who` of staff looks at `path` of the dashboard, or (`pupil`) a child at an address."""

    name: str
    path: str
    who: str = ""
    size: tuple[int, int] = PHONE
    school: str = "busy"
    pupil: bool = False
    board: bool = False
    dark: bool = False


CHROMEBOOKS = "lees-mij.html"
"""No address: the page of an export."""

SCREENS = (
    Screen("lesson-phone", "/les/7", "anja"),
    Screen("lesson-desktop", "/les/7", "anja", DESKTOP),
    Screen("lesson-board-desktop", "/les/7", "anja", DESKTOP, board=True),
    Screen("permission-phone", "/les/7/toestemming", "anja", school="plain"),
    Screen("agreement-phone", "/les/7/afspraak", "anja", school="plain"),
    Screen("office-desktop", "/beheer/voorstellen", "coordinator", DESKTOP),
    Screen("begin-desktop", "/beheer/begin", "coordinator", DESKTOP),
    Screen("chromebooks-phone", "/beheer/apparaten#chromebooks", "coordinator"),
    Screen("chromebooks-desktop", CHROMEBOOKS, size=DESKTOP),
    Screen("week-desktop", "/beheer/week", "coordinator", DESKTOP),
    Screen("kinds-phone", "/beheer/lijsten/", "coordinator"),
    Screen("health-phone", "/beheer/gezondheid", "coordinator"),
    Screen("exit-phone", "/beheer/nooduitgang", "coordinator"),
    Screen("numbers-desktop", "/beheer/cijfers", "directie", DESKTOP),
    Screen("account-phone", "/account", "anja"),
    Screen("pupil-blocked-phone", SITE, "Noor", school="plain", pupil=True),
    Screen("pupil-agreement-phone", SITE, "Noor", school="agreement", pupil=True),
    Screen("pupil-pause-desktop", "http://onzeschool.test/", "Noor", DESKTOP, "pause", pupil=True),
    Screen("pupil-help-phone", "http://www.google.com/search?q=ik+wil+dood", "Noor", school="plain", pupil=True),
    Screen("pupil-mine-phone", f"{OWN}afspraken", "Noor", school="agreement", pupil=True),
    Screen("pupil-dark-phone", SITE, "Noor", school="plain", pupil=True, dark=True),
    Screen("rules-child-phone", "/regels?voor=leerling"),
    Screen("rules-paper", "/regels/papier", size=PAPER),
)


def make(names: frozenset[str] = frozenset()) -> dict[str, int]:
    """Write the pictures (all, or those named); how many bytes each has."""
    made: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as engine:
        seed = seeded(Path(folder) / "seed")
        browser = engine.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for school in dict.fromkeys(screen.school for screen in SCREENS):
            mine = [screen for screen in SCREENS if screen.school == school and (not names or screen.name in names)]
            made |= _of_school(browser, seed, Path(folder) / school, school, mine)
        browser.close()
    return made


def _of_school(browser: Browser, seed: Seeded, folder: Path, name: str, screens: list[Screen]) -> dict[str, int]:
    now, prepare = (LESSON, calm) if name == "busy" else SITUATIONS[name]
    made: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        school = stack.enter_context(standing(seed, folder, now))
        prepare(school)
        for screen in screens:
            more: dict[str, object] = {}
            if screen.pupil:
                front = stack.enter_context(behind(school, screen.who))
                more["proxy"] = {"server": f"http://127.0.0.1:{front.port}"}
            context = browser.new_context(
                viewport={"width": screen.size[0], "height": screen.size[1]},
                color_scheme="dark" if screen.dark else "light",
                reduced_motion="reduce",
                ignore_https_errors=True,
                locale="nl-NL",
                timezone_id="Europe/Amsterdam",
                **more,
            )
            if screen.who and not screen.pupil:
                context.add_cookies([school.cookie("__Host-klaswacht", school.session(screen.who))])
            if screen.board:
                context.add_cookies([school.cookie("__Host-klaswacht-bord", "1")])
            page = context.new_page()
            page.clock.set_fixed_time(now)
            if screen.path == CHROMEBOOKS:
                page.set_content(_exported(seed, now))
            else:
                page.goto(screen.path if screen.pupil else school.url + screen.path)
            if page.locator(".live-dot").count():
                expect(page.locator(".live-dot")).to_have_text(say("dash.lesson.live", "nl"), timeout=30_000)
            FOLDER.mkdir(exist_ok=True)
            made[screen.name] = len(
                page.screenshot(path=FOLDER / f"{screen.name}.png", animations="disabled", caret="hide")
            )
            context.close()
    return made


def _exported(seed: Seeded, now: datetime) -> str:
    """The page that a coordinator of this school reads."""
    settings = replace(seed.file.settings, listen=Listen(groups={"7": 8107}, page=80, reach=("192.168.1.2",)))
    extension = Extension("ponmlkjihgfedcbaponmlkjihgfedcba", "http://wacht.klaswacht.internal/extensie/updates.xml")
    known = facts(settings, "7", [seed.papers.ca.read_bytes()], extension)
    return parcel.files(known, factory_knowledge(), "nl", now.date())[parcel.PAGE].decode()


def main(names: list[str]) -> int:
    """Make them; 1 when one is too large for a page that uses it."""
    made = make(frozenset(names))
    for name, size in made.items():
        print(f"{name}: {size:,} bytes{' (too large)' if size > LARGEST else ''}")
    return int(any(size > LARGEST for size in made.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
