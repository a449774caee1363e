"""The house: arrows between rooms, names, texts and grounds. What a person would have to remember is asked here."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from config import load, texts
from policy.model import Reason

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("policy", "store", "config", "proxy_addons", "agent", "dashboard", "cli")
CORRIDORS = frozenset({"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "misc"})
"""Names that say nothing of what is inside, and so take in everything."""

NO_MODULE_OF_THAT_NAME = {
    "agent/test_cases.py": "golden decisions through the agent's translator",
    "cli/test_setup.py": "the scripts in `setup/` and the Makefile, which are no modules",
    "config/test_any_input.py": "properties of all readers together: no input makes them fail otherwise than told",
    "config/test_readable.py": "what a pupil reads, whichever module of the room says it",
    "config/test_school_file.py": "a `school.yaml` goes through all modules of the room at once",
    "proxy_addons/test_entering.py": "a connection before any request: `gate`, `identity` and `translate` together",
    "proxy_addons/test_searching.py": "a search all the way: `translate`, `gate`, `rewrite` and `helping` together",
    "store/test_opening.py": "opening, migrating and losing a database: `db`, `opened` and `migrations` together",
    "store/test_permissions.py": "the life of a permission: `grants`, `measures` and `feed` together",
}
"""Tests of one room that mirror no module, each with its reason. What is in `e2e` crosses rooms and mirrors none."""

CARRIES_WITH_MITMPROXY = frozenset(
    {
        "authority",
        "blocking",
        "carrier",
        "dialling",
        "ends",
        "engine",
        "entrances",
        "heads",
        "hooks",
        "main",
        "mended",
        "trimmed",
        "wire",
        "wire1",
        "wire2",
    }
)
"""The modules of `proxy_addons` on mitmproxy's side of the door. What asks, answers, records and closes is not."""


def sources() -> Iterator[Path]:
    """Every Python file of the rooms."""
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), shown(path))


def test_imports_only_go_down_and_a_laptop_has_no_database():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def imported(path: Path) -> Iterator[str]:
    """Every dotted name that a file imports, also inside functions and for types only."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_what_carries_with_mitmproxy_knows_mitmproxy():
    room = ROOT / "proxy_addons"
    know = {
        path.relative_to(room).with_suffix("").as_posix(): names
        for path in sorted(room.rglob("*.py"))
        if (names := {name for name in imported(path) if name.split(".")[0] == "mitmproxy"})
    }
    assert know.pop("opening") == {"mitmproxy.net.check"}, "a function over a name, and no type"
    assert know.keys() == CARRIES_WITH_MITMPROXY


def test_nothing_but_the_composition_of_a_worker_reaches_for_the_side_of_mitmproxy():
    """So that no module knows it through another one either."""
    room = ROOT / "proxy_addons"
    theirs = {("proxy_addons", name) for name in CARRIES_WITH_MITMPROXY}
    reach = {
        path.relative_to(room).with_suffix("").as_posix()
        for path in sorted(room.rglob("*.py"))
        if any(tuple(name.split(".")[:2]) in theirs for name in imported(path))
    }
    assert reach - CARRIES_WITH_MITMPROXY == {"runner"}


def mirrored(test: Path) -> bool:
    """Whether a test has a module (or a package) of its name in the room of its folder."""
    room, name = ROOT / test.parent.name, test.stem.removeprefix("test_")
    return any(place.stem == name for place in room.rglob("*") if place.suffix == ".py" or place.is_dir())


def test_every_test_mirrors_a_module_or_says_why_not():
    tests = [test for room in ROOMS for test in sorted((ROOT / "tests" / room).glob("test_*.py"))]
    assert tests
    unexplained = [
        test.relative_to(ROOT / "tests").as_posix()
        for test in tests
        if not mirrored(test) and test.relative_to(ROOT / "tests").as_posix() not in NO_MODULE_OF_THAT_NAME
    ]
    assert unexplained == []


def test_no_reason_is_kept_for_a_test_that_is_gone_or_has_its_module():
    needless = [
        name
        for name in NO_MODULE_OF_THAT_NAME
        if not (ROOT / "tests" / name).exists() or mirrored(ROOT / "tests" / name)
    ]
    assert needless == []


@pytest.mark.parametrize("lang", texts.languages())
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_in_every_language(reason, lang):
    for code in (f"reason.{reason.value}", f"check.{reason.value}"):
        assert texts.has(code, lang), code
        assert texts.book(lang)[code].strip()


def test_every_language_has_the_same_sentences_with_the_same_values():
    dutch, *others = (texts.book(lang) for lang in texts.languages())
    for other in others:
        assert dutch.keys() ^ other.keys() == set()
        for code, sentence in dutch.items():
            assert texts.placeholders(sentence) == texts.placeholders(other[code]), code


def rule_files() -> list[Path]:
    return [*sorted((ROOT / "config" / "protocols").glob("*.yaml")), ROOT / "config" / "defaults.yaml"]


@pytest.mark.parametrize("path", rule_files(), ids=lambda path: path.name)
def test_every_rule_states_what_it_rests_on(path):
    rules = yaml.safe_load(path.read_text("utf-8")).get("rules", [])
    assert rules, f"{shown(path)} has no rules"
    for rule in rules:
        grounds = {name: text for name, text in rule["basis"].items() if name != "note"}
        assert len(grounds) == 1, rule["id"]
        assert str(*grounds.values()).strip(), rule["id"]


@pytest.mark.parametrize("protocol", load.protocol_names())
def test_every_clause_that_a_rule_rests_on_is_in_the_protocol(protocol):
    policy = load.factory_policy(protocol)
    clauses = {clause.id for clause in policy.protocol.clauses}
    assert {rule.basis.clause for rule in policy.rules if rule.basis.clause} <= clauses
    assert all(rule.basis.clause or rule.basis.note or rule.basis.decided for rule in policy.rules)


def test_no_room_becomes_a_corridor():
    names = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.stem.lower() in CORRIDORS]
    assert [shown(path) for path in names] == []


def test_only_the_command_line_prints():
    prints = [
        f"{shown(path)}:{node.lineno}"
        for path in sources()
        if path.relative_to(ROOT).parts[0] != "cli"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert prints == []


def test_every_module_says_what_it_is_for():
    silent = [shown(path) for path in sources() if not path.name.startswith("_") and not ast.get_docstring(tree(path))]
    packages = [shown(path) for path in sources() if path.name == "__init__.py" and not ast.get_docstring(tree(path))]
    assert silent + packages == []


def test_the_installed_version_is_that_of_the_project_file():
    assert version("klaswacht") == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.evasion("S22")
@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda path: path.name)
def test_what_is_installed_is_pinned_and_names_no_address(path):
    text = path.read_text()
    assert "://" not in text
    assert "index-url" not in text
    if path.suffix == ".txt":
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pins
        assert all("==" in line for line in pins)
        assert text.count("--hash=sha256:") >= len(pins)
