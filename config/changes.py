"""What is different between two policies, in sentences: for who decides whether the newer one may come in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import time
from typing import Any

from config.schema_timetable import WEEKDAYS
from config.texts import has, say
from config.written import rule_values
from policy.model import Closure, Policy, Rule, Schedule, Slot, Special, Term

_MOST = 12  # names in one sentence
_ASIDE = frozenset({"protocol", "rules", "schedule", "terms"})  # each has sentences of its own


def changes(old: Policy, new: Policy, lang: str = "nl") -> tuple[str, ...]:
    """What `new` has otherwise than `old`, one sentence each; nothing when they are the same."""
    found = [*_protocol(old, new, lang), *_rules(old, new, lang), *_schedule(old.schedule, new.schedule, lang)]
    found += _lines("terms", _terms(old.terms), _terms(new.terms), lang)
    for name in (field.name for field in fields(Policy)):
        if name not in _ASIDE:
            found += _field(name, getattr(old, name), getattr(new, name), lang)
    return tuple(found)


def in_short(old: Policy, new: Policy, lang: str = "nl") -> str:
    """The same in one line."""
    first, *rest = changes(old, new, lang) or (say("policy.change.nothing", lang),)
    return f"{first} {say('policy.change.more', lang, count=len(rest))}" if rest else first


# --- protocol and rules --------------------------------------------------------------------------------------------


def _protocol(old: Policy, new: Policy, lang: str) -> Iterator[str]:
    if old.protocol.id != new.protocol.id:
        yield say("policy.change.protocol", lang, old=old.protocol.id, new=new.protocol.id)
    elif old.protocol != new.protocol:
        yield say("policy.change.protocol_text", lang, name=new.protocol.id)


def _rules(old: Policy, new: Policy, lang: str) -> Iterator[str]:
    """Rule by rule; the rules of a protocol that was chosen or left are its own, and are only counted."""
    left, came = _by_id(old), _by_id(new)
    if old.protocol.id != new.protocol.id:
        gone = [left.pop(one) for one in list(left) if one not in came and left[one].basis.clause]
        fresh = [came.pop(one) for one in list(came) if one not in left and came[one].basis.clause]
        if gone or fresh:
            yield say("policy.change.protocol_rules", lang, gone=len(gone), fresh=len(fresh))
    for one in (one for one in left if one not in came):
        yield say("policy.change.rule_gone", lang, rule=one)
    for one in (one for one in came if one not in left):
        yield say("policy.change.rule_new", lang, rule=one, what=_shown(rule_values(came[one]), ("id", "basis"), lang))
    for one in (one for one in came if one in left and came[one] != left[one]):
        before, after = (rule_values(side[one], defaults=True) for side in (left, came))
        keys = [key for key in after if before[key] != after[key]]
        told = "; ".join(
            f"{key}: {_value(before[key], lang)} → {_value(after[key], lang)}" for key in keys if key != "basis"
        )
        basis = say("policy.change.basis", lang) if "basis" in keys else ""
        yield say("policy.change.rule", lang, rule=one, what="; ".join(part for part in (told, basis) if part))
    if left == came and list(left) != list(came):
        yield say("policy.change.rule_order", lang)


def _by_id(policy: Policy) -> dict[str, Rule]:
    return {rule.id: rule for rule in policy.rules}


def _shown(values: Mapping[str, Any], but: Sequence[str], lang: str) -> str:
    return "; ".join(f"{key}: {_value(value, lang)}" for key, value in values.items() if key not in but)


def _value(value: Any, lang: str) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return say("policy.change.yes" if value else "policy.change.no", lang)
        case list() | tuple():
            return _cut([str(item) for item in value], lang) or "-"
        case _:
            return str(value)


# --- times ---------------------------------------------------------------------------------------------------------


def _schedule(old: Schedule, new: Schedule, lang: str) -> Iterator[str]:
    if old == new:
        return
    told = list(_week(old.days, new.days, say("policy.change.everybody", lang), lang))
    for group in sorted(old.groups.keys() | new.groups.keys()):
        before, after = old.groups.get(group, old.days), new.groups.get(group, new.days)
        # A day on which the group is as the whole school is told there.
        own = [
            day
            for day in range(len(WEEKDAYS))
            if (before.get(day), after.get(day)) != (old.days.get(day), new.days.get(day))
        ]
        mine, its = ({day: week[day] for day in own if day in week} for week in (before, after))
        told += _week(mine, its, say("policy.change.group", lang, group=group), lang)
    told += _lines("closures", map(_days, old.closures), map(_days, new.closures), lang)
    told += _lines("specials", map(_special, old.specials), map(_special, new.specials), lang)
    yield from told or [say("policy.change.schedule", lang)]


def _week(
    old: Mapping[int, tuple[Slot, ...]], new: Mapping[int, tuple[Slot, ...]], who: str, lang: str
) -> Iterator[str]:
    for number, name in enumerate(WEEKDAYS):
        before, after = old.get(number), new.get(number)
        if (before or ()) != (after or ()):
            yield say(
                "policy.change.day",
                lang,
                who=who,
                day=say(f"policy.day.{name}", lang),
                old=_slots(before, lang),
                new=_slots(after, lang),
            )


def _slots(slots: tuple[Slot, ...] | None, lang: str) -> str:
    told = ", ".join(f"{say(f'policy.period.{slot.kind}', lang)} {_span(slot)}" for slot in slots or ())
    return told or say("policy.change.no_school", lang)


def _span(slot: Slot) -> str:
    end = "24:00" if slot.end == time.max else f"{slot.end:%H:%M}"
    return f"{slot.start:%H:%M}-{end}" + (f" ({slot.name})" if slot.name else "")


def _days(closure: Closure) -> str:
    last = f" - {closure.last:%d-%m-%Y}" if closure.last != closure.first else ""
    return f"{closure.first:%d-%m-%Y}{last}" + (f" ({closure.name})" if closure.name else "")


def _special(one: Special) -> str:
    groups = f" [{', '.join(sorted(one.groups))}]" if one.groups else ""
    return f"{one.day:%d-%m-%Y} {_span(one.slot)}{groups}"


# --- lists and the rest --------------------------------------------------------------------------------------------


def _field(name: str, old: Any, new: Any, lang: str) -> Iterator[str]:
    """A field of the policy by its shape, so that a new one is told too."""
    if old == new:
        return
    match new:
        case bool():
            yield say(
                "policy.change.value", lang, what=_named(name, lang), old=_value(old, lang), new=_value(new, lang)
            )
        case tuple() if all(isinstance(item, str) for item in (*old, *new)):
            yield from _lines(name, old, new, lang)
        case Mapping():
            for key in sorted(old.keys() | new.keys()):
                what = f"{_named(name, lang)} {key}"
                yield from _plus_minus(what, old.get(key, ()), new.get(key, ()), lang)
        case _:
            yield say("policy.change.other", lang, what=_named(name, lang))


def _lines(name: str, old: Iterable[str], new: Iterable[str], lang: str) -> Iterator[str]:
    yield from _plus_minus(_named(name, lang), old, new, lang)


def _plus_minus(what: str, old: Iterable[str], new: Iterable[str], lang: str) -> Iterator[str]:
    old, new = tuple(old), tuple(new)
    if old == new:
        return
    came = [item for item in new if item not in old]
    gone = [item for item in old if item not in new]
    parts = [say("policy.change.came", lang, names=_cut(came, lang))] if came else []
    parts += [say("policy.change.gone", lang, names=_cut(gone, lang))] if gone else []
    yield say("policy.change.list", lang, what=what, change="; ".join(parts) or say("policy.change.order", lang))


def _named(name: str, lang: str) -> str:
    code = f"policy.name.{name}"
    return say(code, lang) if has(code, lang) else f"`{name}`"


def _terms(terms: Iterable[Term]) -> tuple[str, ...]:
    return tuple(f"{term.text} ({term.kind}, {term.severity}{', +' if term.part else ''})" for term in terms)


def _cut(names: Sequence[str], lang: str) -> str:
    rest = len(names) - _MOST
    told = ", ".join(names[:_MOST])
    return f"{told} {say('policy.change.more', lang, count=rest)}" if rest > 0 else told
