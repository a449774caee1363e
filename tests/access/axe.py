"""axe-core in a page of Chromium: what it finds by the WCAG 2.2 AA tags, in light and dark, narrow and wide."""

from __future__ import annotations

import os
import zlib
from functools import cache
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""What dark can change: the same elements, in other colours."""
PHONE, DESKTOP = (390, 844), (1440, 900)
SHORT = bool(os.environ.get("KLASWACHT_SHORT"))  # on a build machine: every page and state still, one look of five

_RUN = """async (only) => {
  const found = await axe.run(document, {
    runOnly: only,
    rules: only.type === 'tag' ? {'target-size': {enabled: true}} : {},
    resultTypes: ['violations'],
    preload: false,
  });
  const short = text => text.replace(/\\s+/g, ' ').slice(0, 300);
  return found.violations.flatMap(one => one.nodes.map(node =>
    `${one.id}: ${node.target.join(' ')} ${short(node.html)} (${short(node.failureSummary)})`));
}"""


@cache
def _script() -> str:
    """axe-core as its package brings it."""
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def found(page: Page, only: dict[str, object] | None = None) -> list[str]:
    """What axe finds on the page as it stands, a line a place."""
    # Put in by the debugger, so that the page's own content security policy stays as it is.
    if not page.evaluate("() => typeof axe !== 'undefined'"):
        page.evaluate(_script())
    lines: list[str] = page.evaluate(_RUN, only or {"type": "tag", "values": TAGS})
    return lines


def everywhere(page: Page) -> list[str]:
    """The same on a phone and on a wide screen, in light and in dark.

    In the short form one page on a phone in dark, the next on a screen in light.
    """
    lines: list[str] = []
    if SHORT:
        on_a_phone = zlib.crc32(page.locator("body").inner_text().encode()) % 2
        name, (width, height), scheme = ("phone", PHONE, "dark") if on_a_phone else ("desktop", DESKTOP, "light")
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        return [f"{name}, {scheme}: {line}" for line in found(page)]
    for name, (width, height) in (("phone", PHONE), ("desktop", DESKTOP)):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        lines += [f"{name}, light: {line}" for line in found(page)]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        lines += [f"{name}, dark: {line}" for line in found(page, {"type": "rule", "values": OF_COLOURS})]
    return lines
