"""What a school writes of its times: days off that are sure, days off that wait, and what is told with a line."""

from __future__ import annotations

from datetime import date, time

import pytest

from config.holidays_file import factory_vacations
from config.load import ConfigError, parse_school
from config.public_holidays import DIFFER, names, public_holidays
from policy.model import Closure, PeriodKind, Schedule, Special
from policy.schedule import period_at
from tests.cast import at

HEAD = """protocol: kalisto
schedule:
  days:
    mon: {lessons: ["08:30-14:00"], breaks: ["10:15-10:30"]}
    tue: {lessons: ["08:30-14:00"], breaks: ["10:15-10:30"]}
    wed: {lessons: ["08:30-12:30"]}
    thu: {lessons: ["08:30-14:00"]}
    fri: {lessons: ["08:30-14:00"]}
"""
FIRST_LINE = HEAD.count("\n") + 1
BOTH_YEARS = "  holidays: {region: midden, confirmed: [2025-2026, 2026-2027]}\n"


def schedule(more: str = "", head: str = HEAD) -> Schedule:
    return parse_school((head + more).encode()).policy.schedule


def complaint(more: str) -> str:
    with pytest.raises(ConfigError) as caught:
        schedule(more)
    return str(caught.value)


def off(found: Schedule, day: str) -> str | None:
    """What closes a day, if anything does."""
    one = date.fromisoformat(day)
    return next((closure.name for closure in found.closures if closure.first <= one <= closure.last), None)


def days_of(closures: tuple[Closure, ...], year: str = "2026") -> dict[str, tuple[str, str]]:
    """The holidays of a school year by name."""
    start, end = date(int(year), 8, 1), date(int(year) + 1, 7, 31)
    return {one.name: (f"{one.first:%m-%d}", f"{one.last:%m-%d}") for one in closures if start <= one.first <= end}


# --- what was there before -------------------------------------------------------------------------------------------


def test_a_file_that_says_nothing_of_holidays_has_only_the_days_that_it_closes_itself() -> None:
    found = schedule("  closed:\n    - {from: 2026-12-19, to: 2027-01-03, name: kerst}\n    - {from: 2026-11-30}\n")
    assert found.closures == (
        Closure(date(2026, 11, 30), date(2026, 11, 30)),
        Closure(date(2026, 12, 19), date(2027, 1, 3), "kerst"),
    )
    assert (found.specials, found.waiting, found.holidays_until) == ((), (), None)


def test_days_off_that_overlap_are_one_after_the_other_and_close_the_same_days() -> None:
    found = schedule(
        "  closed:\n    - {from: 2026-12-24, to: 2026-12-26, name: feest}\n"
        "    - {from: 2026-12-19, to: 2027-01-03, name: kerst}\n"
    )
    assert found.closures == (Closure(date(2026, 12, 19), date(2027, 1, 3), "kerst"),)


def test_a_break_and_a_lesson_that_overlap_are_cut_and_two_lessons_that_overlap_are_told() -> None:
    with pytest.raises(ConfigError, match=r"school.yaml:4: .*overlap in `lessons`"):
        schedule(head='protocol: kalisto\nschedule:\n  days:\n    mon: {lessons: ["08:30-12:00", "11:00-14:00"]}\n')
    with pytest.raises(ConfigError, match=r"school.yaml:4: nothing says what `12:00-13:00` is"):
        schedule(head='protocol: kalisto\nschedule:\n  days:\n    mon: {lessons: ["08:30-12:00", "13:00-14:00"]}\n')


# --- school holidays -------------------------------------------------------------------------------------------------


def test_a_holiday_that_is_not_known_for_sure_leaves_the_rules_in_force() -> None:
    """Wrongly assumed it would open on a school day what is closed at school."""
    found = schedule("  holidays: {region: midden}\n")
    assert off(found, "2026-12-22") is None
    assert period_at(found, "7", at("09:00", "2026-12-22")).kind is PeriodKind.LESSON
    assert set(days_of(found.waiting)) == {
        "herfstvakantie", "kerstvakantie", "voorjaarsvakantie", "meivakantie", "zomervakantie",
    }  # fmt: skip


