"""What devices may ask of the dashboard, and what it believes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.outbox import app_event
from agent.translate import Program, run_request
from config.load import factory_policy, knowledge
from config.settings import Settings
from dashboard.access import KEYED, matrix
from dashboard.app import close_app, create_app
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

    def enrol(self, device: str) -> str:
        code = self.store.devices.make_code(SCHOOL, device, OFFICE, self.now)
        assert code is not None
        answer = self.client.post("/api/agent/enroll", json={"code": code.code})
        assert answer.status_code == 200
        assert answer.json["device"] == device
        return answer.json["key"]

    def headers(self, device: str = DEVICE) -> dict[str, str]:
        return {"Authorization": f"Klaswacht {device}:{self.key}"}

    def snapshot(self, query: str = ""):
        return self.client.get(f"/api/agent/snapshot{query}", headers=self.headers())

    def tell(self, *events: object, **body: object):
        return self.client.post("/api/agent/events", json={"events": list(events), **body}, headers=self.headers())

    def kept(self) -> list:
        return [one.event for one in self.store.events.since(SCHOOL, 0) if one.event.action is not None]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    store = open_store(str(tmp_path / "k.db"), str(tmp_path / "a.db"), migrate=True)
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
    assert len(routes) == 3
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
    assert api.client.get("/api/agent/snapshot", headers=api.headers("chroom-2")).status_code == 401


def test_enrolling_again_ends_the_old_key(api: Api) -> None:
    old = api.headers()
    api.key = api.enrol(DEVICE)
    assert api.client.get("/api/agent/snapshot", headers=old).status_code == 401
    assert api.snapshot().status_code == 200


@pytest.mark.parametrize("body", [{}, {"code": 5}, {"code": ""}, {"code": "x" * 1000}, {"code": None}])
def test_what_is_no_code_is_refused(api: Api, body: dict) -> None:
    assert api.client.post("/api/agent/enroll", json=body).status_code == 400


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
    assert api.client.post("/api/agent/events", json=body, headers=api.headers()).status_code == 400
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
