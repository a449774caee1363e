"""Long bodies: held until their beginning was judged, and never longer than that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.uploads import Upload


@given(chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=30), bound=st.integers(1, 200))
def test_whatever_the_pieces_what_is_good_arrives_whole_and_is_judged_once(chunks, bound):
    judged = []
    upload = Upload(bound, lambda first: not judged.append(first), lambda: pytest.fail("cut"))
    held = 0
    out = []
    for chunk in (*chunks, b""):
        out += (passed := upload.passing(chunk))
        held = 0 if passed else held + len(chunk)
        assert held < bound + 40
        assert b"" not in passed, "an empty chunk would end the body"
    assert b"".join(out) == b"".join(chunks)
    assert judged == [b"".join(chunks)[:bound]] or (sum(map(len, chunks)) >= bound and len(judged) == 1)
    assert len(judged[0]) <= bound


@given(chunks=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=30), bound=st.integers(1, 200))
def test_of_what_is_refused_not_a_byte_goes_on_and_it_is_cut_once(chunks, bound):
    cuts = []
    upload = Upload(bound, lambda _: False, lambda: cuts.append(1))
    assert [upload.passing(chunk) for chunk in (*chunks, b"", b"")] == [[]] * (len(chunks) + 2)
    assert cuts == [1]
