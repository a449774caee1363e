"""The laptop and the school's real dashboard, over real TLS."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agent.home import Home
from agent.link import Link, LinkError, enrol, server_address
from cli.ca import ensure_ca
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
    for wrong in (replace(enrolment, key="wrong"), replace(enrolment, device="chroom-2"), replace(enrolment, key="")):
        with pytest.raises(LinkError) as no:
            Link(wrong, home.ca).fetch(0)
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


def test_a_whole_class_that_waits_leaves_room_for_the_teacher(at_school: Dashboard, home: Home) -> None:
    link = at_school.link(home)
    first = link.fetch(0).body
    assert first is not None
    revision = first["snapshot"]["revision"]
    replies = []
    laptops = [threading.Thread(target=lambda: replies.append(link.fetch(revision, wait=3))) for _ in range(8)]
    for laptop in laptops:
        laptop.start()
    for laptop in laptops:
        laptop.join(30)
    assert len(replies) == 8
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
