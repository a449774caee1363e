"""The guard that all tricks are tried on is a real one: what is open arrives, what is closed does not."""

from __future__ import annotations

import contextlib

import pytest
from websockets.exceptions import InvalidStatus

from tests.e2e.clients import Refused
from tests.evasions.school import CLOSED, HELP, LOCKED, OPEN, TUNNELLED, Running


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_a_lesson_uses_arrives_and_is_counted(guard: Running, scheme: str):
    for host in (*OPEN, HELP, TUNNELLED):
        reply = guard.pupil.fetch(f"{scheme}://{host}/les")
        assert (reply.status, reply.headers.get("x-origin")) == (200, "reached"), (host, reply.text[:300])
        assert [one.path for one in guard.sites.of(host)] == ["/les"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_closed_gets_a_page_and_the_site_gets_nothing(guard: Running, scheme: str):
    for host in (*CLOSED, *LOCKED):
        reply = guard.pupil.fetch(f"{scheme}://{host}/")
        assert reply.status == 403 and "text/html" in reply.headers["content-type"], host
    assert not guard.sites.requests and not guard.sites.connections


def test_websockets_too(guard: Running):
    with guard.pupil.websocket(f"wss://{OPEN[1]}/chat") as line:
        assert line.recv() == "origin"
    guard.forget()
    with contextlib.suppress(InvalidStatus, Refused, ConnectionError), guard.pupil.websocket(f"wss://{CLOSED[0]}/chat"):
        pytest.fail("a closed site spoke")
    assert not guard.sites.connections


def test_a_permission_opens_and_its_end_closes(guard: Running):
    given = guard.grant("discord.com")
    assert guard.pupil.fetch("https://discord.com/").headers.get("x-origin") == "reached"
    guard.revoke(given)
    guard.forget()
    assert guard.pupil.fetch("https://discord.com/").status == 403
    assert not guard.sites.connections
