"""A new CA beside the old one and then in its place, and back: whatever happens, one signs and its key fits."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from cli.ca import CaFiles, ensure_ca, ensure_dashboard, rotation
from cli.ca.files import authority, key_of, pem
from cli.ca.judged import judged
from cli.ca.rotation import WAIT, standing
from cli.home import Trouble
from tests.cli.authorities import NOW, Maker, board, made

NAMES = ("localhost",)
DAY = timedelta(days=1)


@pytest.fixture
def files(tmp_path: Path) -> CaFiles:
    return ensure_ca(tmp_path / "ca", "De Regenboog", NOW)


def published(files: CaFiles) -> dict[str, x509.Certificate]:
    return {path.name: x509.load_pem_x509_certificate(path.read_bytes()) for path in files.folder.glob("*.crt")}


def leftovers(files: CaFiles) -> set[str]:
    known = {path.name for path in (*files.secrets, files.public, files.next_public, files.previous_public)}
    return {path.name for path in files.folder.iterdir()} - known - {".lock"}


def imported() -> bytes:
    root, middle, own = board()
    return judged([("one", own.secret() + own.pem + middle.pem + root.pem)], lambda _: b"", NOW).data


def test_the_next_ca_is_published_beside_the_present_one_which_signs_on(files):
    before = standing(files).signs
    made_ = rotation.begin(files, "De Regenboog", NOW)
    known = standing(files)
    assert known.signs == before
    assert known.next is not None
    assert (known.next.authority, known.next.since) == (made_, NOW)
    assert published(files) == {"klaswacht-ca.crt": before.anchor, "klaswacht-ca-next.crt": made_.anchor}
    assert before.certificate.subject != made_.certificate.subject, "two roots of one name are mixed up by some"
    assert {path.stat().st_mode & 0o777 for path in files.secrets if path.exists()} == {0o600}
    assert leftovers(files) == set()


def test_it_signs_only_after_two_weeks_or_when_somebody_says_so(files):
    rotation.begin(files, "De Regenboog", NOW)
    with pytest.raises(Trouble, match="does not trust the new CA yet"):
        rotation.switch(files, NOW + WAIT - DAY)
    rotation.switch(files, NOW + WAIT)
    rotation.back(files, NOW + WAIT)
    rotation.switch(files, NOW + WAIT, at_once=True)


def test_after_the_switch_both_stay_published_and_the_dashboard_is_renewed_until_the_old_one_is_dropped(files):
    ensure_dashboard(files, NAMES, NOW)
    before, new = standing(files).signs, rotation.begin(files, "De Regenboog", NOW)
    rotation.switch(files, NOW, at_once=True)
    known = standing(files)
    assert (known.signs, known.next) == (new, None)
    assert known.previous is not None
    assert known.previous.authority == before
    assert published(files) == {"klaswacht-ca.crt": new.anchor, "klaswacht-ca-previous.crt": before.anchor}
    assert ensure_dashboard(files, NAMES, NOW)
    authority(files.dashboard).certificate.verify_directly_issued_by(new.certificate)
    with pytest.raises(Trouble, match="cannot be undone"):
        rotation.drop(files, NOW + WAIT - DAY)
    assert rotation.drop(files, NOW + WAIT) == before
    assert published(files) == {"klaswacht-ca.crt": new.anchor}
    assert not files.previous.exists()


def test_back_undoes_the_switch_and_nothing_else(files):
    with pytest.raises(Trouble, match="no CA signed before"):
        rotation.back(files, NOW)
    before, new = standing(files).signs, rotation.begin(files, "De Regenboog", NOW)
    with pytest.raises(Trouble, match="no CA signed before"):
        rotation.back(files, NOW)
    rotation.switch(files, NOW, at_once=True)
    rotation.back(files, NOW)
    known = standing(files)
    assert (known.signs, known.previous) == (before, None)
    assert known.next is not None
    assert known.next.authority == new


def test_a_next_one_that_is_not_wanted_can_be_dropped(files):
    new = rotation.begin(files, "De Regenboog", NOW)
    assert rotation.drop(files, NOW) == new
    assert set(published(files)) == {"klaswacht-ca.crt"}
    with pytest.raises(Trouble, match="no other CA"):
        rotation.drop(files, NOW)


def test_one_renewal_at_a_time(files):
    with pytest.raises(Trouble, match="no CA waits"):
        rotation.switch(files, NOW, at_once=True)
    rotation.begin(files, "De Regenboog", NOW)
    for again in (lambda: rotation.begin(files, "x", NOW), lambda: rotation.adopt(files, imported(), NOW)):
        with pytest.raises(Trouble, match="waits already"):
            again()
    rotation.switch(files, NOW, at_once=True)
    with pytest.raises(Trouble, match="previous CA is still there"):
        rotation.begin(files, "x", NOW)


def test_one_that_was_imported_waits_where_there_is_one_and_signs_where_there_is_none(files, tmp_path):
    data = imported()
    assert not rotation.adopt(files, data, NOW)
    assert published(files)["klaswacht-ca-next.crt"].subject.rfc4514_string() == "CN=Bestuur Root"
    fresh = CaFiles(tmp_path / "fresh")
    assert rotation.adopt(fresh, data, NOW)
    assert standing(fresh).signs == standing(files).next.authority
    assert published(fresh)["klaswacht-ca.crt"].subject.rfc4514_string() == "CN=Bestuur Root"
    with pytest.raises(Trouble, match="signs already"):
        rotation.adopt(fresh, data, NOW)


def test_a_new_intermediate_below_the_same_root_need_not_wait(tmp_path):
    """Devices trust its root already."""
    root = made(Maker("Bestuur Root"))
    files = CaFiles(tmp_path / "ca")
    for number in (1, 2):
        one = made(Maker(f"De Regenboog {number}"), root)
        rotation.adopt(files, judged([("x", one.secret() + one.pem + root.pem)], lambda _: b"", NOW).data, NOW)
    rotation.switch(files, NOW)
    assert standing(files).signs.certificate == one.certificate


def test_a_next_one_that_ended_while_it_waited_does_not_take_over(files):
    rotation.begin(files, "De Regenboog", NOW)
    with pytest.raises(Trouble, match="ended on"):
        rotation.switch(files, NOW + timedelta(days=4000), at_once=True)


def test_a_key_that_others_could_read_is_made_private_and_told(files, caplog):
    files.engine.chmod(0o644)
    files.folder.chmod(0o755)
    ensure_ca(files.folder, "De Regenboog", NOW)
    assert files.engine.stat().st_mode & 0o777 == 0o600
    assert files.folder.stat().st_mode & 0o777 == 0o700
    assert f"others on this computer could read `{files.engine}`" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_somebody_else_that_others_can_read_is_refused(files):
    files.engine.chmod(0o644)
    os.chown(files.engine, 65534, 65534)
    with pytest.raises(Trouble, match="it is not yours"):
        ensure_ca(files.folder, "De Regenboog", NOW)
    assert files.engine.stat().st_mode & 0o777 == 0o644
    files.engine.chmod(0o600)
    ensure_ca(files.folder, "De Regenboog", NOW)


# --- killed at any moment --------------------------------------------------------------------------------------------

STEPS: dict[str, tuple[Callable[[CaFiles], object], Callable[[CaFiles], object]]] = {
    "rotate": (lambda _: None, lambda files: rotation.begin(files, "De Regenboog", NOW)),
    "switch": (
        lambda files: rotation.begin(files, "De Regenboog", NOW),
        lambda files: rotation.switch(files, NOW, at_once=True),
    ),
    "back": (
        lambda files: (rotation.begin(files, "De Regenboog", NOW), rotation.switch(files, NOW, at_once=True)),
        lambda files: rotation.back(files, NOW),
    ),
    "drop": (
        lambda files: (rotation.begin(files, "De Regenboog", NOW), rotation.switch(files, NOW, at_once=True)),
        lambda files: rotation.drop(files, NOW, at_once=True),
    ),
    "first": (
        lambda files: [path.unlink() for path in files.folder.iterdir()],
        lambda files: ensure_ca(files.folder, "De Regenboog", NOW),
    ),
}


def killed(step: Callable[[CaFiles], object], files: CaFiles, at: int) -> bool:
    """Do a step in a process that dies without a word at its `at`-th move in the folder; whether it died."""
    child = os.fork()
    if child == 0:
        left = [at]

        def die(event: str, arguments: tuple[object, ...]) -> None:
            if event in ("open", "os.rename", "os.remove", "os.chmod", "os.utime"):
                if str(files.folder) not in str(arguments[0]):
                    return
                left[0] -= 1
                if left[0] == 0:
                    os._exit(9)

        sys.addaudithook(die)
        try:
            step(files)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.evasion("S03")
@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_killed_anywhere_leaves_a_ca_that_signs_and_can_be_taken_again(tmp_path, name):
    before, step = STEPS[name]
    outcomes = set()
    for at in range(1, 100):
        files = ensure_ca(tmp_path / str(at), "De Regenboog", NOW)
        before(files)
        start = [path.read_bytes() for path in files.secrets if path.exists()]
        died = killed(step, files, at)
        if files.engine.exists():  # as a worker that starts in this very moment sees it
            assert key_of(files.engine).public_key() == authority(files.engine).certificate.public_key()
        else:
            assert name == "first"
        ensure_ca(files.folder, "De Regenboog", NOW)
        known = standing(files)
        others = [one.authority for one in (known.next, known.previous) if one]
        assert {pem(one) for one in published(files).values()} == {pem(one.anchor) for one in (known.signs, *others)}
        assert leftovers(files) == set()
        now = [path.read_bytes() for path in files.secrets if path.exists()]
        outcomes.add("as before" if now == start else "done")
        if not died:
            assert outcomes == ({"done"} if name == "first" else {"as before", "done"})
            return
    raise AssertionError("it never came to an end")
