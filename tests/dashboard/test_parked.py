"""What waits in a form: only what we packed ourselves comes back, for whom it was packed, and not for ever."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from dashboard.parked import LARGEST, VALID, fetch, park
from tests.cast import LESSON

SECRET = b"s" * 32
VALUE = {"entries": [[2, "Zoë", False]], "salt": "z"}


def test_what_was_parked_comes_back_to_its_owner_for_an_hour() -> None:
    text = park(SECRET, "cor", VALUE, LESSON)
    assert fetch(SECRET, "cor", text, LESSON + VALID) == VALUE
    assert fetch(SECRET, "ria", text, LESSON) is None
    assert fetch(b"t" * 32, "cor", text, LESSON) is None
    assert fetch(SECRET, "cor", text, LESSON + VALID + timedelta(seconds=1)) is None
    assert fetch(SECRET, "cor", text, LESSON - timedelta(seconds=1)) is None


def test_too_much_is_not_parked() -> None:
    assert park(SECRET, "cor", [str(n * 7919**7) for n in range(20_000)], LESSON) == ""


@given(st.one_of(st.text(max_size=80), st.integers(0, LARGEST)))
def test_nothing_that_was_changed_comes_back(change: str | int) -> None:
    text = park(SECRET, "cor", VALUE, LESSON)
    if isinstance(change, int):
        at = change % len(text)
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    else:
        changed = change
    assert fetch(SECRET, "cor", changed, LESSON) is None
