"""The week editor: typed row by row, looked at in words, saved as a new version; nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from config.times import with_times
from dashboard.actions import agreement, permission, substitute
from dashboard.actions.amending import ORIGIN
from dashboard.actions.desk import Desk
from policy.model import PeriodKind, Schedule
from policy.schedule import period_at
from store import Store
from tests.cast import ANJA, LESSON, POLICY, at
from tests.dashboard.conftest import SCHOOL, Browser, Clock

SignIn = Callable[[str], Browser]
_DAY = {"lessons": ["08:30-14:00"], "breaks": ["10:15-10:30", "12:00-12:30"]}
PLAIN, WRITTEN = with_times(POLICY, "", {"days": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), _DAY)})


@pytest.fixture(autouse=True)
def like_other_schools(store: Store) -> None:
    """One lesson a day with two breaks in it, as a school writes it."""
    assert store.policies.add(SCHOOL, PLAIN, "test", "setup", LESSON, written=WRITTEN)


def schedule(store: Store) -> Schedule:
    kept = store.policies.current(SCHOOL)
    assert kept
    return kept.policy.schedule


def fields(page: str) -> dict[str, object]:
    """What a browser would send of the form as it is on the page."""
    form = page.split('id="week"')[1].split("</form>", maxsplit=1)[0]
    found: dict[str, object] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrf" and ('type="checkbox"' not in tag or "checked" in tag):
            found[name[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select name="([^"]*)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        assert chosen
        found[name] = chosen[1]
    return found


def row(found: dict[str, object], day: int, kind: str) -> str:
    """The first row of a kind on a day, as its fields are called."""
    return next(name[1:] for name, value in found.items() if name.startswith(f"k{day}-") and value == kind)


def moved(cor: Browser, path: str = "/beheer/week", start: str = "10:20", end: str = "10:35") -> dict[str, object]:
    """Monday's break at another time, as it is typed."""
    found = fields(cor.page(path))
    at_row = row(found, 0, "break")
    return found | {f"s{at_row}": start, f"e{at_row}": end}


def saved(cor: Browser, found: dict[str, object], path: str = "/beheer/week", **more: str) -> str:
    page = cor.post(path, **found, do="look").text
    assert 'id="plan"' in page, page
    return cor.post(path, **fields(page), do="save", **more).text


