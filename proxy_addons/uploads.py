"""Long bodies on their way out: the beginning is held until it was judged, then everything streams, or it is cut.

What is short enough is judged as a whole before it goes (`hooks`); a film or a long text cannot wait for its end. Knows
no engine: an engine gives it the chunks that come in, and sends on what it gets back.
"""

from __future__ import annotations

from collections.abc import Callable


class Upload:
    """One body that streams. `judge` gets its first bytes, and says whether it may go on; `cut` ends it.

    At most `bound` bytes are held, and one chunk.
    """

    __slots__ = ("_bound", "_cut", "_held", "_judge", "_size")

    def __init__(self, bound: int, judge: Callable[[bytes], bool], cut: Callable[[], None]) -> None:
        self._bound = bound
        self._judge: Callable[[bytes], bool] | None = judge
        self._cut = cut
        self._held: list[bytes] | None = []
        self._size = 0

    def passing(self, chunk: bytes) -> list[bytes]:
        """What may be sent on after this chunk; an empty one is the end. Raises what `judge` raises."""
        held = self._held
        if held is None:  # it was cut
            return []
        if self._judge is None:
            return [chunk] if chunk else []
        if chunk:
            held.append(chunk)
            self._size += len(chunk)
            if self._size < self._bound:
                return []
        if not self._judge(b"".join(held)[: self._bound]):
            self._held = None
            self._cut()
            return []
        self._judge, self._held = None, []
        return held
