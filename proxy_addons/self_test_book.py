"""What the self-test asks of a Chromebook besides the four pages: that it is set up as the school's export says.

A page sees little of the browser that it is in. Whether the proxy is mandatory, and what looks names up, is in
`chrome://policy` alone; the page says so, and shows nothing green about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from proxy_addons.self_test_words import AWAY, FAULT, OPEN, SHUT

EXTENSION, TRANSPORT = "ext", "via"
"""The fields in which the page tells what it saw: whether the extension answers, and how a test page came in."""
YES, NO = "ja", "nee"
_QUIC = "h3"


class Part(StrEnum):
    """One thing that a Chromebook of the school has."""

    PROXY = "proxy"
    CERTIFICATE = "certificate"
    GROUP = "group"
    QUIC = "quic"
    EXTENSION = "extension"


@dataclass(frozen=True, slots=True)
class Seen:
    """One part; `there` is None where it could not be seen."""

    part: str
    there: bool | None


def is_chromebook(agent: str) -> bool:
    """Whether a browser says that it runs on ChromeOS."""
    return "CrOS" in agent


def parts(
    secure: Mapping[str, str], fields: Mapping[str, str], *, straight: bool, grouped: bool, extension: bool
) -> tuple[Seen, ...]:
    """What was seen of each part. `secure` are the outcomes of the test pages over https, empty before they were tried.

    `straight`: the page came without the proxy; `grouped`: the guard knows of which group the device is; `extension`:
    the school hands one out.
    """
    came = [one for one in secure.values() if one in (SHUT, OPEN, FAULT)]
    trusted = True if came and len(came) == len(secure) else False if AWAY in secure.values() and not straight else None
    way = fields.get(TRANSPORT, "")
    quic = None if not way or not came else not way.startswith(_QUIC)
    answered = {YES: True, NO: False}.get(fields.get(EXTENSION, ""))
    found = [
        Seen(Part.PROXY, not straight),
        Seen(Part.CERTIFICATE, trusted),
        Seen(Part.GROUP, grouped),
        Seen(Part.QUIC, quic),
    ]
    return (*found, Seen(Part.EXTENSION, answered)) if extension else tuple(found)


def verdict(of_pages: str, seen: tuple[Seen, ...]) -> str:
    """What the test comes to: green needs every part, and the four pages; else what is worse."""
    return "book" if of_pages == "good" and not all(one.there for one in seen) else of_pages
