"""What a school does otherwise than its protocol, in sentences: for Beheer, the command and the public page alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from config.factory import factory_knowledge
from config.rulebook import adopted_policy
from config.texts import has, say
from policy.differences import INTERNS, Bearing, Difference, Stand, differences
from policy.model import BasisKind, Effect, Gate, Knowledge, PeriodKind, Policy, Role
from policy.pair import ELSEWHERE
from policy.probes import Subject

_MOST_SITES = 6
_STAFF = frozenset(Role) - {Role.PUPIL}
_WHEN = {
    frozenset({PeriodKind.LESSON}): "lesson",
    frozenset({PeriodKind.BREAK}): "break",
    frozenset({PeriodKind.OUTSIDE}): "outside",
    frozenset({PeriodKind.LESSON, PeriodKind.BREAK}): "school_hours",
    frozenset(PeriodKind): "at_school",
}
_PLACES = frozenset({"place", "locked"})


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One difference. `bearing` is `looser`, `stricter` or `other`, `label` that in a few words for people; `text` is
    the whole sentence with both grounds. `article` is where the protocol says otherwise (empty: nowhere).
    """

    bearing: str
    label: str
    text: str
    article: str = ""
    rules: tuple[str, ...] = ()


def difference_lines(
    policy: Policy,
    lang: str = "nl",
    *,
    knowledge: Knowledge | None = None,
    groups: Mapping[str, str] | None = None,
    public: bool = False,
) -> tuple[DifferenceLine, ...] | None:
    """Tell what the school does otherwise than the protocol that it adopted with its defaults, looser things first.

    `groups` maps group ids to names. On a `public` page closed sites are counted and not named. None: its protocol is
    none of ours, so there is nothing to compare with.
    """
    adopted = adopted_policy(policy)
    if adopted is None:
        return None
    teller = _Teller(policy, lang, groups or {}, public)
    return tuple(teller.line(one) for one in differences(adopted, policy, knowledge or factory_knowledge()))


def lines_between(
    old: Policy, new: Policy, lang: str = "nl", *, knowledge: Knowledge | None = None, groups: Mapping[str, str]
) -> tuple[DifferenceLine, ...]:
    """Tell what would be otherwise under `new` than it is under `old`, looser things first."""
    teller = _Teller(new, lang, groups, public=False, change=True)
    return tuple(teller.line(one) for one in differences(old, new, knowledge or factory_knowledge()))


