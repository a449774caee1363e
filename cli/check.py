"""`klaswacht check`: explains decisions; JSON lines in and out, or one question from a person in plain words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError

from cli import check_page
from cli.question import BadLine, QuestionLine, read_question, request_of, told
from cli.state_line import StateLine, moment, policy_of, state_of
from config import load, texts
from config.explained import Explained, explained
from config.feeds.opened import FeedIndex
from policy.decide import decide
from policy.model import AccessRequest, Decision, Policy, Role, Snapshot, State
from policy.wouldchange import ways

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_MOST_STATES = 256


@dataclass
class Checker:
    """Answers questions against a school's policy or a protocol's; keeps what was compiled between lines."""

    role: Role = Role.PUPIL
    group: str | None = None
    at: datetime | None = None
    protocol: str | None = None
    config: Path | None = None
    state: StateLine = field(default_factory=StateLine)
    _snapshots: dict[tuple[str | None, str], Snapshot] = field(default_factory=dict)
    _policies: dict[str | None, Snapshot] = field(default_factory=dict)

    def prepare(self) -> None:
        """Read the default policy now, so that a wrong one is told once and not on every line."""
        self._base(self.protocol)

    def ask(self, question: QuestionLine) -> tuple[AccessRequest, Decision]:
        """The request a question makes, and the decision; raises `BadLine`."""
        request, snapshot, now = self._asked(question)
        return request, decide(request, snapshot, now)

    def explain(self, question: QuestionLine, lang: str = "nl") -> Iterator[str]:
        """The decision for a person, line by line, with what would change it; raises `BadLine`."""
        request, snapshot, now = self._asked(question)
        decision = decide(request, snapshot, now)
        told = explained(request, decision, snapshot, ways(request, snapshot, now), now, lang)
        yield from in_words(request, decision, told, lang)

    def _asked(self, question: QuestionLine) -> tuple[AccessRequest, Snapshot, datetime]:
        snapshot = self._snapshot(question)
        request = request_of(question, self.role, self.group, snapshot)
        return request, snapshot, question.at or self.at or datetime.now(UTC)

    def answer_line(self, line: str) -> dict[str, Any]:
        """The answer to one JSON line, as a dict for JSON; a bad line gives `{"id", "error"}`."""
        data: Any = None
        try:
            data = json.loads(line)
            question = read_question(data)
            request, decision = self.ask(question)
        except (BadLine, load.ConfigError) as error:
            return {"id": data.get("id") if isinstance(data, dict) else None, "error": str(error)}
        except (ValueError, RecursionError):
            return {"id": None, "error": "this line is not JSON; write one object a line"}
        return {"id": question.id, **plain(request, decision)}

    def _snapshot(self, question: QuestionLine) -> Snapshot:
        line = question.state or self.state
        protocol = question.protocol or self.protocol
        key = (protocol, line.model_dump_json())
        if key not in self._snapshots:
            if len(self._snapshots) >= _MOST_STATES:
                self._snapshots.clear()
            base = self._base(protocol)
            self._snapshots[key] = replace(base, policy=policy_of(line, base.policy), state=state_of(line))
        return self._snapshots[key]

    def _base(self, protocol: str | None) -> Snapshot:
        if protocol not in self._policies:
            policy, knowledge = _policy(protocol, self.config)
            self._policies[protocol] = Snapshot(0, "check", policy, knowledge, state=State())
        return self._policies[protocol]


def _policy(protocol: str | None, config: Path | None) -> tuple[Policy, Any]:
    """The policy of a school's folder (or file), or of a protocol as it comes."""
    if config is not None:
        school = load.read_school(config / "school.yaml" if config.is_dir() else config)
        # The lists that a school subscribes to are in its folder; a file alone has none.
        feeds = FeedIndex(config) if config.is_dir() else None
        return school.policy, load.knowledge(school.settings, feeds)
    return load.factory_policy(protocol or "kalisto"), load.knowledge()


def plain(request: AccessRequest, decision: Decision) -> dict[str, Any]:
    """A decision as the contract of `docs/check.md` has it."""
    return {
        "effect": decision.effect,
        "reason": decision.reason,
        "category": decision.category,
        "types": list(decision.types),
        "rules": list(decision.rules),
        "clauses": list(decision.clauses),
        "basis": decision.basis,
        "liftable_by": decision.liftable_by,
        "valid_until": decision.valid_until.isoformat() if decision.valid_until else None,
        "trace": [{"at": s.at, "said": s.said, "rule": s.rule, "detail": s.detail} for s in decision.trace],
        "message": {lang: _message(request, decision, lang) for lang in texts.languages()},
    }


def subject(request: AccessRequest) -> str:
    """What the question is about, in a word."""
    return request.app or (request.hosts[0] if request.hosts else "?")


