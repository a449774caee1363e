"""The counsellors' inbox is switched on by the management, when two people can read it; and goes off by itself."""

from __future__ import annotations

import pytest
from flask import Flask

from dashboard.actions.counsellors import settle
from policy.counsel import has_inbox, may_hear
from policy.model import Group, ReportKind, ReportTo, Role
from store import Store
from store.accounts import AccountState
from store.people import Person
from store.signals import Signal
from tests.cast import KNOWLEDGE, LESSON
from tests.dashboard.conftest import ARGON2ID, SCHOOL, STAFF, give_account

FAY = Person("fay", Role.COUNSELLOR, "Fay Hendriks")
PAGE, ON, OFF = "/beheer/postvak/", "/beheer/postvak/aan", "/beheer/postvak/uit"


@pytest.fixture
def two(store: Store) -> Store:
    """Two counsellors who can sign in."""
    give_account(store, "coen")
    store.people.put_people(SCHOOL, [FAY], "cor", LESSON)
    made = store.accounts.add(SCHOOL, "fay", "fay", Role.COUNSELLOR, LESSON)
    assert made and store.accounts.set_password(SCHOOL, made.id, ARGON2ID, LESSON)
    return store


def hears(store: Store) -> bool:
    snapshot = store.snapshot(SCHOOL, KNOWLEDGE, LESSON)
    told = ReportTo.COUNSELLOR in may_hear(ReportKind.BULLIED, Role.PUPIL, snapshot)
    assert told is has_inbox(snapshot)
    return told


def test_it_is_refused_clearly_until_two_can_sign_in(store: Store, signed_in) -> None:
    ria = signed_in("ria")
    page = ria.page(PAGE)
    assert "staat uit" in page and "Er zijn 2 vertrouwenspersonen" in page and "Nu zijn het er 0" in page
    assert 'action="/beheer/postvak/aan"' not in page
    store.people.put_people(SCHOOL, [FAY], "cor", LESSON)
    give_account(store, "coen")
    assert "Fay Hendriks: koos nog geen wachtwoord" in ria.page(PAGE)
    assert "eerst twee vertrouwenspersonen nodig" in ria.post(ON).text
    assert store.counsel.on(SCHOOL) is None and not hears(store)


def test_the_management_switches_it_on_and_off_and_the_guard_follows(two: Store, signed_in) -> None:
    assert not hears(two), "two counsellors alone switch nothing on"
    ria, before = signed_in("ria"), two.revision(SCHOOL)
    assert "Het postvak staat aan." in ria.post(ON).text
    assert hears(two) and two.revision(SCHOOL) == before + 1
    assert "Ria Visser zette het aan op 23-11-2026" in ria.page(PAGE)
    assert "Het postvak staat uit." in ria.post(OFF).text
    assert not hears(two)
    codes = [entry.what for entry in two.audit.entries(SCHOOL, who="ria") if entry.what.startswith("counsel")]
    assert codes == ["counsel.off", "counsel.on"]


@pytest.mark.parametrize("how", ["removed", "other role", "list"])
def test_with_one_counsellor_left_it_goes_off_at_once_and_what_waits_stays_readable(
    two: Store, signed_in, how: str
) -> None:
    two.counsel.switch_on(SCHOOL, "ria", LESSON)
    two.signals.add_batch(SCHOOL, [Signal(LESSON, "7", person="sam")])
    if how == "removed":
        two.people.remove_person(SCHOOL, "fay", "cor", LESSON)
    elif how == "other role":
        two.people.put_people(SCHOOL, [Person("fay", Role.TEACHER, "Fay Hendriks", ("7",))], "cor", LESSON)
    else:
        two.people.exchange(SCHOOL, [Group("5", "Groep 5", (5,))], [], ["fay"], "cor", LESSON)
    assert two.counsel.on(SCHOOL) is None and not hears(two)
    assert "Sam Pietersen" in signed_in("coen").page("/vertrouwen/")
    two.people.put_people(SCHOOL, [FAY], "cor", LESSON)
    assert not hears(two), "it does not come on by itself again"


