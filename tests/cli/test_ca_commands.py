"""`klaswacht ca` as a person uses it: what it says, what it refuses, who did it, and that no key is ever shown."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from cli import findings, main, school, up
from cli.ca import CaFiles, ensure_ca, ensure_dashboard
from cli.ca.rotation import standing
from cli.home import Home
from config import load
from tests.cli.authorities import board

type Run = Callable[..., Done]


def started_once(path: Path) -> Home:
    """A school that was started once, and is not running."""
    made = Home(path)
    made.prepare()
    load.write_template(made.school_file)
    now = datetime.now(UTC)
    store = school.opened(made)
    school.into_force(made, store, now)
    store.close()
    ensure_dashboard(ensure_ca(made.ca_folder, "De Regenboog", now), ("localhost",), now)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return started_once(tmp_path / "var")


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: bytes
    stderr: bytes


class Spoken(io.StringIO):
    """A standard stream in memory, for text and bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = io.BytesIO()

    @property
    def said(self) -> bytes:
        return self.buffer.getvalue() + self.getvalue().encode()


@pytest.fixture
def klaswacht(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, without the second that a process of its own takes to start (that is for `test_main`)."""

    def run(*arguments: object, home: Path = tmp_path / "var", given: str = "") -> Done:
        with monkeypatch.context() as patch:
            patch.setenv("KLASWACHT_HOME", str(home))
            out, err = Spoken(), Spoken()
            for name, value in (("argv", ["klaswacht", *map(str, arguments)]), ("stdout", out), ("stderr", err)):
                patch.setattr(sys, name, value)
            patch.setattr(sys, "stdin", io.StringIO(given))
            code: object = 0
            try:
                main.main()
            except SystemExit as end:
                code = end.code
            told = code if isinstance(code, str) else ""
        done = Done(1 if told else int(code or 0), out.said, err.said + told.encode())
        assert b"PRIVATE" not in done.stdout + done.stderr
        return done

    return run


def audited(home: Home) -> list[str]:
    store = school.opened(home)
    try:
        settings = load.read_school(home.good_file).settings
        return [entry.what for entry in store.audit.entries(settings.school.id) if entry.what.startswith("ca.")][::-1]
    finally:
        store.close()


def test_it_says_what_signs_until_when_and_which_file_devices_must_trust(home, klaswacht):
    told = klaswacht("ca").stdout.decode()
    assert "CN=Klaswacht CA De Regenboog" in told
    assert f"SHA-256 {fingerprint(CaFiles(home.ca_folder).public)}" in told
    assert str(home.ca_folder / "klaswacht-ca.crt") in told
    assert "klaswacht-ca-next.crt" not in told


def fingerprint(path: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(path.read_text())
    return hashlib.sha256(der).digest().hex(":").upper()


def test_a_renewal_from_beginning_to_end(home, klaswacht):
    files = CaFiles(home.ca_folder)
    before = standing(files).signs
    assert str(files.next_public) in klaswacht("ca", "rotate").stdout.decode()
    assert "klaswacht ca rotate --switch" in klaswacht("ca").stdout.decode()
    refused = klaswacht("ca", "rotate", "--switch")
    assert refused.returncode == 1
    assert b"does not trust the new CA yet" in refused.stderr
    assert b"--now" in refused.stderr
    new = standing(files).next
    assert new is not None
    assert klaswacht("ca", "rotate", "--switch", "--now").returncode == 0
    assert standing(files).signs == new.authority
    x509.load_pem_x509_certificates(files.dashboard.read_bytes())[0].verify_directly_issued_by(
        new.authority.certificate
    )
    assert klaswacht("ca", "rotate", "--back").returncode == 0
    assert standing(files).signs == before
    assert klaswacht("ca", "rotate", "--switch", "--now").returncode == 0
    both = klaswacht("ca", "export", "--which", "all").stdout
    assert set(x509.load_pem_x509_certificates(both)) == {before.anchor, new.authority.anchor}
    assert klaswacht("ca", "rotate", "--drop").returncode == 1
    assert klaswacht("ca", "rotate", "--drop", "--now").returncode == 0
    assert klaswacht("ca", "export", "--which", "previous").returncode == 1
    assert audited(home) == ["ca.rotate", "ca.switch", "ca.back", "ca.switch", "ca.drop"]


@pytest.mark.parametrize("wrong", [("--switch", "--back"), ("--now",), ("--back", "--now")])
def test_what_makes_no_sense_together_is_refused(home, klaswacht, wrong):
    assert klaswacht("ca", "rotate", *wrong).returncode == 1


@pytest.mark.parametrize("locked", [False, True], ids=["open", "locked"])
def test_an_intermediate_of_the_schools_own_waits_and_leaves_no_copy_of_its_key(home, klaswacht, tmp_path, locked):
    root, middle, own = board()
    given = tmp_path / "from the board"
    given.mkdir()
    (given / "key.pem").write_bytes(own.secret(b"regenboog" if locked else None))
    (given / "chain.pem").write_bytes(own.pem + middle.pem + root.pem)
    secret = own.secret().splitlines()[1]
    done = klaswacht("ca", "import", given / "key.pem", given / "chain.pem", given="regenboog\n")
    assert done.returncode == 0, done.stderr
    assert b"regenboog" not in done.stdout + done.stderr
    assert str(given / "key.pem") in done.stdout.decode(), "what to clean up"
    found = standing(CaFiles(home.ca_folder)).next
    assert found is not None
    assert found.authority.anchor == root.certificate
    holds = [path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    mine = {"mitmproxy-ca.pem", "next.pem", "dashboard.pem"}
    assert {path.name for path in holds} == {*mine, "key.pem"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in holds if path.name in mine)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()] == (
        [] if locked else [given / "key.pem"]
    ), "written in another form, in one place"


def test_a_school_that_never_started_signs_with_what_it_was_given(klaswacht, tmp_path):
    root, middle, own = board()
    (tmp_path / "all.pem").write_bytes(own.secret() + own.pem + middle.pem + root.pem)
    done = klaswacht("ca", "import", tmp_path / "all.pem")
    assert done.returncode == 0
    assert done.stderr == b""
    exported = klaswacht("ca", "export", "--format", "der").stdout
    assert x509.load_der_x509_certificate(exported) == root.certificate


def test_a_bad_one_changes_nothing(home, klaswacht, tmp_path):
    root, _, own = board()
    (tmp_path / "all.pem").write_bytes(own.secret() + own.pem + root.pem)
    before = sorted((path.name, path.read_bytes()) for path in home.ca_folder.iterdir())
    done = klaswacht("ca", "import", tmp_path / "all.pem")
    assert done.returncode == 1
    assert b"CN=Bestuur Scholen" in done.stderr
    assert sorted((path.name, path.read_bytes()) for path in home.ca_folder.iterdir()) == before
    assert klaswacht("ca", "import", tmp_path / "nothing.pem").returncode == 1


def test_the_doctor_says_that_one_waits_and_until_when_an_old_one_stays(home, klaswacht):
    def found() -> dict[str, str]:
        return {one.code: one.level.value for one in findings.ca_findings(home, datetime.now(UTC))}

    assert set(found()) == {"ca", "leaf"}
    klaswacht("ca", "rotate")
    assert found()["ca_next"] == "warn"
    klaswacht("ca", "rotate", "--switch", "--now")
    assert found()["ca_previous"] == "warn"
    assert "broken" not in found()


def test_starting_says_that_one_waits_and_until_when_it_holds(home, klaswacht, capsys):
    text = home.school_file.read_text()
    for port in ("8080", "8081", "8443"):
        text = text.replace(f": {port} ", ": 0 ")
    home.school_file.write_text(text)
    with up._prepared(home, take_file=False):
        assert "klaswacht ca rotate" not in capsys.readouterr().out
    klaswacht("ca", "rotate")
    with up._prepared(home, take_file=False):
        assert "klaswacht ca rotate --switch" in capsys.readouterr().out


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that any user can reach, as pytest's own cannot be."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_that_helps_out_leaves_nothing_that_the_guard_cannot_read(elsewhere, klaswacht):
    home = started_once(elsewhere / "var")
    nobody = 65534
    for path in (home.path, *home.path.rglob("*")):
        os.chown(path, nobody, nobody)
    assert klaswacht("ca", "rotate", home=home.path).returncode == 0
    assert klaswacht("ca", "rotate", "--switch", "--now", home=home.path).returncode == 0
    assert {path.stat().st_uid for path in home.ca_folder.rglob("*")} == {nobody}
    assert len(audited(home)) == 2
