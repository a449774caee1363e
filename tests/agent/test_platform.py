"""A note reaches the screen by whatever way there is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.platform import linux, shower


@pytest.fixture
def tools(tmp_path: Path, monkeypatch) -> Path:
    """Screens are not there in a test; programs that write down what they were told are."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return folder


def tool(folder: Path, name: str, code: int = 0) -> Path:
    told = folder / f"{name}.told"
    script = folder / name
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\nexit {code}\n')
    script.chmod(0o755)
    return told


def me() -> str:
    return os.environ.get("USER", "root")


def test_a_desktop_gets_a_notification(tools: Path, monkeypatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    told = tool(tools, "notify-send")
    assert linux.show("Discord is nu even dicht", "Vraag <b>het</b>", me()) == "notify-send"
    assert "Discord is nu even dicht" in told.read_text()
    assert "<b>" not in told.read_text()


def test_where_that_fails_a_small_window_opens(tools: Path, monkeypatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("DISPLAY", ":77")
    tool(tools, "notify-send", code=1)
    tool(tools, "zenity", code=1)
    told = tool(tools, "xmessage")
    assert linux.show("Discord", "is nu even dicht", me()) == "xmessage"
    assert "is nu even dicht" in told.read_text()


def test_without_a_screen_the_terminal_gets_it(tools: Path) -> None:
    told = tool(tools, "wall")
    assert shower()("Discord", "is nu even dicht", me()) == "wall"
    assert "is nu even dicht" in told.read_text()


def test_no_way_at_all_is_no_error(tools: Path) -> None:
    for name in ("notify-send", "zenity", "xmessage", "wall"):
        tool(tools, name, code=1)
    assert linux.show("Discord", "is nu even dicht", me()) is None


def test_control_signs_do_not_reach_the_screen(tools: Path) -> None:
    told = tool(tools, "wall")
    linux.show("Dis\x1b[2Jcord", "dicht\x07", me())
    assert not set(told.read_text()) & {"\x1b", "\x07"}
