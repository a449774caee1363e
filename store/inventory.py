"""What is in every table of both databases: of whom, how long, and what becomes of it when a pupil is erased.

One source for the purge's proof, for what a pupil gets to see (AVG art. 15), for erasing (art. 17) and for the papers.
A test holds it to the tables: no table and no column of words can be added without being said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from store import account_tables as a
from store import event_tables as e
from store import tables as t
from store.columns import Sealed, SealedJSON, Words, metadata, sealed_in
from store.due import ACCOUNTS, MAIN, SUBSTITUTES, TRAIL


class Of(StrEnum):
    """Of whom a table's rows are."""

    PUPILS = "pupils"
    STAFF = "staff"
    BOTH = "both"
    NOBODY = "nobody"


class Erase(StrEnum):
    """What becomes of rows about a pupil who is erased."""

    GONE = "gone"
    """The row goes."""
    CUT = "cut"
    """The pupil goes out of the row, which is about others too."""
    LEFT = "left"
    """It stays until its own term, by the id alone; the inventory says why (`why`)."""
    NONE = "none"
    """No row is about a pupil."""


STAYS = "stays"
"""How long: as long as somebody is at school, or the thing is there."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One table. Columns are named by what they may hold; those that are not named hold no word of or about anybody.

    `about`: the id of whom a row is about. `among`: lists of such ids. `names`: a person's own name or address.
    `texts`: what people typed, in which there may be any name. `staff`: the id of who did it. `secrets`: hashes, codes
    and keys. `bodies`: JSON in which ids and texts may be. Names, texts and bodies are sealed (`store.sealing`), but
    for `UNSEALED`. `shown`: whether it is in what a pupil or its parents get to see;
    `why` is the sentence (`privacy.why`) of what is left.
    """

    table: sa.Table
    of: Of
    erase: Erase = Erase.NONE
    about: str = ""
    among: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    shown: bool = False
    why: str = ""

    @property
    def name(self) -> str:
        """The table's name; those of the accounts begin with `accounts.`."""
        return str(self.table.fullname)

    @property
    def terms(self) -> tuple[str, ...]:
        """By which terms its rows go (names in `Terms`, or the words of `store.due`); of what stays: `stays`."""
        found = tuple(dict.fromkeys(due.term for due in DUES if due.table is self.table))
        return found or (STAYS,)


DUES = (*MAIN, TRAIL, *ACCOUNTS, *SUBSTITUTES)
_BY = ("by_id",)

