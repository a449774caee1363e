"""Mirrors on hosts that many share: each page is judged apart, and its neighbours stay open (E18)."""

from __future__ import annotations

import time

import pytest

from tests.evasions.school import SCHOOL, WITHIN, Running
from tests.evasions.speaking import http2, page

pytestmark = pytest.mark.evasion("E18")

GAMES = "games-24-portal.html"
MIRRORS = [
    "https://sites.google.com/view/unblocked-games-76/home",
    "https://sites.google.com/view/classroom-6x",
    "https://sites.google.com/site/unblockedgames66/",
    "https://sites.google.com/view%2Funblocked-games-76/home",
    "https://sites.google.com//view//unblocked-games-76",
    "https://sites.google.com/view/../view/unblocked-games-76",
    "https://sites.google.com/VIEW/Unblocked-Games-76",
    "https://sites.google.com/view/%75nblocked-games",
    "https://unblocked-games.github.io/",
    "https://jan.github.io/unblocked-games/",
    "https://unblockedgames.replit.app/",
    "https://retro-games.pages.dev/",
    "https://slope-unblocked.vercel.app/",
    "https://s3.amazonaws.com/unblocked-games/index.html",
    "https://storage.googleapis.com/unblocked-games/index.html",
    "https://raw.githubusercontent.com/jan/unblocked-games/main/index.html",
    "https://cdn.jsdelivr.net/gh/jan/unblocked-games@main/slope/index.html",
    "https://unblockedgames.neocities.org/",
]
NEIGHBOURS = [
    "https://sites.google.com/view/groep-7-werkstuk",
    "https://docs.google.com/document/d/abc/edit",
    "https://docs.google.com/document/d/unblocked-games/edit",
    "https://jan.github.io/werkstuk/",
    "https://s3.amazonaws.com/school-fotos/kamp.jpg",
    "https://storage.googleapis.com/les/plaat.png",
    "https://raw.githubusercontent.com/jan/les/main/tafels.py",
    "https://cdn.jsdelivr.net/npm/jquery@3/dist/jquery.min.js",
    "https://groep7.neocities.org/",
]


@pytest.mark.parametrize("url", MIRRORS)
def test_a_mirror_is_closed_and_its_host_gets_nothing(guard: Running, url: str):
    reply = guard.pupil.fetch(url)
    assert reply.status == 403 and "x-origin" not in reply.headers
    assert not guard.sites.requests


@pytest.mark.parametrize("url", NEIGHBOURS)
def test_its_neighbour_is_open(guard: Running, url: str):
    assert guard.pupil.fetch(url).headers.get("x-origin") == "reached"


def test_on_one_connection_the_page_is_judged_and_not_the_host(guard: Running):
    host = "sites.google.com"
    with http2(guard.pupil, host) as line:
        assert line.ask(page(host, "/view/groep-7-werkstuk")).reached
        assert line.ask(page(host, "/view/unblocked-games-76/home")).status == 403
        assert line.ask(page(host, "/view/groep-7-werkstuk/bronnen")).reached
    assert [one.path for one in guard.sites.requests] == ["/view/groep-7-werkstuk", "/view/groep-7-werkstuk/bronnen"]


def test_a_mirror_that_says_nothing_in_its_name_is_proposed_and_not_closed(guard: Running):
    """Honest: the page comes; what it shows of itself is a proposal, and only a person closes it."""
    host = "spelletjesplein.example"
    url = f"https://{host}/pagina/{GAMES}"
    assert guard.pupil.fetch(url).headers.get("x-origin") == "reached"
    store, deadline = guard.composed.store, time.monotonic() + WITHIN
    while not (found := [one for one in store.proposals.open(SCHOOL) if one.host == host]):
        assert time.monotonic() < deadline, "it was never proposed"
        time.sleep(0.1)
    assert found[0].kind == "games"
    assert guard.pupil.fetch(url).headers.get("x-origin") == "reached"
