"""Bodies that are sent packed (`Content-Encoding`), unpacked as far as anybody will read."""

from __future__ import annotations

import zlib
from io import BytesIO

import brotli
import zstandard

MOST = 256 * 1024
"""Bytes that come out at most: a bomb is cut off, and what is behind is not looked into."""
_MOST_LAYERS = 3
_WINDOW = 8 * 1024 * 1024  # bytes that zstandard may keep in memory (RFC 9659)


def unpacked(body: bytes | None, encoding: str, most: int = MOST) -> tuple[bytes | None, bool]:
    """The body as it was before it was packed, and whether that is all of it; None when it cannot be read.

    No more than `most` bytes come out of any layer.
    """
    if body is None:
        return None, False
    layers = [layer.strip().lower() for layer in encoding.split(",")]
    layers = [layer for layer in layers if layer not in ("", "identity")]
    if len(layers) > _MOST_LAYERS:
        return None, False
    whole = True
    for layer in reversed(layers):
        try:
            body, all_of_it = _one(body, layer, most)
        except (zlib.error, brotli.error, zstandard.ZstdError, ValueError, EOFError, MemoryError):
            return None, False
        whole = whole and all_of_it
    return body, whole


def _one(body: bytes, layer: str, most: int) -> tuple[bytes, bool]:
    """One layer off; `ValueError` for one that nobody knows."""
    match layer:
        case "gzip" | "x-gzip":
            return _inflated(body, 31, most)
        case "deflate":
            try:
                return _inflated(body, 15, most)
            except zlib.error:
                return _inflated(body, -15, most)  # without a header, as some send it
        case "br":
            decoder = brotli.Decompressor()
            found = bytes(decoder.process(body, output_buffer_limit=most))
            return found[:most], decoder.is_finished() and len(found) <= most
        case "zstd":
            reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
                BytesIO(body), read_across_frames=True
            )
            found = reader.read(most + 1)
            return found[:most], len(found) <= most
    raise ValueError(f"nobody knows how to unpack `{layer}`")


def _inflated(body: bytes, bits: int, most: int) -> tuple[bytes, bool]:
    decoder = zlib.decompressobj(bits)
    found = decoder.decompress(body, most)
    # A second part behind the first is read by servers too (RFC 1952, 2.2): then this is not all of it.
    return found, decoder.eof and not decoder.unused_data
