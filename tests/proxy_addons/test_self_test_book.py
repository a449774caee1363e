"""On a Chromebook the self-test asks more: the proxy, the certificate, the group, QUIC, and the extension."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from proxy_addons.facts import Answer
from proxy_addons.gate import Options, open_gate
from proxy_addons.names.front import Place
from proxy_addons.self_test_book import Part, Seen, is_chromebook, parts, verdict
from proxy_addons.self_test_words import AWAY, FAULT, SHUT
from store.self_tests import PAGES
from tests.proxy_addons.asking import PROXY, SAMS, Guard, exchange
from tests.proxy_addons.test_self_test import KNOWN, PAGE, PUPILS, TEST
from tests.store.school import SCHOOL

BOOK = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
LAPTOP = BOOK.replace("CrOS x86_64 14541.0.0", "Linux x86_64")
SECURE = dict.fromkeys(("social", "words", "floor"), SHUT)
ALL_SHUT = "&".join(f"{one.value}={SHUT}" for one in PAGES)
ID = "abcdefghijklmnopabcdefghijklmnop"


def seen(secure: dict[str, str] = SECURE, *, extension: bool = True, **more: object) -> dict[str, bool | None]:
    fields = {"ext": "ja", "via": "http/1.1"} | more.get("fields", {})
    straight, grouped = bool(more.get("straight")), bool(more.get("grouped", True))
    return {
        one.part: one.there for one in parts(secure, fields, straight=straight, grouped=grouped, extension=extension)
    }


def test_a_chromebook_that_has_everything_is_green() -> None:
    assert seen() == dict.fromkeys(Part, True)
    assert verdict("good", tuple(Seen(part, True) for part in Part)) == "good"


@pytest.mark.parametrize(
    ("part", "found", "there"),
    [
        (Part.PROXY, {"straight": True}, False),
        (Part.GROUP, {"grouped": False}, False),
        (Part.QUIC, {"fields": {"via": "h3"}}, False),
        (Part.QUIC, {"fields": {"via": "h3-29"}}, False),
        (Part.QUIC, {"fields": {"via": ""}}, None),
        (Part.EXTENSION, {"fields": {"ext": "nee"}}, False),
        (Part.EXTENSION, {"fields": {"ext": ""}}, None),
        (Part.EXTENSION, {"fields": {"ext": "<script>"}}, None),
        (Part.CERTIFICATE, {"secure": dict.fromkeys(SECURE, AWAY)}, False),
        (Part.CERTIFICATE, {"secure": SECURE | {"floor": AWAY}}, False),
        (Part.CERTIFICATE, {"secure": {}}, None),
        (Part.CERTIFICATE, {"secure": SECURE | {"floor": FAULT}}, True),
    ],
)
def test_what_is_missing_or_could_not_be_seen_is_said_and_is_not_green(
    part: Part, found: dict[str, object], there: bool | None
) -> None:
    told = seen(**found)
    assert told[part] is there
    if there is not True:
        assert verdict("good", tuple(Seen(name, state) for name, state in told.items())) == "book"


def test_a_page_that_opened_stays_worse_than_a_part_that_is_missing() -> None:
    assert verdict("open", (Seen(Part.GROUP, False),)) == "open"
    assert verdict("", (Seen(Part.GROUP, False),)) == ""


def test_without_an_extension_to_hand_out_none_is_asked_for() -> None:
    assert Part.EXTENSION not in seen(extension=False)


def test_a_laptop_is_no_chromebook() -> None:
    assert is_chromebook(BOOK) and not is_chromebook(LAPTOP)


def told(guard: Guard, home: Path, query: str, agent: str = BOOK) -> Answer:
    """The test page on the Chromebook of a pupil of group 7, of a guard that hands out an extension."""
    (home / "extension").mkdir(exist_ok=True)
    (home / "extension" / "extension.json").write_text(json.dumps({"id": ID, "version": "1.0.1"}))
    place = Place("klaswacht.internal", PUPILS, "192.168.1.2", PROXY, 8081, PAGE, home=home)
    asked = exchange(f"{TEST}?{query}" if query else TEST, SAMS)
    asked = replace(asked, headers={**asked.headers, "user-agent": agent})

    async def main() -> Answer:
        gate = open_gate(guard.store, KNOWN, Options(SCHOOL, place=place, secret=b"s" * 32), guard.clock)
        await gate.start()
        try:
            answer = (await gate.ask(asked)).answer
            assert answer is not None
            return answer
        finally:
            await gate.stop()

    return asyncio.run(main())


def test_the_page_asks_the_schools_own_extension_and_no_other(guard: Guard, tmp_path: Path) -> None:
    answer = told(guard, tmp_path, "")
    assert f'data-extension="{ID}"' in answer.body.decode()
    policy = dict(answer.headers)["Content-Security-Policy"]
    assert f"chrome-extension://{ID}" in policy and policy.count("chrome-extension:") == 1


@pytest.mark.parametrize(("query", "words"), [("ext=ja&via=http/1.1", "Goed: alle vier"), ("ext=nee&via=h2", "Bijna:")])
def test_on_a_chromebook_green_needs_the_extension_too(guard: Guard, tmp_path: Path, query: str, words: str) -> None:
    body = told(guard, tmp_path, f"{ALL_SHUT}&{query}").body.decode()
    assert words in body and "chrome://policy" in body
    assert ("Verplicht installeren" in body) is ("nee" in query)


def test_on_a_laptop_nothing_is_asked_of_a_chromebook(guard: Guard, tmp_path: Path) -> None:
    body = told(guard, tmp_path, f"{ALL_SHUT}&ext=nee", LAPTOP).body.decode()
    assert "Goed: alle vier" in body and "De uitbreiding van Klaswacht" not in body
