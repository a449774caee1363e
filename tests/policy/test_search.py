"""Search words, wherever they are typed."""

from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical
from policy.model import Search
from tests.cast import KNOWLEDGE


def _query(url: str) -> Search | None:
    address = canonical(url)
    assert address is not None
    return KNOWLEDGE.engines.query(address)


def test_the_query_of_an_engine_is_found() -> None:
    assert _query("https://zoek.nl/s?x=1&q=de+kat+%26+hond") == Search("zoek", "de kat & hond")


def test_google_is_google_in_every_country() -> None:
    assert _query("https://www.google.co.uk/search?q=kat") == Search("google", "kat")
    assert _query("https://google.nl/search?Q=kat") == Search("google", "kat")
    found = _query("https://google.evil.nl/search?q=kat")
    assert found is not None
    assert found.engine == "unknown"


def test_a_second_q_does_not_hide_behind_the_first() -> None:
    assert _query("https://zoek.nl/s?q=kat&q=hond") == Search("zoek", "kat hond")


def test_an_engine_nobody_knows_is_found_by_its_shape() -> None:
    assert _query("https://raar.nl/find?query=kat") == Search("unknown", "kat")
    assert _query("https://raar.nl/find?id=12") is None


def test_padding_does_not_hide_the_words() -> None:
    assert _query("https://zoek.nl/s?q=kat&" + "&".join(f"a{i}=1" for i in range(1000))) == Search("zoek", "kat")


@given(st.text(max_size=200))
def test_no_query_string_breaks_the_reader(text: str) -> None:
    address = canonical("https://zoek.nl/s?" + text)
    if address is not None:
        KNOWLEDGE.engines.query(address)
