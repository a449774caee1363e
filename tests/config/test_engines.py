"""The search engines that come with the product: readable, without doubles, and every one either safe or closed."""

from __future__ import annotations

import pytest

from config import load
from config.engines_file import read_engines
from config.factory import factory_files
from config.read import ConfigError, read_yaml
from policy.address import canonical, canonical_host
from policy.model import Address, Search
from policy.search import Engines

ENGINES = Engines(tuple(read_engines(factory_files("engines"))))


def at(url: str) -> Address:
    address = canonical(url)
    assert address is not None
    return address


def read(text: str) -> None:
    tuple(read_engines([read_yaml(text.encode(), "engines/x.yaml")]))


# --- the files -------------------------------------------------------------------------------------------------------


def test_every_host_and_safe_name_is_canonical() -> None:
    hosts = [host for engine in ENGINES.engines for host in engine.hosts]
    for mode in (mode for engine in ENGINES.engines for mode in (engine.safe, engine.milder) if mode):
        hosts += [name for pair in mode.names for name in pair]
    plain = [host.removesuffix(".*") + ".nl" if host.endswith(".*") else host for host in hosts]
    assert [host for host in plain if canonical_host(host) != host] == []


def test_no_engine_sends_a_safe_name_on_to_another_one() -> None:
    names = [to for engine in ENGINES.engines if engine.safe for _, to in engine.safe.names]
    assert [name for name in names if ENGINES.safe_name(name)] == []


def test_a_host_without_a_safe_mode_is_in_no_engine_that_has_one() -> None:
    unsafe = [host for engine in ENGINES.engines if engine.safe and engine.safe.none for host in engine.hosts]
    safe = {host for engine in ENGINES.engines if engine.safe and not engine.safe.none for host in engine.hosts}
    assert not safe.intersection(unsafe)
    assert not any(ENGINES.unsafe(host.replace("*", "nl")) for host in safe)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("engines: 3", "there is no list `engines:`"),
        ("engines: [{id: a}]", "has no hosts"),
        ("engines: [{hosts: [a.nl]}]", "has no id"),
        ("engines: [{id: a, hosts: [a.nl], parms: [q]}]", "unknown key `parms`"),
        ("engines: [{id: a, hosts: a.nl}]", "is not a list"),
        ("engines: [{id: a, hosts: [3]}]", "is not text"),
        ("engines: [{id: a, hosts: [a.nl], paths: [s]}]", "is no path"),
        ("engines: [{id: a, hosts: [a.nl], safe: maybe}]", "is no block"),
        ("engines: [{id: a, hosts: [a.nl], safe: {params: {kp: 1}}}]", "is not text"),
        ("engines: [{id: a, hosts: [a.nl], safe: {param: {kp: x}}}]", "unknown key `param`"),
        ("engines: [{id: a, hosts: [a.nl]}, {id: a, hosts: [b.nl]}]", "is there twice"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(text)
    assert problem in str(error.value)
    assert str(error.value).startswith("engines/x.yaml:1:") or "there is no list" in problem


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "body", "engine"),
    [
        ("https://www.startpage.com/sp/search", [("query", "kat"), ("cat", "web")], "startpage"),
        ("https://html.duckduckgo.com/html/", [("q", "kat"), ("b", "")], "duckduckgo"),
        ("https://lite.duckduckgo.com/lite/", [("q", "kat")], "duckduckgo"),
        ("https://www.youtube.com/youtubei/v1/search", [("context.client.hl", "nl"), ("query", "kat")], "youtube"),
        ("https://youtubei.googleapis.com/youtubei/v1/search", [("query", "kat")], "youtube"),
        ("https://graphql.api.dailymotion.com/", [("query", "query X {}"), ("variables.query", "kat")], "dailymotion"),
        ("https://www.temu.com/api/poppy/v1/search", [("query", "kat")], "temu"),
        ("https://searx.be/search", [("q", "kat")], "searx"),
    ],
)
def test_words_that_are_sent_in_a_body_are_read(url: str, body: list[tuple[str, str]], engine: str) -> None:
    found = ENGINES.in_body(at(url), body)
    assert found is not None
    assert found.engine == engine
    assert "kat" in found.text


