"""Rules as sentences, for a child or an adult: what it is about, when it holds and who may lift it."""

from __future__ import annotations

from collections.abc import Iterable

from config.texts import has, say
from policy.kinds import DERIVED
from policy.model import Effect, Facet, Gate, Rule

CHILD, ADULT = "pupil", "adult"
_ALLOWED = "allow"


def sentences(rules: Iterable[Rule], reader: str = ADULT, lang: str = "nl") -> tuple[str, ...]:
    """Return one sentence for all rules that say the same of different things, in the order of the rules.

    `reader` is `pupil` or `adult`. A child is not told of kinds of names and addresses that only the guard knows.
    """
    alike: dict[tuple[str, str, str], dict[str, None]] = {}
    for rule in rules:
        names = things(rule, lang, child=reader == CHILD)
        code = _code(rule)
        if not names and code in _NAMED and not (code == "locked" and reader == CHILD):
            continue
        lift = _ALLOWED if rule.effect is Effect.ALLOW else rule.liftable_by.value
        alike.setdefault((code, lift, rule.holds_in.value), {}).update(dict.fromkeys(names))
    return tuple(
        _sentence(code, lift, holds, tuple(names), reader, lang) for (code, lift, holds), names in alike.items()
    )


def things(rule: Rule, lang: str = "nl", *, child: bool = False) -> tuple[str, ...]:
    """Return what a rule names, in words: kinds of sites, sites, actions, kinds of words or data, programs."""
    if child and rule.gate is Gate.LOCKED:
        return ()
    # An action is the same wherever it is done, to whoever reads this.
    categories = rule.categories - DERIVED if child else rule.categories
    names = [] if rule.actions else [_category(name, lang) for name in sorted(categories)]
    names += rule.sites
    names += [say(f"dash.action.{action.value}", lang) for action in sorted(rule.actions) if not rule.kinds]
    names += [say(f"dash.kind.{kind}", lang) for kind in sorted(rule.kinds)]
    names += [_category(name, lang).casefold() for name in sorted(rule.apps)]
    names += [say(f"page.personal.type.{kind}", lang) for kind in sorted(rule.types)]
    names += [say(f"dash.device_class.{kind.value}", lang) for kind in sorted(rule.devices)]
    return tuple(dict.fromkeys(names))


_NAMED = frozenset({"place", "action", "app", "locked"})


def _code(rule: Rule) -> str:
    if rule.facet is None:  # then it has a gate
        return "break" if rule.gate is Gate.BREAK else "locked"
    if rule.facet is Facet.PLACE and rule.second_thought:
        return "reminder"
    return "text" if rule.facet is Facet.WORDS and rule.actions else rule.facet.value


def _sentence(code: str, lift: str, holds: str, names: tuple[str, ...], reader: str, lang: str) -> str:
    return say(
        f"rule.{reader}.{code}",
        lang,
        names=_listed(names, lang),
        lift=say(f"rule.lift.{reader}.{lift}", lang),
        when=say(f"rule.when.{holds.replace(' ', '_')}", lang),
    )


def _listed(names: tuple[str, ...], lang: str) -> str:
    """`Games, chatten en video`."""
    words = [
        name if number == 0 or name[1:2].isupper() else name[:1].lower() + name[1:] for number, name in enumerate(names)
    ]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {say('rule.and', lang)} {words[-1]}"


def _category(name: str, lang: str) -> str:
    code = f"dash.category.{name}"
    return say(code, lang) if has(code, lang) else name.replace("-", " ").capitalize()
