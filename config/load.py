"""School file and factory data to policy nouns: the door of this room.

`ConfigError` is the only error that a wrong file gives; its text is one line: `file:line: problem; hint`.
"""

from __future__ import annotations

from pathlib import Path

from config.read import ConfigError
from config.settings import SchoolFile, Settings
from policy.model import Knowledge, Policy

__all__ = [
    "ConfigError",
    "factory_policy",
    "knowledge",
    "parse_school",
    "protocol_names",
    "read_school",
    "write_template",
]


def knowledge(settings: Settings | None = None) -> Knowledge:
    """Return the factory data, compiled once a process; with `settings`, its tunnels and own host are merged in."""
    raise NotImplementedError


def protocol_names() -> tuple[str, ...]:
    """Return the names of the protocols that come with the product, in alphabetical order."""
    raise NotImplementedError


def factory_policy(protocol: str = "kalisto") -> Policy:
    """Return the policy of a school that says nothing but its protocol, with the template's timetable.

    Raises:
        ConfigError: there is no such protocol.
    """
    raise NotImplementedError


def read_school(path: Path) -> SchoolFile:
    """Read and check a `school.yaml`.

    Raises:
        ConfigError: the file cannot be read or says something that cannot be.
    """
    raise NotImplementedError


def parse_school(data: bytes, name: str = "school.yaml") -> SchoolFile:
    """Check the bytes of a `school.yaml`; `name` is for messages, relative files are sought beside it.

    Raises:
        ConfigError: as `read_school`.
    """
    raise NotImplementedError


def write_template(path: Path, protocol: str = "kalisto") -> None:
    """Write a commented `school.yaml` (comments in Dutch) that loads as it stands; an existing file is kept.

    Raises:
        ConfigError: there is no such protocol, the file exists, or the place cannot be written.
    """
    raise NotImplementedError
