"""The `school.yaml` on the box, for the dashboard: how it stands, and the settings that a download gets with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.home import Home
from config import load
from config.export import settings_of
from config.settings import SchoolFile


class FileOnBox:
    """The file of a home folder (`dashboard.actions.rules_file.BoxFile`)."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def settings(self) -> Mapping[str, Any]:
        """The settings in the last file that was right, as they are written there; empty when there is none."""
        try:
            return settings_of(self._home.good_file.read_bytes(), str(self._home.good_file))
        except (OSError, load.ConfigError):
            return {}

    def read(self) -> SchoolFile:
        """The file as it is now.

        Raises:
            ConfigError: it cannot be read or says something that cannot be.
        """
        return load.read_school(self._home.school_file)
