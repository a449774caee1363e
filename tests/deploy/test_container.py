"""The container files, as far as they can be looked at without building: their shape, and that they agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/container"
KNOWN = {"FROM", "ARG", "COPY", "RUN", "ENV", "VOLUME", "EXPOSE", "USER", "STOPSIGNAL", "ENTRYPOINT"}


def steps() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (FOLDER / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


def test_the_containerfile_has_only_steps_that_there_are_and_does_not_run_as_root() -> None:
    made = steps()
    assert made[0][0] == "FROM"
    assert {name for name, _ in made} <= KNOWN
    assert dict(made)["USER"].startswith("klaswacht-desk")


def test_it_is_told_what_the_services_are_told() -> None:
    told = dict(re.findall(r"(\w+)=(\S+)", dict(steps())["ENV"]))
    lines = (ROOT / "deploy/systemd/klaswacht.env").read_text().splitlines()
    assert told == dict(line.split("=", 1) for line in lines if line and line[0] != "#")


def test_the_compose_file_builds_this_version_and_lets_go_of_every_right() -> None:
    one = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["klaswacht"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert one["image"].endswith(f":{version}")
    assert f"-{version}-" in one["build"]["args"]["BUNDLE"]
    assert one["cap_drop"] == ["ALL"]
    assert one["read_only"] is True
    assert (FOLDER / one["build"]["context"] / one["build"]["dockerfile"]).is_file()
