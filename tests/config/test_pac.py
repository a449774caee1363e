"""A PAC file gives one answer for every address, whatever it was made of, and that answer is never DIRECT."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from config.pac import script, written
from tests.evasions.hosts import HOSTS
from tests.proxy_addons.browser import FLAGS

CHROMIUM = Path("/usr/bin/chromium")
WHOLE = re.compile(
    r"(// [ -~]{1,200}\n)?function FindProxyForURL\(url, host\) \{\n"
    r'  return "(PROXY [a-z0-9._:\[\]-]+:[0-9]{1,5}(; )?)+";\n\}\n'
)
NASTY = ('";DIRECT', '"}\n', "\\", "\u2028", "*/", "</script>", "a;DIRECT", "a.nl:80; DIRECT", "", " ", "é.nl", "[::1]")
SCHEMES = ("http", "https", "ws", "wss", "ftp")

hosts = st.one_of(st.text(max_size=40), st.sampled_from(NASTY), st.ip_addresses().map(str), st.just("10.0.0.2"))
ways = st.lists(st.tuples(hosts, st.integers(-5, 70_000)), max_size=6)


def test_everything_leads_to_the_first_guard_that_answers_and_to_nothing_else() -> None:
    text = script([("192.168.1.2", 8107), ("wacht-2.school.nl", 8107), ("fd00::1", 8107)], "groep 7")
    assert text == (
        "// groep 7\n"
        "function FindProxyForURL(url, host) {\n"
        '  return "PROXY 192.168.1.2:8107; PROXY wacht-2.school.nl:8107; PROXY [fd00::1]:8107";\n'
        "}\n"
    )


def test_with_no_guard_to_go_to_a_browser_goes_nowhere() -> None:
    assert 'return "PROXY 127.0.0.1:9";' in script([])
    assert 'return "PROXY 127.0.0.1:9";' in script([("a b", 80), ("10.0.0.2", 0), ("10.0.0.2", 65_536)])


@pytest.mark.parametrize("host", ["fe80::1%eth0", "a_b c", "-;", 'x"', "a..b", "x" * 64, "a\n", "a.nl\n"])
def test_what_is_no_host_is_never_written(host: str) -> None:
    assert written(host) is None or re.fullmatch(r"[a-z0-9_.-]+", written(host) or "")
    assert host not in script([(host, 80)])


@pytest.mark.property
@given(ways, st.text(max_size=300))
def test_nothing_breaks_out_of_the_answer_or_of_the_comment(wanted: list[tuple[str, int]], note: str) -> None:
    text = script(wanted, note)
    assert WHOLE.fullmatch(text), text
    code = text.partition("function")[2]
    assert "DIRECT" not in code and code.count('"') == 2


@pytest.mark.browser
@pytest.mark.evasion("E28")
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
def test_for_hundreds_of_addresses_in_every_spelling_a_real_browser_hears_the_guard_and_never_direct() -> None:
    texts = [
        script([("192.168.1.2", 8107), ("fd00::1", 8107)], "Klaswacht: groep 7"),
        script([("10.0.0.2", 8080)], '*/ } return "DIRECT"; // \u2028 return "DIRECT"'),
        *(script([(nasty, 80)], nasty) for nasty in NASTY),
    ]
    asked = [(f"{scheme}://{host}/pad?x=1", host.strip("[]")) for host in HOSTS for scheme in SCHEMES]
    assert len({host for _, host in asked}) >= 500
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS])
        try:
            tab = browser.new_page()
            for text in texts:
                said = tab.evaluate(
                    "([text, asked]) => {"
                    "  const find = new Function(text + '; return FindProxyForURL')();"
                    "  return [...new Set(asked.map(([url, host]) => find(url, host)))]; }",
                    [text, asked],
                )
                assert len(said) == 1, said
                assert re.fullmatch(r"PROXY [a-z0-9._:\[\]-]+:\d+(; PROXY [a-z0-9._:\[\]-]+:\d+)*", said[0]), said
        finally:
            browser.close()
