"""The doctor: what is right is ok, what is not is named with its remedy, and only a real fault is an error."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli import doctor, school
from cli.ca import ensure_ca, ensure_dashboard
from cli.doctor import Level
from cli.home import Home
from config import load
from store import open_store
from store.notices import LASTS, Condition

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_waiting_for_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are looked up for real, but a network without them must not hold up every test here."""
    monkeypatch.setattr(doctor, "_DNS_PATIENCE", 0.05)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A school that was started once, and is not running."""
    made = Home(tmp_path / "var")
    made.prepare()
    load.write_template(made.school_file)
    text = made.school_file.read_text()
    for port in ("8080", "8081", "8443"):
        text = text.replace(f": {port} ", ": 0 ")
    made.school_file.write_text(text)
    store = school.opened(made)
    school.into_force(made, store, NOW)
    store.close()
    ensure_dashboard(ensure_ca(made.ca_folder, "Onze school", NOW), ("localhost",), NOW)
    return made


def findings(home: Home, now: datetime = NOW) -> dict[str, Level]:
    return {finding.code: finding.level for finding in doctor.examine(home, now)[0]}


def words(home: Home, now: datetime = NOW) -> str:
    found, lang = doctor.examine(home, now)
    return doctor.render(found, lang)[0]


def test_a_school_that_was_started_once_is_in_order(home):
    found = findings(home)
    assert Level.FAIL not in found.values()
    for code in ("python", "home", "file", "port_any", "zone", "ca", "leaf", "database", "disk"):
        assert found[code] is Level.OK, code


def test_a_folder_where_nothing_is_yet_is_no_fault(tmp_path):
    found = findings(Home(tmp_path / "new"))
    assert Level.FAIL not in {level for code, level in found.items() if not code.startswith("port")}
    assert {"home_missing", "file_missing", "ca_missing", "database_missing"} <= found.keys()
    assert not (tmp_path / "new").exists()


def test_every_line_begins_with_how_bad_it_is(home):
    *lines, summary = words(home).splitlines()
    assert all(line[:6] in ("ok    ", "warn  ", "fail  ") for line in lines)
    assert summary


@pytest.mark.parametrize(
    ("mode", "code"), [(0o700, "home"), (0o750, "home_open"), (0o2750, "home"), (0o2755, "home_open")]
)
def test_a_folder_that_the_installation_shares_with_the_proxy_is_not_to_be_closed_to_it(home, mode, code):
    home.path.chmod(mode)
    assert code in findings(home)


def test_a_key_that_others_can_read_is_a_fault_with_the_command_that_mends_it(home):
    key = home.ca_folder / "mitmproxy-ca.pem"
    key.chmod(0o644)
    assert findings(home)["ca_mode"] is Level.FAIL
    assert f"chmod 600 {key}" in words(home)


def test_a_key_of_another_ca_is_a_fault(home, tmp_path):
    other = ensure_ca(tmp_path / "other", "Other", NOW)
    key = other.engine.read_bytes().split(b"-----BEGIN CERTIFICATE")[0]
    engine = home.ca_folder / "mitmproxy-ca.pem"
    engine.write_bytes(key + b"-----BEGIN CERTIFICATE" + engine.read_bytes().split(b"-----BEGIN CERTIFICATE")[1])
    assert findings(home)["broken"] is Level.FAIL


@pytest.mark.parametrize(
    ("days", "code", "level"), [(3600, "ca_ends", Level.WARN), (3700, "ca_ended", Level.FAIL)], ids=["soon", "over"]
)
def test_the_end_of_the_ca_is_seen_coming(home, days, code, level):
    assert findings(home, NOW + timedelta(days=days))[code] is level


def test_a_clock_before_the_school_began_is_a_fault(home):
    assert findings(home, NOW - timedelta(days=30))["clock_wrong"] is Level.FAIL


def test_a_wrong_school_file_is_a_fault_with_its_line(home):
    home.school_file.write_text(home.school_file.read_text().replace("# workers: 2", "workers: many"))
    assert findings(home)["broken"] is Level.FAIL
    assert "school.yaml:" in words(home)


def test_a_damaged_database_is_a_fault(home):
    (home.path / "klaswacht.db").write_bytes(b"this is not a database" * 400)
    assert findings(home)["database_broken"] is Level.FAIL


def test_what_the_guard_has_noticed_is_told_with_what_to_look_at(home):
    now = datetime.now(UTC)
    store = open_store(home.database_url, home.accounts_url, key=home.columns_key)
    store.notices.tell(load.read_school(home.school_file).settings.school.id, "a-worker", {Condition.NAMES: now}, now)
    store.close()
    assert findings(home, now)["notice"] is Level.WARN
    assert "Namen van sites worden niet gevonden." in words(home, now) and "de naamserver" in words(home, now)
    assert "notice" not in findings(home, now + LASTS)


def test_a_taken_port_is_a_fault_when_the_guard_does_not_run(home):
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        home.school_file.write_text(home.school_file.read_text().replace("dashboard: 0 ", f"dashboard: {number} "))
        assert findings(home)["port_taken"] is Level.FAIL
        with school.only_one(home):
            assert findings(home)["port_ours"] is Level.OK
    with school.only_one(home):
        assert findings(home)["port_silent"] is Level.FAIL


def listens(home: Home, more: str) -> None:
    text = home.school_file.read_text().replace("  # transparent:", f"{more}\n  # transparent:", 1)
    home.school_file.write_text(text.replace("dns: {}", "dns: {upstream: [9.9.9.9]}", 1))
    load.read_school(home.school_file)


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def test_the_ports_for_names_and_for_pages_are_looked_at_too(home, free):
    listens(home, f"  page: {free}")
    assert f"poort {free} (listen.page) is vrij" in words(home)
    assert f"http://127.0.0.1:{free}/pac/....pac" in words(home)
    with socket.create_server(("127.0.0.1", free)):
        assert findings(home)["port_taken"] is Level.FAIL
    with school.only_one(home):
        assert f"poort {free} (listen.page) geeft geen antwoord" in words(home)


def test_a_port_for_names_must_be_free_for_datagrams_as_well(home, free):
    listens(home, f"  dns: {free}")
    assert f"poort {free} (listen.dns) is vrij" in words(home)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", free))
        assert findings(home)["port_taken"] is Level.FAIL


def test_a_guard_that_takes_connections_but_answers_no_names_is_a_fault(home, free, monkeypatch):
    monkeypatch.setattr(doctor, "_OWN_PATIENCE", 0.2)
    listens(home, f"  dns: {free}")
    with socket.create_server(("127.0.0.1", free)), school.only_one(home):
        assert findings(home)["names_silent"] is Level.FAIL


def test_a_fault_is_an_error_and_a_warning_is_not():
    warn, fail = (doctor.Finding(level, "zone") for level in (Level.WARN, Level.FAIL))
    assert doctor.render([warn], "nl")[1] is False
    assert doctor.render([warn, fail], "nl")[1] is True
