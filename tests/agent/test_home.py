"""The agent's own folder: nobody else reads the key, and damage is no crash."""

from __future__ import annotations

import stat
from dataclasses import replace

from agent.home import Enrolment, Home, default_home
from agent.signing import DeviceKey
from agent.surroundings import Surroundings
from agent.tampering import Usual

SECRET = DeviceKey.make()
DEVICE = Enrolment("127.0.0.1:8443", "chroom-1", "a-secret-key", "school", SECRET, "x")


def test_only_its_own_account_can_read_what_it_keeps(home: Home) -> None:
    home.enrol(DEVICE, b"certificate")
    home.keep_copy({"v": 1}, {"now": "x"})
    home.keep_events({"events": []})
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.path.iterdir()} == {
        "device.json": 0o600,
        "school-ca.crt": 0o600,
        "snapshot.json": 0o600,
        "newest.json": 0o600,
        "events.json": 0o600,
    }


def test_it_knows_after_a_restart_which_device_it_is(home: Home) -> None:
    home.enrol(DEVICE, b"certificate")
    assert Home(home.path).enrolment() == DEVICE


def test_the_key_is_not_in_what_is_printed() -> None:
    assert "a-secret-key" not in repr(DEVICE)
    assert SECRET not in repr(DEVICE)


def test_a_new_enrolment_forgets_the_old_copy_and_events(home: Home) -> None:
    home.keep_copy({"v": 1}, {"now": "x"})
    home.keep_events({"events": [1]})
    home.enrol(DEVICE, b"certificate")
    assert (home.copy(), home.mark()) == (None, None)
    assert home.events() == {}


def test_unenrolling_leaves_nothing(home: Home) -> None:
    home.enrol(DEVICE, b"certificate")
    home.keep_events({"events": [1]})
    Usual(home.path).keep(Surroundings(dns=("10.0.0.9",)))
    home.forget()
    assert list(home.path.iterdir()) == []


def test_a_damaged_file_is_as_if_it_were_not_there(home: Home) -> None:
    home.enrol(DEVICE, b"certificate")
    for name in ("device.json", "snapshot.json", "events.json"):
        (home.path / name).write_bytes(b'{"half')
    assert (home.enrolment(), home.copy(), home.events()) == (None, None, {})
    (home.path / "device.json").write_bytes(b'{"other": 1}')
    assert home.enrolment() is None
    home.enrol(replace(DEVICE, secret="no key"), b"certificate")
    assert home.enrolment() is None


def test_the_folder_can_be_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("KLASWACHT_AGENT_HOME", str(tmp_path / "here"))
    assert default_home() == tmp_path / "here"
