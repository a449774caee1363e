"""One program, one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.program import app_name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("discord", "discord"),
        ("Discord.exe", "discord"),
        ("DISCORD.EXE ", "discord"),
        ("C:\\Program Files\\Discord\\Discord.exe", "discord"),
        ("/usr/share/discord/Discord", "discord"),
        ("/tmp/discord (deleted)", "discord"),
        ("\uff44\uff49\uff53\uff43\uff4f\uff52\uff44", "discord"),
        ("League of Legends.exe", "league of legends"),
        ("", ""),
        ("/", ""),
        (".exe", ""),
        ("discord.exe.exe", "discord"),
        ("games\uff0fdiscord", "discord"),
    ],
)
def test_a_program_has_one_name_however_it_is_written(written: str, name: str) -> None:
    assert app_name(written) == name


@given(
    st.text() | st.lists(st.sampled_from(["a", "A.EXE", ".exe", " (deleted)", "/", "\\", " ", "\uff0f"])).map("".join)
)
def test_a_name_stays_the_same_when_it_is_read_again(written: str) -> None:
    once = app_name(written)
    assert app_name(once) == once