def test_a_holiday_that_the_source_only_advises_waits_though_its_dates_are_sure() -> None:
    found = schedule("  holidays: {region: midden}\n")
    assert set(days_of(found.closures, "2025")) == {"kerstvakantie", "meivakantie", "zomervakantie"}
    assert set(days_of(found.waiting, "2025")) == {"herfstvakantie", "voorjaarsvakantie"}


def test_a_confirmed_year_closes_the_school_by_name() -> None:
    found = schedule("  holidays: {region: midden, confirmed: [2026-2027]}\n")
    assert days_of(found.waiting) == {}
    assert days_of(found.closures) == {
        "herfstvakantie": ("10-17", "10-25"),
        "kerstvakantie": ("12-19", "01-03"),
        "voorjaarsvakantie": ("02-20", "02-28"),
        "meivakantie": ("04-24", "05-02"),
        "zomervakantie": ("07-17", "08-29"),
    }
    assert period_at(found, "7", at("09:00", "2026-12-22")).name == "kerstvakantie"
    assert found.holidays_until == date(2027, 8, 29)


@pytest.mark.parametrize("region", ["noord", "midden", "zuid"])
def test_every_region_has_its_own_summer(region: str) -> None:
    found = schedule(f"  holidays: {{region: {region}, confirmed: [2025-2026]}}\n")
    summer = {"noord": ("07-04", "08-16"), "midden": ("07-18", "08-30"), "zuid": ("07-11", "08-23")}
    assert days_of(found.closures, "2025")["zomervakantie"] == summer[region]


def test_what_the_school_writes_itself_takes_the_place_of_that_holiday_in_that_year() -> None:
    own = "  closed:\n    - {from: 2027-04-19, to: 2027-05-07, name: Meivakantie}\n"
    found = schedule(own + BOTH_YEARS)
    assert off(found, "2027-05-06") == "Meivakantie"
    assert "meivakantie" not in days_of(found.closures)
    assert days_of(found.closures, "2025")["meivakantie"] == ("04-25", "05-03")
    shorter = "  closed:\n    - {from: 2027-04-26, to: 2027-04-30, name: meivakantie}\n"
    assert off(schedule(shorter + BOTH_YEARS), "2027-04-24") is None


def test_a_day_that_the_school_adds_to_a_holiday_does_not_take_its_place() -> None:
    found = schedule(
        "  closed:\n    - {from: 2027-05-03, name: extra dag meivakantie}\n"
        "    - {from: 2026-12-19, name: kerstvakantie 2026}\n" + BOTH_YEARS
    )
    assert (off(found, "2027-04-29"), off(found, "2027-05-03")) == ("meivakantie", "extra dag meivakantie")
    assert off(found, "2026-12-22") is None


def test_carnival_is_the_spring_holiday_of_the_south() -> None:
    own = "  closed:\n    - {from: 2027-02-06, to: 2027-02-14, name: carnavalsvakantie}\n"
    found = schedule(own + "  holidays: {region: zuid, confirmed: [2026-2027]}\n")
    assert off(found, "2027-02-10") == "carnavalsvakantie"
    assert off(found, "2027-02-17") is None


def test_days_that_the_school_closed_under_another_name_are_asked_for_no_more() -> None:
    found = schedule("  closed:\n    - {from: 2026-12-19, to: 2027-01-03, name: kerst}\n  holidays: {region: midden}\n")
    assert "kerstvakantie" not in days_of(found.waiting)
    assert "meivakantie" in days_of(found.waiting)


def test_an_open_day_is_a_school_day_in_the_middle_of_a_holiday() -> None:
    found = schedule(BOTH_YEARS + "  open: [2027-04-29]\n")
    assert [off(found, f"2027-04-{day}") for day in (28, 29, 30)] == ["meivakantie", None, "meivakantie"]
    assert period_at(found, None, at("09:00", "2027-04-29")).kind is PeriodKind.LESSON


