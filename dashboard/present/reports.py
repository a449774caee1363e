"""What people told: lines for the teacher, and the lists of the management and of the counsellors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.reports import Told
from dashboard.present.words import Words
from policy.model import ReportKind, ReportTo
from store.incidents import Report


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One quiet report for the teacher. `note` is the child's own line."""

    id: str
    text: str
    note: str
    at: str


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One report for the management or the counsellors. `seen` is a sentence, or empty while nobody did."""

    id: str
    who: str
    group: str
    text: str
    note: str
    at: str
    seen: str


@dataclass(frozen=True, slots=True)
class ToldPage:
    """What was told, and to whom else."""

    lines: tuple[ToldLine, ...]
    readers: str
    kept: str


@dataclass(frozen=True, slots=True)
class TellForm:
    """The form for staff: code and label of what it can be about and of who may read it; what was filled in."""

    kinds: tuple[tuple[str, str], ...]
    heard: tuple[tuple[str, str], ...]
    name: str
    kind: str = ""
    to: str = ""
    line: str = ""


def report_lines(
    reports: tuple[Report, ...], words: Words, now: datetime, names: Mapping[str, str] | None = None
) -> tuple[ReportLine, ...]:
    """What is for the teacher; without `names` nobody is named."""
    return tuple(
        ReportLine(
            report.id,
            f"{(names or {}).get(report.person or '', words('dash.reports.somebody'))} {_text(report, words)}",
            report.note,
            words.day_clock(report.when, now),
        )
        for report in reports
    )


def told_page(told: Told, words: Words, now: datetime) -> ToldPage:
    """What was told to the management or to the counsellors."""
    return ToldPage(
        lines=tuple(_line(report, told, words, now) for report in told.reports),
        readers=words("dash.told.readers", names=", ".join(told.readers)),
        kept=words("dash.told.kept", days=told.days),
    )


def tell_form(
    heard: tuple[ReportTo, ...], days: int, words: Words, filled: tuple[str, str, str] = ("", "", "")
) -> TellForm:
    """The form for staff; `filled` is the kind, the reader and the words that were on it."""
    kind, to, line = filled
    return TellForm(
        kinds=tuple((kind.value, words(f"dash.told.form.kind.{kind.value}")) for kind in ReportKind),
        heard=tuple((one.value, words(f"dash.told.form.to.{one.value}")) for one in heard),
        name=words("dash.told.form.name", days=days),
        kind=kind,
        to=to,
        line=line,
    )


def _text(report: Report, words: Words) -> str:
    place = f" {words('dash.told.place', place=report.host)}" if report.host else ""
    return f"{words(f'dash.told.kind.{report.kind.value}')}{place}"


def _line(report: Report, told: Told, words: Words, now: datetime) -> ToldLine:
    group = told.groups.get(report.group or "")
    known = report.person is not None or report.device is not None
    seen = ""
    if report.seen is not None:
        name = told.people.get(report.by or "", words("dash.told.somebody"))
        seen = words("dash.told.seen_by", name=name, at=words.day_clock(report.seen, now))
    return ToldLine(
        id=report.id,
        who=_who(report, told, words),
        group=group.name if group and known else "",
        text=_text(report, words),
        note=report.note,
        at=words.day_clock(report.when, now),
        seen=seen,
    )


def _who(report: Report, told: Told, words: Words) -> str:
    if report.person is not None:
        return told.people.get(report.person) or words("dash.told.gone")
    if report.device is not None:
        return words("dash.told.on_device", device=told.devices.get(report.device, report.device))
    group = told.groups.get(report.group or "")
    return words("dash.told.in_group", group=group.name) if group else words("dash.told.somebody")