def test_a_closed_account_switches_it_off_at_the_next_look(two: Store, desk, signed_in) -> None:
    two.counsel.switch_on(SCHOOL, "ria", LESSON)
    assert not settle(desk, LESSON)
    fay = two.accounts.find(SCHOOL, "fay")
    assert fay is not None
    two.accounts.set_state(SCHOOL, fay.id, AccountState.CLOSED, LESSON)
    page = signed_in("coen").page("/vertrouwen/")
    assert "staan uit" in page and two.counsel.on(SCHOOL) is None
    assert two.audit.entries(SCHOOL, limit=2, who="system")[0].what == "counsel.off"


@pytest.mark.parametrize("login", ["cor", "anja", "iris", "stan", "coen"])
def test_nobody_else_switches(two: Store, signed_in, login: str) -> None:
    visitor = signed_in(login)
    assert visitor.get(PAGE).status_code == 403
    assert {visitor.post(path, follow=False).status_code for path in (ON, OFF)} == {403}
    assert two.counsel.on(SCHOOL) is None


@pytest.mark.parametrize("login", sorted(set(STAFF) - {"coen"}))
def test_every_route_of_the_inbox_is_closed_to_every_other_role(app: Flask, two: Store, signed_in, login: str) -> None:
    two.signals.add_batch(SCHOOL, [Signal(LESSON, "7", person="sam")])
    told = two.incidents.report(SCHOOL, "", LESSON, audience=ReportTo.COUNSELLOR, note="help", person="sam")
    visitor, signal = signed_in(login), two.signals.newest(SCHOOL)[0].id
    tried = 0
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("inbox."):
            continue
        path = rule.rule.replace("<signal>", signal).replace("<report>", told.id)
        assert "<" not in path, path
        for method in (rule.methods or set()) - {"OPTIONS"}:
            answer = visitor.post(path, follow=False) if method == "POST" else visitor.get(path)
            assert answer.status_code == 403, (login, path)
            tried += 1
    assert tried >= 3
    assert two.signals.newest(SCHOOL)[0].seen is None


@pytest.mark.full
def test_no_list_that_leaves_the_school_and_no_page_of_the_management_tells_what_is_in_it(
    app: Flask, two: Store, signed_in
) -> None:
    """Everything that management and coordinator can open is searched for a child that only the inbox knows of."""
    two.counsel.switch_on(SCHOOL, "ria", LESSON)
    clean = {login: _everything(app, signed_in(login)) for login in ("ria", "cor")}
    two.signals.add_batch(SCHOOL, [Signal(LESSON, "7", person="sam"), Signal(LESSON, "7", device="chroom-1")])
    two.incidents.report(
        SCHOOL, "", LESSON, kind=ReportKind.BULLIED, audience=ReportTo.COUNSELLOR, note="kanarie", person="sam"
    )
    for login in ("ria", "cor"):
        for path, text in _everything(app, signed_in(login)).items():
            assert "kanarie" not in text, path
            # Not a number either: who has nothing in the inbox sees the same pages.
            assert text.count("Sam Pietersen") == clean[login].get(path, text).count("Sam Pietersen"), path
            assert "zocht hulp" not in text and "/vertrouwen/" not in text, path


def _everything(app: Flask, visitor) -> dict[str, str]:
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in ("static", "lesson.stream") or "api" in rule.endpoint:
            continue
        path = rule.rule.replace("<group>", "7").replace("<pupil>", "sam")
        head, _, tabs = path.partition("<any(")
        for tab in tabs.partition("):tab>")[0].split(", "):
            whole = f"{head}{tab}" if tabs else path
            if "<" not in whole and "logboek" not in whole:
                found[whole] = visitor.get(whole).text
    return found
