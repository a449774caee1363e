"""A school in the middle of a morning: something of everything that a screen can show."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from dashboard.actions import (
    accounts,
    agreement,
    agreement_shelf,
    ban_proposals,
    care,
    group,
    measures,
    notes,
    permission,
    prepared,
    registers,
    reports,
    signing,
    substitute,
)
from dashboard.actions.health import Fact, Level, Told
from policy.model import (
    Action,
    Device,
    DeviceClass,
    Effect,
    Facet,
    Reason,
    ReportKind,
    ReportTo,
    SanctionTarget,
    Strength,
)
from store.account_news import What as NewsOf
from store.emergencies import Way
from store.events import Event, What
from store.incidents import Wish
from store.notes import NoteKind
from store.notices import Condition
from store.photos import PhotoAnswer
from store.pictures import MOST_WRONG
from store.print_jobs import WaitingJob
from store.proposals import Likeness
from store.refusals import About, Refusal
from store.registers import Register
from store.sign_ins import SignIn, SignInState
from store.signals import Signal
from tests.access.school import Standing

TODAY = date(2026, 11, 23)
SOCIAL, VIDEO = "kletsplein.test", "filmpjes.test"


def calm(school: Standing) -> None:
    """Write it, through the actions where a person does it."""
    _lesson(school)
    _office(school)
    _school_accounts(school)
    _counsel(school)
    _colleagues(school)
    _second_factor(school)
    _system(school)


def fill(school: Standing) -> None:
    """The same with what is in the way of a lesson on top: no internet, and children who sign in."""
    calm(school)
    _signing(school)
    now = school.now
    school.store.notices.tell(school.school, "worker", {Condition.UPSTREAM: now - timedelta(minutes=4)}, now)


class _Told:
    """A supervisor with something of every kind to say."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def told(self) -> Told:
        return self._told


def _system(school: Standing) -> None:
    """The guard is well but for a clock and a process that came back; the emergency exit was used once."""
    now, since = school.now, school.now - timedelta(minutes=25)
    facts = (
        Fact("workers", Level.LOOK, "process_restarted", {"name": "proxy 2", "count": 1}, since),
        Fact("workers", Level.OK, "workers", {"count": 2, "deaths": 1}),
        Fact("names", Level.BROKEN, "process_away", {"name": "dns"}, since),
        Fact("load", Level.OK, "load", {"load": "0.4", "cores": 4, "memory": 310}),
        Fact("clock", Level.LOOK, "clock_free", {"time": "23-11-2026 09:12:00 CET"}, since),
        Fact("certificates", Level.OK, "ca", {"until": "21-11-2036"}),
        Fact("disk", Level.OK, "disk", {"free": 9000}),
        Fact("backup", Level.OK, "backup", {"when": "23-11-2026 02:10", "count": 12}),
        Fact("backup", Level.LOOK, "backup_same_disk", {"folder": "/var/backups/klaswacht"}),
        Fact("purge", Level.OK, "purge", {}, since),
        Fact("version", Level.OK, "version", {"version": "0.9"}),
    )
    school.app.extensions["klaswacht_vitals"] = _Told(Told(now, facts))
    stranger = Event(What.BLOCKED, since, Effect.DENY, Reason.PHONE, Action.CONNECT)
    school.store.events.add_batch(school.school, [stranger, stranger], now)
    kept, before = school.store.emergencies, now - timedelta(days=4)
    kept.start(school.school, before + timedelta(hours=1), "staff-coordinator", Way.DESK, before)
    kept.make_code(school.school, "staff-coordinator", before)
    kept.fits(school.school, "AAAA-BBBB-CCCC", before)


def _colleagues(school: Standing) -> None:
    """What is kept ready, a code for a substitute, and a proposal."""
    desk, now, anja = school.desk, school.now, school.member("anja")
    wish = permission.Wish("7", site=VIDEO, goal="proefjes kijken", view_only=True)
    kept = prepared.keep(desk, anja, wish, "Proefjes", now, shared=True)
    assert kept.ok, kept
    shelf = agreement_shelf.keep(desk, anja, agreement.Plan("7", "topo", ("rekenrijk.test",)), now, shared=False)
    assert not isinstance(shelf, tuple) and shelf.ok, shelf
    ahead = agreement.coming(desk.snapshot(now), anja, "7", now)[0]
    later = agreement.start(desk, anja, agreement.Plan("7", "dictee", ("rekenrijk.test",), at=ahead.start), now)
    assert later.ok, later
    code = substitute.make(desk, anja, "7", TODAY.isoformat(), now)
    assert code.value is not None, code
    assert substitute.enter(desk, "juf Inval", code.value.code, "127.0.0.1", now).ok
    ban = ban_proposals.Wish("p7-5", SanctionTarget.CHROMEBOOK, measures.Until.TODAY, "filter omzeild")
    made = ban_proposals.propose(desk, anja, ban, now)
    assert made.ok, made