@pytest.mark.parametrize(
    "url",
    [
        "https://www.startpage.com/sp/search",
        "https://html.duckduckgo.com/html/",
        "https://lite.duckduckgo.com/lite/",
        "https://www.youtube.com/youtubei/v1/search?prettyPrint=false",
    ],
)
def test_a_search_that_is_posted_must_be_readable(url: str) -> None:
    assert ENGINES.posted(at(url))
    assert not ENGINES.posted(at("https://www.youtube.com/youtubei/v1/player"))


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.nl/complete/search?q=k",
        "https://clients1.google.com/complete/search?q=k",
        "https://suggestqueries.google.com/complete/search?q=k",
        "https://www.bing.com/AS/Suggestions?qry=k",
        "https://api.bing.com/osjson.aspx?query=k",
        "https://duckduckgo.com/ac/?q=k",
        "https://ac.ecosia.org/autocomplete?q=k",
        "https://search.brave.com/api/suggest?q=k",
        "https://api.qwant.com/v3/suggest?q=k",
        "https://www.startpage.com/suggestions?q=k",
        "https://suggestqueries-clients6.youtube.com/complete/search?q=k",
    ],
)
def test_what_a_search_box_asks_with_every_letter_is_known_and_read(url: str) -> None:
    assert ENGINES.suggests(at(url))
    found = ENGINES.query(at(url))
    assert found is not None
    assert found.text == "k"


def test_a_page_of_results_is_no_suggestion() -> None:
    for url in (
        "https://www.google.nl/search?q=k",
        "https://www.bing.com/search?q=k",
        "https://duckduckgo.com/?q=k",
        "https://search.brave.com/search?q=k",
        "https://www.ecosia.org/search?q=k",
    ):
        assert not ENGINES.suggests(at(url)), url


def test_a_search_for_the_name_of_a_site_is_no_way_to_it() -> None:
    assert ENGINES.fields(at("https://www.google.nl/search?q=instagram.com"))[0] >= {"q"}
    assert "trefwoord" in ENGINES.fields(at("https://raar.nl/?trefwoord=instagram.com"))[1]


def test_words_in_the_path_of_duckduckgo_are_read() -> None:
    for url in (
        "https://duckduckgo.com/rode_kat",
        "https://duckduckgo.com/rode_kat/",
        "https://duckduckgo.com/Rode%20Kat?ia=web",
        "https://duckduckgo.com/x.html?q=rode+kat",
        "https://duckduckgo.com//?q=rode+kat",
    ):
        found = ENGINES.query(at(url))
        assert found is not None and "rode kat" in found.text, url
    for url in ("https://duckduckgo.com/", "https://duckduckgo.com/dist/kat.js", "https://duckduckgo.com/kat.svg"):
        assert ENGINES.query(at(url)) is None, url


# --- safe search -----------------------------------------------------------------------------------------------------


def said(url: str) -> dict[str, str]:
    """The fields that a request for this address must have."""
    return dict(pair for mode in ENGINES.safe_at(at(url)) for pair in mode.params)


@pytest.mark.parametrize(
    ("url", "field", "value"),
    [
        ("https://www.google.nl/search?q=k", "safe", "active"),
        ("https://www.google.co.uk/search?q=k&udm=2", "safe", "active"),
        ("https://www.google.com/images?q=k", "safe", "active"),
        ("https://images.google.nl/images?q=k", "safe", "active"),
        ("https://cse.google.com/cse?q=k", "safe", "active"),
        ("https://www.bing.com/search?q=k", "adlt", "strict"),
        ("https://www.bing.com/images/search?q=k", "adlt", "strict"),
        ("https://www.bing.com/videos/search?q=k", "adlt", "strict"),
        ("https://duckduckgo.com/?q=k", "kp", "1"),
        ("https://html.duckduckgo.com/html/?q=k", "kp", "1"),
        ("https://lite.duckduckgo.com/lite/?q=k", "kp", "1"),
        ("https://duckduckgo.com/i.js?q=k", "p", "1"),
        ("https://www.startpage.com/sp/search?query=k", "qadf", "heavy"),
        ("https://nl.search.yahoo.com/search?p=k", "vm", "r"),
        ("https://images.search.yahoo.com/search/images?p=k", "vm", "r"),
        ("https://search.brave.com/images?q=k", "safesearch", "strict"),
        ("https://search.brave.com/ask?q=k", "safesearch", "strict"),
        ("https://www.google.com/ai?q=k", "safe", "active"),
        ("https://www.bing.com/copilotsearch?q=k", "adlt", "strict"),
        ("https://tse1.mm.bing.net/th?q=k", "adlt", "strict"),
        ("https://tse4.explicit.mm.bing.net/th?id=k", "adlt", "strict"),
        ("https://tse-mm.bing.com/th?q=k", "adlt", "strict"),
        ("https://th.bing.com/th?q=k", "adlt", "strict"),
        ("https://th.bing.com/th/id/k", "adlt", "strict"),
        ("https://duckduckgo.com/rode_kat", "kp", "1"),
        ("https://duckduckgo.com/rode_kat?ia=images", "kp", "1"),
        ("https://duckduckgo.com//?q=k", "kp", "1"),
        ("https://api.qwant.com/v3/search/images?q=k", "safesearch", "2"),
        ("https://www.qwant.com/?q=k", "s", "2"),
        ("https://www.mojeek.com/search?q=k", "safe", "1"),
        ("https://pixabay.com/images/search/k/", "safesearch", "true"),
        ("https://www.flickr.com/search/?text=k", "safe_search", "1"),
        ("https://api.giphy.com/v1/gifs/search?q=k", "rating", "g"),
        ("https://tenor.googleapis.com/v2/search?q=k", "contentfilter", "high"),
        ("https://www.istockphoto.com/nl/search/2/image?phrase=k", "excludenudity", "true"),
    ],
)
def test_an_engine_is_told_to_be_safe(url: str, field: str, value: str) -> None:
    assert said(url).get(field) == value


