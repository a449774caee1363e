"""Everything that rules could speak of, as questions: one for each thing, asked of two policies and compared.

They are asked of the two schools of `policy.pair`; of a kind of words one made-up word is asked. What both policies
answer in the same way to all of these is the same school.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from policy import facets, gates, kinds, spoken
from policy.asking import Asking
from policy.match import Layers, covered, suffixes
from policy.model import (
    PERSONAL_TYPES,
    AccessRequest,
    Action,
    Address,
    Decision,
    DeviceClass,
    Facet,
    Gate,
    Hit,
    PeriodKind,
    Principal,
    Role,
    Rule,
    Search,
)
from policy.pair import ELSEWHERE, Pair, Schools, host_of, is_reminder
from policy.weighing import Word

MEDIA = ("picture", "sound", "video", "file")
_NONE: frozenset[str] = frozenset()

type Answer = Callable[[Asking], Word | Decision | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a difference is about, in the words of a rule; `about` is a facet, a gate, or one of `written` (words in
    what somebody writes), `own-words`, `own-written`, `reminder`, `interns`. Of the
    school's own words only their number is here.
    """

    about: str
    categories: frozenset[str] = _NONE
    sites: frozenset[str] = _NONE
    actions: frozenset[str] = _NONE
    media: frozenset[str] = _NONE
    kinds: frozenset[str] = _NONE
    types: frozenset[str] = _NONE
    apps: frozenset[str] = _NONE
    devices: frozenset[str] = _NONE
    words: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """One question without who and when, what answers it by which rules, and which schools are asked."""

    subject: Subject
    request: AccessRequest
    answer: Answer
    rules: tuple[Rule, ...]
    periods: tuple[PeriodKind, ...] = tuple(PeriodKind)
    of: Schools = Schools.PLAIN


def probes(pair: Pair) -> Iterator[Probe]:
    """Every question to which the two may answer differently; what both have the same rules for is not asked."""
    yield from _gates(pair)
    yield from _places(pair)
    yield from _actions(pair)
    yield from _words(pair)
    yield from _own_words(pair)
    yield from _personal(pair)
    yield from _apps(pair)
    yield from _devices(pair)


def _gates(pair: Pair) -> Iterator[Probe]:
    rules = pair.of(Gate.BREAK)
    if rules:
        yield Probe(Subject(Gate.BREAK), _at(ELSEWHERE), gates.break_, rules, (PeriodKind.BREAK,))
    rules = pair.of(Gate.LOCKED)
    for category in sorted(_NONE.union(*(rule.categories for rule in rules))):
        yield Probe(Subject(Gate.LOCKED, categories=frozenset({category})), _at(category), gates.locked, rules)
    for site in _sites(rules):
        yield Probe(Subject(Gate.LOCKED, sites=frozenset({site})), _of(site), gates.locked, rules)
    floor = pair.of(Gate.LOCKED, changed=False)
    for site in sorted(_relisted(pair)):  # a name that gives itself away is read only while no list knows it
        yield Probe(Subject(Gate.LOCKED, sites=frozenset({site})), _of(site), gates.locked, floor)
    for subject, request in _running(rules, pair):
        yield Probe(replace(subject, about=Gate.LOCKED), request, gates.locked, rules)


def _places(pair: Pair) -> Iterator[Probe]:
    rules, every = pair.of(Facet.PLACE), pair.of(Facet.PLACE, changed=False)
    named = set(_NONE.union(*(rule.categories for rule in rules)))
    adopted, own = pair.policies
    if adopted.hold_unknown is not own.hold_unknown:
        named.add(kinds.UNKNOWN)
    named_hosts = {*_sites(rules), *(set(adopted.open_sites) ^ set(own.open_sites))}
    alike = _alike(pair, named_hosts | _relisted(pair) | _of_another_kind(pair, named_hosts), every)
    for about, of in ((Facet.PLACE, Schools.PLAIN), ("reminder", Schools.REMINDING)):
        speaking = tuple(rule for rule in every if is_reminder(rule) is (of is Schools.REMINDING))
        for category in sorted(named if speaking else ()):
            subject = Subject(about, categories=frozenset({category}))
            yield Probe(subject, _at(category), facets.place, speaking, of=of)
        for sites in alike if speaking else ():
            yield Probe(Subject(about, sites=frozenset(sites)), _of(sites[0]), facets.place, speaking, of=of)