class _Teller:
    """Says differences. `change`: of what is to come with what is now, in place of a school with its protocol."""

    def __init__(
        self, policy: Policy, lang: str, groups: Mapping[str, str], public: bool, *, change: bool = False
    ) -> None:
        self._change = change
        self._articles = {clause.id: clause.article for clause in policy.protocol.clauses}
        self._lang = lang
        self._groups = groups
        self._public = public

    def line(self, one: Difference) -> DifferenceLine:
        return DifferenceLine(
            one.bearing.value,
            self._say(f"{'becomes' if self._change else 'bearing'}.{one.bearing.value}"),
            self._text(one),
            self._articles.get(one.adopted.clause or "", ""),
            tuple(sorted(one.rules)),
        )

    def _text(self, one: Difference) -> str:
        if one.subject.about == INTERNS:
            return self._say("interns.may" if one.bearing is Bearing.LOOSER else "interns.may_not")
        what = self._what(one.subject, closed=one.own.effect is not Effect.ALLOW)
        if one.subject.about not in _PLACES or one.subject.categories or not one.subject.sites:
            what = what[:1].upper() + what[1:]
        when = "" if one.subject.about == Gate.BREAK else self._when(one.periods)
        return self._say(
            "line_change" if self._change else "line" if one.adopted.basis else "line_silent",
            head=", ".join((" ".join(part for part in (what, when) if part), *self._whom(one))),
            own=" ".join(part for part in (self._stand(one.own, one.subject.about), self._by(one.own)) if part),
            ground=self._ground(one.adopted),
            adopted=self._stand(one.adopted, one.subject.about),
        )

    # --- what it is about --------------------------------------------------------------------------------------------

    def _what(self, subject: Subject, *, closed: bool) -> str:
        about = str(subject.about)
        names = self._listed((*self._categories(subject.categories), *self._sites(subject.sites, closed=closed)))
        kinds = ", ".join(self._known("dash.kind", kind) for kind in sorted(subject.kinds))
        values: dict[str, object] = {
            "names": names,
            "kinds": kinds,
            "count": subject.words,
            "doing": self._listed(tuple(self._known("dash.action", act) for act in sorted(subject.actions))),
            "apps": self._listed(self._categories(subject.apps)),
            "devices": self._listed(tuple(self._known("dash.device_class", name) for name in sorted(subject.devices))),
            "types": self._listed(tuple(self._known("page.personal.type", kind) for kind in sorted(subject.types))),
        }
        if about == Gate.LOCKED and subject.apps:
            return self._say("what.locked_app", **values)
        if about in ("action", "personal"):
            return self._done(subject, names, values)
        return self._say(f"what.{about.replace('-', '_')}", **values)

    def _done(self, subject: Subject, names: str, values: dict[str, object]) -> str:
        """What is done or sent, and where."""
        media = self._listed(tuple(self._say(f"media.{name}") for name in sorted(subject.media)))
        what = str(subject.about) if subject.about == "action" or subject.types else "personal_any"
        parts = [self._say(f"what.{what}", **values)]
        if media:
            parts.append(self._say("of_media", media=media))
        if ELSEWHERE in subject.categories:
            parts.append(self._say("at_and_elsewhere" if names else "elsewhere", names=names))
        elif names:
            parts.append(self._say("at", names=names))
        return " ".join(parts)

    def _categories(self, names: Iterable[str]) -> tuple[str, ...]:
        found = (self._known("dash.category", name) for name in sorted(names) if name != ELSEWHERE)
        return tuple(dict.fromkeys(name if name[1:2].isupper() else name[:1].lower() + name[1:] for name in found))

    def _sites(self, sites: frozenset[str], *, closed: bool) -> tuple[str, ...]:
        if not sites:
            return ()
        if self._public and closed:
            return (self._count(len(sites)),)
        shown = tuple(sorted(sites))[:_MOST_SITES]
        return shown if len(shown) == len(sites) else (*shown, self._say("more", count=len(sites) - len(shown)))

    def _count(self, count: int) -> str:
        return self._say("site" if count == 1 else "sites", count=count)

    # --- for whom and when -------------------------------------------------------------------------------------------

    def _whom(self, one: Difference) -> tuple[str, ...]:
        roles = one.roles
        who = "" if roles == {Role.PUPIL} else self._say("staff") if roles == _STAFF else self._roles(roles)
        some = self._say("some", groups=self._groups_of(one.groups)) if one.groups else ""
        told = [who, some, self._say("but", groups=self._groups_of(one.but)) if one.but else ""]
        return tuple(part for part in told if part)

    def _roles(self, roles: frozenset[Role]) -> str:
        if roles == frozenset(Role):
            return self._say("everybody")
        names = (say(f"dash.role.{role.value}", self._lang) for role in Role if role in roles)
        return self._say("some", groups=self._listed(tuple(name[:1].lower() + name[1:] for name in names)))

    def _groups_of(self, groups: frozenset[str]) -> str:
        return self._listed(tuple(self._groups.get(one) or self._say("group", id=one) for one in sorted(groups)))

    def _when(self, periods: frozenset[PeriodKind]) -> str:
        known = _WHEN.get(periods)
        if known:
            return self._say(f"period.{known}")
        return self._listed(tuple(self._say(f"period.{kind.value}") for kind in PeriodKind if kind in periods))

    # --- what is so --------------------------------------------------------------------------------------------------

    def _stand(self, stand: Stand, about: str) -> str:
        if about == Gate.BREAK:
            return self._say("stand.open" if stand.effect is Effect.ALLOW else "stand.shut")
        family = "place" if str(about) in _PLACES else "act"
        if stand.effect is Effect.ALLOW and about == "reminder":
            return self._say("stand.no_reminder")
        if stand.effect is Effect.ALLOW:
            return self._say(f"stand.{family}.allow")
        if stand.second_thought:
            return self._say("stand.reminder" if about == "reminder" else "stand.second_thought")
        lift = stand.liftable_by.value if stand.liftable_by else "nobody"
        said = self._say(f"stand.{family if stand.effect is Effect.DENY else 'hold'}.{lift}")
        return f"{said}, {self._say('stand.consent')}" if stand.consent else said

    def _by(self, own: Stand) -> str:
        if own.listed:
            return self._say("by.listed")
        return self._say("by.decided", date=own.decided.strftime("%d-%m-%Y")) if own.decided else ""

    def _ground(self, adopted: Stand) -> str:
        if adopted.basis is BasisKind.CLAUSE:
            return self._say("ground.clause", article=self._articles.get(adopted.clause or "", adopted.clause or "?"))
        return self._say(f"ground.{adopted.basis.value}") if adopted.basis else ""

    # --- words -------------------------------------------------------------------------------------------------------

    def _say(self, code: str, **values: object) -> str:
        return say(f"differences.{code}", self._lang, **values)

    def _known(self, family: str, name: str) -> str:
        return say(f"{family}.{name}", self._lang) if has(f"{family}.{name}", self._lang) else name.replace("-", " ")

    def _listed(self, names: tuple[str, ...]) -> str:
        if len(names) < 2:
            return "".join(names)
        return f"{', '.join(names[:-1])} {self._say('and')} {names[-1]}"
