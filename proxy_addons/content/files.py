"""Files in a body: picture, sound, video or another, by what is said of them and by how they begin."""

from __future__ import annotations

import re

from proxy_addons.facts import Exchange

_SPOKEN = re.compile(r"text/.*|.*[/+](json|xml)|application/(x-www-form-urlencoded|(x-)?(ndjson|protobuf|grpc).*)")
"""Types in which a page talks with its own server; anything else that is sent is a file."""
MEDIA = {"image": "picture", "audio": "sound", "video": "video"}
_EXTENSIONS = {
    "picture": "apng avif bmp cr2 dng gif heic heics heif hif ico jfif jp2 jpeg jpg jxl nef pjpeg png psd svg svgz tif"
    " tiff webp",
    "sound": "aac ac3 aif aiff amr caf flac m4a m4b m4r mid midi mka mp3 oga ogg opus ra wav weba wma",
    "video": "3g2 3gp asf avi flv m2ts m4v mkv mov mp4 mpeg mpg mts mxf ogv qt rm ts vob webm wmv",
}
_BY_EXTENSION = {ending: kind for kind, endings in _EXTENSIONS.items() for ending in endings.split()}
MOST_PARTS = 200
PART_HEAD = 2048
"""Bytes of a part in which its headers must be."""
_SIGNS = {
    b"\xff\xd8\xff": "picture",  # JPEG
    b"\x89PNG\r\n": "picture",
    b"GIF8": "picture",
    b"II*\x00": "picture",  # TIFF
    b"MM\x00*": "picture",
    b"II+\x00": "picture",  # BigTIFF
    b"8BPS": "picture",
    b"\xff\x0a": "picture",  # JPEG XL, bare
    b"\x00\x00\x00\x0cJXL ": "picture",
    b"\x00\x00\x00\x0cjP  ": "picture",  # JPEG 2000
    b"\x00\x00\x01\x00": "picture",  # icon
    b"ID3": "sound",
    b"\xff\xfb": "sound",  # MPEG layer 3 frames
    b"\xff\xf3": "sound",
    b"\xff\xf2": "sound",
    b"\xff\xfa": "sound",
    b"\xff\xf1": "sound",  # AAC (ADTS)
    b"\xff\xf9": "sound",
    b"#!AMR": "sound",
    b"OggS": "sound",
    b"fLaC": "sound",
    b"MThd": "sound",
    b"caff": "sound",
    b"\x1a\x45\xdf\xa3": "video",  # Matroska, WebM
    b"\x00\x00\x01\xba": "video",  # MPEG
    b"\x00\x00\x01\xb3": "video",
    b"FLV\x01": "video",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "video",  # ASF: WMV, WMA
    b"\x00\x00\x00\x14pnot": "video",
}
"""How files begin, whatever they are called (their own specifications)."""
_RIFF = {b"WEBP": "picture", b"WAVE": "sound", b"AVI ": "video"}
_BRANDS = {
    b"hei": "picture",
    b"hev": "picture",
    b"mif": "picture",
    b"msf": "picture",
    b"avi": "picture",
    b"M4A": "sound",
    b"M4B": "sound",
    b"F4A": "sound",
}
_FILENAME = re.compile(rb"filename\*?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\r\n]*))", re.IGNORECASE)
_PART_TYPE = re.compile(rb"^content-type\s*:\s*([\w.+-]+)/", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^;\s]+))", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DRAWING = re.compile(rb"\s{0,64}(?:<\?xml[^>]{0,200}>\s{0,64})?(?:<!(?:--|DOCTYPE)[^>]{0,400}>\s{0,64}){0,3}<svg[\s>]")


def content_type(exchange: Exchange) -> str:
    """The type that the body is said to be of, in small letters and without parameters."""
    return exchange.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_talk(kind: str) -> bool:
    """Whether a type is one in which a page talks with its own server."""
    return _SPOKEN.fullmatch(kind) is not None


