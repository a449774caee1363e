"""Words: found in every disguise, and not where they are innocent."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.folding import How
from policy.frames import Frame
from policy.model import Hit, Term
from policy.terms import Lexicon, Topic

WHO, DOES, ME = frozenset({"papa", "mama"}), frozenset({"slaat", "schopt*"}), frozenset({"mij", "me"})
LEXICON = Lexicon(
    terms=(
        Term("kut", "coarse", "kut"),
        Term("lul", "coarse", "lul", part=True, exceptions=("flauwekul", "lullaby", "onze lul")),
        Term("zak", "coarse", "klootzak"),
        Term("neuk", "sex", "neuken", severity=3),
        Term("bom", "aggression", "bom", severity=1, topics=frozenset({"war"})),
        Term("kk", "coarse", "~kanker"),
        Term("rot", "coarse", "rotte*"),
        Term("vinger", "coarse", "🖕"),
        Term("dood", "help", "ik wil dood"),
    ),
    frames=(
        Frame("thuis", "help", (WHO, DOES, ME), (3, 3), unless=frozenset({"boek"})),
        Frame("haat", "discrimination", (frozenset({"haat"}), frozenset({"joden", "zwarte mensen"})), (2,)),
        Frame("los", "aggression", (frozenset({"juf"}), frozenset({"vermoorden"})), (0,), loose=True),
    ),
    topics=(Topic("war", {"nl": "oorlog"}, ("oorlog*", "tweede wereldoorlog")),),
    innocent=frozenset({"keuken"}),
)


WORDS = [f"{a}{b}{c}{d}" for a in "bdkmpst" for b in "aeo" for c in "lrnk" for d in ("", "en")]


def ids(text: str, lexicon: Lexicon = LEXICON) -> list[str]:
    return [hit.term_id for hit in lexicon.hits(text)]


@pytest.mark.evasion("E15")
@pytest.mark.parametrize(
    "text",
    [
        "kut",
        "KUT",
        "kút",
        "ｋｕｔ",
        "k u t",
        "k.u.t",
        "k\u200but",
        "kuuuut",
        "кut",
        "кут",
        "wat een kut",
        "k*t",
        "kkuutt",
        "k-u-t",
        "🅺🆄🆃",
        "k_u_t",
        "k̶ut",
    ],
)
def test_a_word_is_found_in_its_disguises(text: str) -> None:
    assert ids(text) == ["kut"]


@pytest.mark.evasion("E15")
@pytest.mark.parametrize(
    "text", ["ne.uk-en", "n_e uken", "n3uk3n", "nueken", "neucken", "n**ken", "n e u k e n", "нeuken", "neu\u00adken"]
)
def test_a_longer_word_is_also_found_misspelt_mistyped_and_masked(text: str) -> None:
    assert ids(text) == ["neuk"]


@pytest.mark.evasion("E15")
@pytest.mark.parametrize(
    "text", ["kutten", "k2t", "2024", "lullaby", "flauwekul", "", "kat", "keuken", "c# les", "a*b"]
)
def test_an_innocent_word_is_not_found(text: str) -> None:
    assert ids(text) == []


def test_a_part_is_found_in_a_compound_but_not_by_an_exception_elsewhere() -> None:
    assert ids("slappelul") == ["lul"]
    assert ids("flauwekul en lul") == ["lul"]


def test_a_star_leaves_one_end_open() -> None:
    assert ids("rottekop") == ["rot"]
    assert ids("verrotte") == []


@pytest.mark.evasion("E15")
def test_digits_for_letters_are_read_as_letters() -> None:
    assert [hit.kind for hit in LEXICON.hits("ik w1l d00d")] == ["help"]


def test_an_emoji_may_be_a_term() -> None:
    assert ids("kijk🖕🏽") == ["vinger"]


def test_a_mild_word_gives_way_to_a_school_topic_and_a_grave_one_does_not() -> None:
    assert ids("bom") == ["bom"]
    assert ids("bom tweede wereldoorlog") == []
    assert ids("oorlogsmuseum bom") == []
    assert ids("neuken tweede wereldoorlog") == ["neuk"]


def test_an_illness_is_a_school_word_until_it_is_disguised() -> None:
    assert ids("kanker") == ids("mijn opa heeft kanker") == []
    assert ids("k-a-n-k-e-r") == ids("k4nk3r") == ["kk"]


def test_a_frame_is_found_with_words_between_in_a_childs_spelling_and_glued() -> None:
    assert ids("papa slaat me") == ["thuis"]
    assert ids("mijn papa slaat bijna elke dag mij") == ["thuis"]
    assert ids("papa slaad mei") == ["thuis"]
    assert ids("papa zegt dat de hond van de buren mij slaat") == []
    assert ids("boek papa slaat me") == []


def test_two_words_may_be_one_in_a_frame_and_a_loose_frame_has_any_order() -> None:
    assert ids("ik haat zwarte mensen") == ["haat"]
    assert ids("ik haat zwarte drop") == []
    assert ids("vermoorden wil ik de juf") == ["los"]


@pytest.mark.evasion("E15")
@pytest.mark.parametrize("text", ["ne uken", "neu ken", "kloo tz ak", "ne uk en nu", "kl**tzak", "r*tte"])
def test_syllables_apart_and_masked_beginnings_are_found(text: str) -> None:
    assert ids(text) in (["neuk"], ["zak"], ["rot"])


def test_ordinary_words_that_make_a_term_together_are_left_alone() -> None:
    lexicon = Lexicon((Term("x", "coarse", "tering"),))
    assert ids("te ring", lexicon) == []
    assert ids("ter ing", lexicon) == ["x"]


def test_the_test_box_sees_the_piece_and_how_it_was_read() -> None:
    assert [(one.text_as_read, one.how) for one in LEXICON.found("wat een n3uken")] == [("neuken", How.LEET)]
    assert [(one.text_as_read, one.how) for one in LEXICON.found("slappelul")] == [("lul", How.COMPOUND)]
    assert [one.how for one in LEXICON.found("k u t")] == [How.SPACED]


OWN = LEXICON.with_own(
    (Term("eigen", "coarse", "pannenkoek"),), passed=("kut hoofd", "onze lullige dag", "ik wil dood", "neuken")
)


def test_a_school_adds_its_own_words_and_keeps_the_others() -> None:
    assert ids("p a n n e n k o e k en kut", OWN) == ["eigen", "kut"]
    assert ids("pannenkoek") == []
    assert LEXICON.with_own((), ()) is LEXICON


def test_what_a_school_passes_counts_only_where_all_of_the_word_is_in_it() -> None:
    assert ids("kut hoofd", OWN) == ids("onze lullige dag", OWN) == ids("neuken", OWN) == []
    assert ids("kut hoofdpijn", OWN) == ["kut"]
    assert ids("kut hoofd kut", OWN) == ["kut"]
    assert ids("lullig", OWN) == ["lul"]


def test_a_passed_word_never_silences_a_cry_for_help() -> None:
    assert ids("ik wil dood", OWN) == ["dood"]


def test_a_second_list_of_own_words_keeps_what_the_first_passes() -> None:
    more = OWN.with_own((Term("nog", "coarse", "oliebol"),), passed=("kut plaats",))
    assert ids("kut hoofd", more) == ids("kut plaats", more) == []
    assert ids("p a n n e n k o e k en oliebol", more) == ["eigen", "nog"]


PROSE = " ".join(f"{one}{two}" for one in WORDS for two in WORDS)[:100_000]  # different words, and none of ours


@pytest.mark.parametrize("at", [0, 3_000, 97_000, 100_000])
def test_a_misspelt_insult_near_an_end_of_a_long_text_is_found(at: int) -> None:
    assert "zak" in ids(f"{PROSE[:at]} klootsak {PROSE[at:]}")
    assert "zak" in ids(f"{PROSE[:at]} kloozak {PROSE[at:]}")
    assert "thuis" in ids(f"{PROSE[:at]} papa slaadt mij {PROSE[at:]}")


@pytest.mark.evasion("E15")
@pytest.mark.parametrize(
    ("written", "id_"),
    [
        ("kut", "kut"),
        ("kút", "kut"),
        ("k u t", "kut"),
        ("k.u.t", "kut"),
        ("kuuuut", "kut"),
        ("kkuutt", "kut"),
        ("кut", "kut"),
        ("k\u200but", "kut"),
        ("kl00tz@k", "zak"),
        ("kloot zak", "zak"),
        ("kl*otzak", "zak"),
        ("flauwelul", "lul"),
        ("🖕", "vinger"),
        ("ik wil dood", "dood"),
        ("1k w1l d00d", "dood"),
        ("papa slaat mij", "thuis"),
        ("p4p4 sl44t mij", "thuis"),
        ("haat alle zwarte mensen", "haat"),
    ],
)
@pytest.mark.parametrize("around", [PROSE, PROSE.replace("e", "3"), PROSE.replace(" ", ", de ")])
def test_what_is_written_or_disguised_in_the_middle_of_a_long_text_is_found(
    written: str, id_: str, around: str
) -> None:
    assert id_ in ids(f"{around[:50_000]} {written} {around[50_000:]}")


def test_what_takes_a_frame_or_a_mild_word_away_does_so_in_a_long_text() -> None:
    assert "thuis" not in ids(f"papa slaat mij {PROSE} een boek")
    assert "bom" in ids(f"een bom {PROSE} en nog wat")
    assert "bom" not in ids(f"een bom {PROSE} in de oorlogen")


def test_a_hit_names_the_term_and_not_the_text() -> None:
    assert LEXICON.hits("bommelding bom") == (Hit("bom", "aggression", 1, frozenset({"war"})),)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    LEXICON.hits(text)
    OWN.hits(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "kut",
                "k",
                "u",
                "t",
                ".",
                "-",
                "_",
                "\u200b",
                "@",
                "3",
                "!",
                "1",
                "papa",
                "slaat",
                "me",
                "ik",
                "wil",
                "dood",
                "🖕",
                "к",
                "у",
            ]
        ),
        max_size=60,
    )
)
def test_no_mixture_of_pieces_breaks_the_reader(pieces: list[str]) -> None:
    LEXICON.hits("".join(pieces))
    LEXICON.hits(" ".join(pieces))
    LEXICON.hits(("".join(pieces) + " ".join(pieces) or "a") * (20_001 // (len("".join(pieces)) or 1) + 1))


LONG = {
    **{piece: piece * 100_000 for piece in ("a", " a", "@", "\u200b", "a\u0301\u0323", "😀", "kut ", "k*t ", "a*b ")},
    **{piece: piece * 100_000 for piece in ("flauwekul ", "ik ", "k u t ", "papa mij ", "|<", "aa bb ", "a1", "a.b")},
    "different words": " ".join(f"{one}{two}{one}" for one in WORDS for two in WORDS),
    "digits in words": " ".join(f"{one}1{two}0" for one in WORDS for two in WORDS),
    "masks": " ".join(f"{one[:2]}*{two}" for one in WORDS for two in WORDS),
}


@pytest.mark.parametrize("kind", LONG)
def test_no_text_of_100_kb_keeps_the_reader_busy(kind: str) -> None:
    text = LONG[kind][:100_000]
    start = time.perf_counter()
    LEXICON.hits(text)
    assert time.perf_counter() - start < 1  # a ceiling against slow inputs: up to 0.13 s was measured


def test_a_mild_word_that_is_spelled_right_is_not_taken_for_a_graver_one_that_sounds_the_same() -> None:
    mild = Term("mild", "sex", "seks", severity=1, topics=frozenset({"body"}))
    grave = Term("grave", "sex", "zzekks", severity=3)
    lexicon = Lexicon((mild, grave))
    assert [hit.term_id for hit in lexicon.hits("wat is seks")] == ["mild"]
    assert "grave" in {hit.term_id for hit in lexicon.hits("wat is zeks")}
