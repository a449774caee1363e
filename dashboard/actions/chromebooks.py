"""The folder for the Chromebooks of a group, for the coordinator: for which groups there is one, and the zip."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from config.chromebook.school import NotPossibleError


class Parcels(Protocol):
    """Where the folders are made; handed in by whoever starts the dashboard."""

    def groups(self) -> tuple[str, ...]:
        """The groups for which there is one."""

    def zipped(self, group: str, lang: str, today: date) -> bytes:
        """A group's folder as a zip; raises `NotPossibleError` with everything that its sentences name."""


def of_group(parcels: Parcels | None, group: str, lang: str, today: date) -> bytes | NotPossibleError | None:
    """The zip of a group, why it cannot be made, or None for a group that has none."""
    if parcels is None or group not in parcels.groups():
        return None
    try:
        return parcels.zipped(group, lang, today)
    except NotPossibleError as error:
        return error