# --- public holidays -------------------------------------------------------------------------------------------------


def test_public_holidays_count_only_where_the_school_says_so() -> None:
    assert off(schedule(), "2027-03-29") is None
    found = schedule("  public: {}\n")
    for day, name in (
        ("2027-01-01", "nieuwjaarsdag"), ("2027-03-29", "tweede paasdag"), ("2027-04-27", "koningsdag"),
        ("2027-05-06", "hemelvaartsdag"), ("2027-05-17", "tweede pinksterdag"), ("2028-12-25", "eerste kerstdag"),
    ):  # fmt: skip
        assert off(found, day) == name


def test_days_that_schools_differ_in_are_school_days_until_the_school_says_otherwise() -> None:
    assert off(schedule("  public: {}\n"), "2027-03-26") is None
    assert off(schedule("  public: {}\n"), "2027-05-05") is None
    found = schedule("  public: {also: [Goede Vrijdag, bevrijdingsdag]}\n")
    assert off(found, "2027-03-26") == "goede vrijdag"
    assert off(found, "2027-05-05") == "bevrijdingsdag"
    assert set(names()) >= DIFFER


def test_a_school_may_work_on_a_public_holiday() -> None:
    assert off(schedule("  public: {except: [Koningsdag]}\n"), "2027-04-27") is None


def test_a_public_holiday_inside_a_school_holiday_is_called_by_the_latter() -> None:
    found = schedule(BOTH_YEARS + "  public: {}\n")
    assert off(found, "2027-04-27") == "meivakantie"
    assert off(found, "2026-12-25") == "kerstvakantie"


def test_a_public_holiday_on_a_day_without_school_is_left_out() -> None:
    assert off(schedule("  public: {}\n"), "2027-03-28") is None
    assert off(schedule("  public: {}\n", HEAD.replace("    thu:", "    sat:")), "2027-05-06") is None


def test_public_holidays_are_known_for_years_after_the_school_holidays() -> None:
    last = max(one.last for one in factory_vacations().all).year
    assert any(closure.first.year == last + 5 for closure in schedule("  public: {}\n").closures)
    assert {name for _, name in public_holidays(2025, 2031)} == set(names())


# --- study days, half days, excursions -------------------------------------------------------------------------------


def test_a_study_day_closes_the_school() -> None:
    found = schedule("  study_days: [2026-11-25, 2026-11-24]\n")
    assert [(one.first.day, one.name) for one in found.closures] == [(24, "studiedag"), (25, "studiedag")]
    assert period_at(found, "7", at("09:00", "2026-11-24")).name == "studiedag"


def test_a_half_day_ends_at_noon_for_the_groups_that_it_names() -> None:
    found = schedule('  half_days:\n    - {on: 2026-12-04, until: "12:00", groups: [1, 2]}\n')
    little, big = (period_at(found, group, at("12:30", "2026-12-04")) for group in ("1", "7"))
    assert (little.kind, little.name, little.end) == (PeriodKind.OUTSIDE, "halve dag", at("08:30", "2026-12-07"))
    assert big.kind is PeriodKind.LESSON


def test_an_excursion_has_its_kind_and_name() -> None:
    found = schedule("  special:\n    - {on: 2026-11-24, time: 09:00-12:00, kind: break, name: sportdag}\n")
    assert [type(one) for one in found.specials] == [Special]
    assert found.specials[0].slot.start == time(9)
    period = period_at(found, "7", at("10:20", "2026-11-24"))
    assert (period.kind, period.name, period.end) == (PeriodKind.BREAK, "sportdag", at("12:00", "2026-11-24"))


