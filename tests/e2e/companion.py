"""A real Chromium whose school installed the companion extension by policy, and somebody who clicks on its button."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, Worker
from playwright.sync_api import Error as BrowserError

from cli.demo.browser import find_chromium, make_profile
from cli.extension import Made
from tests.e2e.managed import managed

WITHIN = 90.0  # seconds: a ceiling on a busy machine
_AGAINST = (
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-background-networking",
)
"""What the driver says to a browser by itself, and would keep the school's extension out."""


@dataclass
class Companion:
    """One browser with the extension in it. `worker` is the extension's own process."""

    context: BrowserContext
    page: Page
    worker: Worker
    made: Made

    def click(self, page: Page) -> None:
        """A child clicks on the button in the toolbar, while it looks at this page."""
        page.bring_to_front()
        browser = self.context.browser
        assert browser is not None
        session = browser.new_browser_cdp_session()
        with contextlib.closing(_Detached(session)):
            tabs = session.send("Target.getTargets", {"filter": [{"type": "tab", "exclude": False}]})["targetInfos"]
            mine = next(one for one in tabs if one["embedderData"]["tabActive"] and one["url"] == page.url)
            session.send("Extensions.triggerAction", {"id": self.made.id, "targetId": mine["targetId"]})

    def asks(self, script: str) -> Any:
        """What the extension itself says."""
        return self.worker.evaluate(script)

    def title(self) -> str:
        return str(self.asks("chrome.action.getTitle({})"))

    def count(self) -> str:
        return str(self.asks("chrome.action.getBadgeText({})"))

    def tabs(self) -> list[str]:
        return [one.url for one in self.context.pages]


@dataclass
class _Detached:
    session: Any

    def close(self) -> None:
        self.session.detach()


@contextlib.contextmanager
def companion(
    engine: Playwright,
    folder: Path,
    made: Made,
    authorities: Mapping[str, Path],
    flags: tuple[str, ...],
    settings: Mapping[str, object] | None = None,
    updates: str = "",
) -> Iterator[Companion]:
    """A browser of a school that has the extension installed from `updates` (else: as it was made)."""
    chromium = find_chromium()
    if chromium is None or shutil.which("certutil") is None:
        pytest.skip("needs Chromium and certutil (setup/machine.sh)")
    policy = {
        "ExtensionInstallForcelist": [f"{made.id};{updates or made.updates}"],
        "ExtensionSettings": {
            made.id: {
                "installation_mode": "force_installed",
                "update_url": updates or made.updates,
                "toolbar_pin": "force_pinned",
            }
        },
        "DeveloperToolsAvailability": 1,  # so that a test can look into it; a school leaves that out
        "3rdparty": {"extensions": {made.id: dict(settings or {})}},
    }
    profile = make_profile(folder / "home", authorities)
    context = engine.chromium.launch_persistent_context(
        folder / "profile",
        executable_path=str(managed(folder, chromium, policy)),
        ignore_default_args=list(_AGAINST),
        args=[*profile.flags(), "--disable-gpu", "--enable-unsafe-extension-debugging", *flags],
        env={**os.environ, **profile.environment(), "LANGUAGE": "nl", "LANG": "nl_NL.UTF-8"},
        locale="nl-NL",
    )
    try:
        page = context.new_page()
        until(lambda: bool(page.wait_for_timeout(100) or context.service_workers), "the extension is installed")
        yield Companion(context, page, context.service_workers[0], made)
    finally:
        context.close()


def until(so: Callable[[], bool], what: str) -> None:
    """Wait for it."""
    deadline = monotonic() + WITHIN
    while True:
        with contextlib.suppress(BrowserError):
            if so():
                return
        assert monotonic() < deadline, what
        sleep(0.1)
