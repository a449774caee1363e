"""A small school with a real SQLite store, and browsers that behave: https, cookies, form tokens, an Origin."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from config.private_folder import columns_key
from config.settings import Settings, SignIn
from dashboard import close_app, create_app, passwords
from dashboard.actions.desk import Desk
from policy.model import Device, DeviceClass, Group, Role
from store import Store, open_store
from store.accounts import AccountState
from store.people import Person
from tests.cast import ANJA, BRAM, COR, IRIS, KNOWLEDGE, LESSON, POLICY, RIA

SCHOOL = "school"
# Who signs in here does so with a password alone; what a second factor changes is in test_second_factor.
SETTINGS = Settings(sign_in=SignIn(second_factor="optional"))
SEAL = b"z" * 32
BASE = "https://wacht.school"
PASSWORD = "zeven eendjes op een rij"
NAMES = {"sam": "Sam Pietersen", "noor": "Noor Jansen", "bo": "Bo de Boer"}
STAFF = {
    "anja": Person("anja", Role.TEACHER, "Anja de Vries", ANJA.groups),
    "bram": Person("bram", Role.TEACHER, "Bram Smit", BRAM.groups),
    "cor": Person("cor", Role.COORDINATOR, "Cor Bakker", COR.groups),
    "ria": Person("ria", Role.MANAGEMENT, "Ria Visser", RIA.groups),
    "iris": Person("iris", Role.INTERN, "Iris Mulder", IRIS.groups),
    "stan": Person("stan", Role.STAFF, "Stan Vos"),
    "coen": Person("coen", Role.COUNSELLOR, "Coen Dekker"),
}


HASH_OF_A_KEY = hashlib.sha256(b"sleutel").hexdigest()

# The same argon2id with little memory: what it costs is asserted in test_signin, not paid for in every test.
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
ARGON2ID = QUICK.hash(PASSWORD)


@dataclass(slots=True)
class Clock:
    """A clock that the test turns."""

    now: datetime = LESSON

    def __call__(self) -> datetime:
        return self.now

    def on(self, **more: float) -> None:
        self.now += timedelta(**more)


@dataclass(slots=True)
class Browser:
    """A browser that fills in forms as people do."""

    client: FlaskClient
    headers: dict[str, str] = field(default_factory=lambda: {"Origin": BASE, "Accept": "text/html"})

    def get(self, path: str, **more: object) -> TestResponse:
        return self.client.get(path, base_url=BASE, headers={"Accept": "text/html"}, **more)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status)
        return answer.text

    def token(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.get("/inloggen").text)
        assert found
        return found.group(1)

    def post(self, path: str, follow: bool = True, **form: object) -> TestResponse:
        data = {"csrf": self.token(), **form}
        return self.client.post(path, base_url=BASE, headers=self.headers, data=data, follow_redirects=follow)

    def sign_in(self, login: str, password: str = PASSWORD, **form: object) -> TestResponse:
        return self.post("/inloggen", login=login, password=password, **form)

    def cookie(self, name: str = "__Host-klaswacht") -> str:
        found = self.client.get_cookie(name, domain="wacht.school")
        return found.value if found else ""


def _once(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """What an address is built by depends on the words of its rule, and every test has an app with the same rules."""
    made: dict[tuple[object, ...], Any] = {}

    def remembered(rule: Rule, append_unknown: bool = True) -> Any:
        key = (tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in made:
            made[key] = compile_builder(rule, append_unknown)
        return made[key]

    return remembered


Rule._compile_builder = _once(Rule._compile_builder)


@pytest.fixture(autouse=True)
def strict_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLASWACHT_STRICT_TEXTS", "1")
    monkeypatch.setattr(passwords, "_HASHER", QUICK)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def school_on_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The school as it is before every test, made once and then copied."""
    place = tmp_path_factory.mktemp("school")
    opened = open_store(str(place / "k.db"), str(place / "a.db"), key=columns_key(place), migrate=True)
    opened.policies.add(SCHOOL, POLICY, "test", "setup", LESSON)
    for number in ("7", "8"):
        opened.people.put_group(SCHOOL, Group(number, f"Groep {number}", (int(number),)), "setup", LESSON)
    pupils = [Person(p, Role.PUPIL, name, ("8",) if p == "bo" else ("7",)) for p, name in NAMES.items()]
    opened.people.put_people(SCHOOL, [*pupils, *STAFF.values()], "setup", LESSON)
    opened.people.set_consent(SCHOOL, "sam", True, "setup", LESSON)
    opened.devices.put(SCHOOL, Device("chroom-1", "Chromebook 1", DeviceClass.PUPIL, "7"), "setup", LESSON)
    opened.close()
    return place


@pytest.fixture
def store(tmp_path: Path, school_on_disk: Path) -> Iterator[Store]:
    copytree(school_on_disk, tmp_path, dirs_exist_ok=True)
    opened = open_store(str(tmp_path / "k.db"), str(tmp_path / "a.db"), key=columns_key(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store, KNOWLEDGE, SCHOOL, SETTINGS)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Templates are compiled once, not for every app."""
    return tmp_path_factory.mktemp("templates")


@pytest.fixture
def app(store: Store, clock: Clock, tmp_path: Path, compiled: Path) -> Iterator[Flask]:
    certificate = tmp_path / "klaswacht-ca.crt"
    certificate.write_text("-----BEGIN CERTIFICATE-----\n")
    made = create_app(store, KNOWLEDGE, SCHOOL, SETTINGS, clock, b"s" * 32, certificate, seal=SEAL)
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled))
    yield made
    close_app(made)


@pytest.fixture
def browser(app: Flask) -> Callable[[], Browser]:
    return lambda: Browser(app.test_client())


@pytest.fixture
def signed_in(store: Store, browser: Callable[[], Browser]) -> Callable[[str], Browser]:
    def enter(login: str) -> Browser:
        give_account(store, login)
        new = browser()
        assert new.sign_in(login).status_code == 200
        assert new.cookie()
        return new

    return enter


def give_account(store: Store, login: str, role: Role | None = None) -> str:
    """An account with the password of all tests; its id."""
    found = store.accounts.find(SCHOOL, login)
    if found is not None and found.state is AccountState.ACTIVE:
        return found.id
    person = STAFF.get(login)
    assert person or role
    account = store.accounts.add(SCHOOL, login, login, role or STAFF[login].role, LESSON)
    assert account
    store.accounts.set_password(SCHOOL, account.id, ARGON2ID, LESSON)
    return account.id


def own(
    name: str, kind: DeviceClass = DeviceClass.PUPIL, person: str = "sam", key: str | None = HASH_OF_A_KEY
) -> Device:
    """A device of one child, with a key unless told."""
    return Device(name, name.title(), kind, "7", person, key_hash=key)


@pytest.fixture
def owned(store: Store, desk: Desk) -> Desk:
    """Sam has a Chromebook with a key; there is a shared one too."""
    store.devices.put(SCHOOL, own("boek-sam"), "setup", LESSON)
    return desk
