"""The signs of programs make sense, and a line that does not is refused with what to do."""

from __future__ import annotations

import pytest

from config.appsigns_file import app_signs, factory_signs
from config.load import ConfigError, knowledge
from config.read import read_yaml

BEGIN = """
enough: 3
movable: 1
installed: [/usr/]
looked_in: [/usr/bin]
schoolwork: [gimp]
signs:
"""


def read(line: str):
    return app_signs(read_yaml(f"{BEGIN}  - {line}\n".encode(), "appsigns.yaml"), frozenset({"tor"}))


def test_a_sign_reads_as_it_is_written() -> None:
    (sign,) = read('{app: tor, weight: 2, listens: [9050], command: ["-f"]}').signs
    assert (sign.app, sign.weight, sign.listens, sign.command) == ("tor", 2, frozenset({9050}), ("-f",))


@pytest.mark.parametrize(
    "line",
    [
        "{app: unknown, weight: 2, listens: [1]}",
        "{app: tor, weight: 2}",
        "{app: tor, listens: [9050]}",
        "{app: tor, weight: much, listens: [9050]}",
        "{app: tor, weight: 2, listens: [door]}",
        "{app: tor, weight: 2, smells: [9050]}",
    ],
)
def test_a_sign_that_cannot_be_is_refused(line: str) -> None:
    with pytest.raises(ConfigError):
        read(line)


def test_a_port_alone_is_never_enough_to_end_a_program() -> None:
    signs = factory_signs()
    only_ports = [one for one in signs.signs if not (one.command or one.name or one.parent)]
    assert only_ports
    assert all(one.weight < signs.enough for one in only_ports)


def test_no_program_for_schoolwork_is_one_that_is_known_as_something_else() -> None:
    assert not factory_signs().schoolwork & knowledge().apps.keys()
