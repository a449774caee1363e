"""What the program is made of: everything that is pinned and installed, in the shape that readers of it ask for."""

from __future__ import annotations

import json
import re
import stat
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from cli.home import Trouble
from cli.sbom import asked, bill, needed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made():
    return bill()


@pytest.mark.evasion("S22")
def test_everything_that_is_pinned_to_run_is_in_it_with_its_version(made):
    text = (ROOT / "requirements/run.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))
    pinned.pop("setuptools")  # builds the project and is of no use after
    told = {one["name"].replace(".", "-"): one["version"] for one in made["components"]}
    assert told.keys() == {name.replace(".", "-") for name in pinned}
    assert all(told[name.replace(".", "-")] == number for name, number in pinned.items())


def test_it_has_the_shape_of_cyclonedx(made):
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["serialNumber"])
    assert made["metadata"]["component"] == {
        "type": "application",
        "name": "klaswacht",
        "version": version("klaswacht"),
        "bom-ref": "klaswacht",
    }
    references = [one["bom-ref"] for one in made["components"]]
    assert len(set(references)) == len(references)
    for one in made["components"]:
        assert one.keys() <= {"type", "name", "version", "bom-ref", "licenses"}
        assert one["name"] and one["version"]
        for licence in one.get("licenses", ()):
            assert licence.keys() in ({"expression"}, {"license"})


def test_it_is_right_by_the_published_schema_of_cyclonedx_and_a_wrong_one_is_not(made):
    schema = JsonStrictValidator(SchemaVersion.V1_6)
    assert schema.validate_str(json.dumps(made)) is None
    for wrong in ({"components": [{"name": "x"}]}, {"serialNumber": "klaswacht"}, {"klaswacht": True}):
        assert schema.validate_str(json.dumps(made | wrong)) is not None, wrong


def test_who_needs_whom_points_at_what_is_there(made):
    there = {one["bom-ref"] for one in made["components"]} | {"klaswacht"}
    assert {one["ref"] for one in made["dependencies"]} == there
    wants = {one["ref"]: set(one["dependsOn"]) for one in made["dependencies"]}
    assert set().union(*wants.values()) <= there
    reached, waiting = set(), ["klaswacht"]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting.extend(wants[one])
    assert reached == there, "nothing hangs loose"


def test_the_same_packages_make_the_same_file(made):
    assert json.dumps(bill(), sort_keys=True) == json.dumps(made, sort_keys=True)


@pytest.mark.evasion("S22")
def test_the_audit_is_asked_of_exactly_what_is_installed_and_its_answer_is_ours(tmp_path):
    tool = tmp_path / "tool"
    tool.write_text(f'#!/bin/sh\ncp "$2" {tmp_path}/seen\nexit 3\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    assert asked(str(tool), needed()) == 3
    lines = (tmp_path / "seen").read_text().splitlines()
    assert f"flask=={version('flask')}" in lines
    assert len(lines) == len(needed()) - 1


def test_without_the_tool_it_says_what_to_install(tmp_path):
    with pytest.raises(Trouble, match="cannot be run"):
        asked(str(tmp_path / "none"), ())
