"""`klaswacht chromebook`: a folder that is whole, an error that says what to mend, and a folder that grew old."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.ca.issuing import ensure_ca
from cli.home import Trouble
from cli.main import app
from config import load
from config.chromebook import parcel

OUT = "map"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A guard's home with a CA, where groups 7 and 8 have a port and devices know where it is."""
    folder = tmp_path / "home"
    (folder / "ca").mkdir(mode=0o700, parents=True)
    monkeypatch.setenv("KLASWACHT_HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    load.write_template(folder / "school.yaml")
    ensure_ca(folder / "ca", "Onze school", datetime.now(UTC))
    listen(folder, "groups: {7: 8107, 8: 8108}", "page: 80", "reach: [192.168.1.2]")
    return folder


def listen(home: Path, *lines: str) -> None:
    file = home / "school.yaml"
    told = "".join(f"\n  {line}" for line in lines)
    file.write_text(file.read_text().replace("\nlisten:", f"\nlisten:{told}", 1))


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["chromebook", *words])


def trouble(done: Result) -> str:
    assert done.exit_code != 0 and isinstance(done.exception, Trouble), done.output
    return str(done.exception)


def test_the_folder_has_everything_and_says_where_to_begin(home: Path, tmp_path: Path) -> None:
    done = run("export", "--group", "7", "--out", OUT)
    assert done.exit_code == 0, done.exception
    assert f"`{OUT}`" in done.output and parcel.PAGE in done.output
    out = tmp_path / OUT
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {parcel.PAGE, parcel.USERS, parcel.DEVICES, parcel.LAPTOPS, parcel.ONC, parcel.FIREFOX} <= found
    assert not [name for name in found if name.startswith(".")], "nothing half is left"
    forced = json.loads((out / parcel.USERS).read_text())["ExtensionInstallForcelist"]
    about = json.loads((home / "extension" / "extension.json").read_text())
    assert forced == [f"{about['id']};http://wacht.klaswacht.internal/extensie/updates.xml"]
    assert (out / parcel.CERTIFICATE).read_bytes() and (out / parcel.USERS).stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_of_now_is_said_to_be_so_and_one_that_grew_old_with_what_differs(home: Path) -> None:
    assert run("export", "--group", "7", "--out", OUT).exit_code == 0
    assert run("verify", OUT).exit_code == 0
    listen(home, "name: bewaker.school.nl")
    done = run("verify", OUT)
    assert f"klaswacht chromebook export --group 7 --out {OUT}" in trouble(done)
    assert f"`{parcel.USERS}`" in done.output and f"`{parcel.CERTIFICATE}`" not in done.output
    assert run("export", "--group", "7", "--out", OUT).exit_code == 0
    assert run("verify", OUT).exit_code == 0
    Path(OUT, parcel.ONC).unlink()
    assert f"`{parcel.ONC}` is er niet" in run("verify", OUT).output


@pytest.mark.parametrize("group", ["9", "", "../7", "7;"])
def test_a_group_that_is_not_there_is_told_with_the_file_and_those_that_are(home: Path, group: str) -> None:
    told = trouble(run("export", "--group", group, "--out", OUT))
    assert f"`{group}`" in told and str(home / "school.yaml") in told and "7, 8" in told
    assert not Path(OUT).exists()


def test_the_folder_of_another_group_is_not_written_over(home: Path) -> None:
    assert run("export", "--group", "7", "--out", OUT).exit_code == 0
    before = Path(OUT, parcel.USERS).read_bytes()
    assert "groep 7" in trouble(run("export", "--group", "8", "--out", OUT))
    assert Path(OUT, parcel.USERS).read_bytes() == before


def test_a_folder_that_cannot_be_written_and_a_missing_certificate_are_told(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bestand").write_text("")
    assert "`bestand`" in trouble(run("export", "--group", "7", "--out", "bestand"))
    (home / "ca" / "klaswacht-ca.crt").unlink()
    told = trouble(run("export", "--group", "7", "--out", OUT))
    assert str(home / "ca") in told and "klaswacht up" in told


def test_a_stopped_write_leaves_every_file_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("export", "--group", "7", "--out", OUT).exit_code == 0
    listen(home, "name: bewaker.school.nl")
    really, moved = os.replace, []

    def full(self: Path, target: Path) -> None:
        if target.parent.name == OUT and len(moved) >= 2:
            raise OSError(28, "No space left on device")
        moved.append(target)
        really(self, target)

    monkeypatch.setattr(Path, "replace", full)
    assert "No space left" in trouble(run("export", "--group", "7", "--out", OUT))
    for name in (parcel.USERS, parcel.DEVICES, parcel.LAPTOPS, parcel.ONC, parcel.FIREFOX):
        assert json.loads(Path(OUT, name).read_text()), name
