"""What a laptop believes of the copy on its own disk, which a clever child may have changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.home import Home
from agent.link import LinkError, enrol
from agent.school import School
from agent.signing import DeviceKey
from config.load import knowledge
from policy import signed
from policy.model import Device, DeviceClass, Reason
from tests.agent.school import DEVICE, LESSON, OFFICE, SCHOOL, Dashboard
from tests.cast import at, pupil

from agent.translate import run_request  # isort: skip

LATER = at("09:30")


def started(home: Home, when=LESSON) -> School:
    """The agent as it starts, without the server."""
    return School(home, knowledge(), lambda: when)


def files(home: Home) -> dict[str, bytes]:
    return {name: (home.path / name).read_bytes() for name in ("snapshot.json", "newest.json")}


def put(home: Home, kept: dict[str, bytes]) -> None:
    for name, data in kept.items():
        (home.path / name).write_bytes(data)


@pytest.fixture
def link(at_school: Dashboard, home: Home):
    made = at_school.link(home)
    started(home).refresh(made)
    return made


def closed(school: School) -> bool:
    """Whether a chat program is closed because nothing is known, and not by a rule."""
    return school.decide(run_request("discord", pupil()), LESSON).reason is Reason.FAILED


def test_the_copy_of_before_goes_on_after_a_restart(home: Home, link) -> None:
    school = started(home)
    assert not school.refused and not closed(school)
    assert school.heard == LESSON


def rewritten(change: Callable[[dict], None]) -> Callable[[bytes], bytes]:
    def done(data: bytes) -> bytes:
        found = json.loads(data)
        change(found)
        return json.dumps(found).encode()

    return done


def _loosened(copy: dict) -> None:
    body = json.loads(copy["body"])
    body["snapshot"]["policy"]["rules"] = []
    copy["body"] = json.dumps(body)


@pytest.mark.evasion("S18")
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("snapshot.json", rewritten(_loosened)),
        ("snapshot.json", rewritten(lambda copy: copy.update(now=LATER.isoformat()))),
        ("snapshot.json", rewritten(lambda copy: copy.update(revision=10**6))),
        ("snapshot.json", rewritten(lambda copy: copy.update(device="chroom-2"))),
        ("snapshot.json", rewritten(lambda copy: copy.update(signature=""))),
        ("snapshot.json", rewritten(lambda copy: copy.update(signature=5))),
        ("snapshot.json", rewritten(lambda copy: copy.update(status=True))),
        ("snapshot.json", rewritten(lambda copy: copy.update(body="\ud800"))),
        ("snapshot.json", rewritten(lambda copy: copy.pop("nonce"))),
        ("snapshot.json", lambda data: json.dumps(json.loads(json.loads(data)["body"])).encode()),
        ("newest.json", rewritten(lambda mark: mark.update(now=at("08:00").isoformat()))),
        ("newest.json", rewritten(lambda mark: mark.update(signature="A" * 86))),
        ("newest.json", lambda _: b"{}"),
    ],
)
def test_a_copy_that_was_changed_on_disk_is_refused_and_the_answer_is_no(
    home: Home, link, name: str, change: Callable[[bytes], bytes]
) -> None:
    path = home.path / name
    path.write_bytes(change(path.read_bytes()))
    school = started(home)
    assert school.refused and closed(school)
    school.refresh(link)
    assert not school.refused and not closed(school)
    assert not started(home).refused


def test_without_the_mark_the_copy_counts_for_nothing(home: Home, link) -> None:
    (home.path / "newest.json").unlink()
    assert closed(started(home))


def test_the_copy_of_yesterday_is_refused_however_well_it_is_signed(at_school: Dashboard, home: Home, link) -> None:
    """At nine a chat was permitted; the child kept that copy and puts it back when the permission was taken away."""
    grant = at_school.permit(at("10:00"))
    started(home).refresh(link)
    kept = files(home)
    at_school.store.grants.revoke(SCHOOL, grant.id, "anja", LESSON)
    at_school.moment.now += timedelta(minutes=1)
    started(home).refresh(link)
    put(home, {"snapshot.json": kept["snapshot.json"]})
    school = started(home)
    assert school.refused and closed(school)
    assert school.clock.now() >= at_school.moment.now - timedelta(seconds=1), "the time it knew it still knows"


def test_the_copy_and_mark_of_another_laptop_are_refused(
    at_school: Dashboard, home: Home, link, tmp_path: Path
) -> None:
    at_school.store.devices.put(SCHOOL, Device("chroom-2", "Two", DeviceClass.STAFF, None, "anja"), OFFICE, LESSON)
    other = Home(tmp_path / "two")
    other.enrol(
        enrol(at_school.address, at_school.ca.public, at_school.code("chroom-2")), at_school.ca.public.read_bytes()
    )
    started(other).refresh(at_school.link(other))
    mine = files(home)
    put(home, files(other))
    assert closed(started(home))
    put(home, {**mine, "snapshot.json": files(other)["snapshot.json"]})
    assert closed(started(home))


def test_a_copy_signed_by_the_laptop_itself_is_none_of_the_school(home: Home, link) -> None:
    copy, enrolment = home.copy(), home.enrolment()
    assert copy is not None and enrolment is not None
    _loosened(copy)
    statement = signed.answer(
        SCHOOL, DEVICE, copy["nonce"], copy["now"], copy["status"], copy["revision"], copy["body"].encode()
    )  # fmt: skip
    copy["signature"] = DeviceKey(enrolment.secret).sign(statement)
    (home.path / "snapshot.json").write_bytes(json.dumps(copy).encode())
    assert closed(started(home))


def test_a_clock_that_is_days_off_changes_nothing_of_what_is_decided(at_school: Dashboard, home: Home, link) -> None:
    for off in (timedelta(days=-5), timedelta(days=5)):
        school = started(home, LESSON + off)
        school.refresh(link)
        assert abs(school.clock.now() - LESSON) < timedelta(minutes=1)
        assert not closed(school)


def test_a_database_that_was_put_back_has_lower_revisions_and_counts(at_school: Dashboard, home: Home, link) -> None:
    """Time decides: what the school says now is the newest, whichever number it has."""
    school = started(home)
    for _ in range(3):
        at_school.permit(at("10:00"))
    school.refresh(link)
    before = school.snapshot
    assert before is not None and len(before.state.grants) == 3
    at_school.put_back()
    school.refresh(link)
    after = school.snapshot
    assert after is not None and after.revision < before.revision and not after.state.grants
    assert not started(home).refused


def test_after_a_silence_everything_is_asked_for_again(at_school: Dashboard, home: Home, link) -> None:
    """A database that was put back meanwhile may have come to the very number that the laptop has."""
    school = started(home)
    school.refresh(link)
    assert school.snapshot is not None and school.revision == school.snapshot.revision
    at_school.stop()
    try:
        with pytest.raises(LinkError):
            school.refresh(link)
    finally:
        at_school.start()
    assert school.revision == 0


def test_a_laptop_that_pinned_another_school_does_not_know_this_copy(home: Home, link) -> None:
    enrolment, ca, kept = home.enrolment(), home.ca.read_bytes(), files(home)
    assert enrolment is not None
    home.enrol(replace(enrolment, school_key=DeviceKey(DeviceKey.make()).public), ca)
    put(home, kept)
    assert closed(started(home))
