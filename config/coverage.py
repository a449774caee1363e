"""Whether a protocol is whole: every clause says what is done with it, every rule rests on something and is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from config.cases_file import GoldenCase
from policy.model import BasisKind, Clause, ClauseKind, Protocol, Rule


class Fault(StrEnum):
    """What is missing."""

    NO_RULE = "no_rule"
    NO_CASE = "no_case"
    NO_MEANS = "no_means"
    NO_WHY = "no_why"
    NO_BASIS = "no_basis"
    NOT_HUMAN = "not_human"


@dataclass(frozen=True, slots=True)
class Covered:
    """One clause, its rules and the golden cases that show it; `kept` where a rule does more than remind."""

    clause: Clause
    rules: tuple[str, ...]
    cases: tuple[str, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """A protocol clause by clause. `faults` are what is missing, each with the id of the clause or rule."""

    protocol: Protocol
    rows: tuple[Covered, ...]
    faults: tuple[tuple[Fault, str], ...]

    def count(self, kind: ClauseKind) -> int:
        """How many clauses of a kind there are."""
        return sum(row.clause.kind is kind for row in self.rows)


def coverage(protocol: Protocol, rules: Iterable[Rule], cases: Iterable[GoldenCase]) -> Coverage:
    """Count a protocol. `rules` are all that hold for a school with it, `cases` the golden cases of every protocol."""
    mine = [case for case in cases if case.protocol == protocol.id]
    all_rules = tuple(rules)
    rows = tuple(
        Covered(
            clause,
            tuple(rule.id for rule in all_rules if rule.basis.clause == clause.id),
            tuple(case.id for case in mine if clause.id in case.clauses),
            any(rule.basis.clause == clause.id and not rule.second_thought for rule in all_rules),
        )
        for clause in protocol.clauses
    )
    known = {clause.id for clause in protocol.clauses}
    faults = [(fault, row.clause.id) for row in rows for fault in _missing(row)]
    faults += [(Fault.NO_BASIS, rule.id) for rule in all_rules if not _rests(rule, known)]
    return Coverage(protocol, rows, tuple(faults))


def _missing(row: Covered) -> list[Fault]:
    clause = row.clause
    faults: list[Fault] = []
    if clause.kind is ClauseKind.ENFORCED and not row.kept:
        faults.append(Fault.NO_RULE)
    if clause.kind is ClauseKind.HUMAN and row.rules:
        faults.append(Fault.NOT_HUMAN)
    elif not row.cases and (row.rules or clause.kind is ClauseKind.ENFORCED):
        faults.append(Fault.NO_CASE)
    if clause.kind is ClauseKind.SUPPORTED and not clause.means:
        faults.append(Fault.NO_MEANS)
    if clause.kind is ClauseKind.HUMAN and not clause.why:
        faults.append(Fault.NO_WHY)
    return faults


def _rests(rule: Rule, clauses: set[str]) -> bool:
    """Whether a rule says why it exists: its clause is there, or its decision, law or default is told."""
    if rule.basis.kind is BasisKind.CLAUSE:
        return rule.basis.clause in clauses
    return bool(rule.basis.decided or rule.basis.note)
