"""Small words that several screens share: times on the wall clock, categories, reasons, sites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.texts import has, say
from policy.model import Basis, BasisKind, Clause, Reason
from policy.schedule import zone_of


@dataclass(frozen=True, slots=True)
class Choice:
    """One chip, tick box or option."""

    value: str
    label: str
    chosen: bool = False


class Words:
    """Says things in one language, with times on one wall clock."""

    def __init__(self, lang: str, zone: str = "Europe/Amsterdam") -> None:
        self.lang = lang
        self._zone = zone_of(zone)

    def __call__(self, code: str, **values: object) -> str:
        """The sentence of a code."""
        return say(code, self.lang, **values)

    def local(self, moment: datetime) -> datetime:
        """A moment on the school's wall clock."""
        return moment.astimezone(self._zone)

    def clock(self, moment: datetime) -> str:
        """The time of day, such as `10:15`."""
        return moment.astimezone(self._zone).strftime("%H:%M")

    def day_clock(self, moment: datetime, now: datetime) -> str:
        """The time of day, with the date when that is another day: `24-11 10:15`."""
        local, today = moment.astimezone(self._zone), now.astimezone(self._zone)
        return local.strftime("%H:%M" if local.date() == today.date() else "%d-%m %H:%M")

    def number(self, count: int) -> str:
        """A number with its thousands apart, as people write it: `12.345`."""
        return f"{count:,}".replace(",", ".") if self.lang == "nl" else f"{count:,}"

    def date(self, moment: datetime) -> str:
        """The last day of something that ends at `moment`, such as `24-11-2026`."""
        return (moment.astimezone(self._zone) - timedelta(seconds=1)).strftime("%d-%m-%Y")

    def known_category(self, name: str) -> str:
        """A category's name for people, or nothing when it is not one of ours."""
        return self(f"dash.category.{name}") if has(f"dash.category.{name}", self.lang) else ""

    def category(self, name: str) -> str:
        """A category's name for people; one of the school's own is shown as it is written."""
        return self.known_category(name) or name.replace("-", " ").capitalize()

    def reason(self, reason: Reason) -> str:
        """A reason in a few words, for a list."""
        return self(f"dash.why.{reason.value}")

    def basis(self, basis: Basis, clause: Clause | None) -> str:
        """What a rule rests on."""
        if basis.kind is BasisKind.CLAUSE:
            return self("dash.basis.clause", article=clause.article if clause else basis.clause or "?")
        if basis.kind is BasisKind.SCHOOL:
            if basis.decided:
                return self("dash.basis.school", date=basis.decided.strftime("%d-%m-%Y"))
            return self("dash.basis.school_undated")
        return self(f"dash.basis.{basis.kind.value}")


def iso(moment: datetime) -> str:
    """An absolute moment for a script: UTC, ISO 8601 with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
