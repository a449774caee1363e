"""The laptop and the school's real dashboard, over real TLS."""

from __future__ import annotations

import http.client
import os
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Response

from agent.clock import SchoolClock
from agent.home import Home
from agent.link import Link, LinkError, Reply, enrol, server_address
from agent.signing import DeviceKey
from cli.ca import ensure_ca
from dashboard.api import WAITERS
from policy.model import Device, DeviceClass
from store.tables import devices
from tests.agent.school import DEVICE, LESSON, OFFICE, SCHOOL, Dashboard


def test_a_code_makes_this_laptop_a_known_device(at_school: Dashboard, home: Home) -> None:
    enrolment = at_school.enrol(home)
    assert (enrolment.device, enrolment.school, enrolment.language) == (DEVICE, SCHOOL, "nl")
    reply = Link(enrolment, home.ca).fetch(0)
    assert reply.body is not None
    assert reply.now == LESSON


def test_a_code_works_once(at_school: Dashboard) -> None:
    code = at_school.code()
    first = enrol(at_school.address, at_school.ca.public, code)
    with pytest.raises(LinkError, match="code") as no:
        enrol(at_school.address, at_school.ca.public, code)
    assert no.value.permanent
    assert len(first.key) >= 20


def test_a_code_that_is_too_old_does_not_work(at_school: Dashboard) -> None:
    code = at_school.code()
    at_school.moment.now += timedelta(hours=1)
    with pytest.raises(LinkError, match="code"):
        enrol(at_school.address, at_school.ca.public, code)


def test_guessing_codes_is_stopped(at_school: Dashboard) -> None:
    code = at_school.code()
    said = []
    for n in range(11):
        with pytest.raises(LinkError) as no:
            enrol(at_school.address, at_school.ca.public, f"AAAA-{n:04}")
        said.append(no.value)
    assert "too many" in str(said[-1])
    assert not said[-1].permanent
    with pytest.raises(LinkError, match="too many"):
        enrol(at_school.address, at_school.ca.public, code)
    at_school.moment.now += timedelta(minutes=20)
    assert enrol(at_school.address, at_school.ca.public, at_school.code()).device == DEVICE


def test_a_server_of_another_ca_is_refused(at_school: Dashboard, tmp_path) -> None:
    stranger = ensure_ca(tmp_path / "stranger", "Onze school", datetime.now(LESSON.tzinfo))
    code = at_school.code()
    with pytest.raises(LinkError, match="no certificate of the school's CA"):
        enrol(at_school.address, stranger.public, code)
    # The code was not told to the stranger's side either: it still works where it belongs.
    assert enrol(at_school.address, at_school.ca.public, code).device == DEVICE


def test_a_ca_that_the_machine_trusts_is_not_enough(at_school: Dashboard, home: Home, tmp_path, monkeypatch) -> None:
    stranger = ensure_ca(tmp_path / "stranger", "Onze school", datetime.now(LESSON.tzinfo))
    link = at_school.link(home)
    monkeypatch.setenv("SSL_CERT_FILE", str(at_school.ca.public))
    home.ca.write_bytes(stranger.public.read_bytes())
    with pytest.raises(LinkError, match="no certificate of the school's CA"):
        link.fetch(0)


def test_a_file_that_is_no_ca_is_told(at_school: Dashboard, tmp_path) -> None:
    (tmp_path / "no.crt").write_text("hello")
    with pytest.raises(LinkError, match=r"no\.crt") as no:
        enrol(at_school.address, tmp_path / "no.crt", "AAAA-AAAA")
    assert no.value.permanent


def test_a_wrong_key_opens_nothing(at_school: Dashboard, home: Home) -> None:
    enrolment = at_school.enrol(home)
    for wrong in (replace(enrolment, secret=DeviceKey.make()), replace(enrolment, device="chroom-2")):
        with pytest.raises(LinkError) as no:
            Link(wrong, home.ca).fetch(0)
        assert no.value.permanent


