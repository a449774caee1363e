"""What a process counts of itself: kinds and numbers, and when its loop is late."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from policy.model import Decision, Effect, Reason
from proxy_addons.facts import Ruling
from proxy_addons.measured import Measured, tell_on


def test_answers_are_counted_by_what_was_said_and_how_long_it_took() -> None:
    measured = Measured()
    deny = Decision(Effect.DENY, Reason.FAILED)
    measured.answered(Ruling(None, deny), 0.0004)
    measured.answered(Ruling(None, deny), 3.0)
    measured.answered(Ruling(None, None), 0.01)
    found = measured.numbers()
    assert (found["requests.deny"], found["requests.own"], found["answers"]) == (2, 1, 3)
    assert (found["answers.0.001"], found["answers.0.02"]) == (1, 1)
    assert round(found["answers.seconds"], 4) == 3.0104


def test_a_loop_tells_that_it_turns_until_it_is_stopped() -> None:
    told: list[Mapping[str, float]] = []

    async def go() -> None:
        task = asyncio.create_task(tell_on(told.append, lambda: {"faults": 2.0}))
        while len(told) < 2:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(go())
    assert told[0]["faults"] == 2.0
    assert told[1]["now.late"] >= 0.0
