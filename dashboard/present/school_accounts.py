"""The page on which the coordinator says which account of school is whose, as finished strings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from config.settings import Provider
from dashboard.actions.school_accounts import Line, Wrong
from dashboard.present.words import Words


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who is not linked: the field, what is in it, and what is wrong with that."""

    account: str
    label: str
    login: str
    address: str
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """Somebody who is."""

    account: str
    name: str
    since: str
    ask: str


@dataclass(frozen=True, slots=True)
class SchoolAccounts:
    """The page. `fill` is the label of the button that fills in user names, empty where no domain is known."""

    lead: str
    waiting: tuple[Waiting, ...]
    linked: tuple[Linked, ...]
    fill: str


def page(
    lines: Iterable[Line],
    providers: Iterable[Provider],
    words: Words,
    *,
    domain: str = "",
    fill: bool = False,
    typed: Mapping[str, str] | None = None,
    wrong: Iterable[Wrong] = (),
) -> SchoolAccounts:
    """The page; `typed` is what was refused and stays in its field, `fill` proposes user names at `domain`."""
    complaints = {one.account: words(one.code) for one in wrong}
    kept = typed or {}
    waiting: list[Waiting] = []
    linked: list[Linked] = []
    for line in lines:
        if line.since is not None:
            since = words("dash.oidc.since", date=words.local(line.since).strftime("%d-%m-%Y"))
            linked.append(Linked(line.account, line.name, since, words("dash.oidc.unlink_ask", name=line.name)))
            continue
        address = line.expected or (f"{line.login}@{domain}" if fill and domain else "")
        label = words("dash.oidc.address", name=line.name)
        mine = kept.get(line.account, address)
        waiting.append(Waiting(line.account, label, line.login, mine, complaints.get(line.account, "")))
    names = ", ".join(one.name for one in providers)
    lead = words("dash.oidc.lead", names=names) if names else words("dash.oidc.none")
    label = words("dash.oidc.fill") if names and domain else ""
    return SchoolAccounts(lead, tuple(waiting), tuple(linked), label)