def test_the_private_key_never_leaves_the_laptop(at_school: Dashboard, home: Home, monkeypatch) -> None:
    sent: list[bytes] = []
    send = http.client.HTTPSConnection.send

    def overheard(self, data) -> None:
        sent.append(bytes(data))
        send(self, data)

    monkeypatch.setattr(http.client.HTTPSConnection, "send", overheard)
    enrolment = at_school.enrol(home)
    link = Link(enrolment, home.ca)
    link.fetch(0)
    link.push([])
    wire = b"".join(sent)
    assert DeviceKey(enrolment.secret).public.encode() in wire
    assert enrolment.secret.encode() not in wire
    with at_school.store.database.read() as connection:
        row = str(connection.execute(devices.select()).all())
    assert DeviceKey(enrolment.secret).public in row
    assert enrolment.secret not in row


@pytest.mark.parametrize("off", [timedelta(days=-400), timedelta(days=-3), timedelta(days=3), timedelta(days=400)])
def test_a_laptop_whose_clock_is_days_off_is_told_the_time_and_heard(
    at_school: Dashboard, home: Home, off: timedelta
) -> None:
    clock = SchoolClock(system=lambda: LESSON + off)
    link = Link(at_school.enrol(home), home.ca, clock=clock)
    assert link.fetch(0).body is not None
    assert abs(clock.now() - LESSON) < timedelta(minutes=1)
    link.push([], lost=4)
    assert at_school.store.events.lost(SCHOOL, LESSON - timedelta(days=1)) == 4


def test_a_server_with_another_key_is_not_believed(at_school: Dashboard, home: Home) -> None:
    """It has the certificate and the database, and not the key that this laptop pinned."""
    link = at_school.link(home)
    link.fetch(0)
    at_school.stop()
    at_school.make_app(b"z" * 32)
    at_school.start()
    for ask in (lambda: link.fetch(0), lambda: link.fetch(1), lambda: link.push([])):
        with pytest.raises(LinkError, match="did not sign") as no:
            ask()
        assert not no.value.permanent


@pytest.mark.parametrize("how", ["unsigned", "changed", "another time", "of before", "of another laptop", "emptied"])
def test_an_answer_that_was_changed_or_is_another_s_is_not_believed(
    at_school: Dashboard, home: Home, tmp_path: Path, how: str
) -> None:
    link, now_header, signature = at_school.link(home), "Klaswacht-Now", "Klaswacht-Signature"
    at_school.store.devices.put(SCHOOL, Device("chroom-2", "Two", DeviceClass.PUPIL, "7", "noor"), OFFICE, LESSON)
    stranger = Home(tmp_path / "two")
    other = enrol(at_school.address, at_school.ca.public, at_school.code("chroom-2"))
    stranger.enrol(other, at_school.ca.public.read_bytes())
    heard: list[Response] = []

    def meddle(answer: Response) -> Response:
        heard.append(answer)
        if len(heard) == 1:
            return answer
        if how == "unsigned":
            del answer.headers[signature]
        elif how == "changed":
            answer.set_data(answer.get_data().replace(b"discord", b"disc0rd").replace(b"sam", b"sem"))
        elif how == "another time":
            answer.headers[now_header] = (LESSON + timedelta(seconds=1)).isoformat()
        elif how == "emptied":
            answer.status_code = 204
            answer.set_data(b"")
        else:  # a whole answer, signed by the school: yesterday's, or one for the neighbour
            return heard[0]
        return answer

    before = Link(other, stranger.ca) if how == "of another laptop" else link
    for one in (before, link):
        one.fetch(0)  # from here on both know the time
    at_school.app.after_request_funcs[None].insert(0, meddle)  # the last word
    before.fetch(0)
    with pytest.raises(LinkError, match="did not sign"):
        link.fetch(0)


def test_unenrolling_ends_the_keys_at_school(at_school: Dashboard, home: Home) -> None:
    link = at_school.link(home)
    link.leave()
    with pytest.raises(LinkError) as no:
        link.fetch(0)
    assert no.value.permanent


