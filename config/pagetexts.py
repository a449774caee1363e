"""What a page looks like as a sentence: kind and signs to `lijkt op een sociaal netwerk: mensen volgen`."""

from __future__ import annotations

from collections.abc import Iterable

from config.texts import has, say

_MOST = 4


def kind_words(kind: str, lang: str = "nl") -> str:
    """A kind, as `een sociaal netwerk`; a kind without words is itself."""
    return say(f"pages.kind.{kind}", lang) if has(f"pages.kind.{kind}", lang) else kind


def sign_words(sign: str, lang: str = "nl") -> str:
    """A sign, as `mensen volgen` (`text/signs.*.yaml`); one of an older or newer program is itself."""
    return say(f"sign.{sign}", lang) if has(f"sign.{sign}", lang) else sign


def looks_like(kind: str, reasons: Iterable[str], lang: str = "nl", most: int = _MOST) -> str:
    """The sentence for a proposal: its kind, and the first `most` reasons in words, each once."""
    signs = list(dict.fromkeys(sign_words(one, lang) for one in reasons))[:most]
    return say("pages.looks", lang, kind=kind_words(kind, lang), signs=", ".join(signs))
