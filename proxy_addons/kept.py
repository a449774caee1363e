"""What a browser keeps of a site to show it later without asking anybody: a service worker, and pages in its cache.

Where only a permission opens a site, none of that may be left when it ends: no worker is begun there, and pages are not
kept. A worker that was there already is looked after by the browser itself: with every page that it shows it asks
whether there is a newer one (Service Workers, W3C, "Soft Update"). For a closed site that one takes itself away.
"""

from __future__ import annotations

from policy.model import Decision, Reason
from proxy_addons.answers import tiny
from proxy_addons.facts import Answer, Exchange

UNKEPT = ("cache-control", "no-store")
"""The header of a page that nobody keeps."""

_LEAVES = """// Klaswacht: this site is closed now, so nothing of it is shown from this device's own store.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(leave()));
async function leave() {
  await self.clients.claim();
  const open = await self.clients.matchAll({ type: "window" });
  await self.registration.unregister();
%s}
"""
_FOR_A_MOMENT = frozenset({Reason.PAUSE, Reason.BREAK})
_AGAIN = """  await Promise.allSettled(
    open.filter((page) => page.visibilityState === "visible").map((page) => page.navigate(page.url)),
  );
"""


def is_worker(exchange: Exchange) -> bool:
    """Whether a browser asks for a service worker: for the first time, or whether there is a newer one."""
    return exchange.headers.get("service-worker", "").strip().lower() == "script"


def closing(exchange: Exchange, decision: Decision) -> Answer | None:
    """The word on a service worker, by the decision on its pages: one that takes itself away where they are closed,
    none where only a permission opens them; None where it may be.

    What was under way when a pause or a break began is not disturbed: what is shown stays until it is opened anew.
    """
    if decision.open:
        return tiny(exchange, 403) if decision.grants else None
    script = _LEAVES % ("" if decision.reason in _FOR_A_MOMENT else _AGAIN)
    headers = (
        ("Content-Type", "text/javascript; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Service-Worker-Allowed", "/"),  # it stands in for one that may have had all of the site
    )
    return Answer(200, headers, script.encode())


def may_be_kept(exchange: Exchange, decision: Decision, *, navigation: bool) -> bool:
    """Whether a browser may keep the page for later."""
    return not (decision.grants and (navigation or exchange.headers.get("sec-fetch-dest") in ("iframe", "frame")))
