"""Beheer, Lijsten: every list on paper or as a CSV. With names only for who proved a moment ago who they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, abort, render_template

from dashboard.access import OFFICE, for_roles
from dashboard.actions import consents, exports, registers
from dashboard.actions import standing as always
from dashboard.actions.substitute import staff_among
from dashboard.auth import house, visitor, words
from dashboard.present import exports as shown
from dashboard.present.exports import Paper
from dashboard.sheets import csv_answer
from dashboard.views.desk import frame
from policy.model import Role

pages = Blueprint("exports", __name__)
_GROUP_STAFF = OFFICE | {Role.TEACHER}
_NAMED = ("leerlingen", "medewerkers", "apparaten", "toestemming", "registers", "vast")
_BARE = ("groepen", "medewerkers", "apparaten", "toestemming", "registers", "vast", "storingen", "voorstellen")
_WITH = f"/beheer/uitvoer/<any({', '.join(_NAMED)}):which>"
_WITHOUT = f"/beheer/uitvoer/zonder-namen/<any({', '.join(_BARE)}):which>"


@pages.get("/beheer/uitvoer")
@for_roles(OFFICE)
def page() -> str:
    """Which lists there are."""
    lists = tuple(dict.fromkeys((*_BARE[:1], *_NAMED, *_BARE)))
    return render_template("office/uitvoer.html", **frame("exports"), lists=lists, named=_NAMED, bare=_BARE)


@pages.get(_WITH)
@for_roles(OFFICE, fresh=True)
def named(which: str) -> str:
    """A list with names, to print."""
    return _on_paper(_MAKERS[which](True))


@pages.get(f"{_WITH}.csv")
@for_roles(OFFICE, fresh=True)
def named_csv(which: str) -> Response:
    """The same to take along."""
    return _to_take(which, _MAKERS[which](True))


@pages.get(_WITHOUT)
@for_roles(OFFICE)
def bare(which: str) -> str:
    """A list in which nobody is named, to print."""
    return _on_paper(_MAKERS[which](False))


@pages.get(f"{_WITHOUT}.csv")
@for_roles(OFFICE)
def bare_csv(which: str) -> Response:
    """The same to take along."""
    return _to_take(f"{which}-zonder-namen" if which in _NAMED else which, _MAKERS[which](False))


@pages.get("/groepslijst/<group>.csv")
@for_roles(_GROUP_STAFF, fresh=True)
def group_csv(group: str) -> Response:
    """A teacher's own group: who is in it, and who may be on a photo."""
    at = house()
    outcome = exports.own_group(at.desk, visitor().member, group, at.clock())
    if outcome.value is None:
        abort(404)
    one, rows = outcome.value
    return _to_take("groep", shown.consents_paper((one,), rows, words(), asked=False))


def _to_take(name: str, paper: Paper) -> Response:
    return csv_answer(name, paper.header, paper.rows, paper.about)


def _on_paper(paper: Paper) -> str:
    at = house()
    around = frame("exports") | {"school": at.desk.settings.school.name, "today": words().local(at.clock())}
    return render_template("office/papier.html", **around, paper=paper)


def _groups(_: bool) -> Paper:
    at = house()
    kept = at.desk.groups_of(visitor().member, at.clock())
    return shown.groups_paper(kept, at.desk.store.people.persons(at.desk.school), words())


def _pupils(_: bool) -> Paper:
    at = house()
    kept = at.desk.groups_of(visitor().member, at.clock())
    return shown.pupils_paper(kept, at.desk.store.people.persons(at.desk.school), words())


def _staff(named: bool) -> Paper:
    desk = house().desk
    staff = staff_among(desk.store.people.persons(desk.school))
    return shown.staff_paper(staff, desk.store.accounts.accounts(desk.school), _names(), words(), named=named)


def _devices(named: bool) -> Paper:
    desk = house().desk
    kept, persons = desk.store.devices.registered(desk.school), desk.store.people.persons(desk.school)
    return shown.devices_paper(kept, persons, _names(), words(), named=named)


def _consents(named: bool) -> Paper:
    at, me, now = house(), visitor().member, house().clock()
    asked = at.desk.snapshot(now).asks_consent
    if not named:
        return shown.counts_paper(consents.overview(at.desk, me, now).groups, words(), asked=asked)
    return shown.consents_paper(*exports.consented(at.desk, me, now), words(), asked=asked)


def _registers(named: bool) -> Paper:
    at = house()
    return shown.registers_paper(registers.lines(at.desk, visitor().member, at.clock()), words(), named=named)


def _standing(named: bool) -> Paper:
    at = house()
    given = always.standing(at.desk, visitor().member, at.clock())
    return shown.standing_paper(given, at.desk.store.people.persons(at.desk.school), words(), named=named)


def _notices(_: bool) -> Paper:
    at = house()
    return shown.notices_paper(exports.notices(at.desk, at.clock()), words())


def _proposals(_: bool) -> Paper:
    desk = house().desk
    return shown.proposals_paper(desk.store.proposals.open(desk.school), words())


def _names() -> Mapping[str, str]:
    at = house()
    return {group.id: group.name for group in at.desk.snapshot(at.clock()).groups.values()}


_MAKERS: Mapping[str, Callable[[bool], Paper]] = {
    "groepen": _groups,
    "leerlingen": _pupils,
    "medewerkers": _staff,
    "apparaten": _devices,
    "toestemming": _consents,
    "registers": _registers,
    "vast": _standing,
    "storingen": _notices,
    "voorstellen": _proposals,
}