def test_what_is_no_search_goes_as_it_is() -> None:
    for url in (
        "https://www.google.com/recaptcha/api.js",
        "https://docs.google.com/document/d/1",
        "https://www.bing.com/",
        "https://duckduckgo.com/dist/wpm.main.js",
        "https://duckduckgo.com/favicon.ico",
    ):
        assert said(url) == {}


@pytest.mark.parametrize(
    "host", ["www.youtube.com", "m.youtube.com", "youtubei.googleapis.com", "www.youtube-nocookie.com"]
)
def test_youtube_is_restricted_on_every_page_and_by_its_name(host: str) -> None:
    for path in ("/", "/results?search_query=k", "/watch?v=1", "/youtubei/v1/search"):
        assert [mode.headers for mode in ENGINES.safe_at(at(f"https://{host}{path}"))] == [
            (("YouTube-Restrict", "Strict"),)
        ]
    assert ENGINES.safe_name(host) == "restrict.youtube.com"
    milder = Engines(ENGINES.engines, frozenset({"youtube"}))
    assert [mode.headers for mode in milder.safe_at(at(f"https://{host}/"))] == [(("YouTube-Restrict", "Moderate"),)]
    assert milder.safe_name(host) == "restrictmoderate.youtube.com"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("www.google.com", "forcesafesearch.google.com"),
        ("www.google.nl", "forcesafesearch.google.com"),
        ("www.google.com.au", "forcesafesearch.google.com"),
        ("www.bing.com", "strict.bing.com"),
        ("duckduckgo.com", "safe.duckduckgo.com"),
        ("pixabay.com", "safesearch.pixabay.com"),
        ("www.ecosia.org", "strict-safe-search.ecosia.org"),
        ("mail.google.com", None),
        ("docs.google.com", None),
        ("accounts.google.com", None),
        ("i.ytimg.com", None),
        ("html.duckduckgo.com", None),
        ("google.iemand.nl", None),
    ],
)
def test_safe_names_are_for_the_engine_itself(host: str, name: str | None) -> None:
    assert ENGINES.safe_name(host) == name


def test_an_engine_that_only_its_name_makes_safe_is_known() -> None:
    assert ENGINES.only_by_name("www.ecosia.org")
    assert not ENGINES.only_by_name("www.google.nl")


@pytest.mark.parametrize(
    "host", ["yandex.ru", "yandex.com.tr", "images.yandex.com", "ya.ru", "www.baidu.com", "searx.be", "presearch.com"]
)
def test_an_engine_that_cannot_be_safe_is_unsafe(host: str) -> None:
    assert ENGINES.unsafe(host)


@pytest.mark.parametrize(
    "host",
    [
        "www.google.nl",
        "yahoo.com",
        "search.yahoo.com",
        "www.kiddle.co",
        "nl.wikipedia.org",
        "www.ecosia.org",
        "swisscows.com",
    ],
)
def test_an_engine_that_can_be_safe_stays_open(host: str) -> None:
    assert not ENGINES.unsafe(host)


def test_a_search_at_an_unsafe_engine_is_still_read() -> None:
    assert ENGINES.query(at("https://yandex.com/search/?text=kat")) == Search("yandex", "kat")


def test_a_school_chooses_how_strict_youtube_is() -> None:
    assert load.knowledge().engines.safe_name("www.youtube.com") == "restrict.youtube.com"
    text = "protocol: kalisto\nschedule: {days: {}}\n"
    for line, name in (("", "restrict"), ("youtube: moderate\n", "restrictmoderate")):
        settings = load.parse_school((text + line).encode(), "school.yaml").settings
        assert load.knowledge(settings).engines.safe_name("www.youtube.com") == f"{name}.youtube.com"
    with pytest.raises(ConfigError, match="youtube"):
        load.parse_school((text + "youtube: loose\n").encode(), "school.yaml")
