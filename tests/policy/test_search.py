"""Search words, wherever they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical
from policy.fields import MOST_JUDGED, worded
from policy.model import Address, Search
from policy.search import Engine, Engines, SafeSearch
from tests.cast import KNOWLEDGE


def _query(url: str) -> Search | None:
    address = canonical(url)
    assert address is not None
    return KNOWLEDGE.engines.query(address)


def test_the_query_of_an_engine_is_found() -> None:
    assert _query("https://zoek.nl/s?x=1&q=de+kat+%26+hond") == Search("zoek", "de kat & hond")


@pytest.mark.evasion("E16")
def test_google_is_google_in_every_country() -> None:
    assert _query("https://www.google.co.uk/search?q=kat") == Search("google", "kat")
    assert _query("https://google.nl/search?Q=kat") == Search("google", "kat")
    found = _query("https://google.evil.nl/search?q=kat")
    assert found is not None
    assert found.engine == "unknown"


@pytest.mark.evasion("E16")
def test_a_second_q_does_not_hide_behind_the_first() -> None:
    assert _query("https://zoek.nl/s?q=kat&q=hond") == Search("zoek", "kat hond")


@pytest.mark.evasion("E16")
def test_an_engine_nobody_knows_is_found_by_its_shape() -> None:
    assert _query("https://raar.nl/find?query=kat") == Search("unknown", "kat")
    assert _query("https://raar.nl/find?id=12") is None


@pytest.mark.evasion("E16")
def test_padding_does_not_hide_the_words() -> None:
    assert _query("https://zoek.nl/s?q=kat&" + "&".join(f"a{i}=1" for i in range(1000))) == Search("zoek", "kat")


@given(st.text(max_size=200))
def test_no_query_string_breaks_the_reader(text: str) -> None:
    address = canonical("https://zoek.nl/s?" + text)
    if address is not None:
        KNOWLEDGE.engines.query(address)


# --- every way of writing --------------------------------------------------------------------------------------------

SHOP = Engine(
    "shop",
    ("shop.nl", "winkel.*"),
    ("/find", "/exact$"),
    ("q",),
    json=("variables.words",),
    words=("/q/{words}", "/l/*/q/{words}", "/gifs/{words}-gifs"),
    posts=("/find",),
    suggest=("/complete",),
)
ENGINES = Engines((SHOP,))


def _at(url: str) -> Search | None:
    address = canonical(url)
    assert address is not None
    return ENGINES.query(address)


@pytest.mark.evasion("E16")
@pytest.mark.parametrize(
    "query",
    [
        "q=kat",
        "Q=kat",
        "%71=kat",
        "+q=kat",
        "q%00=kat",
        "q=k%61t",
        "q=%256b%2561t",
        "q[]=kat",
        "q[0]=kat",
        "q%5B%5D=kat",
        "x=1;q=kat",
        "q=&q=kat",
        "q=hond&q=kat",
        "a=1&&&q=kat",
    ],
)
def test_no_way_of_writing_hides_the_word(query: str) -> None:
    found = _at(f"https://shop.nl/find?{query}")
    assert found is not None
    assert found.engine == "shop"
    assert "kat" in found.text


@pytest.mark.evasion("E16")
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/q/rode-kat/", "rode kat"),
        ("/q/rode+kat", "rode kat"),
        ("/Q/Rode%20kat", "rode kat"),
        ("//q/kat", "kat"),
        ("/%71/kat", "kat"),
        ("/l/dieren/q/kat/", "kat"),
        ("/gifs/kat-gifs", "kat"),
        ("/gifs/-gifs", None),
        ("/q/", None),
        ("/q", None),
        ("/l/dieren/x/kat", None),
    ],
)
def test_words_in_the_path_are_read(path: str, words: str | None) -> None:
    found = _at(f"https://www.shop.nl{path}")
    assert (found.text if found else None) == words


def test_a_path_that_must_be_whole_is_no_beginning() -> None:
    assert ENGINES.safe_at(_address("https://shop.nl/exactly")) == ()
    assert _at("https://shop.nl/exact?q=kat") == Search("shop", "kat")


def _address(url: str) -> Address:
    address = canonical(url)
    assert address is not None
    return address


@pytest.mark.evasion("E16")
@pytest.mark.parametrize(
    "url",
    [
        "https://raar.nl/?trefwoord=kat",
        "https://raar.nl/lijst?tx_solr%5Bq%5D=kat",
        "https://raar.nl/?s=kat",
        "https://raar.nl/nl/?s=kat",
        "https://raar.nl/zoeken?text=kat",
        "https://raar.nl/search/kat",
        "https://raar.nl/nl/zoeken/kat/",
        "https://raar.nl/x?searchTerm=kat",
        "https://raar.nl/x?search.query=kat",
    ],
)
def test_an_unlisted_engine_is_found_by_the_names_that_search_forms_use(url: str) -> None:
    assert _at(url) == Search("unknown", "kat")


@pytest.mark.parametrize(
    "url",
    [
        "https://raar.nl/artikel?s=12",
        "https://raar.nl/artikel?p=kat",
        "https://raar.nl/search/app.js",
        "https://raar.nl/onderzoek/kat",
        "https://raar.nl/?utm_source=kat",
    ],
)
def test_an_ordinary_page_is_no_search(url: str) -> None:
    assert _at(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://encrypted-tbn0.raar.nl/images?q=tbn:ANd9GcSxMp-sex-hoer_q8WcLqYvQ1e8rTDz0kutNw&s",
        "https://encrypted-tbn0.raar.nl/images?q=tbn%3AANd9GcT_abcdefghijklmnopqrstuv&s",
        "https://raar.nl/?s=5e7da1b2c3d4e5f60718293a4b5c6d7e",
        "https://raar.nl/?s=123e4567-e89b-12d3-a456-426614174000",
        "https://raar.nl/x?q=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        "https://raar.nl/x?query=k9f3j2l8a0s7d6f5g4h3",
        "https://raar.nl/search/5e7da1b2c3d4e5f60718293a4b5c6d7e",
        "https://raar.nl/avatar/5e7da1b2c3d4e5f6?s=80",
        "https://raar.nl/tiles?z=12&x=2101&y=1345&s=a",
        "https://raar.nl/winkel?p=10-50",
    ],
)
def test_what_a_machine_wrote_is_no_search(url: str) -> None:
    assert _at(url) is None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("kat", "kat"),
        ("rode-kat-met-4-poten-en-12-snorharen", "rode-kat"),
        ("kat12345678901234567890", "kat"),
        ("rodekattenopeenzolder2024", "rodekat"),
        ("https://raar.nl/dieren/katten/1234567", "katten"),
        ("kat%205e7da1b2c3d4e5f60718293a4b5c6d7e", "kat"),
        ("5e7da1b2c3d4e5f60718293a4b5c6d7e+kat", "kat"),
        ("katten-k9f3j2l8a0s7d6f5g4h3", "katten"),
        ("%7B%22naam%22%3A%22kat%22%2C%22id%22%3A%225e7da1b2c3d4e5f60718293a4b5c6d7e%22%7D", "kat"),
        ("top10-4k-1080p-kat-mp3-h264-x265", "kat"),
    ],
)
def test_a_word_next_to_what_a_machine_wrote_is_read(value: str, word: str) -> None:
    found = _at(f"https://raar.nl/x?q={value}")
    assert found is not None and word in found.text
    assert "5e7da1b2" not in found.text and "k9f3" not in found.text


def test_at_a_listed_engine_every_sign_is_somebodys_word() -> None:
    assert _at("https://shop.nl/find?q=k9f3j2l8a0s7d6f5g4h3") == Search("shop", "k9f3j2l8a0s7d6f5g4h3")


@given(st.text(alphabet="abz019-_ /:.", max_size=60))
def test_what_is_dropped_of_a_value_is_never_a_short_one(text: str) -> None:
    kept = worded(text)
    assert kept == text or len(text) >= 16
    assert all(word in kept for word in text.split() if word.isalpha())


@pytest.mark.evasion("E16")
def test_a_search_in_a_body_is_read_by_its_keys() -> None:
    there = _address("https://shop.nl/find")
    assert ENGINES.in_body(there, [("variables.words", "kat"), ("variables.page", "1")]) == Search("shop", "kat")
    assert ENGINES.in_body(there, [("q", "kat"), ("q", "hond")]) == Search("shop", "kat hond")
    assert ENGINES.in_body(_address("https://raar.nl/api"), [("filter.zoekterm", "kat")]) == Search("unknown", "kat")
    assert ENGINES.in_body(_address("https://raar.nl/api"), [("naam", "kat")]) is None


def test_a_question_to_a_database_is_nobodys_words() -> None:
    graphql = [("query", "query Kat { kat { naam } }"), ("variables.id", "3")]
    assert ENGINES.in_body(_address("https://raar.nl/graphql"), graphql) is None


def test_a_search_box_that_asks_with_every_letter_is_known() -> None:
    assert ENGINES.suggests(_address("https://shop.nl/complete/search?q=k"))
    assert ENGINES.suggests(_address("https://SHOP.nl/%63omplete?q=k"))
    assert not ENGINES.suggests(_address("https://shop.nl/find?q=k"))
    assert not ENGINES.suggests(_address("https://raar.nl/complete?q=k"))


# --- bounds ----------------------------------------------------------------------------------------------------------

_LOTS = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "kat" + "+" * _LOTS,
        "%20" * _LOTS + "kat",
        "." * _LOTS + "kat" + "." * _LOTS,
        "x+" * _LOTS + "kat" + "+x" * 100,
        "x" * _LOTS + "&q=kat",
        "&".join(f"q=vulling{i}" for i in range(5_000)) + "&q=kat",
        "kat&" + "&".join(f"q=vulling{i}" for i in range(20_000)),
        "&".join(f"a{i}=1" for i in range(20_000)) + "&q=kat",
    ],
)
def test_no_padding_hides_the_word_and_what_is_judged_is_short(text: str) -> None:
    found = _at(f"https://shop.nl/find?q={text}")
    assert found is not None
    assert "kat" in found.text.split() or found.text.startswith("kat") or "kat" in found.text[-40:]
    assert len(found.text) <= MOST_JUDGED + 2


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=60)), max_size=8))
def test_no_body_breaks_the_reader(pairs: list[tuple[str, str]]) -> None:
    ENGINES.in_body(_address("https://shop.nl/find"), pairs)


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=80))
def test_no_path_breaks_the_reader(text: str) -> None:
    address = canonical(f"https://shop.nl/{text}")
    if address is not None:
        ENGINES.query(address)
        ENGINES.suggests(address)


@given(st.lists(st.sampled_from(["q=a", "Q=b", "x=1", "%71=c", ";q=d", "q%5b%5d=e", "&", "="]), max_size=12))
def test_every_value_of_the_field_is_judged(pieces: list[str]) -> None:
    found = _at("https://shop.nl/find?" + "&".join(pieces))
    wanted = {value for value in "abcde" if any(piece.endswith(f"={value}") for piece in pieces)}
    assert wanted == ({*found.text.split()} if found else set())


# --- safe names ------------------------------------------------------------------------------------------------------

NAMED = Engines(
    (
        Engine(
            "groot",
            ("groot.*",),
            safe=SafeSearch(params=(("safe", "on"),), names=(("www.groot.*", "veilig.groot.com"),)),
            milder=SafeSearch(headers=(("x", "y"),), names=(("www.groot.*", "milder.groot.com"),)),
        ),
        Engine("klein", ("klein.nl",), safe=SafeSearch(names=(("klein.nl", "veilig.klein.nl"),))),
        Engine("duister", ("duister.*", "zwart.nl"), safe=SafeSearch(none=True)),
    )
)


@pytest.mark.evasion("E16")
def test_an_engine_is_looked_up_by_its_safe_name_in_every_country_and_nothing_else_is() -> None:
    assert NAMED.safe_name("www.groot.nl") == "veilig.groot.com"
    assert NAMED.safe_name("www.groot.co.uk") == "veilig.groot.com"
    assert NAMED.safe_name("klein.nl") == "veilig.klein.nl"
    for other in (
        "groot.nl",
        "mail.groot.nl",
        "x.www.groot.nl",
        "www.groot.nl.evil.com",
        "veilig.groot.com",
        "1.2.3.4",
    ):
        assert NAMED.safe_name(other) is None
    assert not NAMED.only_by_name("www.groot.nl")
    assert NAMED.only_by_name("klein.nl")


def test_a_school_may_choose_the_milder_form() -> None:
    milder = Engines(NAMED.engines, frozenset({"groot"}))
    assert milder.safe_name("www.groot.nl") == "milder.groot.com"
    assert milder.safe_name("klein.nl") == "veilig.klein.nl"


@pytest.mark.evasion("E16")
def test_an_engine_without_a_safe_mode_is_known_by_all_its_names() -> None:
    assert NAMED.unsafe("duister.ru")
    assert NAMED.unsafe("plaatjes.duister.com")
    assert NAMED.unsafe("www.zwart.nl")
    assert not NAMED.unsafe("groot.nl")
    assert not NAMED.unsafe("duister.iemand.nl")
