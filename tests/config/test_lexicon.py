"""The lexicon that comes with the product, on queries that were written before it and on words nobody may lose.

Of the even rows the ones that fail are named; of the odd rows only how many, so that nobody tunes on them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.words import KINDS, dictionary, half, kinds, opentaal, queries
from config import lexicon_file
from config.factory import factory_files, factory_topics
from config.load import knowledge
from config.read import ConfigError, read_yaml
from policy.folding import How, fold
from policy.terms import HELP

LEXICON = knowledge().lexicon
# The aim: no school query stopped, 95 % found, all help heard. The odd half of the bad queries was never read;
# `docs/recognition.md` has what is reached there, and this keeps it from getting worse.
SCHOOL_CEILING = {0: 0, 1: 0}
BAD_FLOOR = {0: 0.95, 1: 0.92}
HELP_CEILING = {0: 0, 1: 0}
HALVES = pytest.mark.parametrize("odd", [0, 1], ids=["even", "odd"])


def failing(name: str, odd: int, wrong, kind: str | None = None) -> tuple[int, int, list[str]]:
    """How many rows fail, of how many, and of the even half which."""
    rows = [row for _, row in half(name, odd) if kind is None or row[1] == kind]
    failed = [row[0] for row in rows if wrong(kinds(LEXICON, row[0]))]
    return len(failed), len(rows), [] if odd else failed


@HALVES
def test_no_school_query_is_stopped(odd):
    count, _, which = failing("school", odd, bool)
    assert count <= SCHOOL_CEILING[odd], which


@HALVES
@pytest.mark.parametrize("kind", KINDS)
def test_bad_queries_are_found_in_every_disguise(odd, kind):
    count, of, which = failing("bad", odd, lambda said: not said - {HELP}, kind)
    assert 1 - count / of >= BAD_FLOOR[odd], which


@pytest.mark.parametrize("kind", KINDS)
def test_of_all_bad_queries_ninety_five_in_a_hundred_are_found(kind):
    (missed, of, _), (more, and_of, _) = (failing("bad", odd, lambda said: not said - {HELP}, kind) for odd in (0, 1))
    assert 1 - (missed + more) / (of + and_of) >= 0.95


@HALVES
def test_a_child_who_needs_help_is_heard(odd):
    count, _, which = failing("help", odd, lambda said: HELP not in said)
    assert count <= HELP_CEILING[odd], which


def test_the_corpora_are_whole():
    assert [len(list(queries(name))) for name in ("school", "bad", "help")] == [912, 732, 109]


@pytest.mark.parametrize(
    "text",
    """поиск картинок кошки
    привет как дела
    столица россии
    кот и собака
    моя школа в городе
    что едят ежи зимой
    Ελλάδα ιστορία
    η γάτα και ο σκύλος
    πόσα κιλά ζυγίζει ένας ελέφαντας
    كيف تعيش القطط في الشتاء
    عاصمة المغرب
    خريطة هولندا
    kedi ve köpek resimleri
    Türkiye'nin başkenti
    şık elbise
    hayvanlar ne yer
    stolica Polski
    łódź i pociąg
    zwierzęta w lesie
    jak się robi pierogi
    ¿dónde vive el oso polar?
    le château de la belle
    größte Stadt der Welt
    北京动物园
    日本の首都""".splitlines(),
)
def test_a_pupil_with_another_language_at_home_finds_what_is_looked_for(text):
    assert kinds(LEXICON, text) == frozenset()


@pytest.mark.parametrize(
    "text",
    """badminton shuttlecock
    scunthorpe
    essex en sussex
    klootviolen spreekwoord
    klootschieten in twente
    kutno polen
    titelrol
    analyse van een gedicht
    cumulatief
    pikant eten
    pikhouweel minecraft
    moby dick samenvatting
    waarom haatte hitler joden
    wie vermoordde willem van oranje
    martin luther king zwarte mensen
    wat is racisme
    kanker bij kinderen
    syndroom van down
    mongolie hoofdstad
    domme ezel fabel
    het lelijke jonge eendje
    pestprotocol school
    anti pest spreekbeurt
    pestkop boek
    wat is een penis
    naakte molrat
    naaktslak
    blote voeten pad
    sperma en eicel
    leeuwen gevecht
    waterpistool kopen
    hoe maak je een katapult
    bommetje zwembad
    bom op nagasaki
    xxx amsterdam wapen
    cockpit van een vliegtuig
    ik wil dierenarts worden
    waarom gaan bladeren dood
    waarom mochten vrouwen niet stemmen
    vluchtelingen oekraine
    ik haat spruitjes
    turken in nederland""".splitlines(),
)
def test_words_that_only_look_bad_pass(text):
    assert kinds(LEXICON, text) == frozenset()


@pytest.mark.parametrize(
    "group", ["joden", "moslims", "homos", "lesbiennes", "marokkanen", "gehandicapten", "autisten"]
)
@pytest.mark.parametrize(
    ("frame", "hurts"),
    [
        ("{}", False),
        ("geschiedenis van {}", False),
        ("hoeveel {} wonen in nederland", False),
        ("ik haat {} niet", False),
        ("waarom haten mensen {}", False),
        ("ik ben dol op {}", False),
        ("vieze {}", True),
        ("ik haat {}", True),
        ("alle {} moeten dood", True),
        ("kanker{}", True),
        ("kk {}", True),
        ("weg met {}", True),
    ],
)
def test_the_name_of_a_group_is_no_insult_but_an_insult_with_it_is(group, frame, hurts):
    assert ("discrimination" in kinds(LEXICON, frame.format(group))) is hurts


def test_no_grave_word_hides_behind_a_school_topic():
    for text in ("geschiedenis neuken", "spreekbeurt tweede wereldoorlog kankerhoer", "biologie lichaam porno"):
        assert kinds(LEXICON, text), text


# --- the terms themselves -------------------------------------------------------------------------------------------

# Whole words and phrases of our letters: what disguises are put on.
PLAIN = [
    term
    for term in LEXICON.terms
    if fold(term.text) == term.text and not term.part and term.text.replace(" ", "").isalpha() and term.severity > 1
]
SINGLE = [term for term in PLAIN if " " not in term.text and len(term.text) > 2]
LETTERS = [term for term in SINGLE if term.text.isascii()]


def found(text, term):
    return any((hit.term_id, hit.kind) == (term.id, term.kind) for hit in LEXICON.hits(text))


def bad(text):
    """Found as something: a disguise of `kkhoer` may be another term's word as well."""
    return bool(LEXICON.hits(text))


