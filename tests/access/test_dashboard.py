"""axe-core on every page of the dashboard, in every state: no route can be forgotten, no template either."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.access import filled
from tests.access.axe import SHORT, everywhere, found
from tests.access.school import Standing
from tests.access.states import NO_PAGE, STATES, State

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

UNFOLD = """() => {
  document.querySelectorAll('details').forEach(fold => { fold.open = true; });
  document.querySelectorAll('input[data-shows]').forEach(chip => { chip.checked = true; });
}"""
SEND = """([path, fields]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = path;
  const put = (name, value) => {
    const field = document.createElement('input');
    field.type = 'hidden'; field.name = name; field.value = value;
    form.append(field);
  };
  put('csrf', document.querySelector('input[name=csrf]').value);
  for (const [name, value] of fields) put(name, value);
  document.body.append(form);
  form.submit();
}"""


def go(page: Page, school: Standing, state: State) -> None:
    """Bring a browser into a state."""
    values = {
        "link": filled.link(school) if "{link}" in state.path else "",
        "planned": filled.planned(school) if "{planned}" in state.path else "",
    }
    path = state.path.format(**values)
    if not state.start:
        answer = page.goto(school.url + path)
    else:
        page.goto(school.url + state.start)
        fields = [(name, value) for name, value in state.form.items()]
        with page.expect_navigation() as sent:
            page.evaluate(SEND, [path, fields])
        answer = sent.value
    assert answer is not None and answer.status == state.status, (state.id, answer and answer.status)


def looked_at() -> list[State]:
    """Every state; in the short form two of each address, chosen by their names."""
    if not SHORT:
        return list(STATES)
    by_address: dict[str, list[State]] = {}
    for state in sorted(STATES, key=lambda one: zlib.crc32(one.id.encode())):
        by_address.setdefault(state.path.partition("?")[0], []).append(state)
    return [state for states in by_address.values() for state in states[:2]]


@pytest.mark.parametrize("state", looked_at(), ids=lambda state: state.id)
def test_everybody_can_use(
    state: State,
    schools: Callable[[str], Standing],
    enter: Callable[..., BrowserContext],
    window: Callable[[BrowserContext], Page],
) -> None:
    school = schools(state.school)
    page = window(enter(school, state.who, board=state.board))
    go(page, school, state)
    folded = page.locator("details:not([open])").count()
    lines = [f"folded: {line}" for line in found(page)] if folded and not SHORT else []
    page.evaluate(UNFOLD)
    lines += everywhere(page)
    assert lines == [], "\n".join(lines)


def test_no_route_with_a_page_is_forgotten(schools: Callable[[str], Standing]) -> None:
    app = schools("empty").app
    every = {rule.endpoint for rule in app.url_map.iter_rules()}
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    visited = {state.endpoint for state in STATES}
    assert routes - visited - NO_PAGE.keys() == set(), "give each of these a state in tests/access/states.py"
    assert NO_PAGE.keys() - every == set()
    assert visited - every - {"problem"} == set()


def test_what_is_wrong_is_found(chromium: Browser) -> None:
    """The test of the test: a page on which everything is wrong."""
    page = chromium.new_page()
    page.set_content(
        "<!doctype html><html><title>x</title><style>button { width: 12px; height: 12px; padding: 0 }</style>"
        "<body style='background:#fff'><p style='color:#ccc'>bleek</p><input><button>a</button><button>b</button>"
    )
    told = "\n".join(everywhere(page))
    for rule in ("color-contrast", "label", "target-size", "html-has-lang"):
        assert f": {rule}:" in told
    assert SHORT or ("light: color-contrast:" in told and "dark: color-contrast:" in told)
