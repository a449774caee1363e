"""The first-run assistant: its steps with how they stand, and what each step shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from config.differences_told import DifferenceLine
from config.holidays_file import Vacation
from config.schema_timetable import REGIONS
from config.settings import Listen
from dashboard.actions.begin import LATER, YEARS, Choice, Stand, Start, Step
from dashboard.actions.begin_times import Times
from dashboard.present.words import Choice as Option
from dashboard.present.words import Words
from policy.model import Group, Protocol
from store.self_tests import NO_DEVICE, PAGES, Probe, Tested

SLUGS: Mapping[Step, str] = {
    Step.PROTOCOL: "protocol",
    Step.GROUPS: "groepen",
    Step.TIMES: "tijden",
    Step.HOLIDAYS: "vakanties",
    Step.PEOPLE: "leerlingen",
    Step.DEVICES: "apparaten",
    Step.CERTIFICATE: "certificaat",
    Step.TEACHER: "leerkracht",
    Step.TEST: "zelftest",
}
"""The step as its address has it."""
STEPS: Mapping[str, Step] = {slug: step for step, slug in SLUGS.items()}
DEVICES = ("chromebook", "windows", "ipad", "phone", "others")
_BREAKS = 2  # that the simple form has


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step in the overview. `mark` is `done`, `todo` or `later`; `told` says what is there."""

    number: int
    slug: str
    title: str
    told: str
    mark: str
    next: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All steps; `to` is the slug of the one to go on with (empty: a lesson can begin)."""

    lines: tuple[StepLine, ...]
    to: str
    finished: bool
    by_file: bool


@dataclass(frozen=True, slots=True)
class Where:
    """One step among the others; `before` and `after` are slugs, empty at the ends."""

    step: str
    number: int
    count: int
    told: str
    done: bool
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Look:
    """A protocol that was looked at: what it would change."""

    id: str
    title: str
    lines: tuple[DifferenceLine, ...]
    based_on: int
    same: bool


@dataclass(frozen=True, slots=True)
class Way:
    """Where devices reach the guard: `here` is only this computer itself; ports of groups by their name."""

    address: str
    proxy: int
    groups: tuple[tuple[str, int], ...]
    page: bool
    here: bool
    test: str
    straight: str


@dataclass(frozen=True, slots=True)
class TestLine:
    """The newest self-test of a device; `kinds` are the four pages, each closed or not (None: not tried)."""

    device: str
    at: str
    good: bool
    verdict: str
    kinds: tuple[tuple[str, bool | None], ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed in a step, to put it back after a refusal."""

    years: frozenset[str] = frozenset()
    names: str = ""
    group: str = ""
    name: str = ""
    login: str = ""
    groups: tuple[str, ...] = ()
    region: str = ""
    protocol: str = ""
    times: Times = field(default_factory=Times)


def overview(start: Start, words: Words) -> Overview:
    """The steps with how they stand."""
    lines = tuple(_line(number, stand, start, words) for number, stand in enumerate(start.stands, 1))
    return Overview(lines, SLUGS[start.next] if start.next else "", start.finished, start.by_file)


def where(start: Start, step: Step, words: Words) -> Where:
    """One step among the others."""
    order = [stand.step for stand in start.stands]
    at = order.index(step)
    stand = start.stands[at]
    before = SLUGS[order[at - 1]] if at else ""
    after = SLUGS[order[at + 1]] if at + 1 < len(order) else ""
    return Where(step.value, at + 1, len(order), _told(stand, words), stand.done, before, after)


def _line(number: int, stand: Stand, start: Start, words: Words) -> StepLine:
    mark = "done" if stand.done else "later" if stand.step in LATER else "todo"
    title = words(f"begin.{stand.step.value}.title")
    return StepLine(number, SLUGS[stand.step], title, _told(stand, words), mark, stand.step is start.next)


def _told(stand: Stand, words: Words) -> str:
    code = stand.waits or ("done" if stand.done else "todo")
    return words(f"begin.{stand.step.value}.{code}", count=stand.count)


def protocol_options(protocols: Sequence[Protocol], chosen: str) -> tuple[Option, ...]:
    """The protocols to choose from."""
    return tuple(Option(one.id, f"{one.title} ({one.school})", one.id == chosen) for one in protocols)


def looked(choice: Choice) -> Look:
    """What a protocol would change."""
    return Look(choice.protocol.id, choice.protocol.title, choice.lines, choice.based_on, choice.same)


def year_options(groups: Mapping[str, Group], chosen: frozenset[str], words: Words) -> tuple[Option, ...]:
    """Groups 1 to 8 that are not there yet, to tick."""
    return tuple(
        Option(year, words("begin.groups.name", year=year), year in chosen) for year in YEARS if year not in groups
    )


def breaks_of(times: Times) -> tuple[tuple[str, str], ...]:
    """The breaks of the simple form, empty ones too."""
    return (*times.breaks[:_BREAKS], *((("", ""),) * (_BREAKS - len(times.breaks[:_BREAKS]))))


def region_options(chosen: str, words: Words) -> tuple[Option, ...]:
    """The regions of the school holidays."""
    return tuple(Option(name, words(f"begin.region.{name}"), name == chosen) for name in REGIONS)


def vacation_lines(vacations: Sequence[Vacation], words: Words) -> tuple[str, ...]:
    """The coming holidays, a line each."""
    return tuple(
        words("begin.holidays.line", name=one.name, first=f"{one.first:%d-%m-%Y}", last=f"{one.last:%d-%m-%Y}")
        for one in vacations
    )


def way(listen: Listen, groups: Mapping[str, Group]) -> Way:
    """Where devices reach the guard."""
    ports = [(groups[name].name if name in groups else name, port) for name, port in listen.groups.items()]
    address = listen.reach[0] if listen.reach else listen.address
    port = f":{listen.page}" if listen.page not in (0, 80) else ""
    straight = f"http://{_bracketed(address)}{port}/test" if listen.page else ""
    return Way(
        address,
        listen.proxy,
        tuple(ports),
        bool(listen.page),
        address in ("127.0.0.1", "::1", "localhost"),
        f"http://{listen.pupils_host}{port}/test",
        straight,
    )


def test_lines(tested: Sequence[Tested], names: Mapping[str, str], words: Words, now: datetime) -> tuple[TestLine, ...]:
    """The newest test of each device, the last tested first."""
    return tuple(_test(one, names, words, now) for one in tested[:12])


def _test(one: Tested, names: Mapping[str, str], words: Words, now: datetime) -> TestLine:
    name = words("begin.test.unknown") if one.device == NO_DEVICE else names.get(one.device, words("begin.test.gone"))
    kinds = tuple((words(f"selftest.probe.{probe.value}"), one.went.get(probe)) for probe in PAGES)
    tried = any(went is not None for _, went in kinds)
    if one.good:
        code = "good"
    elif any(went is False for _, went in kinds):
        code = "open"
    elif one.went.get(Probe.WAY) is False:
        code = "around"
    else:
        code = "part" if tried else "begun"
    shut = sum(went is True for _, went in kinds)
    verdict = words(f"begin.test.verdict.{code}", count=shut)
    return TestLine(name, words.day_clock(one.at, now), one.good, verdict, kinds)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
