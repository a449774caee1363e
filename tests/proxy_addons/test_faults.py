"""What breaks in a loop is told by kind and place, and does not fill the log."""

from __future__ import annotations

import asyncio
import logging

import pytest

from proxy_addons import faults

SECRET = "https://geheim.test/?q=nobody-may-read-this"


def test_a_fault_that_comes_a_thousand_times_is_one_line_with_its_number(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(faults.time, "monotonic", lambda: now[0])
    loop = asyncio.new_event_loop()
    try:
        faults.told_by(loop)
        with caplog.at_level(logging.ERROR):
            for _ in range(1000):
                loop.call_exception_handler({"exception": OSError(24, SECRET)})
            loop.call_exception_handler({"exception": ValueError(SECRET)})
            assert caplog.messages == ["a callback broke: OSError at ?", "a callback broke: ValueError at ?"]
            now[0] += faults.AGAIN
            loop.call_exception_handler({"exception": OSError(24, SECRET)})
        assert caplog.messages[2:] == ["a callback broke: OSError at ? (and 999 times since it was told last)"]
        assert SECRET not in caplog.text
    finally:
        loop.close()
