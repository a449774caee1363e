"""What devices may ask of the dashboard, and what it believes of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.urls import iri_to_uri

from agent.outbox import app_event
from agent.signing import Answer, DeviceKey, genuine
from agent.translate import Program, run_request
from config.load import factory_policy, knowledge
from config.private_folder import columns_key
from config.settings import Settings
from dashboard.access import KEYED, matrix
from dashboard.app import close_app, create_app
from policy import signed
from policy.model import Decision, Device, DeviceClass, Effect, Facet, Grant, Group, Lease, Reason, Role
from store import Store, open_store
from store.events import What
from store.people import Person
from tests.cast import LESSON, PEOPLE, at, pupil

SCHOOL, OFFICE, DEVICE = "school", "cor", "chroom-1"


class Api:
    """The dashboard as one laptop meets it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = LESSON
        self.app = create_app(store, knowledge(), SCHOOL, Settings(), lambda: self.now, b"secret")
        self.client = self.app.test_client()
        self.key = self.enrol(DEVICE)

    def code(self, device: str = DEVICE) -> str:
        made = self.store.devices.make_code(SCHOOL, device, OFFICE, self.now)
        assert made is not None
        return made.code

    def enrol(self, device: str) -> DeviceKey:
        key = DeviceKey(DeviceKey.make())
        answer = self.client.post("/api/agent/enroll", json={"code": self.code(device), "public_key": key.public})
        assert answer.status_code == 200
        assert answer.json["device"] == device
        self.school_key = answer.json["school_key"]
        return key

    def headers(
        self, method: str = "GET", path: str = "/api/agent/snapshot", body: bytes = b"", device: str = DEVICE,
        at: datetime | None = None, nonce: str | None = None,
    ) -> dict[str, str]:  # fmt: skip
        nonce, number = nonce or secrets.token_hex(16), signed.moment_number(at or self.now)
        signature = self.key.sign(signed.question(SCHOOL, device, method, path, body, number, nonce))
        return {"Authorization": f"Klaswacht {device}:{number}:{nonce}:{signature}"}

    def snapshot(self, query: str = "", **signing):
        path = f"/api/agent/snapshot{query}"
        # As a client of HTTP sends it: the test client's own quoting would come after the signature.
        url = iri_to_uri(path)
        return self.client.get(url, headers=self.headers("GET", f"/api/agent/snapshot{url[19:]}", **signing))

    def post(self, body: object, path: str = "/api/agent/events"):
        data = json.dumps(body).encode()
        headers = self.headers("POST", path, data)
        return self.client.post(path, data=data, content_type="application/json", headers=headers)

    def tell(self, *events: object, **body: object):
        return self.post({"events": list(events), **body})

    def kept(self) -> list:
        return [one.event for one in self.store.events.since(SCHOOL, 0) if one.event.action is not None]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    store = open_store(str(tmp_path / "k.db"), str(tmp_path / "a.db"), key=columns_key(tmp_path), migrate=True)
    for group in ("7", "8"):
        store.people.put_group(SCHOOL, Group(group, f"Groep {group}", (int(group),)), OFFICE, LESSON)
    store.people.put_people(
        SCHOOL, [Person(m.id, m.role, m.id.title(), m.groups) for m in PEOPLE.values()], OFFICE, LESSON
    )
    store.people.set_consent(SCHOOL, "noor", True, OFFICE, LESSON)
    store.policies.add(SCHOOL, factory_policy("kalisto"), "file", OFFICE, LESSON)
    for device, person in ((DEVICE, "sam"), ("chroom-2", "noor")):
        store.devices.put(SCHOOL, Device(device, device, DeviceClass.PUPIL, "7", person), OFFICE, LESSON)
    made = Api(store)
    yield made
    close_app(made.app)
    store.close()


def blocked(**changes: object) -> dict:
    """An event as an agent makes it, changed at will."""
    decision = Decision(Effect.DENY, Reason.APP, rules=("default-chat-apps",))
    seen = Program(run_request("discord", pupil()), ())
    return {**app_event(seen, decision, LESSON, 3, ended=True), **changes}