MAIN_HOLDINGS: tuple[Holding, ...] = (
    Holding(t.schools, Of.NOBODY),
    Holding(t.groups, Of.NOBODY, texts=("name",)),
    Holding(t.people, Of.BOTH, Erase.GONE, "id", names=("name",), shown=True),
    Holding(t.memberships, Of.BOTH, Erase.GONE, "person_id", shown=True),
    Holding(t.consents, Of.PUPILS, Erase.GONE, "person_id", shown=True),
    Holding(t.group_consents, Of.NOBODY, staff=_BY),
    Holding(t.photo_permissions, Of.BOTH, Erase.GONE, "person_id", staff=_BY, shown=True),
    Holding(t.registers, Of.BOTH, Erase.CUT, "person_id", texts=("name", "place", "note"), staff=_BY, shown=True),
    Holding(t.notes, Of.PUPILS, Erase.GONE, "person_id", texts=("text",), staff=_BY, shown=True),
    Holding(
        t.devices, Of.BOTH, Erase.CUT, "person_id", texts=("name",), secrets=("key_hash", "public_key"), shown=True
    ),
    Holding(t.bindings, Of.BOTH, Erase.LEFT, why="beat"),
    Holding(t.print_accounts, Of.BOTH, Erase.GONE, "person_id", names=("account",), shown=True),
    Holding(t.codes, Of.NOBODY, secrets=("hash",)),
    Holding(t.leases, Of.BOTH, Erase.GONE, "person_id", staff=_BY, shown=True),
    Holding(t.grants, Of.PUPILS, Erase.CUT, among=("people", "without"), texts=("goal",), staff=_BY, shown=True),
    Holding(t.sanctions, Of.PUPILS, Erase.GONE, "person_id", texts=("reason",), staff=_BY, shown=True),
    Holding(t.care, Of.PUPILS, Erase.GONE, "person_id", shown=True),
    Holding(t.agreements, Of.PUPILS, Erase.CUT, among=("people",), texts=("goal",), staff=_BY, shown=True),
    Holding(t.prepared, Of.PUPILS, Erase.CUT, texts=("name",), staff=_BY, bodies=("body",)),
    Holding(
        t.ban_proposals,
        Of.PUPILS,
        Erase.GONE,
        "person_id",
        texts=("reason", "answer"),
        staff=("by_id", "decided_by"),
        shown=True,
    ),
    Holding(t.class_codes, Of.NOBODY, staff=_BY, secrets=("code",)),
    Holding(t.picture_passwords, Of.PUPILS, Erase.GONE, "person_id", staff=_BY, secrets=("hash",), shown=True),
    Holding(t.sign_in_tries, Of.NOBODY, secrets=("key",)),
    Holding(t.sign_ins, Of.PUPILS, Erase.GONE, "person_id", staff=_BY, shown=True),
    Holding(t.emergencies, Of.STAFF, staff=_BY),
    Holding(t.emergency_codes, Of.STAFF, staff=_BY, secrets=("hash",)),
    Holding(t.self_tests, Of.NOBODY),
    Holding(t.spans, Of.STAFF, staff=_BY),
    Holding(t.policies, Of.STAFF, staff=("who",), texts=("body",)),
    Holding(e.events, Of.PUPILS, Erase.GONE, "person_id", texts=("note",), shown=True),
    Holding(e.counts, Of.NOBODY),
    Holding(e.asks, Of.PUPILS, Erase.GONE, "person_id", texts=("line", "answer"), staff=_BY, shown=True),
    Holding(e.reports, Of.BOTH, Erase.LEFT, "person_id", texts=("note",), staff=_BY, why="told"),
    Holding(e.print_jobs, Of.BOTH, Erase.GONE, "person_id", names=("account",), shown=True),
    Holding(e.proposals, Of.NOBODY, staff=_BY),
    Holding(e.signals, Of.PUPILS, Erase.LEFT, "person_id", staff=_BY, why="told"),
    Holding(e.notices, Of.NOBODY),
    Holding(e.refusals, Of.NOBODY, staff=_BY),
    Holding(e.audit, Of.BOTH, Erase.LEFT, among=("targets",), staff=("who",), why="trail"),
    Holding(e.audit_cuts, Of.NOBODY),
    Holding(e.tallies, Of.NOBODY),
    Holding(e.counsel, Of.STAFF, staff=_BY),
)

ACCOUNT_HOLDINGS: tuple[Holding, ...] = (
    Holding(a.accounts, Of.STAFF, staff=("person_id",), names=("login",), secrets=("password",)),
    Holding(a.sessions, Of.STAFF, secrets=("hash",)),
    Holding(a.links, Of.STAFF, secrets=("hash",)),
    Holding(a.attempts, Of.STAFF, secrets=("key_hash",)),
    Holding(a.day_codes, Of.STAFF, staff=_BY, secrets=("hash",)),
    Holding(a.second_factors, Of.STAFF, secrets=("secret", "waiting")),
    Holding(a.recovery_codes, Of.STAFF, secrets=("hash",)),
    Holding(a.account_news, Of.STAFF, secrets=("session",)),
    Holding(a.identities, Of.STAFF, names=("subject",)),
    Holding(a.expected_addresses, Of.STAFF, names=("address",)),
)

HOLDINGS = MAIN_HOLDINGS + ACCOUNT_HOLDINGS

