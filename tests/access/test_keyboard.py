"""Everything that a teacher does, with the keyboard alone: nothing is lost, nothing traps, where one is is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from cli.demo.school import PASSWORD
from config.texts import say
from store.incidents import Wish
from tests.access.conftest import PATIENCE
from tests.access.school import Seeded, Standing, standing

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]
MOST = 250  # presses of Tab to anything on a page

# The outline of what has the focus, or of what is drawn in its place (a chip's label).
SEEN = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return false;
  const drawn = element => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  };
  const box = at.getBoundingClientRect();
  return (drawn(at) || (at.nextElementSibling && drawn(at.nextElementSibling))) && box.width > 0 && box.height > 0;
}"""
WHERE = "() => document.activeElement && document.activeElement.outerHTML.slice(0, 160)"


@pytest.fixture
def school(seed: Seeded, tmp_path: Path) -> Iterator[Standing]:
    with standing(seed, tmp_path / "school") as running:
        yield running


def tab_to(page: Page, goal: Locator, key: str = "Tab") -> None:
    """Press Tab until `goal` has the focus; on the way it is always seen where one is."""
    for _ in range(MOST):
        if goal.count() and goal.first.evaluate("it => it === document.activeElement"):
            return
        page.keyboard.press(key)
        if not page.evaluate("() => document.activeElement === document.body"):  # the browser's own bars come by too
            assert page.evaluate(SEEN), page.evaluate(WHERE)
    raise AssertionError(f"not reached by keyboard: {goal}")


def not_lost(page: Page) -> None:
    """After something was done the focus is somewhere on the page, not back at its very beginning."""
    page.wait_for_function("() => document.activeElement && document.activeElement !== document.body", timeout=PATIENCE)


def button(page: Page, code: str, **values: object) -> Locator:
    return page.get_by_role("button", name=say(code, "nl", **values), exact=True)


def signs_in(page: Page, school: Standing) -> None:
    page.goto(f"{school.url}/inloggen")
    tab_to(page, page.locator("input[name=login]"))
    page.keyboard.type("anja")
    tab_to(page, page.locator("input[name=password]"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/les/7")
    expect(page.locator(".live-dot")).to_have_text(say("dash.lesson.live", "nl"), timeout=PATIENCE)


def test_a_teacher_does_a_whole_lesson_without_a_mouse(school: Standing, enter: Callable[..., BrowserContext]) -> None:
    wish = Wish("kletsplein.test", "lesson", "social", "voor mijn werkstuk", "7", "cb7-2", "p7-2")
    everybody = [one.id for one in school.store.people.roster(school.school, "7")]
    school.store.people.set_consents(school.school, dict.fromkeys(everybody, True), "setup", school.now)
    page = enter(school).new_page()
    page.set_viewport_size({"width": 1280, "height": 800})
    signs_in(page, school)

    # The skip link is first, and leads past the menu.
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip" and page.evaluate(SEEN)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.getElementById('page').contains(document.activeElement)")

    # A permission: arrows choose within a group of chips.
    tab_to(page, page.locator("#site"))
    page.keyboard.type("filmpjes.test")
    tab_to(page, page.locator("#geef-formulier input[name=minutes]:checked"))
    page.keyboard.press("ArrowRight")
    assert page.evaluate(SEEN)
    tab_to(page, button(page, "dash.give.go"))
    page.keyboard.press("Enter")
    expect(page.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)
    not_lost(page)
    tab_to(page, page.locator("#part-open button.stop"), "Shift+Tab")
    page.keyboard.press("Space")
    expect(page.locator("#part-open .item")).to_have_count(0, timeout=PATIENCE)
    not_lost(page)
    assert page.evaluate("() => Boolean(document.activeElement.closest('#part-open'))"), page.evaluate(WHERE)

    # A request comes in while the focus is elsewhere: it stays there. Then it is answered.
    before = page.evaluate(WHERE)
    assert school.store.incidents.ask(school.school, wish, school.now)
    expect(page.locator("#part-asks .item")).to_have_count(1, timeout=PATIENCE)
    assert page.evaluate("() => Boolean(document.activeElement.closest('#part-open'))"), (before, page.evaluate(WHERE))
    tab_to(page, page.locator("#part-asks button[value=no]"))
    page.keyboard.press("Enter")
    expect(page.locator("#part-asks .item")).to_have_count(0, timeout=PATIENCE)
    not_lost(page)

    # A report: the fold opens with a key, and what was seen is away.
    school.store.incidents.report(school.school, "kletsplein.test", school.now, note="naar", group="7", person="p7-3")
    expect(page.locator("#meldingen")).to_have_count(1, timeout=PATIENCE)
    tab_to(page, page.locator("#meldingen > summary"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, button(page, "dash.reports.done"))
    page.keyboard.press("Enter")
    expect(page.locator("#meldingen")).to_have_count(0, timeout=PATIENCE)
    not_lost(page)

    # An agreement, on a page of its own.
    tab_to(page, page.locator("a[href$='/afspraak']").first)
    page.keyboard.press("Enter")
    page.wait_for_url("**/afspraak")
    tab_to(page, page.locator("input[name=goal]"))
    page.keyboard.type("rekenen")
    tab_to(page, page.locator("textarea[name=sites]"))
    page.keyboard.type("rekenrijk.test")
    tab_to(page, button(page, "dash.agree.go"))
    page.keyboard.press("Enter")
    expect(page.locator("#part-agreed .item")).to_contain_text("rekenen", timeout=PATIENCE)


@pytest.mark.parametrize("path", ["/les/7", "/les/7/afspraak", "/les/7/klaar", "/melden", "/fototoestemming"])
def test_the_focus_goes_round_the_whole_page_and_is_always_seen(
    path: str, schools: Callable[[str], Standing], enter: Callable[..., BrowserContext]
) -> None:
    school = schools("busy")
    page = enter(school, "anja").new_page()
    page.goto(school.url + path)
    page.evaluate("() => document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    first, seen = None, 0
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement === document.body"):
            break
        here = page.evaluate(WHERE)
        if first is not None and here == first and seen > 3:
            break
        first = first or here
        assert page.evaluate(SEEN), here
        seen += 1
    else:
        raise AssertionError("the keyboard never comes round: a trap")
    assert seen > 5