def test_a_break_moves_after_it_was_looked_at_in_words(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    before = store.policies.current(SCHOOL)
    typed = moved(cor)
    page = cor.post("/beheer/week", **typed, do="look").text
    assert "Maandag: pauze 10:15–10:30 wordt 10:20–10:35" in page
    assert "Er is nog niets veranderd" in page
    assert store.policies.current(SCHOOL) == before
    told = cor.post("/beheer/week", **fields(page), do="save").text
    assert "Het weekrooster is opgeslagen" in told
    kept = store.policies.current(SCHOOL)
    assert kept and before
    assert (kept.number, kept.origin, kept.who) == (before.number + 1, ORIGIN, "cor")
    assert [f"{one.start:%H:%M} {one.kind}" for one in kept.policy.schedule.days[0]][:3] == [
        "08:30 lesson",
        "10:20 break",
        "10:35 lesson",
    ]
    assert replace(kept.policy, schedule=before.policy.schedule) == before.policy
    assert period_at(kept.policy.schedule, "7", at("10:17")).kind is PeriodKind.LESSON


def test_what_is_saved_unchanged_is_no_new_version(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/week", **fields(cor.page("/beheer/week")), do="look").text
    assert "Er verandert niets" in page
    assert 'value="save"' not in page
    assert len(store.policies.entries(SCHOOL)) == 2


def test_a_problem_names_its_row_and_what_was_typed_stays(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/week", **moved(cor, start="10:50", end="10:20"), do="look").text
    assert "Maandag: De eindtijd ligt niet na de begintijd" in page
    assert 'value="10:50"' in page and 'value="10:20"' in page
    assert 'aria-invalid="true"' in page
    assert 'id="plan"' not in page
    page = cor.post("/beheer/week", **moved(cor) | {"s0-0": "zo laat", "n0-0": "<b>gym</b>"}, do="save").text
    assert "Dit is geen tijd" in page and 'value="zo laat"' in page and "&lt;b&gt;gym&lt;/b&gt;" in page
    assert schedule(store) == PLAIN.schedule


def test_rows_are_added_taken_away_and_copied_without_saving(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    typed = moved(cor)
    page = cor.post("/beheer/week", **typed, do="add-0").text
    rows = [name for name in fields(page) if name.startswith("k0-")]
    assert len(rows) > len([name for name in typed if name.startswith("k0-")])
    assert 'value="10:35"' in page
    page = cor.post("/beheer/week", **typed, do="copy-0", to0="1").text
    found = fields(page)
    assert found[f"s{row(found, 1, 'break')}"] == "10:20"
    page = cor.post("/beheer/week", **typed, do=f"gone-{row(typed, 0, 'break')}").text
    assert "10:20" not in [value for name, value in fields(page).items() if name.startswith("s0-")]
    assert schedule(store) == PLAIN.schedule


def test_a_group_has_a_week_of_its_own_and_goes_back_to_the_schools(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    typed = moved(cor, "/beheer/week/8") | {"own0": "1"}
    assert "Het weekrooster is opgeslagen" in saved(cor, typed, "/beheer/week/8")
    kept = schedule(store)
    assert kept.days == PLAIN.schedule.days
    assert period_at(kept, "8", at("10:17")).kind is PeriodKind.LESSON
    assert period_at(kept, "7", at("10:17")).kind is PeriodKind.BREAK
    assert "eigen tijden" in cor.page("/beheer/week")
    page = cor.post("/beheer/week/8", **fields(cor.page("/beheer/week/8")), do="school").text
    assert "pauze 10:20–10:35 wordt 10:15–10:30" in page
    cor.post("/beheer/week/8", **fields(page), do="save")
    assert schedule(store).groups.get("8") is None


def test_what_was_typed_on_a_day_without_its_tick_is_asked_about(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/week/8", **moved(cor, "/beheer/week/8"), do="look").text
    assert "het vinkje voor eigen tijden staat uit" in page
    assert 'value="10:35"' in page
    assert schedule(store) == PLAIN.schedule


def test_no_school_at_all_is_a_question_that_takes_a_tick(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    typed = {
        name: ("" if name[0] in "sen" and name[1:2].isdigit() else value)
        for name, value in fields(cor.page("/beheer/week")).items()
    }
    page = cor.post("/beheer/week", **typed, do="look").text
    assert "geen enkele les" in page
    form = fields(page)
    assert "Zet eerst het vinkje" in cor.post("/beheer/week", **form, do="save").text
    assert schedule(store) == PLAIN.schedule
    cor.post("/beheer/week", **form, do="save", sure="1")
    assert not any(schedule(store).days.values())


def test_only_what_was_looked_at_is_saved(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/week", **moved(cor), do="look").text
    typed = fields(page)
    told = cor.post("/beheer/week", **typed | {f"e{row(typed, 0, 'break')}": "11:00"}, do="save").text
    assert "U veranderde nog iets" in told
    assert "wordt 10:20–11:00" in told
    assert schedule(store) == PLAIN.schedule


def test_who_was_too_late_sees_what_moved_and_keeps_what_was_typed(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/week", **moved(cor), do="look").text
    store.policies.add(SCHOOL, replace(PLAIN, hold_unknown=True), "test", "ria", LESSON)
    told = cor.post("/beheer/week", **fields(page), do="save").text
    assert "Iemand anders was u voor" in told
    assert "onbekende sites laten wachten" in told
    assert 'value="10:35"' in told
    assert schedule(store) == PLAIN.schedule
    assert "Het weekrooster is opgeslagen" in cor.post("/beheer/week", **fields(told), do="save").text
    kept = store.policies.current(SCHOOL)
    assert kept and kept.policy.hold_unknown


def test_what_runs_and_what_is_planned_is_told_before(
    store: Store, signed_in: SignIn, desk: Desk, clock: Clock
) -> None:
    now = clock.now
    given = permission.give(desk, ANJA, permission.Wish("7", site="social.com", goal="kijken"), now)
    assert given.ok, given
    ahead = agreement.coming(desk.snapshot(now), ANJA, "7", now)[0]
    plan = agreement.Plan("7", "dictee", ("rekenrijk.test",), at=ahead.start)
    made = agreement.start(desk, ANJA, plan, now)
    assert made.ok, made
    code = substitute.make(desk, ANJA, "7", now.date().isoformat(), now)
    assert code.ok, code
    cor = signed_in("cor")
    typed = moved(cor, start="10:00", end="10:30")
    lesson = row(typed, 0, "lesson")
    page = cor.post("/beheer/week", **typed | {f"e{lesson}": "13:30"}, do="look").text
    assert "Alle groepen: nu les tot 10:15, dan les tot 10:00." in page
    assert "loopt tot 10:15, zoals die is gegeven" in page
    assert "code van de invaller werkt tot" in page and "13:30" in page
    typed = moved(cor, start="10:15", end="12:00")
    page = cor.post("/beheer/week", **typed, do="look").text
    assert "afspraak ‘dictee’ van 10:30 heeft geen les meer" in page


@pytest.mark.parametrize("path", ["/beheer/week/9", "/beheer/week/%20"])
def test_a_group_that_is_not_there_has_no_week(signed_in: SignIn, path: str) -> None:
    cor = signed_in("cor")
    assert "bestaat niet meer" in cor.get(path, follow_redirects=True).text
    assert "bestaat niet meer" in cor.post(path, do="save").text


def test_a_teacher_sees_no_week_to_change(signed_in: SignIn) -> None:
    anja = signed_in("anja")
    for path in ("/beheer/week", "/beheer/week/7"):
        assert anja.get(path).status_code == 403
        assert anja.post(path, do="save").status_code == 403


def test_a_page_opened_after_the_change_has_the_new_times(store: Store, signed_in: SignIn, clock: Clock) -> None:
    cor = signed_in("cor")
    saved(cor, moved(cor))
    clock.now += timedelta(minutes=1)
    page = cor.page("/beheer/week")
    assert "pauze 10:20–10:35" in page
    assert 'class="bar-break"' in page