def test_every_plain_form_is_found_as_it_stands():
    assert [term.text for term in PLAIN if not found(term.text, term)] == []


@given(st.sampled_from(SINGLE), st.sampled_from([" ", ".", "-", "_", " . ", "\u200b", "*_"]))
def test_letters_apart_are_put_together(term, sign):
    assert bad(sign.join(term.text))


@given(st.sampled_from(LETTERS), st.data())
def test_leet_is_read(term, data):
    signs = {"a": "4@", "e": "3€", "i": "1!", "o": "0", "s": "5$", "t": "7", "l": "1|", "b": "8"}
    places = [place for place, letter in enumerate(term.text[:-1]) if letter in signs]
    if places and not term.text[0].isdigit():
        place = data.draw(st.sampled_from(places))
        sign = data.draw(st.sampled_from(signs[term.text[place]]))
        if place or sign.isdigit() or sign in "@$€":
            assert bad(term.text[:place] + sign + term.text[place + 1 :])


@given(st.sampled_from(LETTERS), st.data())
def test_look_alike_letters_are_read(term, data):
    alike = {"a": "аα", "e": "е", "o": "оο", "c": "с", "p": "р", "k": "кκ", "i": "і", "u": "υ", "t": "т", "x": "х"}
    places = [place for place, letter in enumerate(term.text) if letter in alike]
    if places:
        place = data.draw(st.sampled_from(places))
        letter = data.draw(st.sampled_from(alike[term.text[place]]))
        assert bad(term.text[:place] + letter + term.text[place + 1 :])


@given(st.sampled_from(PLAIN), st.data())
def test_signs_that_cannot_be_seen_hide_nothing(term, data):
    place = data.draw(st.integers(1, len(term.text) - 1))
    sign = data.draw(st.sampled_from(["\u200b", "\u00ad", "\u2060", "\ufe0f", "\u0301", "\U000e0041", "\u034f"]))
    assert bad(term.text[:place] + sign + term.text[place:])


@given(st.sampled_from(SINGLE), st.data())
def test_stretched_letters_are_cut(term, data):
    place = data.draw(st.integers(0, len(term.text) - 1))
    times = data.draw(st.integers(3, 9))
    assert bad(term.text[:place] + term.text[place] * times + term.text[place + 1 :])


INNOCENT = [
    "aardappel",
    "analyse",
    "bijbel",
    "boeken",
    "bomen",
    "cement",
    "computer",
    "dokter",
    "eekhoorn",
    "fiets",
    "geografie",
    "heksen",
    "hoeden",
    "ijsbeer",
    "jager",
    "keuken",
    "kuiken",
    "kutikula",
    "lullaby",
    "mongolie",
    "neushoorn",
    "olifant",
    "paarden",
    "passie",
    "pikhouweel",
    "pinguin",
    "poolster",
    "rekenen",
    "schoten",
    "slee",
    "sloten",
    "spetters",
    "taart",
    "titel",
    "trommel",
    "tutten",
    "vaccin",
    "vossen",
    "water",
    "zeemeermin",
    "zemelen",
]