def _second_factor(school: Standing) -> None:
    """Stan has a second factor with few codes left, and something happened to his account."""
    store, now, name = school.store, school.now, school.school
    account = store.accounts.find(name, "stan")
    assert account is not None
    kept = store.second_factors
    assert kept.propose(name, account.id, "sealed", now) and kept.confirm(name, account.id, "sealed", 1, now)
    assert kept.put_codes(name, account.id, ["a", "b"])
    store.account_news.add(name, account.id, NewsOf.SIGNED_IN, now - timedelta(hours=1), browser="Firefox|Windows")


def _signing(school: Standing) -> None:
    """One waits where another is in, one was wrong too often with its pictures, and one moved."""
    store, now, name, anja = school.store, school.now, school.school, school.member("anja")
    assert signing.open_code(school.desk, anja, "7", now).ok
    end = now + timedelta(minutes=40)

    def at(person: str, address: str) -> SignIn:
        return SignIn("", "7", person, "", address, SignInState.WAITS, Strength.CLAIMED, now, end)

    assert store.sign_ins.enter(name, at("p7-4", "192.0.2.31"), now)
    assert store.sign_ins.enter(name, at("p7-5", "192.0.2.32"), now)
    assert store.sign_ins.enter(name, at("p7-5", "192.0.2.33"), now)
    store.pictures.choose(name, "p7-6", ("sun", "fish", "key"), "p7-6", now)
    for _ in range(MOST_WRONG):
        store.pictures.fit(name, "p7-6", ("key", "sun", "sun"), "a", now)
    assert store.sign_ins.ask(name, at("p7-6", "192.0.2.31"), now)


def _lesson(school: Standing) -> None:
    desk, store, now, name = school.desk, school.store, school.now, school.school
    anja, cor = school.member("anja"), school.member("coordinator")
    everybody = [one.id for one in store.people.roster(name, "7")]
    store.people.set_consents(name, {one: one != "p7-3" for one in everybody}, cor.id, now)
    wishes = (
        permission.Wish("7", site=SOCIAL, goal="werkstuk over vriendschap", minutes=30, confirmed=True),
        permission.Wish("7", facet=Facet.PRINT),
        permission.Wish("7", category="video", people=frozenset({"p7-1", "p7-2"}), whole_group=False, view_only=True),
    )
    for wish in wishes:
        outcome = permission.give(desk, anja, wish, now)
        assert outcome.ok, outcome
    made = agreement.start(
        desk, anja, agreement.Plan("7", "rekenen met breuken", ("rekenrijk.test", VIDEO), stop_others=False), now
    )
    assert made.ok, made
    lines = ("Voor mijn werkstuk over egels", "")
    for person, device, line in zip(("p7-1", "p7-2"), ("cb7-1", "cb7-2"), lines, strict=True):
        assert store.incidents.ask(
            name, Wish("fotodrop.test", "lesson", "file-sharing", line, "7", device, person), now
        )
    store.incidents.report(name, SOCIAL, now, note="een raar filmpje", group="7", device="cb7-3", person="p7-3")
    assert group.seat(desk, anja, "7", "p7-4", "cb7-4", now).ok
    blocked = [
        Event(
            What.BLOCKED,
            now - timedelta(minutes=minutes),
            Effect.DENY,
            Reason.PLACE,
            Action.VISIT,
            category="social",
            host=SOCIAL,
            group="7",
            device=device,
            person=person,
        )
        for minutes, device, person in ((20, "cb7-1", "p7-1"), (12, "cb7-2", "p7-2"), (3, "cb7-5", "p7-5"))
    ]
    store.events.add_batch(name, blocked, now)
    _prints(school)


