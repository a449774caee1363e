"""School holidays by region: what comes with the product, and what the government's own file looks like."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise

import pytest

from config.holidays_file import Vacation, factory_vacations, read_vacations
from config.read import ConfigError, read_yaml
from config.schema_timetable import REGIONS

KINDS = ["herfstvakantie", "kerstvakantie", "voorjaarsvakantie", "meivakantie", "zomervakantie"]

# As the address gives it: a list, words with spaces, truth as text, and the evening before in UTC.
OPEN_DATA = [
    {
        "id": "x",
        "canonical": "https://opendata.example/schoolholidays/2025-2026",
        "lastmodified": "2025-06-01T09:00:00.000Z",
        "content": [
            {
                "title": " Schooljaar: 2025 - 2026 ",
                "schoolyear": " 2025 - 2026 ",
                "vacations": [
                    {
                        "type": " Herfstvakantie ",
                        "compulsorydates": "false ",
                        "regions": [
                            {
                                "region": " Noord ",
                                "startdate": "2025-10-17T22:00:00.000Z",
                                "enddate": "2025-10-25T22:00:00.000Z",
                            }
                        ],
                    },
                    {
                        "type": "Kerstvakantie",
                        "compulsorydates": "true",
                        "regions": [
                            {
                                "region": "heel Nederland",
                                "startdate": "2025-12-19T23:00:00.000Z",
                                "enddate": "2026-01-03T23:00:00.000Z",
                            }
                        ],
                    },
                ],
            }
        ],
    }
]


def one(region: str = "{region: noord, startdate: 2026-10-10, enddate: 2026-10-18}", **keys: str) -> str:
    said = {"source": "https://x.test", "written": "2026-11-21", "kind": "Herfstvakantie", "must": "false"} | keys
    return (
        f"source: {said['source']}\nwritten: {said['written']}\ncontent:\n  - schoolyear: 2026-2027\n"
        f"{said.get('status', '')}    vacations:\n      - type: {said['kind']}\n"
        f"        compulsorydates: {said['must']}\n        regions:\n          - {region}\n"
    )


def read(text: str) -> tuple[Vacation, ...]:
    return read_vacations(read_yaml(text.encode(), "x.yaml")).all


def test_every_region_has_five_holidays_in_every_year_in_order() -> None:
    found = factory_vacations()
    for year in {vacation.year for vacation in found.all}:
        for region in REGIONS:
            mine = [vacation for vacation in found.of(region) if vacation.year == year]
            assert [vacation.name for vacation in mine] == KINDS
            assert all(earlier.last < later.first for earlier, later in pairwise(mine))


def test_holidays_run_from_a_saturday_to_a_sunday_and_last_as_long_as_they_do() -> None:
    weeks = {"herfstvakantie": 1, "kerstvakantie": 2, "voorjaarsvakantie": 1, "meivakantie": 1, "zomervakantie": 6}
    for vacation in factory_vacations().all:
        assert (vacation.first.weekday(), vacation.last.weekday()) == (5, 6), vacation
        assert vacation.last - vacation.first == timedelta(days=7 * weeks[vacation.name] + 1), vacation


def test_the_summers_are_spread_over_the_regions() -> None:
    found = factory_vacations()
    for year in {vacation.year for vacation in found.all}:
        starts = {vacation.first for vacation in found.all if (vacation.year, vacation.name) == (year, "zomervakantie")}
        assert len(starts) == 3


def test_the_file_says_where_it_is_from_and_since_when_and_what_is_not_sure() -> None:
    found = factory_vacations()
    assert found.source.startswith("https://opendata.rijksoverheid.nl/")
    assert found.written >= date(2026, 11, 21)
    assert {vacation.sure for vacation in found.all if vacation.year == "2026-2027"} == {False}
    assert {v.name for v in found.all if not v.compulsory} == {"herfstvakantie", "voorjaarsvakantie"}


def test_the_governments_own_json_is_read_as_it_is() -> None:
    found = read_vacations(read_yaml(json.dumps(OPEN_DATA).encode(), "x.json"))
    assert found.source == "https://opendata.example/schoolholidays/2025-2026"
    assert found.written == date(2025, 6, 1)
    autumn, *christmas = sorted(found.all, key=lambda vacation: (vacation.first, vacation.region))
    assert autumn == Vacation(
        "2025-2026", "herfstvakantie", "noord", date(2025, 10, 18), date(2025, 10, 26), sure=True, compulsory=False
    )
    assert [vacation.region for vacation in christmas] == ["midden", "noord", "zuid"]
    assert {(vacation.first, vacation.last) for vacation in christmas} == {(date(2025, 12, 20), date(2026, 1, 4))}


def test_a_year_or_a_single_holiday_can_wait() -> None:
    assert [vacation.sure for vacation in read(one())] == [True]
    assert [vacation.sure for vacation in read(one(status="    status: to be confirmed\n"))] == [False]
    assert [vacation.sure for vacation in read(one(kind="Herfstvakantie\n        status: to be confirmed"))] == [False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "list `content` is missing"),
        ("content: []\n", "there are no holidays here"),
        ("- 1\n", "list `content` is missing"),
        (one(written="gisteren"), "x.yaml:2: `gisteren` is not a day"),
        (one(must="maybe"), "`maybe` is neither `true` nor `false`"),
        (one(status="    status: perhaps\n"), "status `perhaps` is not known; write `to be confirmed`"),
        (one("{region: oost, startdate: 2026-10-10, enddate: 2026-10-18}"), "x.yaml:9: region `oost` does not exist"),
        (one("{region: noord, startdate: 2026-10-18, enddate: 2026-10-10}"), "x.yaml:9: herfstvakantie from"),
        (one("{region: noord, startdate: 2026-10-10, enddate: 2027-10-10}"), "cannot be; look at both dates"),
        (one("{region: noord, startdate: 2026-10-10, enddate: soon}"), "x.yaml:9: `soon` is not a day"),
        (one("noord"), "`noord` is not a block"),
        (
            one("{region: noord, startdate: 2026-10-10, enddate: 2026-10-18}\n"
                "          - {region: heel Nederland, startdate: 2026-10-18, enddate: 2026-10-20}"),
            "overlap at `2026-10-18`",
        ),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_told(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert said in str(caught.value)
