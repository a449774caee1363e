"""The lists that may be taken along, as finished cells: the same for a CSV and for paper, with names or without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.consents import Consented, GroupCounts
from dashboard.actions.registers import Line
from dashboard.present.words import Words
from policy.model import Facet, Grant, Group, Role
from store.accounts import Account
from store.devices import Registered
from store.notices import Notice
from store.people import Person
from store.photos import PhotoAnswer
from store.proposals import Proposal

type Row = tuple[str, ...]
type Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows under a heading of their own (a group); on paper each begins a page."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A list. `about` are the ids of the groups that it is about, for the audit trail."""

    title: str
    header: Row
    parts: tuple[Part, ...]
    about: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in order."""
        return tuple(row for part in self.parts for row in part.rows)


def groups_paper(groups: Iterable[Group], persons: Iterable[Person], words: Words) -> Paper:
    """Groups, with how many pupils they have."""
    pupils = [person for person in persons if person.role is Role.PUPIL]
    rows = (
        (
            group.id,
            group.name,
            " ".join(map(str, group.years)),
            words.date(group.until) if group.until else "",
            str(sum(group.id in pupil.groups for pupil in pupils)),
        )
        for group in groups
    )
    return _one("groepen", "id group years until pupils", rows, words)


def pupils_paper(groups: Sequence[Group], persons: Iterable[Person], words: Words) -> Paper:
    """Pupils by group; somebody in two groups is in the list of both. It can be read in again as it is."""
    pupils = [person for person in persons if person.role is Role.PUPIL]
    parts = [
        Part(group.name, tuple((one.name, group.name, one.id) for one in pupils if group.id in one.groups))
        for group in groups
    ]
    known = {group.id for group in groups}
    alone = tuple((one.name, "", one.id) for one in pupils if not known.intersection(one.groups))
    return _by_group("leerlingen", "name group id", [*parts, Part(words("dash.office.none"), alone)], groups, words)


def staff_paper(
    staff: Iterable[Person], accounts: Iterable[Account], names: Names, words: Words, *, named: bool
) -> Paper:
    """Staff with their role and groups."""
    logins = {account.person: account.login for account in accounts}
    rows = [
        (
            *((one.name,) if named else ()),
            words(f"dash.role.{one.role.value}"),
            ", ".join(names.get(group, group) for group in one.groups),
            *((logins.get(one.id, ""), one.id) if named else ()),
        )
        for one in staff
    ]
    header = "name role groups login id" if named else "role groups"
    return _one("medewerkers", header, rows if named else sorted(rows), words)


def devices_paper(
    devices: Iterable[Registered], persons: Iterable[Person], names: Names, words: Words, *, named: bool
) -> Paper:
    """Devices; without names neither whose it is nor its own name, which may be somebody's."""
    people = {person.id: person.name for person in persons}
    rows = [
        (
            *((one.device.name,) if named else ()),
            words(f"dash.device_class.{one.device.kind.value}"),
            names.get(one.device.group or "", ""),
            *((people.get(one.device.person or "", ""), ", ".join(one.device.addresses)) if named else ()),
            _day(one.last_seen, words),
        )
        for one in devices
    ]
    header = "device device_class group owner addresses last_seen" if named else "device_class group last_seen"
    return _one("apparaten", header, sorted(rows, key=lambda row: tuple(cell.casefold() for cell in row)), words)


def consents_paper(
    groups: Sequence[Group],
    rows: Mapping[str, Sequence[tuple[Consented, PhotoAnswer | None]]],
    words: Words,
    *,
    asked: bool,
) -> Paper:
    """What parents said, by group and name; without the column of social media where the protocol does not ask."""
    parts = [
        Part(
            group.name,
            tuple(
                (one.person.name, group.name, *((_consent(one, words),) if asked else ()), _photo(photo, words))
                for one, photo in rows.get(group.id, ())
            ),
        )
        for group in groups
    ]
    return _by_group("toestemming", f"name group {'media ' if asked else ''}photos", parts, groups, words)


