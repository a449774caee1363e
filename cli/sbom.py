"""`klaswacht sbom`: what this installation is made of, as CycloneDX 1.6; and `klaswacht audit`: is any of it unsafe?

The list is read off what is installed, not off a file, so that it cannot lie. It is the same for the same packages.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import Distribution, distribution, distributions, version
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid5

import typer
from packaging.markers import default_environment
from packaging.requirements import Requirement

from cli.home import Trouble

_NAMESPACE = UUID("6f1b2c9e-6e0f-5d39-9a53-6b2a9a3a1f44")
_LICENSE = re.compile(r"[A-Za-z0-9.+() -]{1,80}")
_SPDX = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")
_PROGRAM = "klaswacht"


def sbom() -> None:
    """Print what this installation is made of, as CycloneDX JSON."""
    typer.echo(json.dumps(bill(), indent=1, sort_keys=True))


def audit(
    tool: Annotated[str, typer.Option("--tool", help="The program that knows of unsafe versions.")] = "pip-audit",
) -> None:
    """Ask whether a package in this installation is known to be unsafe. Needs the internet, and pip-audit."""
    raise typer.Exit(asked(tool, needed()))


def bill() -> dict[str, Any]:
    """The bill of materials of the installed program and of all that it needs."""
    found = needed()
    components = [_component(one) for one in found if _name(one) != _PROGRAM]
    main = {"type": "application", "name": _PROGRAM, "version": version(_PROGRAM), "bom-ref": _PROGRAM}
    references = {_name(one): _reference(one) for one in found}
    depends = [
        {"ref": _reference(one), "dependsOn": sorted({references[name] for name in _wants(one)})} for one in found
    ]
    digest = json.dumps([components, main], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(_NAMESPACE, digest)}",
        "version": 1,
        "metadata": {"component": main},
        "components": components,
        "dependencies": depends,
    }


def needed() -> tuple[Distribution, ...]:
    """The program and every package that it needs, and that those need, by name.

    Raises:
        Trouble: one of them is not installed.
    """
    there = {_name(one): one for one in distributions()}
    found: dict[str, Distribution] = {}
    waiting = [_PROGRAM]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in there:
            raise Trouble(f"the package `{name}` is needed and is not installed", "install Klaswacht again")
        found[name] = there[name]
        waiting.extend(_wants(there[name]))
    return tuple(found[name] for name in sorted(found))


def asked(tool: str, packages: Sequence[Distribution]) -> int:
    """Have `tool` look at exactly these versions; its exit code.

    Raises:
        Trouble: it is not on this machine.
    """
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "installed.txt"
        lines = [f"{_name(one)}=={one.version}\n" for one in packages if _name(one) != _PROGRAM]
        pins.write_text("".join(lines))
        command = [tool, "--requirement", str(pins), "--no-deps", "--disable-pip"]
        try:
            done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, env=dict(os.environ))  # noqa: S603 - our own words
        except OSError as error:
            raise Trouble(
                f"`{tool}` cannot be run ({error.strerror})",
                f"install it beside: {sys.executable} -m pip install {tool}",
            ) from error
    return done.returncode


def _wants(one: Distribution) -> Iterator[str]:
    environment = {name: str(value) for name, value in default_environment().items()}
    for text in one.requires or ():
        wanted = Requirement(text)
        extras = _extras().get(_name(one), {""}) if "extra" in str(wanted.marker or "") else {""}
        if wanted.marker is None or any(wanted.marker.evaluate({**environment, "extra": extra}) for extra in extras):
            yield _normal(wanted.name)


@cache
def _extras() -> dict[str, set[str]]:
    """The extras that the program itself asks of packages (`psycopg[binary]`)."""
    wanted = [Requirement(text) for text in distribution(_PROGRAM).requires or ()]
    return {_normal(one.name): {"", *one.extras} for one in wanted}


def _component(one: Distribution) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "library",
        "name": _name(one),
        "version": one.version,
        "bom-ref": _reference(one),
    }
    there = one.metadata.json  # its keys are there or not; asked for directly they only seem to be
    told, plain = str(there.get("license_expression", "")), str(there.get("license", ""))
    if told and _SPDX.fullmatch(told):
        found["licenses"] = [{"expression": told}]
    elif plain and _LICENSE.fullmatch(plain):
        found["licenses"] = [{"license": {"name": plain}}]
    return found


def _reference(one: Distribution) -> str:
    return _PROGRAM if _name(one) == _PROGRAM else f"{_name(one)}@{one.version}"


def _name(one: Distribution) -> str:
    return _normal(one.metadata["Name"])


def _normal(name: str) -> str:
    """A package's name in its one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
