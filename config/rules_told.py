"""Rules as sentences, for a child or an adult: what it is about, when it holds and who may lift it."""

from __future__ import annotations

from collections.abc import Iterable

from config.texts import has, say
from policy.kinds import DERIVED
from policy.model import Action, Effect, Facet, Gate, Rule

CHILD, ADULT = "pupil", "adult"
_ALLOWED = "allow"
_MOST_WORDS = 7  # of the names in one sentence for a child; with the words around them twelve


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
        _sentence(code, lift, holds, piece, reader, lang)
        for (code, lift, holds), names in alike.items()
        for piece in (_pieces(tuple(names)) if reader == CHILD else (tuple(names),))
    )


def _pieces(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The names in so few at a time that a child reads each sentence to its end."""
    pieces: list[list[str]] = [[]]
    for name in names:
        if pieces[-1] and len(" ".join((*pieces[-1], name)).split()) > _MOST_WORDS:
            pieces.append([])
        pieces[-1].append(name)
    return tuple(tuple(piece) for piece in pieces)


def things(rule: Rule, lang: str = "nl", *, child: bool = False) -> tuple[str, ...]:
    """Return what a rule names, in words: kinds of sites, sites, actions, kinds of words or data, programs."""
    if child and rule.gate is Gate.LOCKED:
        return ()
    # An action is the same wherever it is done, to whoever reads this.
    categories = rule.categories - DERIVED if child else rule.categories
    names = [] if rule.actions else [_category(name, lang, child=child) for name in sorted(categories)]
    names += rule.sites
    names += [_action(action, lang, child=child) for action in sorted(rule.actions) if not rule.kinds]
    names += [say(f"dash.kind.{kind}", lang) for kind in sorted(rule.kinds)]
    names += [_category(name, lang, child=child).casefold() for name in sorted(rule.apps)]
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
    told = code
    if reader == CHILD and lift == _ALLOWED and (names or has(f"rule.pupil_thing.{code}", lang)):
        told, names = _ALLOWED, names or (say(f"rule.pupil_thing.{code}", lang),)
    return say(
        f"rule.{reader}.{told}",
        lang,
        names=_listed(names, lang, small=reader == CHILD),
        lift=say(f"rule.lift.{reader}.{lift}", lang),
        when=say(f"rule.when.{holds.replace(' ', '_')}", lang),
    )


def _listed(names: tuple[str, ...], lang: str, *, small: bool = False) -> str:
    """`Games, chatten en video`; `small` where it does not begin the sentence."""
    words = [
        name if (number == 0 and not small) or name[1:2].isupper() else name[:1].lower() + name[1:]
        for number, name in enumerate(names)
    ]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {say('rule.and', lang)} {words[-1]}"


def _category(name: str, lang: str, *, child: bool = False) -> str:
    codes = (f"page.promises.kind.{name}",) if child else ()
    code = next((code for code in (*codes, f"dash.category.{name}") if has(code, lang)), "")
    found = say(code, lang) if code else name.replace("-", " ")
    return found[:1].upper() + found[1:]


def _action(action: Action, lang: str, *, child: bool) -> str:
    code = f"rule.pupil_action.{action.value}"
    return say(code if child and has(code, lang) else f"dash.action.{action.value}", lang)