def may_have_body(exchange: Exchange, kind: str) -> bool:
    """Whether something is sent along, looked into or not. HTTP/2 need not say how long it is, or that it is there."""
    length = exchange.headers.get("content-length", "" if kind or "transfer-encoding" in exchange.headers else "0")
    return bool(exchange.body) or length != "0"


def of_body(exchange: Exchange, kind: str, body: bytes | None) -> frozenset[str] | None:
    """The kinds of files in a body that is no talk; None when it was not looked into, or not all: it may hold any.

    That is how the policy hears it (no kind at all in an upload), so that a rule about photos speaks.
    """
    family = kind.partition("/")[0]
    if family in MEDIA:
        return frozenset({MEDIA[family]})
    if family == "multipart":
        return None if body is None else _of_parts(body, exchange.headers.get("content-type", ""))
    if body is not None:
        seen = (sniffed(body) if kind or not _is_text(body) else None) or (
            ("picture" if _DRAWING.match(body) else "file") if kind else None
        )
        return frozenset({seen}) if seen else frozenset()
    return frozenset({"file"}) if kind and not kind.endswith("octet-stream") else None


def parts_of(body: bytes, said: str) -> list[bytes]:
    """The parts of a form, at most `MOST_PARTS`; none when there is no telling where one begins."""
    found = _BOUNDARY.search(said)
    if found is None:
        return []
    parts = body.split(b"--" + (found[1] or found[2]).encode("latin-1", "replace"), MOST_PARTS + 1)
    return parts[1 : MOST_PARTS + 1]


def _of_parts(body: bytes, said: str) -> frozenset[str] | None:
    found = _BOUNDARY.search(said)
    if found is None:
        return None
    if body.count(b"--" + (found[1] or found[2]).encode("latin-1", "replace")) > MOST_PARTS:
        return None
    return frozenset(kind for part in parts_of(body, said) if (kind := of_part(part)) is not None)


def of_part(part: bytes) -> str | None:
    """Picture, sound, video or file, by how it begins, else by what is said of it; None for a part that is no file."""
    head, end, rest = part[:PART_HEAD].partition(b"\r\n\r\n")
    name, type_ = _FILENAME.search(head), _PART_TYPE.search(head)
    media = MEDIA.get(type_[1].decode("ascii", "replace").lower() if type_ else "")
    # Some begin with letters: a message may begin with them too.
    kind = (sniffed(rest) if name is not None or media or not _is_text(rest) else None) or media
    if kind is not None and rest.strip(b"\r\n-"):
        return kind
    if name is None:
        return None
    filename = (name[1] if name[1] is not None else name[2] or b"").decode("utf-8", "replace").strip()
    if not filename and end and not rest.strip(b"\r\n-"):
        return None
    ending = filename.rpartition(".")[2].lower() if "." in filename else ""
    return kind or _BY_EXTENSION.get(ending) or ("picture" if _DRAWING.match(rest) else "file")


def _is_text(start: bytes) -> bool:
    """Whether these bytes can be a text: no control signs, and UTF-8."""
    if _CONTROL.search(start[:PART_HEAD]):
        return False
    try:
        start[:PART_HEAD].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def sniffed(start: bytes) -> str | None:
    """The kind of a file by its first bytes."""
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12])
    if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
        return "sound"
    if start[:2] == b"BM" and start[6:10] == b"\x00\x00\x00\x00":
        return "picture"
    if start[4:8] in (b"ftyp", b"moov", b"mdat"):
        return _BRANDS.get(start[8:11], "video")
    return next((kind for sign, kind in _SIGNS.items() if start.startswith(sign)), None)


def head_of(part: bytes) -> tuple[bytes, bytes]:
    """The headers of a part and what is in it."""
    head, _, rest = part.partition(b"\r\n\r\n")
    return head, rest.removesuffix(b"\r\n")


def is_file(head: bytes) -> bool:
    """Whether a part says that it is a file."""
    return _FILENAME.search(head) is not None
