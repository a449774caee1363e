"""The lists that come with the product: canonical, without doubles, and harmless to innocent words."""

import os
import time
from collections import Counter
from pathlib import Path

import pytest
from publicsuffixlist import PublicSuffixList

from config import factory
from config.factory import factory_file, factory_files
from config.load import factory_policy, knowledge, protocol_names
from config.sense import nonsense
from config.settings import Settings
from config.texts import has
from policy.address import canonical, canonical_host, is_ip
from policy.match import suffixes, within
from policy.sounds import spelling

KNOWN = knowledge()
LISTS, LEARNING = factory._categories()
HOSTS = [(category, host) for category, hosts in LISTS.items() for host in hosts]
# By exact name, so that a name below another one says something.
EXACT = {"system"}


def test_every_host_is_canonical():
    names = [host for _, host in HOSTS] + list(KNOWN.tunnels)
    assert [host for host in names if canonical_host(host) != host] == []


def test_every_host_is_in_one_list_only_and_once():
    assert [host for host, times in Counter(host for _, host in HOSTS).items() if times > 1] == []


def test_no_host_is_below_another_one_of_any_list():
    covering = {host for category, host in HOSTS if category not in EXACT}
    found = [
        (host, parent)
        for category, host in HOSTS
        if category not in EXACT
        for parent in list(suffixes(host))[1:]
        if parent in covering
    ]
    assert found == []


def test_no_list_holds_a_whole_public_suffix():
    suffixes_of_all = PublicSuffixList(only_icann=True)
    assert [h for _, h in HOSTS if not is_ip(h) and suffixes_of_all.privatesuffix(h) is None] == []


def test_each_file_is_named_after_its_category():
    for document in factory_files("categories"):
        assert document.file == f"config/categories/{document.value['category']}.yaml"
        assert set(document.value) <= {"category", "learning", "hosts"}


@pytest.mark.parametrize(
    ("url", "category"),
    [
        ("https://www.instagram.com/reels", "social"),
        ("https://vm.tiktok.com/x", "social"),
        ("https://m.youtube.com/watch?v=1", "video"),
        ("https://rr3---sn-5hne6nsr.googlevideo.com/", "video"),
        ("https://web.whatsapp.com/", "chat"),
        ("https://gateway.discord.gg/", "game-chat"),
        ("https://poki.com/nl", "games"),
        ("https://chatgpt.com/", "ai-chat"),
        ("https://mail.google.com/mail", "mail"),
        ("https://wetransfer.com/", "file-sharing"),
        ("https://nl.pornhub.com/", "adult"),
        ("https://nordvpn.com/", "bypass"),
        ("https://1.1.1.1/dns-query", "bypass"),
        ("https://nl.wikipedia.org/wiki/Kat", "education"),
        ("https://jeugdjournaal.nl/", "news-children"),
        ("https://www.kindertelefoon.nl/chat", "help"),
    ],
)
def test_a_well_known_site_is_in_its_category(url, category):
    assert KNOWN.categories.categories(canonical(url).host) == {category}


@pytest.mark.parametrize("host", ["nos.nl", "google.com", "www.google.nl", "box.nl", "netflux.example", "ax.com"])
def test_an_ordinary_site_is_in_none(host):
    assert KNOWN.categories.categories(host) == frozenset()


def test_learning_stays_open_under_a_ban():
    assert KNOWN.learning == LEARNING == {"education"}


def test_system_hosts_are_open_by_exact_name_and_not_a_category():
    assert "accounts.google.com" in KNOWN.system_hosts
    assert "system" not in KNOWN.categories.known()


def test_where_nothing_is_read_no_rule_is_opened_or_closed():
    for host in KNOWN.unread:
        assert KNOWN.categories.categories(host) <= {"education"}, host


