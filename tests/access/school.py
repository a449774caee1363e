"""The playground's school on a Monday morning that stands still: real store, real dashboard over TLS, real gate."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from cli.chromebook import ChromebookDesk
from cli.demo.certs import Papers, make_papers
from cli.demo.school import STAFF, pupils, school_file, seed
from cli.demo.sites import Ports
from cli.home import Home
from config import load
from config.private_folder import columns_key
from config.settings import SchoolFile
from dashboard import close_app, create_app, passwords
from dashboard.actions import substitute
from dashboard.actions.desk import Desk
from policy.model import Device, DeviceClass, Member, Role
from proxy_addons.facts import Peer
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.names.front import Place
from store import Store, open_store
from store.accounts import AccountState
from store.people import Person
from tests.cast import at
from tests.dashboard.conftest import ARGON2ID, QUICK
from tests.proxy_addons.asking import basic
from tests.proxy_addons.browser import Front, sites

LESSON, BREAK, EVENING = at("09:12"), at("10:20"), at("19:00")
LAPTOP_KEY = "een sleutel van een laptop"
_MORE = (
    Person("staff-iris", Role.INTERN, "stagiaire Iris", ("7",)),
    Person("staff-coen", Role.COUNSELLOR, "Coen Dekker"),
    Person("staff-fay", Role.COUNSELLOR, "Fay Hendriks"),
    Person("staff-stan", Role.STAFF, "Stan Vos"),
)
_WEEK = "\n".join(
    f'    {day}: {{lessons: ["08:30-14:00"], breaks: ["10:15-10:30", "12:00-12:30"]}}'
    for day in ("mon", "tue", "wed", "thu", "fri")
)

_SIGN_IN = """sign_in:
  second_factor: optional
  google: {client_id: 1-a.apps.example, client_secret_file: geheim.txt, domain: speeltuin.example}
  microsoft:
    client_id: 11111111-2222-3333-4444-555555555555
    client_secret_file: geheim.txt
    tenant: 66666666-7777-8888-9999-000000000000"""


def _file(folder: Path, papers: Papers) -> SchoolFile:
    """The playground's `school.yaml` with a protocol that has everything in it, and a week like other schools'."""
    lines = school_file(Ports(1, 2), papers.ca).replace("protocol: kalisto", "protocol: regenboog").splitlines()
    first = lines.index("  days:")
    days = [number for number, line in enumerate(lines) if '"00:00-24:00"' in line]
    lines[first + 1 : days[-1] + 1] = [_WEEK]
    secret = folder / "geheim.txt"
    secret.touch(0o600)
    secret.write_text("geheim\n")
    signing = next(number for number, line in enumerate(lines) if line.startswith("sign_in:"))
    lines[signing] = _SIGN_IN
    file = folder / "school.yaml"
    file.write_text("\n".join(lines) + "\n")
    return load.read_school(file)


@dataclass(frozen=True, slots=True)
class Seeded:
    """The school as it is before anything happens, to copy."""

    folder: Path
    papers: Papers
    file: SchoolFile


def seeded(folder: Path) -> Seeded:
    """Write the school into `folder`: people, devices, accounts with a password that costs little to check."""
    papers = make_papers(folder / "tls", ["localhost"], datetime.now(UTC))
    file = _file(folder, papers)
    store = open_store(str(folder / "k.db"), str(folder / "a.db"), key=columns_key(folder), migrate=True)
    name = file.settings.school.id
    store.policies.add(name, file.policy, "school.yaml", "setup", LESSON)
    kept, passwords._HASHER = passwords._HASHER, QUICK
    try:
        seed(Desk(store, load.knowledge(file.settings), name, file.settings), LESSON)
    finally:
        passwords._HASHER = kept
    store.people.put_people(name, _MORE, "setup", LESSON)
    for one in _MORE:
        account = store.accounts.add(name, one.id.removeprefix("staff-"), one.id, one.role, LESSON)
        assert account and store.accounts.set_password(name, account.id, ARGON2ID, LESSON)
    assert store.counsel.switch_on(name, "staff-directie", LESSON)
    laptop = hashlib.sha256(LAPTOP_KEY.encode()).hexdigest()
    own = Device("laptop-anja", "Laptop juf Anja", DeviceClass.STAFF, person="staff-anja", key_hash=laptop)
    store.devices.put(name, own, "setup", LESSON)
    store.close()
    return Seeded(folder, papers, file)


class _Quiet(WSGIRequestHandler):
    """Says nothing of every request."""

    def log(self, *_: object) -> None:
        """Keep still."""


@dataclass(slots=True)
class Standing:
    """A school that runs at one moment. `url` is the dashboard's; `now` may be set."""

    store: Store
    desk: Desk
    app: Flask
    seed: Seeded
    url: str
    now: datetime

    @property
    def school(self) -> str:
        return self.desk.school

    def member(self, login: str) -> Member:
        """Somebody of staff, as actions want them."""
        account = self.store.accounts.find(self.school, login)
        assert account is not None, login
        person = self.store.people.person(self.school, account.person)
        assert person is not None, login
        return Member(person.id, account.role, person.groups)

    def session(self, login: str) -> str:
        """A signed-in session's token; `invaller` is a substitute who came in with a code."""
        if login == "invaller":
            made = substitute.make(self.desk, self.member("anja"), "7", self.now.date().isoformat(), self.now)
            assert made.value is not None
            came = substitute.enter(self.desk, "juf Invaller", made.value.code, "127.0.0.1", self.now)
            assert came.value is not None
            return came.value.token
        account = self.store.accounts.find(self.school, login)
        assert account is not None and account.state is AccountState.ACTIVE, login
        token = self.store.accounts.open_session(self.school, account.id, self.now, second=True)
        assert token is not None
        return token

    def cookie(self, name: str, value: str) -> dict[str, object]:
        """A cookie of the dashboard as a browser keeps it."""
        same = {"url": self.url, "secure": True, "httpOnly": True, "sameSite": "Lax"}
        return {"name": name, "value": value, **same}

    def gate(self) -> Gate:
        """A gate of this school, not yet started."""
        listen = self.seed.file.settings.listen
        place = Place(listen.name, listen.pupils_host, "127.0.0.1", 8080, 8081, 0, dict(listen.groups))
        options = Options(self.school, "nl", frozenset({8081}), {8107: "7", 8108: "8"}, b"s" * 32, place)
        return open_gate(self.store, self.desk.knowledge, options, lambda: self.now)

    def peer(self, name: str) -> Peer:
        """The Chromebook of a pupil, which proves itself; or by its id any device with the laptop's key."""
        found = [one for one in pupils() if one.name == name]
        key = basic(found[0].device, found[0].key) if found else basic(name, LAPTOP_KEY)
        return Peer("c1", "127.0.0.1", 8081, key)


