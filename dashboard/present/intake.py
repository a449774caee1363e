"""A list of people that was read: what would happen, and every row that somebody must mend, in finished strings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dashboard.actions.roster import List
from dashboard.actions.roster_columns import Column, Sheet
from dashboard.actions.roster_plan import Bad, Changed, Plan
from dashboard.present.words import Words
from policy.model import Group, Role
from store.people import Person


@dataclass(frozen=True, slots=True)
class BadLine:
    """A row to mend."""

    line: str
    name: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """People under one heading."""

    title: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns were used, each with what for; which were not; and which of those may be private."""

    used: tuple[str, ...]
    unused: tuple[str, ...]
    private: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IntakePage:
    """The preview of a list. `counts` are short sentences; `unknown` are groups that could be made."""

    counts: tuple[str, ...]
    new: tuple[Bundle, ...]
    changed: tuple[str, ...]
    bad: tuple[BadLine, ...]
    gone: tuple[str, ...]
    absent: tuple[str, ...]
    groups: tuple[str, ...]
    unknown: tuple[str, ...]
    make_groups: bool
    let_go: bool
    anything: bool
    sealed: str
    mark: str


def columns(sheet: Sheet, words: Words) -> Columns:
    """What became of the columns of a file."""
    used = [
        words("dash.people.column_used", header=one.header, use=words(f"dash.people.column.{one.use.value}"))
        for one in sheet.headings
        if one.use is not None and one.use is not Column.OURS
    ]
    dropped = [one for one in sheet.headings if one.use is None]
    plain = tuple(one.header or words("dash.people.no_header") for one in dropped if not one.private)
    return Columns(tuple(used), plain, tuple(one.header for one in dropped if one.private))


def intake_page(plan: Plan, wanted: List, groups: Mapping[str, Group], sealed: str, words: Words) -> IntakePage:
    """What taking over the list would do."""
    names = {name: group.name for name, group in groups.items()} | {group.id: group.name for group in plan.groups}
    counts = [
        words(f"dash.people.count.{what}", count=count)
        for what, count in (
            ("new", len(plan.new)),
            ("changed", len(plan.changed)),
            ("same", len(plan.same)),
            ("bad", len(plan.bad)),
            ("skipped", len(plan.skipped)),
            ("gone", len(plan.gone)),
            ("accounts", len(plan.accounts)),
        )
        if count or what in ("new", "bad")
    ]
    return IntakePage(
        counts=tuple(counts),
        new=tuple(_bundles(plan, names, words)),
        changed=tuple(_change(one, names, words) for one in plan.changed),
        bad=tuple(bad_line(one, words) for one in plan.bad),
        gone=tuple(_with_groups(person, names) for person in plan.gone),
        absent=tuple(_with_groups(person, names) for person in plan.absent),
        groups=tuple(group.name for group in plan.groups),
        unknown=plan.unknown,
        make_groups=wanted.options.make_groups,
        let_go=wanted.options.let_go,
        anything=plan.anything,
        sealed=sealed,
        mark=plan.mark,
    )


def bad_line(bad: Bad, words: Words) -> BadLine:
    """One row to mend: what is wrong with it and what to do."""
    told = {name: value or words("dash.people.nothing") for name, value in bad.said.items()}
    return BadLine(
        str(bad.entry.line),
        bad.entry.name,
        words(f"dash.people.bad.{bad.code}.problem", **told),
        words(f"dash.people.bad.{bad.code}.fix", **told),
    )


def mending(plan: Plan, words: Words) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Header and rows of the list to mend: it can be uploaded again as it is, once it is mended."""
    header = tuple(
        words(f"dash.people.mend.{name}")
        for name in ("line", "problem", "fix", "key", "name", "group", "role", "login")
    )
    told = [(bad.entry, bad_line(bad, words)) for bad in plan.bad]
    rows = (
        (line.line, line.problem, line.remedy, entry.key, entry.name, entry.group, entry.role, entry.login)
        for entry, line in told
    )
    return header, tuple(rows)


def _bundles(plan: Plan, names: Mapping[str, str], words: Words) -> Iterator[Bundle]:
    pupils = [person for person in plan.new if person.role is Role.PUPIL]
    for group in sorted({group for person in pupils for group in person.groups}, key=lambda id: names.get(id, id)):
        yield Bundle(names.get(group, group), _sorted(person.name for person in pupils if group in person.groups))
    staff = [
        words(
            "dash.people.staff_line",
            name=person.name,
            role=words(f"dash.role.{person.role.value}"),
            login=plan.logins.get(person.id, ""),
        )
        for person in plan.new
        if person.role is not Role.PUPIL
    ]
    if staff:
        yield Bundle(words("dash.office.staff"), _sorted(staff))


def _change(one: Changed, names: Mapping[str, str], words: Words) -> str:
    """Who, and what becomes different."""
    told: list[str] = []
    if one.before.name != one.after.name:
        told.append(words("dash.people.renamed", name=one.after.name))
    if set(one.before.groups) != set(one.after.groups):
        before, after = (
            _named(person.groups, names) or words("dash.people.nothing") for person in (one.before, one.after)
        )
        told.append(words("dash.people.moved", before=before, after=after))
    return f"{one.before.name}: {'; '.join(told)}"


def _with_groups(person: Person, names: Mapping[str, str]) -> str:
    inside = _named(person.groups, names)
    return f"{person.name} ({inside})" if inside else person.name


def _named(groups: Iterable[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(group, group) for group in groups)


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=str.casefold))