def test_a_system_or_help_host_is_in_no_list_that_a_rule_closes():
    for host in KNOWN.system_hosts:
        assert KNOWN.categories.categories(host) <= {"video"}, host  # accounts.youtube.com, by its exact name


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_tunnel_has_a_reason_in_words(lang):
    assert [host for host, reason in KNOWN.tunnels.items() if not has(f"inspection.reason.{reason}", lang)] == []
    assert len(KNOWN.tunnels) <= 30


def test_what_goes_through_unseen_is_in_no_list_that_a_rule_of_any_protocol_closes():
    for host in KNOWN.tunnels:
        assert KNOWN.categories.categories(host) <= {"education", "school-admin"}, host
    for name in protocol_names():
        assert list(nonsense(factory_policy(name), Settings(tunnels=KNOWN.tunnels))) == []


def test_what_goes_through_unseen_has_a_name_that_nobody_else_has_a_part_of():
    everybodys, registries = PublicSuffixList(), PublicSuffixList(only_icann=True)
    for host in KNOWN.tunnels:
        assert not is_ip(host) and "*" not in host
        # A private suffix (github.io, web.app) makes the one differ from the other.
        assert everybodys.privatesuffix(host) == registries.privatesuffix(host) is not None, host
    assert everybodys.privatesuffix("a.github.io") != registries.privatesuffix("a.github.io")  # the check can fail


def test_nobody_searches_or_talks_on_a_name_that_goes_through_unseen():
    services = [service for service in KNOWN.services.services if service.actions]
    for host in KNOWN.tunnels:
        search = KNOWN.engines.query(canonical(f"https://{host}/search?q=kat"))
        assert search is None or search.engine == "unknown", host  # a site's own box, as any may have
        assert not any(within(host, service.sites) for service in services), host


def test_every_program_has_one_category():
    programs = [p for entries in factory_file("apps.yaml").value.values() for p in entries]
    assert [p for p, times in Counter(programs).items() if times > 1] == []
    assert KNOWN.apps["discord"] == "chat"


@pytest.mark.parametrize(
    ("url", "engine", "text"),
    [
        ("https://www.google.nl/search?q=kat&oq=ka", "google", "kat"),
        ("https://www.google.co.uk/search?q=kat", "google", "kat"),
        ("https://www.google.com/complete/search?client=x&q=ka", "google", "ka"),
        ("https://www.bing.com/search?q=kat&pq=ka", "bing", "kat"),
        ("https://duckduckgo.com/?q=kat&ia=web", "duckduckgo", "kat"),
        ("https://www.ecosia.org/search?q=kat", "ecosia", "kat"),
        ("https://www.startpage.com/sp/search?query=kat", "startpage", "kat"),
        ("https://nl.search.yahoo.com/search?p=kat", "yahoo", "kat"),
        ("https://search.brave.com/search?q=kat", "brave", "kat"),
        ("https://www.qwant.com/?q=kat", "qwant", "kat"),
        ("https://www.youtube.com/results?search_query=kat", "youtube", "kat"),
        ("https://nl.wikipedia.org/w/index.php?search=kat", "wikipedia", "kat"),
        ("https://yandex.com/search/?text=kat", "yandex", "kat"),
        ("https://www.baidu.com/s?wd=kat", "baidu", "kat"),
        ("https://www.kiddle.co/s.php?q=kat", "kiddle", "kat"),
    ],
)
def test_a_search_is_read_from_the_address(url, engine, text):
    found = KNOWN.engines.query(canonical(url))
    assert (found.engine, found.text) == (engine, text)


# --- words ---------------------------------------------------------------------------------------------------------


def kinds(text):
    return {hit.kind for hit in KNOWN.lexicon.hits(text)}


