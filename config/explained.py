"""A decision step by step, in sentences for an adult: what every gate and facet said, by which rule, on what ground.

What would change the answer is told too. The same for `klaswacht check` and the "waarom?" box; what was searched for or
written is in none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from config.inspection_told import passage
from config.rules_told import things
from config.texts import has, say, technical_sentence
from policy.inspection import of_page
from policy.model import (
    AccessRequest,
    Action,
    BasisKind,
    Decision,
    Effect,
    Facet,
    Gate,
    PeriodKind,
    Reason,
    Rule,
    Snapshot,
    Step,
)
from policy.schedule import zone_of
from policy.wouldchange import Change, Way

_FACETS = (Facet.PLACE, Facet.ACTION, Facet.WORDS, Facet.PERSONAL, Facet.APP, Facet.PRINT, Facet.CONNECT)
_BEFORE_GATES = frozenset({"address", "decide"})
_PASSES = {
    "identity not proved": "unproved",
    "lifted for now": "lifted",
    "learning list": "learning",
    "on the list": "listed",
    "permitted since": "since",
    "background": "background",
    "test": "test",
    "test: on the list": "test_listed",
    "test: loaded by its page": "test_needed",
    "opened by the school": "opened",
    "own page": "page",
    "system host": "system",
    "help host": "host",
    "too much inside the address": "packed",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One step: the gate or facet, what it said, the rule and its ground, and the clause's own words (may be empty)."""

    at: str
    said: str
    ground: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """A whole decision. `silent` are the gates and facets that had nothing to say, in two lines; `ways` what would
    change the answer; `passage` whether it goes through unseen or is looked into, and why (empty: nothing goes out).
    """

    subject: str
    verdict: str
    reason: str
    lifts: str
    until: str
    steps: tuple[Told, ...]
    silent: tuple[str, ...]
    ways: tuple[str, ...]
    passage: str = ""


def explained(
    request: AccessRequest,
    decision: Decision,
    snapshot: Snapshot,
    ways: Iterable[Way],
    now: datetime,
    lang: str = "nl",
) -> Explained:
    """Write out a decision on `request` at `now` (aware) and the ways to another one."""
    teller = _Teller(decision, snapshot, now, lang)
    return Explained(
        subject=subject(request, lang),
        verdict=say(f"explain.effect.{decision.effect.value}", lang),
        reason=technical_sentence(decision.reason, lang),
        lifts=say(f"explain.lifts.{decision.liftable_by.value}", lang) if decision.liftable_by else "",
        until=teller.until(),
        steps=tuple(teller.step(step) for step in decision.trace),
        silent=tuple(teller.silent()),
        ways=tuple(teller.ways(tuple(ways))),
        passage=passage(of_page(request, snapshot, now), lang),
    )


def steps_of(decision: Decision, snapshot: Snapshot, now: datetime, lang: str = "nl") -> tuple[Told, ...]:
    """Write out the trace alone."""
    teller = _Teller(decision, snapshot, now, lang)
    return tuple(teller.step(step) for step in decision.trace)


def subject(request: AccessRequest, lang: str = "nl") -> str:
    """Return what was asked about, without the words of a search or a text."""
    if request.action is Action.PRINT:
        return say("why.printing", lang)
    if request.search is not None and request.hosts:
        return say("why.searching", lang, host=request.hosts[0])
    return request.app or (request.hosts[0] if request.hosts else "?")


