"""What somebody is about to send out: which personal data and which words are in it. The texts stay here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policy import personal
from policy.filled import LONGEST_CODE, Field, ends, human
from policy.kinds import of_list, of_the_school
from policy.match import covered, suffixes, within
from policy.model import Action, Address, Hit, Snapshot

__all__ = ["Field", "Outgoing", "judged"]

MAIL = "mail"
_MOST_SAID = 200  # fields that are looked up in the lexicon one by one
_LONGEST_WORD = 15  # letters without a blank that are always read
_WIDEST = 24  # letters to a blank: in no language are words that long
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_PIECE = re.compile(r"[A-Za-z0-9+/_\-.=~]+")
_WORD_LIKE = re.compile(r"(?:(?:[A-Z]?[a-z]{2,}+|[A-Z]{2,}+|\d{1,4}+)[-_.+=/~]?+)++")
"""Words that somebody glued together (`jij-bent-lief`); in a code capitals and digits stand anywhere."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What was found: types of personal data, and terms of the lexicon (help among them)."""

    personal: frozenset[str] = frozenset()
    said: tuple[Hit, ...] = ()


_NOTHING = Outgoing()
_TO_OTHERS = frozenset({Action.POST, Action.CHAT})


def judged(
    texts: Iterable[Field],
    hosts: Sequence[str],
    snapshot: Snapshot,
    *,
    with_words: bool = True,
    address: Address | None = None,
) -> Outgoing:
    """What is in these fields, on their way to `hosts`; nothing where they go to the school, to help or by mail.

    The letters of a mail are secret, so they are not read at all. Without `with_words` only personal data is sought.
    With the `address` a learning site is read where one speaks to others, and where one asks the way an address is no
    personal data.
    """
    public = address is not None and snapshot.knowledge.services.action(address, sending=True) in _TO_OTHERS
    if not hosts or all(_trusted(host, snapshot, public=public) for host in hosts):
        return _NOTHING
    fields = human(texts, snapshot)
    if not fields:
        return _NOTHING
    record = ends("\n".join(_line(field) for field in fields))
    found = personal.find(record, public=snapshot.policy.public) | snapshot.roster.find(record)
    if address is not None and "address" in found and _asks_the_way(address, snapshot):
        found -= {"address"}
    return Outgoing(found, _said(fields, snapshot) if with_words else ())


def _asks_the_way(address: Address, snapshot: Snapshot) -> bool:
    first = address.path.lstrip("/").partition("/")[0]
    maps = snapshot.knowledge.maps
    return any(name in maps or f"{name}/{first}" in maps for name in suffixes(address.host))


def _trusted(host: str, snapshot: Snapshot, *, public: bool) -> bool:
    """Whether what goes there is not looked at: the school's own sites, the devices' own traffic, help, and mail.

    A site where one learns is looked at where it is `public`: what is said there, others read.
    """
    knowledge = snapshot.knowledge
    return (
        host in knowledge.system_hosts
        or within(host, knowledge.own_hosts)
        or within(host, knowledge.help_hosts)
        or covered(host, snapshot.policy.domains)
        or within(host, knowledge.unread)
        or (not public and of_the_school(host, snapshot))
        or MAIL in of_list(host, snapshot)
    )


def _line(field: Field) -> str:
    """A field as a line to read: with its name where that says what it is."""
    return f"{field.name}: {field.text}" if field.name not in ("", "*") else field.text


def _said(fields: Sequence[Field], snapshot: Snapshot) -> tuple[Hit, ...]:
    """The terms in what a person wrote: in sentences, and in fields for messages.

    Each text is looked up by itself: what one says takes nothing away from another (a topic, a word of a frame).
    """
    found: dict[str, Hit] = {}
    spoken = list(dict.fromkeys(field.text for field in fields if _is_said(field)))  # a page says the same again
    if len(spoken) > _MOST_SAID:
        spoken = [*spoken[:_MOST_SAID], "\n".join(spoken[_MOST_SAID:])]
    for text in spoken:
        for hit in snapshot.lexicon.hits(text):
            found.setdefault(hit.term_id, hit)
    return tuple(sorted(found.values(), key=lambda hit: hit.term_id))


def _is_said(field: Field) -> bool:
    """Whether a person may have put this in words: one word only in a field for messages, and never a long code."""
    text = field.text
    words = len(text.split(None, 400)) if len(text) < 10_000 else text.count(" ") + text.count("\n") + 1
    if words < 2:
        return field.name == "*" and not _is_code(text.strip())
    return field.name == "*" or (len(text) <= _WIDEST * words and _LETTERS.search(text[:400]) is not None)


def _is_code(piece: str) -> bool:
    if len(piece) <= _LONGEST_WORD:
        return False
    return _PIECE.fullmatch(piece) is not None and _WORD_LIKE.fullmatch(piece[:LONGEST_CODE]) is None