def _relisted(pair: Pair) -> set[str]:
    """The hosts that the own lists of one have in a category, and those of the other do not."""
    adopted, own = (policy.lists for policy in pair.policies)
    changed = (set(adopted.get(name, ())) ^ set(own.get(name, ())) for name in {*adopted, *own})
    return {host for hosts in changed for host in hosts}


def _of_another_kind(pair: Pair, sites: set[str]) -> set[str]:
    """Hosts below these sites that our lists have in a category that rules name and the site itself is not in.

    A site stands for all that is below it: who opens a search engine opens the mail of the same company too.
    """
    school = pair.schools[Schools.PLAIN][0]
    listed = school.knowledge.categories
    if not sites or not isinstance(listed, Layers):
        return set()
    named = _NONE.union(*(rule.categories for rule in pair.of(Facet.PLACE, changed=False)))
    found: set[str] = set()
    for host in listed.below(sites):
        above = _NONE.union(*(listed.categories(name) for name in suffixes(host) if name in sites))
        if (listed.categories(host) - above) & named and host not in sites:
            found.add(host)
    return found


def _alike(pair: Pair, hosts: Iterable[str], rules: tuple[Rule, ...]) -> list[list[str]]:
    """Hosts that every rule and list takes alike, together: a school's own list may be long."""
    named = _sites(rules)
    alike: dict[object, list[str]] = {}
    for host in sorted(hosts):
        like = tuple(
            (kinds.of_host(host, school), covered(host, school.knowledge.services.widened(school.policy.open_sites)))
            for school in pair.schools[Schools.PLAIN]
        )
        by_name = tuple(
            site for site in named if covered(host, pair.schools[Schools.PLAIN][0].knowledge.services.widened((site,)))
        )
        alike.setdefault((like, by_name), []).append(host)
    return list(alike.values())


def _actions(pair: Pair) -> Iterator[Probe]:
    rules, every = pair.of(Facet.ACTION), pair.of(Facet.ACTION, changed=False)
    where = list(_where(every)) if rules else []
    for action in sorted(frozenset[Action]().union(*(rule.actions for rule in rules))):
        by_media = action is Action.UPLOAD and any(rule.media for rule in every)
        for media in MEDIA if by_media else (None,):
            for place, request in where:
                subject = replace(
                    place, about=Facet.ACTION, actions=frozenset({action}), media=frozenset({media} if media else ())
                )
                asked = replace(request, action=action, media=subject.media)
                yield Probe(subject, asked, facets.action, every)


def _where(rules: Iterable[Rule]) -> Iterator[tuple[Subject, AccessRequest]]:
    """The places that these rules tell apart, and elsewhere."""
    for category in (ELSEWHERE, *sorted(_NONE.union(*(rule.categories for rule in rules)))):
        yield Subject("", categories=frozenset({category})), _at(category)
    for site in _sites(rules):
        yield Subject("", sites=frozenset({site})), _of(site)


def _words(pair: Pair) -> Iterator[Probe]:
    rules = pair.of(Facet.WORDS)
    for kind in sorted(_NONE.union(*(rule.kinds for rule in rules))):
        hit = Hit(f"a word of {kind}", kind)
        subject = Subject(Facet.WORDS, kinds=frozenset({kind}))
        yield Probe(subject, _at(ELSEWHERE), _searched((hit,)), rules)
        for action in sorted(frozenset[Action]().union(*(rule.actions for rule in rules))):
            written = replace(subject, about="written", actions=frozenset({action}))
            yield Probe(written, replace(_at(ELSEWHERE), action=action, said=(hit,)), spoken.said, rules)


def _searched(hits: tuple[Hit, ...]) -> Answer:
    """What is said of a search in which these terms were found, whatever the lexicon."""

    def answer(asking: Asking) -> Word:
        asking.all_hits = hits
        return spoken.searched(asking)

    return answer


