"""The versions of the rules in Beheer: what differs, a way back, and a school file from a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from config import load
from config.read import ConfigError
from config.settings import SchoolFile
from dashboard.actions import revisions, rules_file, versions
from dashboard.actions.amending import ORIGIN
from dashboard.actions.desk import Desk
from policy.model import PeriodKind, Policy, Slot
from policy.schedule import period_at
from store import Store
from tests.cast import ANJA, COR, LESSON, at
from tests.dashboard.conftest import BASE, SCHOOL, Browser

SignIn = Callable[[str], Browser]
SMALL = """protocol: kalisto
schedule:
  days:
    mon: {lessons: ['08:30-14:00'], breaks: ['10:15-10:30']}
"""
LATER = SMALL.replace("10:15-10:30", "10:20-10:35")


def read(text: str = SMALL) -> SchoolFile:
    return load.parse_school(text.encode())


@pytest.fixture(autouse=True)
def a_school_file(store: Store) -> None:
    """Version 2 came from the file on the box; version 1 is of a made-up protocol that no file can name."""
    taken = revisions.take(store, SCHOOL, read(), "school.yaml", LESSON, own=True, force=True)
    assert taken.current.number == 2


def policy(store: Store) -> Policy:
    kept = store.policies.current(SCHOOL)
    assert kept
    return kept.policy


def tap(store: Store, **changes: object) -> int:
    """Somebody changes something on the dashboard."""
    kept = store.policies.add(SCHOOL, replace(policy(store), **changes), ORIGIN, "cor", LESSON)
    assert kept
    return kept.number


def based_on(page: str) -> str:
    return page.split('name="based_on" value="')[1].split('"', maxsplit=1)[0]


@dataclass
class Box:
    """A file on the box, as a test puts it there."""

    text: str = SMALL

    def settings(self) -> Mapping[str, Any]:
        return {"school": {"id": "school", "name": "De Linde"}, "workers": 2}

    def read(self) -> SchoolFile:
        return read(self.text)


@pytest.fixture
def box(app: Flask) -> Box:
    found = app.extensions["klaswacht_file"] = Box()
    return found


def test_every_version_says_when_by_whom_and_what_it_changed(store: Store, signed_in: SignIn) -> None:
    tap(store, hold_unknown=True)
    page = signed_in("cor").page("/beheer/versies")
    assert "Cor Bakker, in Beheer" in page
    assert "school.yaml op de kast" in page
    assert "onbekende sites laten wachten: nee → ja" in page
    assert page.index("Versie 3") < page.index("Versie 2") < page.index("Versie 1")
    assert page.count("geldt nu") == 1
    assert "23-11-2026 09:00" in page


def test_any_two_versions_are_compared_in_words(store: Store, signed_in: SignIn) -> None:
    tap(store, hold_unknown=True)
    tap(store, interns_permit=True)
    cor = signed_in("cor")
    page = cor.page("/beheer/versies/verschil?oud=2&nieuw=4")
    assert "onbekende sites laten wachten: nee → ja" in page and "stagiair" in page
    assert "Geen verschil" in cor.page("/beheer/versies/verschil?oud=3&nieuw=3")
    for odd in ("oud=3&nieuw=99", "oud=x&nieuw=3", "", "oud=²&nieuw=3", "oud=99999999999999999999&nieuw=1"):
        assert "Die versie is er niet" in cor.get(f"/beheer/versies/verschil?{odd}", follow_redirects=True).text


def test_going_back_makes_a_new_version_after_it_was_looked_at(store: Store, signed_in: SignIn) -> None:
    tap(store, hold_unknown=True)
    cor = signed_in("cor")
    page = cor.page("/beheer/versies/2/terug")
    assert "onbekende sites laten wachten: ja → nee" in page
    assert policy(store).hold_unknown
    told = cor.post("/beheer/versies/2/terug", based_on=based_on(page)).text
    assert "De regels zijn weer zoals toen" in told
    assert "Cor Bakker, terug naar versie 2" in told
    kept = store.policies.current(SCHOOL)
    assert kept and (kept.number, kept.policy, kept.written) == (4, read().policy, read().written)
    assert "al zoals in deze versie" in cor.page("/beheer/versies/2/terug")


def test_who_goes_back_too_late_sees_the_difference_as_it_is_now(store: Store, signed_in: SignIn) -> None:
    tap(store, hold_unknown=True)
    cor = signed_in("cor")
    page = cor.page("/beheer/versies/2/terug")
    tap(store, interns_permit=True)
    told = cor.post("/beheer/versies/2/terug", based_on=based_on(page)).text
    assert "Iemand anders was u voor" in told and "stagiair" in told
    assert policy(store).interns_permit
    cor.post("/beheer/versies/2/terug", based_on=based_on(told))
    assert policy(store) == read().policy


def test_a_version_of_another_protocol_or_of_groups_that_are_gone_is_refused(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.page("/beheer/versies/1/terug")
    assert "past niet meer bij deze Klaswacht" in page
    assert 'name="based_on"' not in page
    with_group = SMALL + "  groups:\n    9: {fri: {lessons: ['08:30-12:00']}}\n"
    revisions.take(store, SCHOOL, read(with_group), "jan", LESSON, own=False, force=True)
    revisions.take(store, SCHOOL, read(), "jan", LESSON, own=False, force=True)
    page = cor.page("/beheer/versies/3/terug")
    assert "groepen die er niet meer zijn: 9" in page
    assert 'name="based_on"' not in page
    before = policy(store)
    for number in ("1", "3", "99", "x", "-1"):
        cor.post(f"/beheer/versies/{number}/terug", based_on="4")
    assert policy(store) == before


def test_a_version_that_this_program_cannot_read_stays_on_the_list(
    store: Store, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    tap(store, hold_unknown=True)
    get = type(store.policies).get

    def unreadable(self: object, school: str, number: int) -> object:
        if number == 2:
            raise ValueError("of a later program")
        return get(self, school, number)

    monkeypatch.setattr(type(store.policies), "get", unreadable)
    cor = signed_in("cor")
    assert "deze versie kan dit programma niet meer lezen" in cor.page("/beheer/versies")
    for path in ("verschil?oud=2&nieuw=3", "2/terug", "2/school.yaml"):
        assert "kan dit programma niet meer lezen" in cor.get(f"/beheer/versies/{path}", follow_redirects=True).text


def test_a_download_is_a_whole_file_that_reads_back_to_the_same(store: Store, signed_in: SignIn, box: Box) -> None:
    tap(store, hold_unknown=True)
    answer = signed_in("cor").get("/beheer/versies/3/school.yaml")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    again = load.parse_school(answer.data)
    assert (again.policy, again.revision, again.settings.workers) == (policy(store), 3, 2)
    assert store.audit.entries(SCHOOL, limit=1)[0].what == "export.rules"


def test_a_file_is_looked_at_and_then_taken_over(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    text = "revision: 2\nworkers: 7\n" + LATER
    page = cor.post("/beheer/versies/bestand", file=(BytesIO(text.encode()), "school.yaml")).text
    assert "pauze 10:20-10:35" in page
    assert "niet overgenomen: workers" in page
    assert policy(store) == read().policy
    told = cor.post("/beheer/versies/bestand", do="adopt", text=text, based_on=based_on(page)).text
    assert "Het bestand is overgenomen" in told
    assert policy(store) == read(LATER).policy
    assert "Cor Bakker, ingelezen bestand" in told


def test_a_wrong_file_names_its_line_and_what_helps_and_nothing_changes(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    text = SMALL.replace("10:15-10:30", "10:30-10:15") + "# <script>\n"
    page = cor.post("/beheer/versies/bestand", text=text).text
    assert "Regel 4" in page and "ends before it starts" in page and "write the earlier time first" in page
    assert "10:30-10:15" in page and "&lt;script&gt;" in page and "# <script>" not in page
    for odd in ("", "  \n", "x" * 60_000, "{", "protocol: verzonnen\nschedule: {days: {}}", "\x00", "a: *b"):
        cor.post("/beheer/versies/bestand", text=odd, do="adopt", based_on="2")
    broken = cor.post("/beheer/versies/bestand", file=(BytesIO(b"\xff\xfe\x00"), "x.yaml"))
    assert broken.status_code == 200
    assert policy(store) == read().policy


def test_an_old_file_is_told_what_it_would_undo_and_takes_a_tick(store: Store, signed_in: SignIn) -> None:
    tap(store, hold_unknown=True)
    cor = signed_in("cor")
    text = "revision: 2\n" + LATER
    page = cor.post("/beheer/versies/bestand", text=text).text
    assert "Dit bestand komt van versie 2. Nu geldt versie 3." in page
    assert "onbekende sites laten wachten: nee → ja" in page
    told = cor.post("/beheer/versies/bestand", do="adopt", text=text, based_on="3").text
    assert "Zet eerst het vinkje" in told
    assert policy(store).hold_unknown
    cor.post("/beheer/versies/bestand", do="adopt", text=text, based_on="2", sure="1")
    assert policy(store).hold_unknown
    cor.post("/beheer/versies/bestand", do="adopt", text=text, based_on="3", sure="1")
    assert policy(store) == read(LATER).policy
    page = cor.post("/beheer/versies/bestand", text=SMALL).text
    assert "zegt niet van welke versie het komt" in page


def test_the_list_says_whether_the_file_on_the_box_is_older_waits_or_is_wrong(
    store: Store, signed_in: SignIn, box: Box
) -> None:
    cor = signed_in("cor")
    assert "zegt niets anders dan de versie die nu geldt" in cor.page("/beheer/versies")
    tap(store, hold_unknown=True)
    page = cor.page("/beheer/versies")
    assert "is ouder: het komt van versie 2. Versie 3 geldt." in page
    # The watcher of the running guard asks the same: an old file never goes over what was changed here.
    taken = revisions.take(store, SCHOOL, box.read(), "school.yaml", LESSON, own=True)
    assert taken.outcome is revisions.Outcome.OLDER
    box.text = LATER
    page = cor.page("/beheer/versies")
    assert "zegt iets anders en is niet overgenomen" in page and "pauze 10:20-10:35" in page
    box.text = "protocol: kalisto\nschedule: {dagen: {}}\n"
    page = cor.page("/beheer/versies")
    assert "klopt niet. Regel 2" in page and "Versie 3 blijft gelden" in page
    assert policy(store).hold_unknown


def test_going_back_changes_the_bell_of_the_lesson_that_runs(store: Store, desk: Desk) -> None:
    slots = policy(store).schedule.days[0]
    all_day = Slot(PeriodKind.LESSON, slots[0].start, slots[-1].end)
    other = replace(policy(store).schedule, days={0: (all_day,)})
    tap(store, schedule=other)
    outcome = versions.look_back(desk, COR, 2, "nl", LESSON)
    assert outcome.ok and outcome.value
    assert [one.group for one in outcome.value.affected] == ["7", "8"]
    assert versions.go_back(desk, COR, 2, 3, "nl", LESSON).ok
    assert period_at(policy(store).schedule, "7", at("10:20")).kind is PeriodKind.BREAK


def test_only_the_office_sees_and_changes_versions(desk: Desk, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    for path in ("", "/verschil?oud=1&nieuw=2", "/2/terug", "/2/school.yaml", "/bestand"):
        assert anja.get(f"/beheer/versies{path}").status_code == 403
    for outcome in (
        versions.shelf(desk, ANJA, "nl"),
        versions.compare(desk, ANJA, 1, 2, "nl"),
        versions.file_of(desk, ANJA, 2, {}, (), LESSON),
        versions.look_back(desk, ANJA, 2, "nl", LESSON),
        versions.go_back(desk, ANJA, 2, 2, "nl", LESSON),
        rules_file.look_file(desk, ANJA, SMALL, "nl", LESSON, None),
        rules_file.adopt_file(desk, ANJA, SMALL, 2, "nl", LESSON, None, sure=True),
    ):
        assert outcome.code == "dash.no.role"


def test_a_page_of_versions_leads_to_older_ones(store: Store, signed_in: SignIn) -> None:
    for number in range(versions.PAGE + 3):
        tap(store, public=(f"regel {number}",))
    cor = signed_in("cor")
    page = cor.page("/beheer/versies")
    older = page.split("vanaf=")[1].split('"')[0]
    second = cor.page(f"/beheer/versies?vanaf={older}")
    assert "Versie 1<" in second.replace(" <", "<") and f'id="versie-{older}"' in second
    assert f'id="versie-{older}"' not in page


def test_a_file_on_the_box_that_is_away_does_not_take_the_page_with_it(signed_in: SignIn, app: Flask) -> None:
    class Away(Box):
        def read(self) -> SchoolFile:
            raise ConfigError("school.yaml", 0, "cannot be read", "look at its place")

    app.extensions["klaswacht_file"] = Away()
    assert "cannot be read" in signed_in("cor").page("/beheer/versies")
    assert BASE.startswith("https")