def _prints(school: Standing) -> None:
    """Prints that wait: a short one, a long one that is told to go, one of a child who may not print, a stranger's."""
    now, ria = school.now, school.member("directie")
    queue = Device("printserver", "Printserver", DeviceClass.INFRASTRUCTURE, prints=True)
    school.store.devices.put(school.school, queue, "staff-coordinator", now)
    ban = measures.Wish("p7-6", SanctionTarget.PRINTER, "de hele klas laten printen", measures.Until.TOMORROW)
    made = measures.impose(school.desk, ria, ban, now)
    assert made.ok, made

    def job(number: int, person: str | None, pages: int | None, **more: Any) -> WaitingJob:
        group = "7" if person else None
        came = now - timedelta(minutes=number)
        return WaitingJob(f"job-{number}", queue.id, came, person, group, pages=pages, counted=True, **more)

    jobs = (
        job(1, "p7-1", 2, colour=True),
        job(2, "p7-2", 43, colour=False, gone=now + timedelta(minutes=2)),
        job(3, "p7-6", None),
        job(4, None, 1, account="chromebook-kar"),
    )
    school.store.print_jobs.tell(school.school, queue.id, jobs)


def _office(school: Standing) -> None:
    desk, store, now, name = school.desk, school.store, school.now, school.school
    ria, cor = school.member("directie"), school.member("coordinator")
    ban = measures.Wish("p7-5", SanctionTarget.CHROMEBOOK, "twee keer een filter omzeild", measures.Until.TOMORROW)
    made = measures.impose(desk, ria, ban, now)
    assert made.ok, made
    told = notes.write(desk, school.member("anja"), "p7-5", NoteKind.TALK, "We hebben er samen over gepraat.", now)
    assert told.ok, told
    extra = care.add(desk, cor, care.Wish(person="p7-6", sites="zoekmaar.test", review="2027-06-01"), now)
    assert extra.ok, extra
    store.proposals.suggest(name, Likeness("nieuwnet.example.nl", "social", 7.5, ("own-profile", "follow-people")), now)
    store.refusals.suggest(name, Refusal(About.HOST, "api.rekenapp.example.nl", 3), now)
    store.refusals.suggest(name, Refusal(About.DEVICE, "cb7-2"), now)
    for register, what, place in (
        (Register.MEANS, "Ouderplein", SOCIAL),
        (Register.OFFICIAL, "Facebook", "https://www.facebook.com/speeltuinschool/"),
    ):
        person = "" if register is Register.MEANS else "staff-els"
        line = registers.add(desk, cor, registers.Wish(register, what, place, person, ""), now)
        assert line.ok, line
    store.photos.answer(
        name, {"p7-1": PhotoAnswer.UNRECOGNISABLE, "p7-3": PhotoAnswer.NO, "staff-els": PhotoAnswer.NO}, cor.id, now
    )
    store.incidents.report(name, SOCIAL, now, note="op het plein", group=None, device=None, person=None)
    told_to = reports.tell(
        desk, school.member("anja"), ReportKind.OTHER.value, ReportTo.MANAGEMENT.value, "Een vervelend bericht.", now
    )
    assert told_to.ok, told_to


def _school_accounts(school: Standing) -> None:
    """One colleague is linked to an account of school, one is expected."""
    store, now, name = school.store, school.now, school.school
    for login, comes in (("bram", True), ("anja", False)):
        account = store.accounts.find(name, login)
        assert account is not None, login
        assert store.identities.expect(name, account.id, f"{login}@speeltuin.example", now)
        if comes:
            assert store.identities.link(name, "https://accounts.google.com", login, f"{login}@speeltuin.example", now)


def _counsel(school: Standing) -> None:
    store, now, name = school.store, school.now, school.school
    store.signals.add_batch(
        name, [Signal(now - timedelta(days=1), "7", device="cb7-1"), Signal(now, "7", person="p7-1")]
    )
    store.incidents.report(
        name,
        "",
        now,
        kind=ReportKind.BULLIED,
        audience=ReportTo.COUNSELLOR,
        note="in de groepsapp",
        group="7",
        person="p7-4",
    )


def link(school: Standing) -> str:
    """The token of a fresh password link."""
    account = school.store.accounts.find(school.school, "henk")
    assert account is not None
    made = accounts.make_link(school.desk, account.id, "staff-coordinator", school.now)
    assert made.value is not None
    return made.value.token


def planned(school: Standing) -> str:
    """The id of the agreement for a lesson to come."""
    later = (one for one in school.desk.snapshot(school.now).state.agreements if one.start > school.now)
    return next(later).id
