"""A real dashboard on a real store behind real TLS, for a laptop to talk to."""

from __future__ import annotations

import ssl
import threading
from datetime import datetime
from pathlib import Path

from werkzeug.serving import make_server

from agent.home import Enrolment, Home
from agent.link import Link, enrol
from cli.ca import CaFiles, ensure_ca, ensure_dashboard
from config.load import factory_policy, knowledge
from config.private_folder import columns_key
from config.settings import Settings
from dashboard.app import close_app, create_app
from policy.model import Device, DeviceClass, Facet, Grant, Group, Role
from store import Store, open_store
from store.people import Person
from store.tables import grants, schools
from tests.cast import PEOPLE, at

SCHOOL = "school"
LESSON = at("09:00")
DEVICE = "chroom-1"
OFFICE = "cor"


class Moment:
    """The clock of the school: it stands still until a test moves it."""

    def __init__(self, now: datetime = LESSON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def prepare(folder: Path) -> None:
    """Make a school's folder once: databases with the cast and a laptop, CA, certificate of the dashboard."""
    store, now = _opened(folder, migrate=True), LESSON
    for group in ("7", "8"):
        store.people.put_group(SCHOOL, Group(group, f"Groep {group}", (int(group),)), OFFICE, now)
    people = [Person(m.id, m.role, m.id.title(), m.groups) for m in PEOPLE.values()]
    store.people.put_people(SCHOOL, people, OFFICE, now)
    store.policies.add(SCHOOL, factory_policy("kalisto"), "file", OFFICE, now)
    store.devices.put(SCHOOL, Device(DEVICE, "Chromebook 1", DeviceClass.PUPIL, "7", "sam"), OFFICE, now)
    store.close()
    # Certificates are judged by the machine's clock, the lesson by the school's.
    today = datetime.now(LESSON.tzinfo)
    ensure_dashboard(ensure_ca(folder / "ca", "Onze school", today), ("127.0.0.1", "localhost"), today)


def _opened(folder: Path, *, migrate: bool = False) -> Store:
    key = columns_key(folder)
    return open_store(str(folder / "klaswacht.db"), str(folder / "accounts.db"), key=key, migrate=migrate)


class Dashboard:
    """A school with a dashboard that can be stopped and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.moment = Moment()
        self.store = _opened(folder)
        self.ca = CaFiles(folder / "ca")
        self.make_app()
        self.port = 0
        self.start()

    def make_app(self, answers: bytes = b"a" * 32) -> None:
        """Make the dashboard, with the key of the school's answers; from the next `start` on it is the one."""
        self.app = create_app(self.store, knowledge(), SCHOOL, Settings(), self.moment, b"secret", answers=answers)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.ca.dashboard)
        self._server = make_server("127.0.0.1", self.port, self.app, threaded=True, ssl_context=context)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def close(self) -> None:
        self.stop()
        close_app(self.app)
        self.store.close()

    def put_back(self) -> None:
        """Put back the database as it was when the school was made, with the laptop's keys as they are now."""
        with self.store.database.write(SCHOOL) as change:
            change.execute(grants.delete())
            change.execute(schools.update().values(revision=1))

    def code(self, device: str = DEVICE) -> str:
        made = self.store.devices.make_code(SCHOOL, device, OFFICE, self.moment())
        assert made is not None
        return made.code

    def enrol(self, home: Home) -> Enrolment:
        enrolment = enrol(self.address, self.ca.public, self.code())
        home.enrol(enrolment, self.ca.public.read_bytes())
        return enrolment

    def link(self, home: Home) -> Link:
        enrolment = home.enrolment() or self.enrol(home)
        return Link(enrolment, home.ca)

    def permit(self, until: datetime, category: str = "chat") -> Grant:
        """The teacher opens programs for group 7."""
        given = Grant(
            "",
            self.moment(),
            until,
            Role.TEACHER,
            "anja",
            groups=frozenset({"7"}),
            categories=frozenset({category}),
            facets=frozenset({Facet.APP}),
        )
        return self.store.grants.add(SCHOOL, given, self.moment())

    def events(self) -> list:
        """What the agent told, oldest first."""
        return [one.event for one in self.store.events.since(SCHOOL, 0) if one.event.action is not None]