def test_every_route_for_devices_says_that_it_wants_a_key(api: Api) -> None:
    routes = {name: access for name, access in matrix(api.app).items() if name.startswith("api.")}
    assert len(routes) == 5
    assert set(routes.values()) == {KEYED}


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Klaswacht",
        "Klaswacht chroom-1",
        "Klaswacht chroom-1:",
        "Klaswacht chroom-1:wrong",
        "Klaswacht nobody:key",
        "Klaswacht :",
        "Basic Y2hyb29tLTE6d3Jvbmc=",
        "Klaswacht " + "x" * 5000,
        "Klaswacht chroom-1:\u00e9",
        "Klaswacht chroom-1:1:" + "a" * 32 + ":",
        "Klaswacht chroom-1:x:" + "a" * 32 + ":b",
        "Klaswacht chroom-1:" + "9" * 17 + ":" + "a" * 32 + ":b",
        "Klaswacht chroom-1:1:short:b",
        "Klaswacht chroom-1:1:" + "a" * 32 + ":\u00e9",
    ],
)
def test_without_the_right_key_there_is_nothing(api: Api, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for answer in (
        api.client.get("/api/agent/snapshot", headers=headers),
        api.client.post("/api/agent/events", json={"events": [blocked()]}, headers=headers),
    ):
        assert answer.status_code == 401
        assert set(answer.json) == {"error"}
    assert api.kept() == []


def test_the_key_of_one_device_is_not_that_of_another(api: Api) -> None:
    assert api.snapshot(device="chroom-2").status_code == 401
    api.enrol("chroom-2")  # the other has a key of its own now; this is still not it
    assert api.snapshot(device="chroom-2").status_code == 401


def test_a_question_counts_once(api: Api) -> None:
    data = json.dumps({"events": [blocked()]}).encode()
    headers = api.headers("POST", "/api/agent/events", data)
    posted = [
        api.client.post("/api/agent/events", data=data, content_type="application/json", headers=headers)
        for _ in range(3)
    ]
    assert [one.status_code for one in posted] == [200, 425, 425]
    assert {one.headers["Klaswacht-Now"] for one in posted} == {LESSON.isoformat()}
    assert "Klaswacht-Signature" not in posted[1].headers


@pytest.mark.parametrize(
    "changed", ["method", "path", "query", "body", "device", "time", "number", "signature"]
)  # fmt: skip
def test_a_question_that_was_changed_on_the_way_is_of_nobody(api: Api, changed: str) -> None:
    data, path = json.dumps({"events": [], "lost": 1}).encode(), "/api/agent/events"
    device, number, nonce, signature = api.headers("POST", path, data)["Authorization"].split(" ")[1].split(":")
    number = str(int(number) + 1) if changed == "time" else number
    nonce = nonce[::-1] if changed == "number" else nonce
    signature = signature[::-1] if changed == "signature" else signature
    device = "chroom-2" if changed == "device" else device
    body = data.replace(b"1", b"2") if changed == "body" else data
    query = "?x=1" if changed == "query" else ""
    to = "/api/agent/unenroll" if changed == "path" else path + query
    method = "PUT" if changed == "method" else "POST"
    answer = api.client.open(
        to, method=method, data=body, content_type="application/json",
        headers={"Authorization": f"Klaswacht {device}:{number}:{nonce}:{signature}"},
    )  # fmt: skip
    assert answer.status_code == (405 if changed == "method" else 401)
    assert api.store.events.lost(SCHOOL, LESSON - timedelta(days=1)) == 0
    assert api.snapshot().status_code == 200


@pytest.mark.parametrize("off", [timedelta(days=-9), timedelta(seconds=-61), timedelta(seconds=61), timedelta(days=9)])
def test_a_question_of_another_time_is_told_the_time(api: Api, off: timedelta) -> None:
    api.now = LESSON + timedelta(hours=1)  # long after the server began
    answer = api.snapshot(at=api.now + off)
    assert (answer.status_code, answer.headers["Klaswacht-Now"]) == (425, api.now.isoformat())
    assert api.snapshot(at=datetime.fromisoformat(answer.headers["Klaswacht-Now"])).status_code == 200


def test_an_old_question_does_not_count_for_a_server_that_just_began(api: Api) -> None:
    """What it answered before it was started again, it does not remember."""
    before = api.headers(at=LESSON + timedelta(seconds=5))
    api.now = LESSON + timedelta(seconds=10)
    again = create_app(api.store, knowledge(), SCHOOL, Settings(), lambda: api.now, b"secret")
    try:
        client = again.test_client()
        assert client.get("/api/agent/snapshot", headers=before).status_code == 425
        assert client.get("/api/agent/snapshot", headers=api.headers()).status_code == 200
        # It began by a wrong clock, and that was put right.
        api.now = LESSON - timedelta(days=3)
        assert client.get("/api/agent/snapshot", headers=api.headers()).status_code == 200
    finally:
        close_app(again)


def test_every_answer_is_signed_for_this_device_and_this_question(api: Api) -> None:
    nonce = "a1" * 16
    answer = api.snapshot(nonce=nonce)
    now, revision = answer.headers["Klaswacht-Now"], answer.json["snapshot"]["revision"]
    body, by = answer.get_data(as_text=True), answer.headers["Klaswacht-Signature"]
    said = Answer(SCHOOL, DEVICE, nonce, now, 200, revision, body, by)
    assert said.proved(api.school_key)
    others = (
        {"school": "other"}, {"device": "chroom-2"}, {"nonce": "b1" * 16}, {"now": at("09:01").isoformat()},
        {"status": 204}, {"revision": revision + 1}, {"body": body.replace("sam", "sem")}, {"signature": ""},
    )  # fmt: skip
    assert not [one for one in others if replace(said, **one).proved(api.school_key)]
    assert not said.proved(api.key.public)
    for other in (api.snapshot(f"?revision={revision}"), api.tell(blocked())):
        assert other.headers["Klaswacht-Signature"]


def test_only_the_public_half_of_a_key_comes_here(api: Api, tmp_path: Path) -> None:
    assert api.store.devices.public_key(SCHOOL, DEVICE) == api.key.public
    statement = b"anything"
    assert genuine(api.key.public, statement, api.key.sign(statement))


@pytest.mark.parametrize("key", [None, "", 5, "x", "A" * 42, "A" * 44, "A" * 5000, "\u00e9" * 43, ["A" * 43]], ids=str)
def test_what_is_no_public_key_is_refused_and_costs_no_code(api: Api, key: object) -> None:
    code = api.code()
    for _ in range(12):
        answer = api.client.post("/api/agent/enroll", json={"code": code, "public_key": key})
        assert answer.status_code == 400
    public = DeviceKey(DeviceKey.make()).public
    assert api.client.post("/api/agent/enroll", json={"code": code, "public_key": public}).status_code == 200


def test_a_device_takes_itself_out_and_its_keys_open_nothing_any_more(api: Api) -> None:
    assert api.post({}, "/api/agent/unenroll").json == {"gone": True}
    assert api.snapshot().status_code == 401
    left = api.store.devices.get(SCHOOL, DEVICE)
    assert left is not None and left.device.key_hash is None and left.enrolled is None
    assert api.store.audit.entries(SCHOOL)[0].what == "device.unenrol"


def test_enrolling_again_ends_the_old_key(api: Api) -> None:
    old = api.headers()
    api.key = api.enrol(DEVICE)
    assert api.client.get("/api/agent/snapshot", headers=old).status_code == 401
    assert api.snapshot().status_code == 200


@pytest.mark.parametrize("body", [{}, {"code": 5}, {"code": ""}, {"code": "x" * 1000}, {"code": None}])
def test_what_is_no_code_is_refused(api: Api, body: dict) -> None:
    public = DeviceKey(DeviceKey.make()).public
    assert api.client.post("/api/agent/enroll", json={**body, "public_key": public}).status_code == 400


def test_a_page_of_another_site_cannot_post_here(api: Api) -> None:
    """A browser's plain form is no JSON."""
    code = api.store.devices.make_code(SCHOOL, DEVICE, OFFICE, api.now)
    text = json.dumps({"code": code.code})
    assert api.client.post("/api/agent/enroll", data=text, content_type="text/plain").status_code == 415
    assert api.client.post("/api/agent/enroll", data="code", content_type="application/json").status_code == 400
    nested = "[" * 30_000 + "]" * 30_000
    assert api.client.post("/api/agent/enroll", data=nested, content_type="application/json").status_code == 400
    assert api.client.post("/api/agent/enroll", json=[code.code]).status_code == 400


def test_a_laptop_gets_its_own_cut_and_no_other_child(api: Api) -> None:
    answer = api.snapshot()
    assert answer.headers["Klaswacht-Now"] == LESSON.isoformat() == answer.json["now"]
    assert answer.headers["Cache-Control"] == "no-store"
    text = answer.get_data(as_text=True)
    assert set(answer.json["snapshot"]["people"]) == {"sam"}
    assert "noor" not in text
    assert "key_hash" not in text or '"key_hash":null' in text.replace(" ", "")


def test_a_revision_that_is_the_newest_has_no_news(api: Api) -> None:
    revision = api.snapshot().json["snapshot"]["revision"]
    answer = api.snapshot(f"?revision={revision}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert api.snapshot(f"?revision={revision - 1}").status_code == 200
    assert api.snapshot(f"?revision={revision + 1}").status_code == 200  # the database was put back


@pytest.mark.parametrize(
    "query", ["?revision=x", "?revision=-1", "?wait=x", "?revision=" + "9" * 40, "?revision=\u0661"]
)
def test_a_number_is_a_number(api: Api, query: str) -> None:
    assert api.snapshot(query).status_code == 400


def test_it_says_when_somebody_else_will_sit_there(api: Api) -> None:
    assert api.snapshot().json["again"] is None
    api.store.devices.lease(SCHOOL, Lease(DEVICE, "noor", LESSON, at("09:30"), "anja"), LESSON)
    answer = api.snapshot().json
    assert answer["again"] == at("09:30").isoformat()
    assert set(answer["snapshot"]["people"]) == {"sam", "noor"}
    api.now = at("09:30")
    assert set(api.snapshot().json["snapshot"]["people"]) == {"sam"}


def test_an_exception_is_kept_as_a_fact(api: Api) -> None:
    assert api.tell(blocked()).json == {"taken": 1, "refused": 0}
    (event,) = api.kept()
    assert (event.what, event.thing, event.category, event.host) == (What.BLOCKED, "discord", "chat", None)
    assert (event.device, event.person, event.group, event.rules) == (DEVICE, "sam", "7", ("default-chat-apps",))


def test_the_same_event_twice_is_one_event(api: Api) -> None:
    event = blocked()
    api.tell(event)
    api.tell(event)
    assert len(api.kept()) == 1


def test_a_laptop_speaks_only_of_who_sits_there(api: Api) -> None:
    api.tell(blocked(person="noor"))
    (event,) = api.kept()
    assert (event.person, event.group) == (None, "7")


def test_a_program_that_could_not_be_ended_is_a_fault(api: Api) -> None:
    api.tell(blocked(ended=False))
    assert [one.what for one in api.kept()] == [What.FAULT]


def test_a_permitted_program_names_a_permission_that_was_given(api: Api) -> None:
    given = Grant(
        "", LESSON, at("09:30"), Role.TEACHER, "anja", frozenset({"7"}),
        categories=frozenset({"chat"}), facets=frozenset({Facet.APP}),
    )  # fmt: skip
    grant = api.store.grants.add(SCHOOL, given, LESSON)
    allowed = {"effect": "allow", "reason": "granted"}
    told = api.tell(blocked(**allowed, grant=grant.id), blocked(**allowed, grant="made-up"), blocked(**allowed))
    assert told.json == {"taken": 1, "refused": 2}
    assert [(one.what, one.grant) for one in api.kept()] == [(What.GRANTED, grant.id)]


@pytest.mark.parametrize(
    "changes",
    [
        {"app": "mijn-dagboek"},
        {"app": "x" * 500},
        {"app": "discord\n"},
        {"app": ""},
        {"reason": "help"},
        {"reason": "made-up"},
        {"effect": "help"},
        {"uid": "../../etc"},
        {"uid": ""},
        {"at": "yesterday"},
        {"at": "2026-11-23T09:00"},
        {"at": at("10:00").isoformat()},
        {"at": at("09:00", "2026-11-01").isoformat()},
        {"rules": ["r"] * 50},
        {"query": "what a child typed"},
        {"revision": -1},
        {"person": {"id": "sam"}},
    ],
    ids=str,
)
def test_what_is_no_exception_is_not_kept_and_counted_as_lost(api: Api, changes: dict) -> None:
    assert api.tell(blocked(), blocked(**changes)).json == {"taken": 1, "refused": 1}
    assert len(api.kept()) == 1
    assert api.store.events.lost(SCHOOL, LESSON - timedelta(days=1)) == 1


def test_rules_that_the_school_does_not_have_are_left_out(api: Api) -> None:
    api.tell(blocked(rules=["default-chat-apps", "<script>", "made-up"]))
    assert api.kept()[0].rules == ("default-chat-apps",)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"events": "no"},
        {"events": [blocked() for _ in range(51)]},
        {"events": [], "lost": -1},
        {"events": [], "lost": "x"},
    ],
    ids=lambda body: str(body)[:20],
)
def test_what_is_no_batch_is_refused(api: Api, body: dict) -> None:
    assert api.post(body).status_code == 400
    assert api.kept() == []


def test_a_flood_is_not_read(api: Api) -> None:
    answer = api.tell("x" * 200_000)
    assert answer.status_code == 413


def test_losses_on_the_laptop_are_counted_at_school(api: Api) -> None:
    api.tell(lost=7)
    assert api.store.events.lost(SCHOOL, LESSON - timedelta(days=1)) == 7


def test_the_office_sees_when_a_laptop_was_there(api: Api) -> None:
    revision = api.store.revision(SCHOOL)
    api.snapshot()
    seen = api.store.devices.get(SCHOOL, DEVICE)
    assert seen is not None
    assert seen.last_seen == LESSON
    assert api.store.revision(SCHOOL) == revision


def test_a_session_cookie_opens_nothing_here(api: Api) -> None:
    api.client.set_cookie("__Host-klaswacht", "anything", secure=True)
    assert api.client.get("/api/agent/snapshot").status_code == 401


def test_with_the_database_gone_the_laptop_is_told_to_come_back(api: Api, tmp_path: Path) -> None:
    api.snapshot()
    api.store.close()
    for path in tmp_path.glob("k.db*"):
        path.unlink()
    answer = api.snapshot()
    assert answer.status_code == 503
    assert answer.json["error"]
    assert int(answer.headers["Retry-After"]) > 0
