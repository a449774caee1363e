"""The preview in finished sentences: what is open now, what a permission would change, and the site's other hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from config.explained import explained
from dashboard.actions.preview import Done, Gets, HostSeen, Preview
from dashboard.present.consent import consent_page
from dashboard.present.words import Words
from policy.model import Decision, Effect, Reason
from policy.pageneeds import Trouble, text_of

_TONES = {Effect.ALLOW: "good", Effect.HELP: "good", Effect.HOLD: "wait", Effect.DENY: "bad"}
_MOST_USES = 3
# Where no permission helps: pupils do not get there either.
_POINTLESS = frozenset({Trouble.REFUSED, Trouble.LOCKED, Trouble.NOWHERE, Trouble.CERTIFICATE})
_NOT_FOR_US = frozenset({Trouble.REFUSED, Trouble.LOCKED})


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its head (`Nu`), the word in a few letters, why, and the school's own words for that."""

    when: str
    word: str
    tone: str
    why: str
    clause: str


@dataclass(frozen=True, slots=True)
class DoingLine:
    """Something that may be done there: what, the answer in a word, and what it was before (empty: the same)."""

    what: str
    word: str
    tone: str
    before: str


@dataclass(frozen=True, slots=True)
class HostLine:
    """A host and what it is for; `takes` is what to permit along with it, `ticked` whether that is proposed."""

    host: str
    uses: str
    takes: str
    ticked: bool
    with_it: bool


@dataclass(frozen=True, slots=True)
class HostGroup:
    """Hosts that a pupil gets the same of."""

    title: str
    hint: str
    tone: str
    hosts: tuple[HostLine, ...]
    folded: bool


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """The page. `consent` is empty on a board, and where nothing asks for it. `can_give`: a permission may follow.

    `refusal` is why it may not; `leads_there` whether whoever asks is shown the way to the site itself; `later` whether
    the page may fetch more than was seen. `sites` are what it would name; `also` those besides the first.
    """

    title: str
    address: str
    example: str
    landed: str
    answers: tuple[Answer, ...]
    refusal: str
    ahead: str
    doings: tuple[DoingLine, ...]
    floor: str
    consent: tuple[str, ...]
    summary: str
    partly: bool
    later: bool
    trouble: str
    groups: tuple[HostGroup, ...]
    takes: bool
    also: tuple[str, ...]
    can_give: bool
    leads_there: bool
    given: str


def preview_page(found: Preview, words: Words, now: datetime, *, board: bool) -> PreviewPage:
    """What to show at `now`. With `board` nothing of consent is told."""
    grant, then = found.grant, found.then
    groups = tuple(_groups(found, words))
    pointless = found.trouble in _POINTLESS
    can_give = grant is not None and then is not None and not found.ahead and not pointless
    return PreviewPage(
        title=found.site,
        address=text_of(found.address),
        example=_example(found, words),
        landed=words("preview.landed", host=found.landed) if found.landed not in ("", found.address.host) else "",
        answers=tuple(_answers(found, words, board=board)),
        refusal=words(found.refusal) if found.refusal and not found.now.open else "",
        ahead=words("preview.ahead", when=words.day_clock(found.at, now)) if found.ahead else "",
        doings=() if pointless else tuple(_doing(one, words) for one in found.doings),
        floor=words("preview.floor"),
        consent=_consent(found, words, board=board),
        summary=_summary(found, words),
        partly=not found.whole,
        later=found.trouble is None and not found.service,
        trouble=words(f"preview.trouble.{found.trouble.value}") if found.trouble else "",
        groups=groups,
        takes=any(line.takes for group in groups for line in group.hosts),
        also=grant.sites[1:] if grant is not None else (),
        can_give=can_give,
        leads_there=found.trouble not in _NOT_FOR_US,
        given=", ".join(grant.sites) if grant is not None else "",
    )


def _example(found: Preview, words: Words) -> str:
    """That the site stands for its kind, where a kind of sites was asked about."""
    wish = found.wish
    asked = wish.category and not wish.site.strip() and not wish.item and not wish.video.strip()
    return words("preview.example", kind=words.category(wish.category), site=found.site) if asked else ""


def _answers(found: Preview, words: Words, *, board: bool) -> Iterator[Answer]:
    yield _answer("preview.ahead_head" if found.ahead else "preview.now", found.now, found, words, board=board)
    opened = found.now.open and found.then is not None and found.then.open
    if found.then is not None and not opened and found.trouble not in _POINTLESS:
        head = "preview.then_home" if _consent(found, words, board=board) else "preview.then"
        yield _answer(head, found.then, found, words, board=board)


def _answer(head: str, decision: Decision, found: Preview, words: Words, *, board: bool) -> Answer:
    told = explained(found.request, decision, found.snapshot, (), found.at, words.lang)
    clause, why = _clause(decision, found, words), told.reason
    if board and decision.reason is Reason.CONSENT:
        why, clause = words("preview.quiet"), ""  # what is or is not agreed at home is nobody's in the class
    if decision.reason is Reason.GRANTED:
        why, clause = words("preview.granted_item" if found.item else "preview.granted"), ""
    word = words(f"preview.word.{decision.effect.value}")
    rest = why.removeprefix(f"{word}: ")  # what stands above it is not said twice
    return Answer(words(head), word, _TONES[decision.effect], rest[:1].upper() + rest[1:], clause)


def _clause(decision: Decision, found: Preview, words: Words) -> str:
    """The school's own words for it, with the article that they are from."""
    clause = next((one for name in decision.clauses if (one := found.snapshot.clauses.get(name))), None)
    return words("preview.clause", article=clause.article, text=clause.adult) if clause is not None else ""


def _doing(one: Done, words: Words) -> DoingLine:
    word, before = (words(f"preview.word.{decision.effect.value}") for decision in (one.then, one.now))
    return DoingLine(
        words(f"preview.doing.{one.doing.value}"),
        word,
        _TONES[one.then.effect],
        words("preview.before", word=before.lower()) if before != word else "",
    )


def _consent(found: Preview, words: Words, *, board: bool) -> tuple[str, ...]:
    if board or found.missing is None:
        return ()
    return consent_page(found.missing, {}, words, board=False, named=False, asked=False).lines


def _summary(found: Preview, words: Words) -> str:
    """What it comes to, in one sentence."""
    if found.trouble is not None:
        return ""
    if found.service:
        return words("preview.service", service=found.service)
    if not found.hosts:
        return words("preview.alone")
    closed = sum(one.gets is Gets.CLOSED for one in found.hosts)
    if closed:
        return words("preview.missing_one" if closed == 1 else "preview.missing", count=closed)
    return words("preview.complete")


def _groups(found: Preview, words: Words) -> Iterator[HostGroup]:
    tones = {Gets.CLOSED: "bad", Gets.MAYBE: "wait", Gets.WORKS: "good", Gets.BACKGROUND: "good", Gets.COUNTING: ""}
    for gets, tone in tones.items():
        hosts = tuple(_line(one, words) for one in found.hosts if one.gets is gets)
        if hosts:
            yield HostGroup(
                words(f"preview.group.{gets.value}"),
                words(f"preview.hint.{gets.value}"),
                tone,
                hosts,
                gets not in (Gets.CLOSED, Gets.MAYBE),
            )


def _line(one: HostSeen, words: Words) -> HostLine:
    uses = [words(f"preview.use.{use.value}") for use in one.uses[:_MOST_USES]]
    return HostLine(one.host, ", ".join(uses), one.takes, one.gets is Gets.CLOSED, one.with_it)
