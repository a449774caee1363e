"""What only a body shows: the kinds of files in it, and the texts that somebody filled in.

The texts go to `policy.outgoing` and nowhere else; what leaves the asking side are findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from policy.outgoing import Field
from proxy_addons.content import files, texts
from proxy_addons.content.packed import unpacked
from proxy_addons.facts import Exchange

_SENDING = frozenset({"POST", "PUT", "PATCH"})
_MOST_QUERY = 16 * 1024  # characters of an address's query that are read
_MOST_FIELDS = 5_000


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent along. `media` are kinds of files: picture, sound, video, file; None when it may hold any.

    `complete` is false when there is a body that was not looked into, or not all of it: too long, packed in a way that
    nobody knows, or with more parts than are read. Then `fields` may lack some.
    """

    media: frozenset[str] | None = frozenset()
    complete: bool = True
    fields: tuple[Field, ...] = ()


def sends(exchange: Exchange) -> bool:
    """Whether this is a request that carries something."""
    return not exchange.websocket and exchange.method.upper() in _SENDING


def of_exchange(exchange: Exchange, *, with_texts: bool = True) -> Content:
    """The content of a request: files by what they are, and with `with_texts` the fields of its body.

    Never raises; what cannot be read is incomplete.
    """
    if not sends(exchange):
        return Content()
    kind = files.content_type(exchange)
    body, whole = unpacked(exchange.body, exchange.headers.get("content-encoding", ""))
    said = exchange.headers.get("content-type", "")
    if not files.may_have_body(exchange, kind):
        return Content()
    if files.is_talk(kind):
        if body is None:
            return Content(complete=False)
        pictured, fields = texts.read(body, kind, said) if with_texts else (frozenset(), ())
        return Content(pictured, whole, fields)
    media = files.of_body(exchange, kind, body)
    if body is None or not with_texts:
        return Content(media, whole and body is not None and media is not None)
    if kind.startswith("multipart/"):
        pictured, fields = texts.of_parts(files.parts_of(body, said), said)
        media = media | pictured if media is not None else None
    elif media == frozenset():
        pictured, fields = texts.read(body, kind, said)
        media = media | pictured
    else:
        fields = ()
    return Content(media, whole and media is not None, fields)


def of_query(query: str) -> tuple[Field, ...]:
    """The fields in the query of an address."""
    return tuple(islice(texts.of_form(query[:_MOST_QUERY], "utf-8"), _MOST_FIELDS))