def _own_words(pair: Pair) -> Iterator[Probe]:
    """The words that the school added or takes out, those that change alike together; never the words themselves."""
    adopted, own = pair.policies
    terms = {term.text for term in set(adopted.terms) ^ set(own.terms)}
    rules = pair.of(Facet.WORDS, changed=False)
    alike: dict[tuple[frozenset[str], frozenset[str]], list[str]] = {}
    for text in sorted(terms | (set(adopted.passed_words) ^ set(own.passed_words))):
        before, after = (
            frozenset(hit.kind for hit in school.lexicon.hits(text)) for school in pair.schools[Schools.LEXICAL]
        )
        if before != after:
            alike.setdefault((before, after), []).append(text)
    for (before, after), texts in alike.items():
        subject = Subject("own-words", kinds=frozenset(before ^ after), words=len(texts))
        search = replace(_at(ELSEWHERE), action=Action.SEARCH, search=Search("unknown", texts[0]))
        yield Probe(subject, search, spoken.searched, rules, of=Schools.LEXICAL)
        for action in sorted(frozenset[Action]().union(*(rule.actions for rule in rules))):
            written = replace(subject, about="own-written", actions=frozenset({action}))
            yield Probe(written, replace(_at(ELSEWHERE), action=action), _said(texts[0]), rules, of=Schools.LEXICAL)


def _said(text: str) -> Answer:
    """What is said of a text that goes out, by the lexicon of the school that is asked."""

    def answer(asking: Asking) -> Word:
        asking.request = replace(asking.request, said=asking.snapshot.lexicon.hits(text))
        return spoken.said(asking)

    return answer


def _personal(pair: Pair) -> Iterator[Probe]:
    rules = pair.of(Facet.PERSONAL)
    every = pair.of(Facet.PERSONAL, changed=False)
    where = list(_where(every)) if rules else []
    for kind in PERSONAL_TYPES if rules else ():
        for place, request in where:
            subject = replace(place, about=Facet.PERSONAL, types=frozenset({kind}))
            yield Probe(subject, replace(request, action=Action.SUBMIT, personal=subject.types), spoken.personal, every)


def _apps(pair: Pair) -> Iterator[Probe]:
    rules, every = pair.of(Facet.APP), pair.of(Facet.APP, changed=False)
    for subject, request in _running(rules, pair):
        yield Probe(replace(subject, about=Facet.APP), request, facets.app, every)


def _devices(pair: Pair) -> Iterator[Probe]:
    rules = pair.of(Facet.PRINT)
    if rules:
        request = replace(_at(ELSEWHERE), action=Action.PRINT, hosts=())
        yield Probe(Subject(Facet.PRINT), request, facets.printing, rules)
    rules = pair.of(Facet.CONNECT)
    for device in sorted(frozenset[DeviceClass]().union(*(rule.devices for rule in rules))):
        if device is not DeviceClass.INFRASTRUCTURE:  # no rule of people is asked about it
            who_ = Principal(Role.PUPIL, device_class=device)
            subject = Subject(Facet.CONNECT, devices=frozenset({device}))
            yield Probe(subject, replace(_at(ELSEWHERE), who=who_), facets.connecting, rules)


def _sites(rules: Iterable[Rule]) -> list[str]:
    return sorted({site for rule in rules for site in rule.sites})


_NOBODY = Principal(Role.PUPIL)


def _at(category: str) -> AccessRequest:
    return _of(host_of(category))


def _of(host: str) -> AccessRequest:
    return AccessRequest(Action.VISIT, _NOBODY, (host,), Address("https", host, 443, "/", "", host, False))


def _running(rules: Iterable[Rule], pair: Pair) -> Iterator[tuple[Subject, AccessRequest]]:
    """Programs that these rules name: one made-up program for a kind, and a program that we know by itself."""
    for app in sorted(_NONE.union(*(rule.apps | rule.categories for rule in rules))):
        for name in (f"{app}.invalid", *({app} & pair.schools[Schools.PLAIN][0].knowledge.apps.keys())):
            yield Subject("", apps=frozenset({app})), AccessRequest(Action.RUN, _NOBODY, app=name)
