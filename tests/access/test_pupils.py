"""axe-core on every page that a pupil can get, in every kind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

import proxy_addons
from config.texts import say
from tests.access.axe import everywhere
from tests.access.conftest import PATIENCE
from tests.access.pupils import SITUATIONS, VISITS, Visit, drawn
from tests.access.school import Seeded, Standing, behind, standing
from tests.proxy_addons.browser import Front

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]
FAMILY = Path(proxy_addons.__file__).parent / "page"
NOT_ALONE = {"base.html": "what all have", "parts.html": "pieces of others", "sign_parts.html": "pieces of others"}


@pytest.fixture(scope="module")
def fronts(seed: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Front]]:
    """The gate of a situation as the proxy of somebody's device, opened when it is first asked for."""
    folder: Path = tmp_path_factory.mktemp("pupils")
    schools: dict[str, Standing] = {}
    opened: dict[tuple[str, str], Front] = {}
    with contextlib.ExitStack() as stack:

        def front(situation: str, who: str) -> Front:
            if situation not in schools:
                now, prepare = SITUATIONS[situation]
                schools[situation] = stack.enter_context(standing(seed, folder / situation, now))
                prepare(schools[situation])
            if (situation, who) not in opened:
                opened[situation, who] = stack.enter_context(behind(schools[situation], who))
            return opened[situation, who]

        yield front


@pytest.fixture
def at(enter: Callable[..., BrowserContext], fronts: Callable[[str, str], Front]) -> Callable[[Visit], Page]:
    """A browser that did what the visit says."""

    def go(visit: Visit) -> Page:
        front = fronts(visit.situation, visit.who)
        page = enter(proxy={"server": f"http://127.0.0.1:{front.port}"}).new_page()
        page.goto(visit.url)
        if visit.act is not None:
            visit.act(page)
        expect(page.locator("h1").first).to_have_text(say(visit.title, "nl"), timeout=PATIENCE)
        return page

    return go


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.name)
def test_every_child_can_use(visit: Visit, at: Callable[[Visit], Page]) -> None:
    lines = everywhere(at(visit))
    assert lines == [], "\n".join(lines)


@pytest.mark.parametrize("kind", sorted(drawn()))
def test_every_child_can_read(
    kind: str, fronts: Callable[[str, str], Front], enter: Callable[..., BrowserContext]
) -> None:
    answer = drawn()[kind](fronts("plain", "Noor").gate)
    page = enter().new_page()

    def serve(route: Route) -> None:
        """Only the page itself: what it asks or opens afterwards gives nothing, so that it stays as it is."""
        if route.request.is_navigation_request():
            stays = page.url.startswith("http")
            route.fulfill(status=204) if stays else route.fulfill(headers=dict(answer.headers), body=answer.body)

    page.route("**/*", serve)
    page.goto("http://www.voorbeeld.nl/")
    expect(page.locator("h1").first).to_be_visible(timeout=PATIENCE)
    lines = everywhere(page)
    assert lines == [], "\n".join(lines)


def test_no_page_of_the_family_is_forgotten(at: Callable[[Visit], Page], fronts: Callable[[str, str], Front]) -> None:
    """Everything is asked for once more, quickly: what was never drawn has no state in `pupils`."""
    for visit in VISITS:
        at(visit).close()
    made: set[str] = set()
    for situation, who in {(visit.situation, visit.who) for visit in VISITS}:
        gate = fronts(situation, who).gate
        for draw in drawn().values():
            draw(gate)
        made |= {name for _, name in gate._pages._drawing._templates.cache}
    family = {file.name for file in FAMILY.glob("*.html")}
    assert family - made - NOT_ALONE.keys() == set()
