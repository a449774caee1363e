"""`klaswacht firewall`: prints the rules for the box that all traffic goes through, or looks whether they are loaded.

It never loads anything: that is for whoever keeps the box. To look, the rules are loaded in a network namespace of
their own, where nobody is, and what the kernel makes of them is compared with what it has: the only comparison that
does not depend on how this version of nft writes a rule.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from cli.home import Home, Trouble
from cli.ruleset import TABLE, ruleset
from config import load
from config.texts import say

_LIST = ("nft", "-j", "list", "table", "inet", TABLE)
_APART = ("unshare", "--net", "sh", "-c", f"nft -f - && nft -j list table inet {TABLE}")
_WITHIN = 30.0  # seconds
_CHANGES = ("handle", "packets", "bytes")  # what differs between two kernels with the same rules


def firewall(
    gateway: Annotated[
        bool, typer.Option("--gateway", help="For a box that all traffic goes through: the one kind there is.")
    ] = True,
    check: Annotated[
        bool, typer.Option("--check", help="Look whether the kernel has these rules; needs root.")
    ] = False,
    lang: Annotated[str | None, typer.Option("--lang", help="Language of the comments; else the school's.")] = None,
) -> None:
    """Print the firewall rules (nftables) that lead pupils' traffic to the guard; nothing is loaded."""
    home = Home.here()
    try:
        file = load.read_school(home.school_file)
    except load.ConfigError as error:
        raise Trouble(str(error)) from error
    text = ruleset(file.settings, home.school_file, lang)
    if not check:
        typer.echo(text, nl=False)
        return
    language = lang or file.settings.language
    differing = differences(text, language)
    if differing is None:
        raise _trouble("check_gone", language)
    if differing:
        raise _trouble("check_other", language, where=", ".join(f"`{name}`" for name in differing))
    typer.echo(say("firewall.check_same", language))


def differences(text: str, lang: str) -> tuple[str, ...] | None:
    """The names of the chains and sets in which the running kernel differs from `text`; None: it has no such table.

    Raises:
        Trouble: nft is not here, may not look, or does not understand the rules.
    """
    if shutil.which("nft") is None:
        raise _trouble("no_nft", lang)
    here = _run(_LIST)
    said = here.stderr.strip()
    if here.returncode and ("No such file" in said):
        return None
    if here.returncode:
        raise _trouble("not_root", lang) if "permitted" in said else _trouble("nft_says", lang, said=_line(said))
    meant = _run(_APART, text)
    if meant.returncode:
        raise _trouble("nft_says", lang, said=_line(meant.stderr))
    has, should = _parts(json.loads(here.stdout)), _parts(json.loads(meant.stdout))
    return tuple(sorted(name for name in has.keys() | should.keys() if has.get(name) != should.get(name)))


def _run(command: Iterable[str], text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own words only
        tuple(command), input=text, capture_output=True, text=True, timeout=_WITHIN, check=False, errors="replace"
    )


def _parts(listed: dict[str, Any]) -> dict[str, list[Any]]:
    """What nft lists, by the chain or set that it is in, without what is counted or numbered."""
    found: dict[str, list[Any]] = {}
    for entry in listed["nftables"]:
        for kind, what in entry.items():
            if kind != "metainfo":
                name = what.get("chain") or what.get("name", "")
                found.setdefault(name, []).append((kind, _plain(what)))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in _CHANGES}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _line(said: str) -> str:
    return said.strip().splitlines()[0][:200] if said.strip() else "?"


def _trouble(code: str, lang: str, **values: object) -> Trouble:
    return Trouble(say(f"firewall.{code}", lang, **values), say(f"firewall.{code}_remedy", lang))