PADDING = " ".join(f"{one} en {two}." for one in INNOCENT for two in INNOCENT)
DISGUISES = {
    "leet": lambda word: word.translate(str.maketrans("eoia", "3014", "")),
    "spaced": " ".join,
    "dotted": ".".join,
    "stretched": lambda word: word[:2] + word[1] * 4 + word[2:],
    "zero width": "\u200b".join,
    "look-alike": lambda word: word.translate(str.maketrans("eoap", "еоар")),
}


@pytest.mark.parametrize("place", [0, 30_000, 60_000])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_padding_hides_no_disguised_word(disguise, place):
    innocent = ((PADDING + " ") * 2)[:60_000].rsplit(" ", 1)[0]
    place = innocent.rfind(" ", 0, place) if place else 0
    assert not LEXICON.hits(innocent)
    for word in ("hoerenzoon", "neuken", "porno", "klootzak"):
        assert bad(f"{innocent[:place]} {DISGUISES[disguise](word)} {innocent[place:]}"), word


@pytest.mark.parametrize("word", INNOCENT)
def test_folding_makes_no_innocent_word_a_term(word):
    assert kinds(LEXICON, word) == frozenset()


@pytest.mark.data
def test_of_all_dutch_words_hardly_one_in_two_thousand_is_stopped():
    words = opentaal(Path(os.environ["KLASWACHT_TEST_DATA"]))
    stopped, _ = dictionary(LEXICON, words)
    assert stopped.total() <= 99, stopped  # 0.05 % of 199,403


@pytest.mark.data
def test_folding_never_makes_a_dutch_word_a_term_that_its_plain_spelling_is_not():
    guesses = {How.SLIP, How.SPELLING, How.STRETCHED, How.LEET, How.MASKED, How.SPACED, How.SOUND}
    words = opentaal(Path(os.environ["KLASWACHT_TEST_DATA"]))
    found = {word: [one.how for one in LEXICON.found(word) if one.hit.kind != HELP] for word in words}
    turned = [word for word, hows in found.items() if hows and guesses.issuperset(hows)]
    assert len(turned) <= 3, turned  # an abbreviation with points, and two words of the same stem


# --- the files -------------------------------------------------------------------------------------------------------


def read(text: str) -> None:
    lexicon_file.lexicon([read_yaml(text.encode(), "words.yaml")], factory_topics())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("coarse: [{id: nl-x, word: [x]}]", "unknown key `word`"),
        ("coarse: [{id: nl-x, words: x}]", "`x` is not a list"),
        ("coarse: [{id: nl-x, words: [x], severity: 4}]", "`4` is no severity"),
        ("coarse: [{id: nl-x, words: [x], topics: [ponies]}]", "there is no topic `ponies`"),
        ("coarse: [{id: nl-x, frames: [x]}]", "`x` is one word"),
        ("coarse: [{id: nl-x, frames: ['{them} x']}]", "there is no set `them` yet"),
    ],
)
def test_a_mistake_in_a_lexicon_file_is_told_with_its_line(text, problem):
    with pytest.raises(ConfigError, match=r"words\.yaml:1") as error:
        read(text)
    assert problem in str(error.value)


def test_a_firm_frame_is_not_taken_away_by_a_word_that_takes_away_the_others():
    text = "help: [{id: nl-x, frames: [papa .. slaat], firm: [papa .. slaat .. mij], unless: [hond]}]"
    read_lexicon = lexicon_file.lexicon([read_yaml(text.encode(), "words.yaml")], factory_topics())
    assert kinds(read_lexicon, "papa slaat") == {HELP}
    assert kinds(read_lexicon, "papa slaat de hond") == frozenset()
    assert kinds(read_lexicon, "papa slaat mij en de hond") == {HELP}


def test_every_topic_has_a_name_in_both_languages_and_words():
    for topic in factory_topics():
        assert set(topic.names) == {"nl", "en"}
        assert all(topic.names.values())
        assert topic.words


def test_no_term_is_in_two_kinds():
    lexicon = lexicon_file.lexicon(factory_files("lexicon"), factory_topics())
    kinds_of: dict[str, set[str]] = {}
    for one in (*lexicon.terms, *lexicon.frames):
        kinds_of.setdefault(one.id, set()).add(one.kind)
    assert [id_ for id_, kinds in kinds_of.items() if len(kinds) > 1] == []