@contextlib.contextmanager
def standing(seed: Seeded, folder: Path, now: datetime = LESSON) -> Iterator[Standing]:
    """A copy of the school, with its dashboard on a port of its own, until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("k.db", "a.db"):
        shutil.copy(seed.folder / name, folder / name)
    shutil.copytree(seed.folder / "secrets", folder / "secrets")
    store = open_store(str(folder / "k.db"), str(folder / "a.db"), key=columns_key(folder))
    settings = seed.file.settings
    knowledge = load.knowledge(settings)
    certificate = folder / "klaswacht-ca.crt"
    certificate.write_bytes(seed.papers.ca.read_bytes())
    held: list[Standing] = []
    app = create_app(
        store,
        knowledge,
        settings.school.id,
        settings,
        lambda: held[0].now if held else now,
        b"s" * 32,
        certificate,
        chromebooks=ChromebookDesk(Home(folder), settings),
    )
    server = make_server(
        "127.0.0.1", 0, app, threaded=True, ssl_context=seed.papers.server_context(), request_handler=_Quiet
    )
    server.daemon_threads = True  # a stream that is still open must not keep the test
    desk = app.extensions["klaswacht"].desk
    held.append(Standing(store, desk, app, seed, f"https://127.0.0.1:{server.server_port}", now))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield held[0]
    finally:
        close_app(app)
        server.shutdown()
        thread.join(10)
        store.close()


@dataclass(frozen=True, slots=True)
class _Opens:
    """What `sites` asks of a guard: how to open its gate."""

    open: Callable[[], Gate]


@contextlib.contextmanager
def behind(school: Standing, who: str) -> Iterator[Front]:
    """The school's gate as a proxy for the device of `who`, until the end of the block."""
    with sites(_Opens(school.gate)) as front:  # of a guard it only opens the gate
        front.peer = school.peer(who)
        yield front


def later(moment: datetime, **more: float) -> datetime:
    """Some time after a moment."""
    return moment + timedelta(**more)


__all__ = [
    "BREAK",
    "EVENING",
    "LESSON",
    "STAFF",
    "Seeded",
    "Standing",
    "behind",
    "later",
    "replace",
    "seeded",
    "standing",
]