def counts_paper(counts: Iterable[GroupCounts], words: Words, *, asked: bool) -> Paper:
    """The same without names: how many, by group."""
    rows = (
        (
            one.group.name,
            *((str(one.consents.get(answer, 0)) for answer in (True, False, None)) if asked else ()),
            *(str(one.photos.get(answer, 0)) for answer in (*PhotoAnswer, None)),
        )
        for one in counts
    )
    media = [words(f"dash.exports.media.{name}") for name in ("yes", "no", "unasked")] if asked else []
    photos = [words("dash.exports.photo", answer=_photo(answer, words)) for answer in (*PhotoAnswer, None)]
    header = (words("dash.exports.column.group"), *media, *photos)
    return Paper(words("dash.exports.list.toestemming"), header, (Part("", tuple(rows)),))


def registers_paper(lines: Iterable[Line], words: Words, *, named: bool) -> Paper:
    """The school's registers."""
    rows = (
        (
            words(f"dash.registers.of.{line.entry.register.value}.title"),
            line.entry.name,
            line.entry.place,
            line.group.name if line.group else "",
            *((line.manager.name if line.manager else "",) if named else ()),
        )
        for line in lines
    )
    return _one("registers", f"register entry place group{' manager' if named else ''}", rows, words)


def standing_paper(grants: Iterable[Grant], persons: Iterable[Person], words: Words, *, named: bool) -> Paper:
    """What staff may always do."""
    people = {person.id: person.name for person in persons}
    rows = []
    for grant in grants:
        who = [words(f"dash.standing.role.{role.value}") for role in sorted(grant.roles)]
        if named:
            who += sorted((people.get(one) or words("dash.measures.gone") for one in grant.people), key=str.casefold)
        elif grant.people:
            who.append(words("dash.exports.some_people", count=len(grant.people)))
        what = [*grant.sites, *(words.category(name) for name in sorted(grant.categories))]
        mode = words("dash.exports.full" if Facet.ACTION in grant.facets else "dash.exports.view")
        goal = (grant.goal,) if named else ()  # somebody's own words may name somebody
        rows.append((", ".join(what), mode, ", ".join(who), words.date(grant.end), *goal))
    return _one("vast", f"what mode who until{' goal' if named else ''}", rows, words)


def notices_paper(notices: Iterable[Notice], words: Words) -> Paper:
    """What was in the way of everybody."""
    rows = (
        (words(f"dash.storing.{one.kind}.title"), _moment(one.since, words), _moment(one.until, words))
        for one in notices
    )
    return _one("storingen", "notice since over", rows, words)


def proposals_paper(proposals: Iterable[Proposal], words: Words) -> Paper:
    """Sites that look like something; how often, never whose visit."""
    rows = (
        (one.host, words.category(one.kind), str(one.times), _day(one.first_seen, words), _day(one.last_seen, words))
        for one in proposals
    )
    return _one("voorstellen", "site kind times first last", rows, words)


def _one(name: str, columns: str, rows: Iterable[Row], words: Words) -> Paper:
    header = tuple(words(f"dash.exports.column.{column}") for column in columns.split())
    return Paper(words(f"dash.exports.list.{name}"), header, (Part("", tuple(rows)),))


def _by_group(name: str, columns: str, parts: Iterable[Part], groups: Iterable[Group], words: Words) -> Paper:
    header = tuple(words(f"dash.exports.column.{column}") for column in columns.split())
    filled = tuple(part for part in parts if part.rows)
    return Paper(words(f"dash.exports.list.{name}"), header, filled, tuple(group.id for group in groups))


def _consent(one: Consented, words: Words) -> str:
    if one.by_group:
        return words("dash.consents.answer.group")
    return words(f"dash.consents.answer.{'unasked' if one.agreed is None else 'yes' if one.agreed else 'no'}")


def _photo(answer: PhotoAnswer | None, words: Words) -> str:
    return words(f"dash.photos.answer.{answer.value if answer else 'unasked'}")


def _day(moment: datetime | None, words: Words) -> str:
    return words.local(moment).strftime("%d-%m-%Y") if moment else ""


def _moment(moment: datetime | None, words: Words) -> str:
    return words.local(moment).strftime("%d-%m-%Y %H:%M") if moment else ""