def _message(request: AccessRequest, decision: Decision, lang: str) -> str:
    return texts.technical_sentence(
        decision.reason,
        lang,
        subject=subject(request),
        category=decision.category or "-",
        rule=", ".join(decision.rules) or "-",
        clause=", ".join(decision.clauses) or "-",
    )


def in_words(request: AccessRequest, decision: Decision, told: Explained, lang: str = "nl") -> Iterator[str]:
    """The same for a person, line by line: the answer, then every step, then what would change it."""
    yield f"{subject(request)}: {told.verdict}"
    yield _message(request, decision, lang)
    for code, value in (
        ("category", decision.category),
        ("rules", ", ".join(decision.rules)),
        ("clauses", ", ".join(decision.clauses)),
        ("basis", decision.basis and texts.say(f"explain.basis.{decision.basis.value}", lang)),
        ("liftable_by", told.lifts),
        ("until", _local(decision.valid_until)),
    ):
        if value:
            yield f"  {texts.say(f'explain.label.{code}', lang)}: {value}"
    if told.passage:
        yield f"  {told.passage}"
    yield f"  {texts.say('explain.label.trace', lang)}:"
    for number, step in enumerate(told.steps, 1):
        yield f"    {number}. {step.at}: {step.said}"
        for more in (step.ground, step.clause):
            if more:
                yield f"       {more}"
    for line in told.silent:
        yield f"    {line}"
    yield f"  {texts.say('why.changes', lang)}:"
    for line in told.ways:
        yield f"    - {line}"


def _local(when: datetime | None) -> str:
    return when.astimezone(_AMSTERDAM).strftime("%Y-%m-%d %H:%M") if when else ""


def check(
    url: Annotated[str | None, typer.Argument(help="An address to ask about; else JSON lines are read.")] = None,
    query: Annotated[str | None, typer.Option(help="Search words to ask about.")] = None,
    app: Annotated[str | None, typer.Option(help="A program to ask about, such as discord.")] = None,
    role: Annotated[Role, typer.Option(help="Who asks.")] = Role.PUPIL,
    group: Annotated[str | None, typer.Option(help="Which group, such as 7.")] = None,
    at: Annotated[str | None, typer.Option(help="When, such as 2026-11-23T10:00 (Amsterdam); default now.")] = None,
    protocol: Annotated[str | None, typer.Option(help="A protocol as it comes, such as regenboog.")] = None,
    config: Annotated[Path | None, typer.Option(help="A folder with school.yaml, or such a file.")] = None,
    state: Annotated[Path | None, typer.Option(help="A JSON file with grants, bans, agreements and so on.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines out (the contract of docs/check.md).")] = False,
    lang: Annotated[str, typer.Option(help="nl or en, for a person.")] = "nl",
    page: Annotated[Path | None, typer.Option(help="A saved page (.html): what does it look like?")] = None,
    of_url: Annotated[str | None, typer.Option("--url", help="With --page: the address that it came from.")] = None,
) -> None:
    """Explain what would be decided: for whom, by which rule, on which ground, until when."""
    if page is not None:
        _check_page(page, of_url or url, as_json, lang)
        return
    url = of_url or url
    try:
        checker = Checker(role, group, moment(at) if at else None, protocol, config, _state(state))
        checker.prepare()
    except (ValueError, OSError, load.ConfigError) as error:
        typer.echo(f"klaswacht check: {error}", err=True)
        raise typer.Exit(2) from error
    asked = {name: value for name, value in (("url", url), ("query", query), ("app", app)) if value is not None}
    lines: Iterable[str] = [json.dumps(asked)] if asked else sys.stdin
    for line in lines:
        if line.strip():
            for out in _answers(checker, line, as_json, lang):
                sys.stdout.write(out + "\n")


def _check_page(page: Path, url: str | None, as_json: bool, lang: str) -> None:
    try:
        found = check_page.judged(page, url, lang)
    except (check_page.BadPage, load.ConfigError) as error:
        typer.echo(f"klaswacht check: {error}", err=True)
        raise typer.Exit(2) from error
    lines = [json.dumps(check_page.plain(found), ensure_ascii=False)] if as_json else check_page.in_words(found, lang)
    for line in lines:
        sys.stdout.write(line + "\n")


def _answers(checker: Checker, line: str, as_json: bool, lang: str) -> Iterator[str]:
    if as_json:
        yield json.dumps(checker.answer_line(line), ensure_ascii=False)
        return
    try:
        yield from checker.explain(read_question(json.loads(line)), lang)
    except (BadLine, load.ConfigError) as error:
        yield f"{texts.say('explain.label.error', lang)}: {error}"
    except ValueError:
        yield f"{texts.say('explain.label.error', lang)}: this line is not JSON; write one object a line"


def _state(path: Path | None) -> StateLine:
    if path is None:
        return StateLine()
    try:
        return StateLine.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{path}: {told(error)}") from error
