"""Lease files as they change on disk, with what Kea puts aside while it cleans up."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from proxy_addons.names import following
from proxy_addons.names.following import Leases
from tests.proxy_addons.test_leases import END, HEAD4, HIDDEN, OWN, SECONDS, four


def eventually(seen: Callable[[], bool]) -> bool:
    """Whether it is so within a ceiling that only a hanging thread reaches."""
    end = time.monotonic() + 30
    while not seen() and time.monotonic() < end:
        time.sleep(0.02)
    return seen()


def line(address: str, mac: str = OWN) -> str:
    return f"{SECONDS} {mac} {address} * *\n"


def test_a_device_is_known_as_soon_as_its_lease_is_written_and_gone_when_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "dnsmasq.leases"
    file.write_text(line("10.7.0.50"))
    leases = Leases((file,), every=0.05)
    leases.start()
    try:
        assert leases.at("10.7.0.50") is not None
        (tmp_path / "new").write_text(line("10.7.0.51", HIDDEN))
        (tmp_path / "new").replace(file)
        assert eventually(lambda: leases.at("10.7.0.51") is not None and leases.at("10.7.0.50") is None)
    finally:
        leases.stop()
    assert leases.at("10.7.0.51", END - timedelta(seconds=1)) is not None
    assert leases.at("10.7.0.51", END) is None


def test_while_kea_cleans_up_nobody_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "kea-leases4.csv"
    file.write_text(HEAD4 + four("10.7.0.50", OWN))
    leases = Leases((file,))
    leases.look()
    file.rename(tmp_path / "kea-leases4.csv.1")
    (tmp_path / "kea-leases4.csv.2").write_text(HEAD4 + four("10.7.0.49", OWN) + four("10.7.0.50", HIDDEN))
    file.write_text(HEAD4 + four("10.7.0.51", OWN))
    assert leases.look()
    assert [leases.at(f"10.7.0.{n}").mac for n in (49, 50, 51)] == [OWN, OWN, OWN]
    (tmp_path / "kea-leases4.csv.completed").write_text(HEAD4 + four("10.7.0.50", HIDDEN))
    assert leases.look() and leases.at("10.7.0.50").mac == HIDDEN and leases.at("10.7.0.49") is None


def test_a_file_that_is_gone_is_said_once_and_what_was_known_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "dnsmasq.leases"
    file.write_text(line("10.7.0.50"))
    leases = Leases((file, tmp_path / "other"))
    with caplog.at_level(logging.WARNING):
        leases.look()
        file.unlink()
        for _ in range(3):
            leases.look()
    assert [record.getMessage().count("no such file") for record in caplog.records] == [1, 1]
    assert leases.at("10.7.0.50") is not None
    file.write_text(line("10.7.0.51"))
    assert leases.look() and leases.at("10.7.0.51") is not None


def test_broken_lines_are_named_in_the_log_without_what_they_say(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "dnsmasq.leases"
    file.write_text("telefoon-van-sam\n" + line("10.7.0.50"))
    with caplog.at_level(logging.WARNING):
        assert Leases((file,)).look()
    assert "left out: 1" in caplog.text and "sam" not in caplog.text


def test_of_a_file_that_is_too_big_the_end_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_BYTES", 300)
    file = tmp_path / "kea-leases4.csv"
    file.write_text(HEAD4 + "".join(four(f"10.7.0.{n}", OWN) for n in range(1, 100)))
    leases = Leases((file,))
    leases.look()
    assert leases.at("10.7.0.99") is not None and leases.at("10.7.0.1") is None
