"""The texts in a body: forms, JSON, parts, XML, messages; bounded in every direction, and no input raises."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import deque
from collections.abc import Iterator
from html import unescape
from itertools import islice
from urllib.parse import unquote_plus

from policy.outgoing import Field
from proxy_addons.content import files

_MOST = 256 * 1024  # bytes of a body that are read
_MOST_FIELDS = 5_000
_MOST_NODES = 100_000  # things in one JSON
_DEEPEST = 40
_NESTED = 3  # times that a text in JSON is JSON again
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:\-]{1,40})", re.IGNORECASE)
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "iso-8859-15": "iso-8859-15",
}
"""Encodings that pages use; the web reads latin-1 as windows-1252 (WHATWG Encoding)."""
_PART_NAME = re.compile(rb"\bname\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\r\n]*))", re.IGNORECASE)
_PART_TYPE = re.compile(rb"^content-type\s*:\s*([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE)
_FORM_LIKE = re.compile(r"[\w.\-\[\]%]{1,64}=[^\s&]*(?:&[\w.\-\[\]%]{1,64}=[^\s&]*)*\s*")
_PRINTED = re.compile(rb"[\x20-\x7e\xc2-\xf4\x80-\xbf]{4,}")
_SAID = re.compile(r"(?<![^\s\0-\x1f])[\"'(]?(?:[^\W\d_]{2,}|\d{2,})[.,!?;:)\"']*(?!\S)")
"""A word or number between blanks. Of what is no text only runs with two of them were written by somebody."""
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a]")
_FRAMED = re.compile(r"\s{0,8}(?:\d{1,12}(?:/[\w\-]{0,64},)?\d{0,6}|a|c|m|MESSAGE|\)\]\}',?)?\s{0,8}(?=[\[{])")
"""What stands before the JSON of a message: the numbers of socket.io and SockJS, the guard of some services."""
_DATA = re.compile(r"\s{0,8}data:(image|audio|video)/[\w.+\-]{1,40}[;,]", re.IGNORECASE)
_SMALLEST_DATA = 256  # characters: a shorter one is a dot or an icon
_SMALLEST_BASE64 = 1024
_BASE64 = {"/9j/": "picture", "iVBORw0": "picture", "R0lGOD": "picture", "UklGR": "picture", "AAAAIGZ0eX": "video"}
_BASE64_SIGNS = re.compile(r"[A-Za-z0-9+/_=\s-]{64}")

Found = tuple[frozenset[str], tuple[Field, ...]]


def read(body: bytes, kind: str, said: str) -> Found:
    """The kinds of pictures that stand in the texts as base64, and the fields, of a body of this type."""
    if "protobuf" in kind or "grpc" in kind or _is_binary(body):
        return _sorted_out(_printed(body))
    encoding = _encoding(body, said)
    text = _ends(body).decode(encoding, "replace").lstrip("\ufeff").lstrip("\x00")
    if kind == "application/x-www-form-urlencoded":
        return _sorted_out(of_form(text, encoding))
    if kind.endswith(("/xml", "+xml")):
        return _sorted_out(_of_xml(text))
    return _sorted_out(_of_text(text))


def of_parts(parts: list[bytes], said: str) -> Found:
    """The same of the parts of a form that are no files."""
    return _sorted_out(_of_parts(parts, said))


def of_form(text: str, encoding: str) -> Iterator[Field]:
    """The fields of a form; a value that is JSON or a form itself is opened."""
    if "utf-16" in encoding:
        encoding = "utf-8"
    pieces = text.split("&")
    if len(pieces) > _MOST_FIELDS:
        pieces = pieces[: _MOST_FIELDS // 2] + pieces[-_MOST_FIELDS // 2 :]
    for piece in pieces:
        name, equals, value = piece.partition("=")
        if not equals:
            name, value = "", name
        if value:
            yield from _opened(unquote_plus(name[:400], encoding, "replace"), unquote_plus(value, encoding, "replace"))


def _of_text(text: str) -> Iterator[Field]:
    """Text of which nobody says what it is: JSON, lines of JSON, a form, or simply text."""
    framed = _FRAMED.match(text)
    start = text[framed.end() :] if framed else text
    if start[:1] in ("{", "["):
        value = _json(start)
        if value is not _NO_JSON:
            yield from _leaves(value)
            return
        lines = [_json(line) for line in start.split("\n", 1_000)[:1_000] if line.strip()[:1] in ("{", "[")]
        good = [line for line in lines if line is not _NO_JSON]
        if good:
            yield from _leaves(good)
            return
    elif _FORM_LIKE.match(text) and "=" in text[:128] and _FORM_LIKE.fullmatch(text):
        yield from of_form(text.strip(), "utf-8")
        return
    elif start[:1] == '"':
        value = _json(start)
        if isinstance(value, str):
            text = value
    yield Field("", text)


def _opened(name: str, value: str) -> Iterator[Field]:
    """A value as it is, or what is in it when it is JSON."""
    if value[:1] in ("{", "[") and len(value) > 2:
        inner = _json(value)
        if inner is not _NO_JSON:
            yield from _leaves(inner, name)
            return
    yield Field(name, value)


_NO_JSON = object()


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NO_JSON


def _leaves(value: object, name: str = "") -> Iterator[Field]:
    """The texts and whole numbers in JSON: all of them, or of very many the first and the last."""
    found = _all_leaves(value, name)
    yield from islice(found, _MOST_FIELDS // 2)
    yield from deque(found, _MOST_FIELDS // 2)


def _all_leaves(value: object, name: str) -> Iterator[Field]:
    """Every text and whole number in JSON under the key that it stands at; not deeper or more than anybody writes."""
    waiting: list[tuple[str, object, int, int]] = [(name, value, 0, 0)]
    count = 0
    while waiting and count < _MOST_NODES:
        name, value, depth, nested = waiting.pop()
        count += 1
        if isinstance(value, dict):
            if depth < _DEEPEST:
                inside = reversed(value.items())
                waiting += [(str(key)[:400], one, depth + 1, nested) for key, one in inside]
        elif isinstance(value, list):
            if depth < _DEEPEST:
                waiting += [(name, one, depth + 1, nested) for one in reversed(value)]
        elif isinstance(value, str):
            inner = _json(value) if nested < _NESTED and value[:1] in ("{", "[") and len(value) > 2 else _NO_JSON
            if inner is not _NO_JSON:
                waiting.append((name, inner, depth + 1, nested + 1))
            elif value:
                yield Field(name, value)
        elif isinstance(value, int) and not isinstance(value, bool) and -(10**15) < value < 10**15:
            yield Field(name, str(value))


def _of_xml(text: str) -> Iterator[Field]:
    """The texts in XML under the name of the element, and its attributes."""
    for piece in text.split("<", _MOST_FIELDS)[:_MOST_FIELDS]:
        tag, closed, inside = piece.partition(">")
        if not closed:
            inside = piece
        name = tag.split(None, 1)[0].rpartition(":")[2][:80] if closed and tag.strip() else ""
        if inside.strip():
            yield Field(name.lstrip("/!?"), unescape(inside.strip().removesuffix("]]>")))
        if "![CDATA[" in tag:
            yield Field("", tag.partition("![CDATA[")[2])
        elif '="' in tag:
            pairs = tag.split('"')
            for before, value in zip(pairs[0:200:2], pairs[1:200:2], strict=False):
                if value.strip():
                    yield Field(before.strip().rstrip("=").rpartition(" ")[2], unescape(value))


def _of_parts(parts: list[bytes], said: str) -> Iterator[Field]:
    for part in parts:
        head, rest = files.head_of(part)
        name = _PART_NAME.search(head[: files.PART_HEAD])
        type_ = _PART_TYPE.search(head[: files.PART_HEAD])
        if files.is_file(head[: files.PART_HEAD]) or files.of_part(part) is not None:
            # A text may be sent as a file: a page packs its own JSON so.
            if type_ is not None and files.of_part(part) in (None, "file") and not _is_binary(rest):
                told = type_[1].decode("latin-1")
                if files.is_talk(told.partition(";")[0].strip().lower()):
                    yield from _of_text(_ends(rest).decode(_encoding(rest, told), "replace"))
            continue
        told = type_[1].decode("latin-1") if type_ else said
        text = _ends(rest).decode(_encoding(rest, told), "replace")
        label = (name[1] if name[1] is not None else name[2] or b"").decode("utf-8", "replace") if name else ""
        if type_ is not None and "json" in told.lower():
            yield from _of_text(text)
        elif text.strip("\r\n-"):
            yield from _opened(label, text)


def _ends(body: bytes) -> bytes:
    """The body, or of a long one its start and its end."""
    return body if len(body) <= _MOST else body[: _MOST // 2] + b"\n" + body[-_MOST // 2 :]


def _printed(body: bytes) -> Iterator[Field]:
    """The runs of words in what is no text (protobuf keeps its texts as they are); a run by chance has none."""
    for run in _PRINTED.finditer(_ends(body)):
        text = run.group().decode("utf-8", "ignore")
        if len(_SAID.findall(text)) > 1:
            yield Field("", text)


def _is_binary(body: bytes) -> bool:
    """Whether this is no text: control signs at the start, and not of UTF-16."""
    start = body[:512]
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or start[:1] == b"\0" or start[1:2] == b"\0":
        zeros = start.count(0)
        return not (zeros and abs(zeros * 2 - len(start)) <= len(start) // 4 + 2)
    return _CONTROL.search(start) is not None


def _encoding(body: bytes, said: str) -> str:
    """How the text is written: by its first bytes, by what is said, else UTF-8 or what Windows made of it."""
    if body.startswith(BOM_UTF8):
        return "utf-8"
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    if body[1:2] == b"\0" or body[:1] == b"\0":
        return "utf-16-le" if body[1:2] == b"\0" else "utf-16-be"
    told = _CHARSET.search(said)
    known = _CHARSETS.get(told[1].lower()) if told else None
    if known is not None and known != "utf-8":
        return known
    try:
        body[:_MOST].decode("utf-8")
    except UnicodeDecodeError as error:
        # A sign that was cut at the end is no sign of another encoding.
        return "utf-8" if error.reason == "unexpected end of data" else "cp1252"
    return "utf-8"


def _sorted_out(fields: Iterator[Field]) -> Found:
    """Pictures that are written as text, apart from the texts."""
    media: set[str] = set()
    texts: list[Field] = []
    for field in fields:
        kind = _written_file(field.text)
        if kind is not None:
            media.add(kind)
        else:
            texts.append(field)
        if len(texts) >= _MOST_FIELDS:
            break
    return frozenset(media), tuple(texts)


def _written_file(text: str) -> str | None:
    """The kind of file that a text is, as a data address or bare base64; small ones are dots and icons."""
    if len(text) < _SMALLEST_DATA:
        return None
    data = _DATA.match(text)
    if data is not None:
        return files.MEDIA[data[1].lower()]
    if len(text) > _SMALLEST_BASE64 and _BASE64_SIGNS.match(text):
        return next((kind for start, kind in _BASE64.items() if text.startswith(start)), None)
    return None