def test_groups_may_do_different_things_at_the_same_time() -> None:
    found = schedule(
        "  special:\n"
        "    - {on: 2026-11-24, time: 09:00-12:00, kind: lesson, name: museum, groups: [7]}\n"
        "    - {on: 2026-11-24, time: 10:00-11:00, kind: break, name: gym, groups: [8]}\n"
        "    - {on: 2026-11-24, time: 12:00-13:00, kind: lesson, name: zingen}\n"
    )
    assert period_at(found, "8", at("10:20", "2026-11-24")).name == "gym"
    assert period_at(found, "7", at("12:20", "2026-11-24")).name == "zingen"


# --- what cannot be, with its line -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "line", "said"),
    [
        (
            "  special:\n"
            "    - {on: 2026-11-24, time: 09:00-12:00, kind: lesson, name: museum, groups: [7]}\n"
            "    - {on: 2026-11-24, time: 11:00-13:00, kind: lesson, name: zingen}\n",
            2,
            "`museum` and `zingen` overlap on `2026-11-24`; let one end where the other starts",
        ),
        (
            '  half_days:\n    - {on: 2026-11-24, until: "12:00"}\n'
            "  special:\n    - {on: 2026-11-24, time: 11:00-13:00, kind: lesson, name: zingen}\n",
            3,
            "`zingen` and `halve dag` overlap on `2026-11-24`",
        ),
        (
            '  half_days:\n    - {on: 2026-11-24, until: "12:00"}\n'
            '    - {on: 2026-11-24, until: "13:00", groups: [7]}\n',
            2,
            "`halve dag` and `halve dag` overlap",
        ),
        ("  study_days: [2026-11-24]\n  open: [2026-11-24]\n", 1, "`2026-11-24` is both `open` and a study day"),
        ("  holidays: {region: oost}\n", 0, "`oost` is not a region of the school holidays; known: `noord`"),
        ("  holidays: {confirmed: [2026-2027]}\n", 0, "`region` is missing"),
        ("  holidays: {region: noord, confirmed: [2026]}\n", 0, "`2026` is not a school year; write it like"),
        ("  holidays: {region: noord, confirmed: [2026-2028]}\n", 0, "`2026-2028` is not a school year"),
        (
            "  holidays: {region: noord, confirmed: [2199-2200]}\n",
            0,
            "the school holidays of `2199-2200` are not known here; write them in `closed`",
        ),
        (
            "  public: {except: [koningdag]}\n",
            0,
            "public holiday `koningdag` does not exist; did you mean `koningsdag`?",
        ),
        ("  public: {except: [koningsdag], also: [Koningsdag]}\n", 0, "is both in `also` and in `except`"),
        ('  half_days: [{on: 2026-11-24, until: "25:00"}]\n', 0, "`25:00` is not a time of the day"),
        ('  half_days: [{on: 2026-11-24, until: "00:00"}]\n', 0, "`00:00` is not a time of the day"),
        ("  half_days: [{on: 2026-11-24, until: 12}]\n", 0, "`12` is not a time of the day; write it like `12:00`"),
        ("  special: [{on: 2026-11-24, time: 9-12, kind: lesson, name: x}]\n", 0, "`9-12` is not a stretch of time"),
        ("  special: [{on: 2026-11-24, time: 09:00-12:00, kind: les, name: x}]\n", 0, "`les` is not a kind of period"),
        ("  study_days: [2027-02-29]\n", 0, "`2027-02-29` is not a day of the calendar"),
        ("  study_days: 2026-11-24\n", 0, "is not a list"),
        ("  study_day: [2026-11-24]\n", 0, "unknown key `study_day`; did you mean `study_days`?"),
    ],
)
def test_what_cannot_be_is_told_with_its_line_and_a_remedy(more: str, line: int, said: str) -> None:
    found = complaint(more)
    assert found.startswith(f"school.yaml:{FIRST_LINE + line}: "), found
    assert said in found


def test_a_list_beyond_all_measure_is_refused_and_not_compared() -> None:
    days = ", ".join(["2026-11-24"] * 1_001)
    assert "study_days" in complaint(f"  study_days: [{days}]\n")