PLAIN: Mapping[str, str] = {
    "id": "a number or a random id of the row itself",
    "school_id": "which school",
    "group_id": "a group",
    "device_id": "a device of the school",
    "account_id": "an account; whose, is in `accounts`",
    "grant_id": "a permission",
    "sanction_id": "a ban",
    "uid": "a random id",
    "years": "of a group",
    "groups": "groups",
    "role": "pupil, teacher and so on",
    "kind": "a word of the program",
    "what": "a word of the program",
    "target": "what a ban is on",
    "lasts": "how long a ban is proposed to last",
    "state": "a word of the program",
    "way": "by which way",
    "browser": "which kind of browser",
    "purpose": "of a link",
    "addresses": "of a device on the school's network",
    "ports": "of a device",
    "sites": "sites",
    "host": "a site, never a page",
    "categories": "kinds of sites",
    "category": "a kind of site",
    "facets": "words of the program",
    "facet": "a word of the program",
    "items": "single items of a service, such as one video",
    "topics": "kinds of words",
    "kinds": "words of the program",
    "roles": "roles",
    "apps": "programs",
    "thing": "a program",
    "lifted": "moments",
    "probe": "which test page",
    "origin": "where a version of the rules came from",
    "effect": "open or closed",
    "action": "what was done with a site",
    "rules": "rules",
    "terms": "ids of words on a list, never the word",
    "reasons": "words of the program",
    "audience": "for whom a report is",
    "worker": "a process",
    "day": "a day",
    "issuer": "who proves who somebody is",
    "photo_permissions.answer": "yes, no or ask",
    "asks.why": "one of the answers that a pupil may choose",
    "bindings.address": "of a device on the school's network",
    "sign_ins.address": "of a device on the school's network",
    "sign_ins.proof": "by which way",
    "events.reason": "a word of the program",
    "refusals.about": "a site or a device",
    "refusals.name": "a site, or the id of a device",
    "counts.name": "what is counted",
    "audit.link": "of the chain",
    "audit_cuts.link": "of the chain",
}
"""Columns of words that hold nothing of or about a person, with what they hold; by name wherever they are, or of one
table where the name says too little."""


def words(table: sa.Table) -> Iterator[str]:
    """The columns of a table in which there may be words."""
    for column in table.columns:
        if isinstance(column.type, Words | Sealed | SealedJSON | sa.JSON | sa.String):
            yield column.name


def unsaid() -> list[str]:
    """What is in the tables and not in here: tables, and columns of words that nobody said anything about."""
    known = {one.table for one in HOLDINGS}
    tables = (*metadata.sorted_tables, *a.metadata.sorted_tables)
    missing = [str(one.fullname) for one in tables if one not in known]
    for one in HOLDINGS:
        said = {one.about, *one.among, *one.names, *one.texts, *one.staff, *one.secrets, *one.bodies}
        missing += [f"{one.name}.{name}" for name in words(one.table)
                    if not {name, f"{one.table.name}.{name}"} & (said | PLAIN.keys())]  # fmt: skip
        missing += [f"{one.name}.{name}: no such column" for name in said if name and name not in one.table.columns]
    return missing


UNSEALED: Mapping[str, str] = {
    "policies.body": "the school's rules, which it publishes; they are in `school.yaml` too and name no child",
}
"""Columns of names and texts that can be read with the database alone, and why."""


def readable() -> list[str]:
    """Columns of names, texts and bodies that are neither sealed nor in `UNSEALED`; what is in there for nothing."""
    found = []
    for one in HOLDINGS:
        sealed = sealed_in(one.table)
        said = {*one.names, *one.texts, *one.bodies}
        found += [f"{one.table.name}.{name}" for name in sorted(said - sealed.keys())]
        found += [f"{one.table.name}.{name}: sealed for another place" for name, kind in sealed.items()
                  if kind.place != f"{one.table.name}.{name}"]  # fmt: skip
        found += [f"{one.table.name}.{name}: sealed, and nobody said why" for name in sorted(sealed.keys() - said)]
    return sorted(set(found) ^ UNSEALED.keys())


def pupils_tables() -> tuple[Holding, ...]:
    """The tables in which there may be something of a pupil."""
    return tuple(one for one in HOLDINGS if one.erase is not Erase.NONE)
