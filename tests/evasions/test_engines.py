"""Every search engine that the guard knows, and those that it does not: words are judged, safe search is said (E16)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from config.load import knowledge
from policy.search import Engine
from tests.evasions.school import Running, host_of
from tests.evasions.sites import Request
from tests.evasions.speaking import http2, page, said_raw

pytestmark = pytest.mark.evasion("E16")

WORD, FINE = "porno", "kat"
ENGINES: dict[str, Engine] = {one.id: one for one in knowledge().engines.engines}
OFTEN = frozenset({"google", "bing", "duckduckgo", "startpage", "brave", "yandex", "searx", "pixabay"})
ALL = [one if one in OFTEN else pytest.param(one, marks=pytest.mark.full) for one in ENGINES]
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
NOBODYS = "onbekend.example"


def places(engine: Engine) -> list[str]:
    """Addresses at which this engine takes words, with `{}` for them: pages, pictures, suggestions, words in paths."""
    host = host_of(engine.hosts[0])
    found = [
        f"https://{host}{path.removesuffix('$').partition('{words}')[0]}?{name}={{}}"
        for path in (engine.paths or ("/search",))[:3]
        for name in engine.params[:2]
    ]
    found += [f"https://{host}{path}?{engine.params[0]}={{}}" for path in engine.suggest[:1] if path != "/"]
    for pattern in engine.words[:1]:
        path = pattern.removesuffix("$").replace("*", "nl").replace("{words}", "{}")
        found.append(f"https://{host}{path}")
    return found


@pytest.mark.parametrize("name", ALL)
def test_a_closed_word_reaches_no_engine(guard: Running, name: str):
    engine = ENGINES[name]
    for place in places(engine):
        reply = guard.pupil.fetch(place.format(WORD))
        assert reply.status == 403 and "x-origin" not in reply.headers, place
    for host in engine.hosts[1:]:
        assert guard.pupil.fetch(f"{places(engine)[0]}".replace(host_of(engine.hosts[0]), host_of(host)).format(WORD))
    assert not guard.sites.requests


@pytest.mark.parametrize("name", ALL)
def test_what_reaches_an_engine_says_safe_and_who_cannot_be_safe_is_closed(guard: Running, name: str):
    engine = ENGINES[name]
    for place in places(engine)[:2]:
        guard.forget()
        reply = guard.pupil.fetch(place.format(FINE))
        if engine.safe is not None and engine.safe.none:
            assert reply.status == 403 and not guard.sites.connections, place
        for one in guard.sites.requests:
            assert FINE in one.path
            said(engine, one)


def said(engine: Engine, one: Request) -> None:
    """The request says all that makes this engine safe, where it is to be said."""
    path, _, query = one.path.partition("?")
    mode = engine.safe
    if mode is None or mode.none or (mode.paths and not f"{path}$".startswith(mode.paths)):
        return
    fields = parse_qsl(query, keep_blank_values=True)
    for name, value in mode.params:
        assert [said for key, said in fields if key == name] == [value]
    for name, value in mode.headers:
        assert one.header(name.lower()) == value
    cookies = one.header("cookie") or ""
    assert all(f"{name}={value}" in cookies for name, value in mode.cookies)


def sent(guard: Running, url: str, fields: Mapping[str, str], kind: str) -> int:
    """The status of a search that is sent in a body."""
    if kind == JSON:
        body = json.dumps({"id": 1, "variables": dict(fields), **fields}).encode()
    elif kind == FORM:
        body = urlencode(fields).encode()
    else:
        parts = (f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
        body, kind = f"{''.join(parts)}--x--\r\n".encode(), "multipart/form-data; boundary=x"
    return guard.pupil.fetch(url, "POST", body, {"Content-Type": kind}).status


@pytest.mark.parametrize("kind", [FORM, JSON, "multipart"])
@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.google.com/search", "q"),
        ("https://www.bing.com/search", "q"),
        ("https://html.duckduckgo.com/html/", "q"),
        ("https://lite.duckduckgo.com/lite/", "q"),
        ("https://www.startpage.com/sp/search", "query"),
        (f"https://{NOBODYS}/zoeken", "zoekterm"),
        (f"https://{NOBODYS}/api/search", "query"),
        (f"https://{NOBODYS}/", "q"),
    ],
)
def test_words_in_a_body_are_judged_wherever_they_are_sent(guard: Running, url: str, name: str, kind: str):
    assert sent(guard, url, {"x": "1", name: WORD}, kind) == 403
    assert not guard.sites.requests
    assert sent(guard, url, {"x": "1", name: FINE}, kind) == 200


WRITTEN = {
    "capitals": "PORNO",
    "percents": "".join(f"%{ord(char):02x}" for char in WORD),
    "twice": quote(quote("".join(f"%{ord(char):02x}" for char in WORD))),
    "plus": f"mooie+{WORD}+kijken",
    "twenty": f"mooie%20{WORD}%20kijken",
    "tab": f"mooie%09{WORD}",
    "zero width": quote("por\u200bno"),
    "soft hyphen": quote("por\u00adno"),
    "full width": quote("ｐｏｒｎｏ"),
    "accents": quote("pórnó"),
    "Cyrillic": quote("роrnо"),
    "leet": "p0rn0",
    "apart": "p+o+r+n+o",
    "quotes": quote(f'"{WORD}"'),
    "no break space": quote(f"a\u00a0{WORD}"),
}


@pytest.mark.evasion("E15")
@pytest.mark.parametrize("written", WRITTEN)
def test_no_writing_of_the_word_brings_it_through(guard: Running, written: str):
    for url in ("https://www.google.com/search?q={}", f"https://{NOBODYS}/?zoek={{}}"):
        assert guard.pupil.fetch(url.format(WRITTEN[written])).status == 403, url
    assert not guard.sites.requests


ODD = [
    f"/search?q={FINE}&q={WORD}",
    f"/search?q={WORD}&q={FINE}",
    f"/search?Q={WORD}",
    f"/search?%71={WORD}",
    f"/search?q[]={WORD}",
    f"/search?q%00={WORD}",
    f"/search?x=1;q={WORD}",
    f"/search/?q={WORD}",
    f"//search?q={WORD}",
    f"/./search?q={WORD}",
    f"/x/../search?q={WORD}",
    f"/%73earch?q={WORD}",
    f"/SEARCH?q={WORD}",
    f"/search?a=1#&q={WORD}",
    f"/search#?q={WORD}",
    f"/#/../search?q={WORD}",
    f"/search?&&&q={WORD}",
    f"/search?q={WORD}#",
    f"/search?q=%EF%BB%BF{WORD}",
    f"/search?q={FINE}{'&x=' + 'y' * 30 + '&q='}{WORD}",
]


@pytest.mark.parametrize("path", ODD)
def test_no_way_of_writing_the_address_hides_the_word(guard: Running, path: str):
    """Said without a browser, which would put it right: also with a `#`, that many a server takes for a letter."""
    for host in ("www.google.com", NOBODYS):
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
        assert b"x-origin" not in said_raw(guard.pupil, head.encode(), host), host
    with http2(guard.pupil, host) as line:
        assert not line.ask(page(host, path)).reached
    assert not guard.sites.requests


@pytest.mark.parametrize(
    "path", ["/?q={}", "/search?query={}", "/zoeken/{}", "/search/{}", "/?s={}", "/x?search_query={}"]
)
def test_an_engine_that_nobody_knows_is_known_by_its_fields(guard: Running, path: str):
    assert guard.pupil.fetch(f"https://{NOBODYS}{path.format(WORD)}").status == 403
    assert not guard.sites.requests
    assert guard.pupil.fetch(f"https://{NOBODYS}{path.format(FINE)}").status == 200


def test_what_the_child_says_about_safe_search_does_not_count(guard: Running):
    url = "https://www.google.com/search?q=kat&safe=off&SAFE=off&safeui=off&%73afe=images&ssui=off"
    assert guard.pupil.fetch(url, headers={"Cookie": "PREF=f2=8000000; a=b", "Prefer": "unsafe"}).status == 200
    query = parse_qsl(guard.sites.requests[0].path.partition("?")[2])
    assert [value for name, value in query if name.lower() == "safe"] == ["active"]
    assert [value for name, value in query if name.lower() == "ssui"] == ["on"]
    guard.forget()
    cookie = {"Cookie": "SRCHHPGUSR=ADLT=OFF; x=y"}
    assert guard.pupil.fetch("https://www.bing.com/search?q=kat&adlt=off", headers=cookie).status == 200
    (one,) = guard.sites.requests
    assert "adlt=strict" in one.path and "OFF" not in (one.header("cookie") or "") and "off" not in one.path