def test_a_device_that_was_taken_out_is_not_known_any_more(at_school: Dashboard, home: Home) -> None:
    link = at_school.link(home)
    at_school.store.devices.remove(SCHOOL, DEVICE, OFFICE, LESSON)
    with pytest.raises(LinkError) as no:
        link.fetch(0)
    assert no.value.permanent


def test_nothing_is_sent_again_while_nothing_changed(at_school: Dashboard, home: Home) -> None:
    link = at_school.link(home)
    body = link.fetch(0).body
    assert body is not None
    assert link.fetch(body["snapshot"]["revision"]).body is None


def test_a_waiting_laptop_hears_of_a_permission_at_once(at_school: Dashboard, home: Home) -> None:
    link = at_school.link(home)
    first = link.fetch(0).body
    assert first is not None
    teacher = threading.Timer(0.4, lambda: at_school.permit(LESSON + timedelta(minutes=30)))
    teacher.start()
    begun = time.monotonic()
    body = link.fetch(first["snapshot"]["revision"], wait=20).body
    assert body is not None
    assert len(body["snapshot"]["state"]["grants"]) == 1
    assert 0.3 < time.monotonic() - begun < 15


def wait_all(at_school: Dashboard, link: Link, laptops: int, wait: float, then) -> list[Reply]:
    """Let this many wait for news at once, do something, and return what they heard."""
    first = link.fetch(0).body
    assert first is not None
    revision, replies = first["snapshot"]["revision"], []
    waiting = [threading.Thread(target=lambda: replies.append(link.fetch(revision, wait=wait))) for _ in range(laptops)]
    for laptop in waiting:
        laptop.start()
    then()
    for laptop in waiting:
        laptop.join(60)
    assert len(replies) == laptops
    return replies


def test_all_thirty_laptops_of_a_class_hear_of_a_permission_while_they_wait(at_school: Dashboard, home: Home) -> None:
    places = at_school.app.extensions["klaswacht_counter"]._places

    def when_all_wait() -> None:
        until = time.monotonic() + 15
        while places._value > WAITERS - 30 and time.monotonic() < until:
            time.sleep(0.05)
        at_school.permit(LESSON + timedelta(minutes=30))

    replies = wait_all(at_school, at_school.link(home), 30, 20, when_all_wait)
    assert all(reply.body and reply.body["snapshot"]["state"]["grants"] for reply in replies)
    assert [reply.pause for reply in replies] == [0.0] * 30, "none of them had to ask again"


def test_more_laptops_than_may_wait_leave_room_for_the_teacher(at_school: Dashboard, home: Home) -> None:
    places = at_school.app.extensions["klaswacht_counter"]._places
    for _ in range(WAITERS - 4):
        places.acquire()
    replies = wait_all(at_school, at_school.link(home), 8, 3, lambda: None)
    assert any(reply.pause > 0 for reply in replies)
    assert any(reply.pause == 0 for reply in replies)


def test_a_server_that_is_gone_is_a_reason_to_try_later(at_school: Dashboard, home: Home) -> None:
    link = at_school.link(home)
    at_school.stop()
    try:
        with pytest.raises(LinkError) as no:
            link.fetch(0)
        assert not no.value.permanent
    finally:
        at_school.start()
    assert link.fetch(0).body is not None


def test_the_school_s_proxy_is_not_used_for_the_school(at_school: Dashboard, home: Home, monkeypatch) -> None:
    monkeypatch.setitem(os.environ, "https_proxy", "http://127.0.0.1:9")
    assert at_school.link(home).fetch(0).body is not None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("school.test", "school.test:8443"),
        ("10.0.0.2:9443", "10.0.0.2:9443"),
        ("https://school.test:8443/", "school.test:8443"),
        ("https://school.test", "school.test:443"),
        ("[::1]:8443", "[::1]:8443"),
    ],
)
def test_an_address_may_be_written_as_people_do(written: str, address: str) -> None:
    assert server_address(written) == address


@pytest.mark.parametrize("written", ["http://school.test", "", "https://", "ftp://school.test", "school.test:99999"])
def test_only_https_is_an_address(written: str) -> None:
    with pytest.raises(LinkError):
        server_address(written)