class _Teller:
    def __init__(self, decision: Decision, snapshot: Snapshot, now: datetime, lang: str) -> None:
        self._decision = decision
        self._snapshot = snapshot
        self._zone = zone_of(snapshot.policy.schedule.zone)
        self._now = now
        self._lang = lang

    # --- steps -------------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> Told:
        rule = self._snapshot.rules.get(step.rule or "")
        name = self._say(f"at.{step.at}") if has(f"why.at.{step.at}") else str(step.at)
        clause = self._snapshot.clauses.get(rule.basis.clause or "") if rule else None
        said = self._said(step, rule)
        if step.said == "found" or rule is None:  # what the rule says of it is the next step
            return Told(name, said)
        return Told(name, said, self._ground(rule), clause.adult if clause else "")

    def _said(self, step: Step, rule: Rule | None) -> str:
        how = _PASSES.get(step.detail)
        for code in (f"{step.at}.{how}", f"{step.at}.{step.said}"):
            if has(f"why.said.{code}"):
                return self._say(f"said.{code}", **self._values(step, rule)).strip()
        if rule is None:
            return self._how(step.detail) or self._effect(step.said)
        if step.said == Effect.ALLOW:
            return self._say("rule.allow", about=self._about(rule))
        if step.detail == "consent":
            return self._say("rule.consent", about=self._about(rule))
        if step.said in ("lifted", "released"):
            return self._say(f"rule.{step.said}", about=self._about(rule), **self._values(step, rule))
        return self._say(f"rule.{step.said}", about=self._about(rule))

    def _values(self, step: Step, rule: Rule | None) -> dict[str, object]:
        """Everything that a sentence of a step may name."""
        category, _, how = step.detail.partition(" ")
        known = self._category(category) if category else ""
        return {
            "category": known or (", ".join(things(rule, self._lang)) if rule else "-"),
            "how": self._how(how) if known else "",
            "detail": self._named(step) if step.said == "found" else "",
            "given": self._given(step) if step.said == "lifted" else "",
            "period": self._say(f"period.{step.detail}") if step.detail in set(PeriodKind) else "",
            "target": self._say(f"ban.{step.detail}") if has(f"why.ban.{step.detail}") else step.detail,
        }

    def _named(self, step: Step) -> str:
        """What was found, in words: kinds of personal data; of words their kinds, for an id may be the word itself."""
        if step.at == Facet.PERSONAL:
            return ", ".join(say(f"page.personal.type.{one}", self._lang) for one in step.detail.split(", "))
        kinds = [kind for kind in self._decision.types if has(f"dash.kind.{kind}")]
        return ", ".join(say(f"dash.kind.{kind}", self._lang) for kind in kinds) or self._say("some_words")

    def _given(self, step: Step) -> str:
        """By whom the permissions were given and until when."""
        ids = set(step.detail.split(", "))
        given = [grant for grant in self._snapshot.state.grants if grant.id in ids]
        told = (
            self._say(
                "given" if self.has_end(grant.end) else "given_for_good",
                who=say(f"dash.role.{grant.role.value}", self._lang).casefold(),
                until=self._clock(grant.end),
            )
            for grant in given
        )
        return ", ".join(dict.fromkeys(told))

    @staticmethod
    def has_end(end: datetime) -> bool:
        return end.year < datetime.max.year

    def _about(self, rule: Rule) -> str:
        names = things(rule, self._lang)
        told = ", ".join(name if name[1:2].isupper() else name[:1].lower() + name[1:] for name in names)
        kind = str(rule.facet or rule.gate)
        if rule.facet is Facet.WORDS and rule.actions:
            kind = "written"
        return self._say(f"about.{kind}" if told else f"about.any_{kind}", names=told)

    def _how(self, detail: str) -> str:
        """How a name was recognised, said in words; what has no words is told as it is."""
        told = []
        for part in filter(None, detail.split("; ")):
            front, _, rest = part.partition(": ")
            code = front.partition(", by ")[0].replace(" ", "_")
            via = front.partition(", by ")[2]
            known = has(f"why.how.{code}")
            told.append(self._say(f"how.{code}", what=rest, via=via) if known else part)
        return "; ".join(told)

    def _effect(self, said: str) -> str:
        return say(f"explain.effect.{said}", self._lang) if has(f"explain.effect.{said}") else str(said)

    def _category(self, name: str) -> str:
        code = f"dash.category.{name}"
        return say(code, self._lang) if has(code, self._lang) else ""

    def _ground(self, rule: Rule) -> str:
        basis = rule.basis
        clause = self._snapshot.clauses.get(basis.clause or "")
        match basis.kind:
            case BasisKind.CLAUSE:
                ground = self._say("ground.clause", article=clause.article if clause else basis.clause or "?")
            case BasisKind.SCHOOL if basis.decided is not None:
                ground = self._say("ground.decided", date=basis.decided.strftime("%d-%m-%Y"))
            case kind:
                ground = self._say(f"ground.{kind.value}")
        lifts = "" if rule.effect is Effect.ALLOW else self._say(f"lifts.{rule.liftable_by.value}")
        if rule.gate is Gate.BREAK:
            lifts = ""
        return " · ".join(part for part in (ground, self._say("rule_id", id=rule.id), lifts) if part)

    # --- what was silent ---------------------------------------------------------------------------------------------

    def silent(self) -> Iterator[str]:
        """The gates, and the facets, that had nothing to say; what was never asked is told of neither."""
        spoke = [step.at for step in self._decision.trace]
        last = spoke[-1] if spoke else ""
        if last in _BEFORE_GATES or self._decision.reason in (Reason.UNREADABLE, Reason.FAILED):
            return
        ended = Gate(last) if last in set(Gate) and self._by_gate() else None
        if last == "device" and self._decision.reason is Reason.INFRASTRUCTURE:
            ended = Gate.SANCTION
        gates = [gate for gate in Gate if gate not in spoke]
        if ended is not None:
            gates = [gate for gate in gates if list(Gate).index(gate) < list(Gate).index(ended)]
        if gates:
            yield self._say("silent.gates", names=self._listed(self._say(f"at.{gate.value}") for gate in gates))
        facets = [] if ended is not None else [facet for facet in _FACETS if facet not in spoke]
        if facets:
            yield self._say("silent.facets", names=self._listed(self._say(f"at.{one.value}") for one in facets))

    def _by_gate(self) -> bool:
        """Whether the last step is the gate that ended it, and no facet was asked."""
        return not any(step.at == "default" or step.at in set(Facet) for step in self._decision.trace) and (
            self._decision.trace[-1].said != "pass"
        )

    # --- until when, and what would change it ------------------------------------------------------------------------

    def until(self) -> str:
        at = self._decision.valid_until
        return self._say("until", when=self._clock(at)) if at else self._say("until_none")

    def ways(self, ways: tuple[Way, ...]) -> Iterator[str]:
        if self._decision.effect is Effect.HELP:
            yield self._say("way.help")
            return
        if not ways:
            locked = self._decision.reason in (Reason.LOCKED, Reason.UNREADABLE)
            yield self._say("way.open" if self._decision.open else "way.nobody" if locked else "way.nothing")
        for way in ways:
            yield self._way(way)

    def _way(self, way: Way) -> str:
        if way.at is not None:
            period = self._say(f"period.{way.period.value}") if way.period else ""
            when = self._clock(way.at)
            if way.effect is Effect.ALLOW:
                return self._say("way.opens", when=when, period=period)
            return self._say("way.closes", when=when, reason=technical_sentence(way.reason, self._lang))
        changes = [change for change in way.changes if change is not Change.VIEW]
        conditions = f" {self._say('and')} ".join(self._condition(change, way) for change in changes)
        return self._say("way.view" if Change.VIEW in way.changes else "way.if", conditions=conditions)

    def _condition(self, change: Change, way: Way) -> str:
        device = say(f"dash.device_class.{way.device.value}", self._lang).casefold() if way.device else ""
        code = change.value.replace("-", "_")
        if change in (Change.TEACHER, Change.MANAGEMENT) and not way.site:
            code += "_anything"
        if change is Change.THINK and self._decision.reason is Reason.REMINDER:
            code = "read"
        return self._say(f"if.{code}", site=way.site, device=device)

    # --- words -------------------------------------------------------------------------------------------------------

    def _clock(self, when: datetime) -> str:
        if not self.has_end(when):
            return ""
        local, today = when.astimezone(self._zone), self._now.astimezone(self._zone)
        clock = local.strftime("%H:%M")
        if local.date() == today.date():
            return clock
        return self._say("day_clock", day=self._say(f"day.{local.weekday()}"), date=f"{local:%d-%m-%Y}", clock=clock)

    def _listed(self, names: Iterable[str]) -> str:
        return ", ".join(name[:1].lower() + name[1:] for name in names)

    def _say(self, code: str, **values: object) -> str:
        return say(f"why.{code}", self._lang, **values)
