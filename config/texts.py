"""Sentences for humans: a code and a language to a sentence. All of `config/text/*.<language>.yaml` is one book.

A file maps a code to a sentence; nested mappings are joined with dots (`page: {title: ...}` is `page.title`).
A sentence names its values as `{name}`; nothing else in braces has a meaning.
"""

from __future__ import annotations

from policy.model import Reason


def say(code: str, lang: str = "nl", **values: object) -> str:
    """Return the sentence of `code` in `lang` (an unknown language is Dutch) with its values filled in.

    A code or value that is missing gives a safe general sentence, so that a page never fails on a text.

    Raises:
        KeyError: only where `KLASWACHT_STRICT_TEXTS` is set (tests).
    """
    raise NotImplementedError


def reason_sentence(reason: Reason, lang: str = "nl", **values: object) -> str:
    """Return why the answer is what it is, in a sentence for a child (Dutch A2, at most 12 words)."""
    return say(f"reason.{reason.value}", lang, **values)


def technical_sentence(reason: Reason, lang: str = "nl", **values: object) -> str:
    """Return the same for an adult who asks why (the `message` of `klaswacht check`)."""
    return say(f"check.{reason.value}", lang, **values)


def languages() -> tuple[str, ...]:
    """Return the languages there are, Dutch first."""
    return ("nl", "en")