@pytest.mark.parametrize(
    "text",
    """kankeronderzoek
    jodenkoeken bakken
    de oorlog in oekraine
    tweede wereldoorlog
    slavernij in suriname
    het lichaam van de mens
    wat is een penis
    seksuele voorlichting groep 8
    wapenschild van overijssel
    haan kip kuiken
    flauwekul
    dikke dame
    knikkers
    hoera hoera
    negeren
    negerhut van oom tom
    zelfmoordaanslag
    joden
    moslims
    homo
    transgender
    marokko
    turken
    surinamers
    mongolen en hun rijk
    essex
    koolmees
    eikels van de eik
    cum laude geslaagd
    spic en span
    kattenkwaad
    maine coon
    racoon
    de dood van koning willem
    hoe ga ik dood in minecraft
    tetris
    godverlaten
    pest in de middeleeuwen
    klimop
    analyse
    titanic
    bomen
    messen slijpen
    pesten
    luis in je haar
    borsten
    ik ben bang voor spinnen""".splitlines(),
)
def test_an_innocent_search_hits_nothing(text):
    assert kinds(text) == set()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("kut", "coarse"),
        ("K U T", "coarse"),
        ("kuuuuut", "coarse"),
        ("k\u00fatwijf", "coarse"),
        ("wat een klootzak", "coarse"),
        ("teringlijer", "coarse"),
        ("fuck you", "coarse"),
        ("hoe maak je een bom", "aggression"),
        ("ik steek je neer", "aggression"),
        ("ga dood", "aggression"),
        ("kill yourself", "aggression"),
        ("porno", "sex"),
        ("p0rn0", "sex"),
        ("blote meisjes", "sex"),
        ("onlyfans", "sex"),
        ("vieze homo", "discrimination"),
        ("vuile jood", "discrimination"),
        ("spleetogen", "discrimination"),
        ("white power", "discrimination"),
    ],
)
def test_a_word_is_found_by_its_kind(text, kind):
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    """ik wil dood
    ik wil niet meer leven
    hoe pleeg ik zelfmoord
    zelfmoordgedachten
    mezelf snijden
    mijn vader slaat mij
    mijn stiefvader zit aan me
    mama slaat me
    ik word gepest
    ik word gepest op school wat moet ik doen
    ik durf niet naar huis
    ik ben bang voor mijn vader
    ik wil weglopen van huis
    niemand vindt mij leuk
    ik voel me alleen
    kindertelefoon
    naaktfoto van mij rondgestuurd
    i want to die
    my dad hits me
    i am being bullied""".splitlines(),
)
def test_a_child_who_asks_for_help_is_heard(text):
    assert "help" in kinds(text)


def test_every_term_has_one_kind_and_ids_tell_the_language():
    kinds_of = {}
    for term in KNOWN.lexicon.terms:
        assert kinds_of.setdefault(term.id, term.kind) == term.kind
        assert term.id.startswith(("nl-", "en-"))
    assert {term.kind for term in KNOWN.lexicon.terms} == {"coarse", "aggression", "sex", "discrimination", "help"}


def test_every_exception_is_about_its_term():
    texts: dict[str, set[str]] = {}
    for term in KNOWN.lexicon.terms:
        texts.setdefault(term.id, set()).add(spelling(term.text.strip("*~")))
    for term in KNOWN.lexicon.terms:
        for exception in map(spelling, term.exceptions):
            assert any(text in exception for text in texts[term.id]), (term.id, exception)


@pytest.mark.data
def test_of_all_ordinary_dutch_words_only_a_few_hundred_hit():
    words = Path(os.environ["KLASWACHT_TEST_DATA"], "words-nl", "basiswoorden-gekeurd.txt")
    every = words.read_text("utf-8").splitlines()[::20]
    hits = [word for word in every if kinds(word)]
    assert len(hits) < len(every) / 400, hits


def test_the_factory_data_is_ready_in_an_instant():
    for cached in (factory.factory_knowledge, factory._categories, factory._apps):
        cached.cache_clear()
    start = time.process_time()
    factory.factory_knowledge()
    # 0.6 s of one core measured, half of it the lexicon; the ceiling is for a busy machine.
    assert time.process_time() - start < 5.0
