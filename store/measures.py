"""Bans, standing exceptions, agreements, pauses and rainy days. Ids of persons only, never names."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from policy.model import Agreement, Care, Sanction, Span


class Measures:
    """What comes and goes besides grants. With an empty `id` a new one is made; the noun is returned as written."""

    def add_sanction(self, school: str, sanction: Sanction, now: datetime) -> Sanction:
        """Write a ban; `sanction.by` is who did it."""
        raise NotImplementedError

    def lift_sanction(self, school: str, sanction_id: str, by: str, now: datetime) -> bool:
        """End a ban at `now`. False: unknown or ended already."""
        raise NotImplementedError

    def sanctions(self, school: str, now: datetime) -> tuple[Sanction, ...]:
        """Bans that have not ended."""
        raise NotImplementedError

    def add_care(self, school: str, care: Care, by: str, now: datetime) -> Care:
        """Write a standing exception; no reason is kept."""
        raise NotImplementedError

    def end_care(self, school: str, care_id: str, by: str, now: datetime) -> bool:
        """Remove a standing exception. False: unknown."""
        raise NotImplementedError

    def care(self, school: str) -> tuple[Care, ...]:
        """All standing exceptions."""
        raise NotImplementedError

    def start_agreement(
        self, school: str, agreement: Agreement, now: datetime, stop: Collection[str] = ()
    ) -> Agreement:
        """Write an agreement and, in the same revision, end the grants whose ids are in `stop`."""
        raise NotImplementedError

    def stop_agreement(self, school: str, agreement_id: str, by: str, now: datetime) -> bool:
        """End an agreement at `now`. False: unknown or ended already."""
        raise NotImplementedError

    def agreements(self, school: str, now: datetime) -> tuple[Agreement, ...]:
        """Agreements that have not ended."""
        raise NotImplementedError

    def pause(self, school: str, span: Span, now: datetime) -> None:
        """Pause a group; a pause of that group that still runs is replaced."""
        raise NotImplementedError

    def resume(self, school: str, group: str, by: str, now: datetime) -> bool:
        """End the group's pause at `now`. False: there was none."""
        raise NotImplementedError

    def pauses(self, school: str, now: datetime) -> tuple[Span, ...]:
        """Pauses that have not ended."""
        raise NotImplementedError

    def rain(self, school: str, span: Span, now: datetime) -> None:
        """A rainy day for a group; one that still runs is replaced."""
        raise NotImplementedError

    def dry(self, school: str, group: str, by: str, now: datetime) -> bool:
        """End the group's rainy day at `now`. False: there was none."""
        raise NotImplementedError

    def rainy(self, school: str, now: datetime) -> tuple[Span, ...]:
        """Rainy days that have not ended."""
        raise NotImplementedError
