"""The short form of `python -m bench.soak`: everything at once for half a minute, and nothing breaks or stays open."""

from __future__ import annotations

import pytest

from bench.soak.run import soak

pytestmark = [pytest.mark.full, pytest.mark.timeout(400)]


@pytest.mark.evasion("S12")
def test_a_class_full_of_traffic_leaves_nothing_behind_and_gets_through_nothing_closed(tmp_path):
    verdicts, lines = soak(tmp_path, minutes=0.4, seed=7, share=0.4)
    # Half a minute is warm-up: whether memory stays flat only a long run can tell.
    told = [verdict for verdict in verdicts if not verdict.what.startswith("memory")]
    assert len(told) == 8
    assert [str(verdict) for verdict in told if not verdict.met] == [], "\n".join(lines)
