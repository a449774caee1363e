"""Large letters, narrow windows, wide spacing, less motion, the system's own colours: nothing is cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.access.pupils import drawn
from tests.access.school import Seeded, Standing, behind, standing
from tests.access.states import STATES, State
from tests.access.test_dashboard import UNFOLD, go

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]
PAGES = [one for one in STATES if one.school == "busy" and not one.start and not one.board and one.status == 200]

# WCAG 1.4.12: what a reader may set without losing anything.
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important }
    * { word-spacing: 0.16em !important }
    p { margin-bottom: 2em !important }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Text that its own box cuts off, and controls that stick out of the window.
CUT = """() => {
  const shown = element => element.getClientRects().length && getComputedStyle(element).visibility === 'visible';
  const lines = [];
  for (const element of document.querySelectorAll('main *')) {
    if (!shown(element) || element.closest('.sr, select, option, datalist, svg, thead')) continue;
    const style = getComputedStyle(element);
    const clips = value => value === 'hidden' || value === 'clip';
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    const say = what => lines.push(what + ': ' + element.outerHTML.slice(0, 120));
    if (own && clips(style.overflowX) && element.scrollWidth > element.clientWidth + 1) say('wide');
    if (own && clips(style.overflowY) && element.scrollHeight > element.clientHeight + 1) say('high');
    if (element.matches('a, button, input, select, textarea, summary')) {
      const box = element.getBoundingClientRect();
      if (box.width && (box.left < -1 || box.right > innerWidth + 1)) say('out');
    }
  }
  return lines;
}"""
MOVING = """() => document.getAnimations()
  .filter(one => one.playState === 'running' && (one.effect.getTiming().duration || 0) > 1)
  .map(one => one.animationName || one.transitionProperty)"""


@pytest.fixture(scope="module")
def school(seed: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing(seed, tmp_path_factory.mktemp("sizes") / "school") as running:
        yield running


def holds(page: Page, what: str) -> list[str]:
    wide = page.evaluate(SIDEWAYS)
    return [f"{what}: {line}" for line in page.evaluate(CUT)] + ([f"{what}: {wide} px sideways"] if wide > 0 else [])


@pytest.mark.parametrize("state", PAGES, ids=lambda state: state.id)
def test_nothing_is_lost_at_four_times_the_size_or_with_more_space(
    state: State,
    schools: Callable[[str], Standing],
    enter: Callable[..., BrowserContext],
    window: Callable[[BrowserContext], Page],
) -> None:
    """A window of 1280 at 200 % is one of 640 px wide, and at 400 % one of 320."""
    busy = schools(state.school)
    page = window(enter(busy, state.who))
    go(page, busy, state)
    page.evaluate(UNFOLD)
    lines = []
    for width, zoom in ((640, "200 %"), (320, "400 %")):
        page.set_viewport_size({"width": width, "height": 512})
        lines += holds(page, zoom)
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(SPACED)
    lines += holds(page, "spaced")
    page.emulate_media(reduced_motion="reduce")
    lines += [f"moves: {name}" for name in page.evaluate(MOVING)]
    assert lines == [], "\n".join(lines)


def test_the_pages_of_children_hold_too(school: Standing, enter: Callable[..., BrowserContext]) -> None:
    lines = []
    with behind(school, "Noor") as front:
        page = enter(reduced_motion="reduce").new_page()
        for kind, draw in sorted(drawn().items()):
            answer = draw(front.gate)
            page.set_content(answer.body.decode().replace("<script>", "<script type='text/plain'>"))
            for width in (640, 320):
                page.set_viewport_size({"width": width, "height": 512})
                lines += holds(page, f"{kind}, {width} px")
            page.evaluate(SPACED)
            lines += holds(page, f"{kind}, spaced")
            lines += [f"{kind} moves: {name}" for name in page.evaluate(MOVING)]
    assert lines == [], "\n".join(lines)


def test_in_the_colours_of_the_system_what_is_chosen_and_where_one_is_stay_seen(
    schools: Callable[[str], Standing], enter: Callable[..., BrowserContext]
) -> None:
    busy = schools("busy")
    page = enter(busy, "anja", forced_colors="active").new_page()
    page.goto(f"{busy.url}/les/7/afspraak")
    assert page.evaluate("() => matchMedia('(forced-colors: active)').matches")
    outline = "it => { const style = getComputedStyle(it); return style.outlineStyle + ' ' + style.outlineWidth; }"
    chosen, other = (
        page.locator(".chip input:checked + span").first,
        page.locator(".chip input:not(:checked) + span").first,
    )
    assert chosen.evaluate(outline) != other.evaluate(outline), "what is chosen is not only a colour"
    edge = page.locator("button.main.wide").evaluate("it => getComputedStyle(it).borderTopStyle")
    assert edge == "solid", "a button is a button without its background"


def test_what_would_move_is_noticed(chromium: object, enter: Callable[..., BrowserContext]) -> None:
    """The test of the test."""
    page = enter().new_page()
    page.set_viewport_size({"width": 320, "height": 500})
    page.set_content(
        "<!doctype html><style>@keyframes a { to { opacity: 0 } } p { animation: a 9s; width: 700px; overflow: hidden }"
        "b { display: block; width: 20px; overflow: hidden; white-space: nowrap }</style>"
        "<main><p>lang</p><b>veel te lang voor dit vak</b></main>"
    )
    assert page.evaluate(MOVING) == ["a"]
    told = "\n".join(holds(page, "x"))
    assert "sideways" in told and "wide: <b>" in told
