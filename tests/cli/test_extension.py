"""The school's own extension: made once, made anew when something in it changed, and its key stays a secret."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from cli import extension
from cli.extension import SOURCE, floor_hosts, prepared
from cli.home import Home, Trouble
from config.settings import Listen, Settings
from policy import signed
from proxy_addons.names.handing import PACKAGE, UPDATES, extension_of, handed

SETTINGS = Settings(listen=Listen(name="bord.school.nl"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def inside(home: Home) -> zipfile.ZipFile:
    data = (home.path / "extension" / "klaswacht.crx").read_bytes()
    return zipfile.ZipFile(io.BytesIO(data[data.index(b"PK\x03\x04") :]))


def test_it_is_of_this_school_and_asks_nobody_else(home: Home) -> None:
    prepared(home, SETTINGS)
    with inside(home) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert json.loads(archive.read("school.json"))["pupils"] == "wacht.bord.school.nl"
    policy = manifest["content_security_policy"]["extension_pages"]
    assert "connect-src 'self' https://wacht.bord.school.nl;" in policy
    assert "klaswacht.internal" not in policy
    assert "host_permissions" not in manifest and "content_scripts" not in manifest  # it looks at no page by itself


def test_a_second_time_it_is_the_same_and_a_change_is_a_higher_version_of_the_same_extension(home: Home) -> None:
    first = prepared(home, SETTINGS)
    assert prepared(home, SETTINGS) == first
    other = prepared(home, replace(SETTINGS, listen=Listen(name="klas.school.nl")))
    assert other.id == first.id
    assert [int(one) for one in other.version.split(".")] > [int(one) for one in first.version.split(".")]


def test_its_key_is_for_the_owner_only_and_is_not_handed_out(home: Home) -> None:
    prepared(home, SETTINGS)
    key = home.path / "secrets" / "extension"
    assert key.stat().st_mode & 0o077 == 0
    assert b"PRIVATE" not in (home.path / "extension" / "klaswacht.crx").read_bytes()
    key.write_bytes(b"something else")
    with pytest.raises(Trouble, match="put it back"):
        prepared(home, SETTINGS)
    extension.published(home, SETTINGS)  # and the guard starts all the same


def test_the_floor_at_home_is_what_no_school_opens_and_no_name_for_testing() -> None:
    hosts = floor_hosts()
    assert "pornhub.com" in hosts and "nordvpn.com" in hosts
    assert not [host for host in hosts if host.endswith(".test") or "/" in host or "*" in host]
    assert "wikipedia.org" not in hosts and "kindertelefoon.nl" not in hosts


def test_the_guard_hands_out_the_newest_and_nothing_before_there_is_one(home: Home) -> None:
    assert extension_of(home.path) is None and handed(UPDATES, "http://wacht.bord.school.nl", home.path) is None
    made = prepared(home, SETTINGS)
    answer = handed(UPDATES, "http://wacht.bord.school.nl", home.path)
    assert answer is not None
    text = answer.body.decode()
    assert f"appid='{made.id}'" in text and f"version='{made.version}'" in text
    assert f"codebase='http://wacht.bord.school.nl{PACKAGE}'" in text
    package = handed(PACKAGE, "", home.path)
    assert package is not None and package.body.startswith(b"Cr24")
    assert handed("/extensie/extension.json", "", home.path) is None


def run(script: str) -> str:
    """What a real engine says of the extension's own modules."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    command = [node, "--input-type=module", "-e", script]
    return subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, check=True, timeout=60).stdout


def test_what_the_browser_signs_is_byte_for_byte_what_the_guard_looks_at() -> None:
    said = run(
        "import * as s from './statements.js';"
        "const t = (b) => new TextDecoder().decode(b);"
        'console.log(t(s.lease("de \\"linde\\"", "kar-1", "sam\\\\x@school.nl", "17.ab")));'
        'console.log(t(s.beat("linde", "kar-1", 1795335684000001, "n", -1)));'
        'try { s.lease("school", "kar", "zoë", "n") } catch (e) { console.log(e.name) }'
    ).splitlines()
    assert said[0].encode() == signed.lease('de "linde"', "kar-1", "sam\\x@school.nl", "17.ab")
    assert said[1].encode() == signed.beat("linde", "kar-1", 1795335684000001, "n", -1)
    assert said[2] == "RangeError"


def test_the_badge_counts_minutes_up_and_is_empty_when_it_is_long_or_over() -> None:
    said = run(
        "import { badge, rest } from './badge.js';"
        "const told = { title: 'Les.', count: 1000, items: [{ text: 'a.nl', until: 'Tot 9 uur.' }], again: 30 };"
        "console.log(JSON.stringify([badge(told, 'Knop', 941).text, badge(told, 'Knop', 939).text,"
        " badge(told, 'Knop', 1000).text, badge({ ...told, count: 99999 }, 'Knop', 0).text,"
        " badge(told, 'Knop', 0).title, badge(null, 'Knop', 0),"
        " rest(told, 20, 25), rest(told, 20, 99), rest(null, 20, 0)]))"
    )
    assert json.loads(said) == [
        "1",
        "2",
        "",
        "",
        "Les.\na.nl. Tot 9 uur.\nKnop",
        {"text": "", "title": "Knop"},
        5,
        1,
        20,
    ]


def test_both_languages_have_every_word_that_a_page_shows() -> None:
    books = {
        lang: json.loads((SOURCE / "_locales" / lang / "messages.json").read_text("utf-8")) for lang in ("nl", "en")
    }
    assert books["nl"].keys() == books["en"].keys()
    shown = "".join(path.read_text("utf-8") for path in SOURCE.glob("*.html"))
    for part in shown.split('data-text="')[1:]:
        assert part.partition('"')[0] in books["nl"]
