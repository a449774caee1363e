"""The page behind a call on the own path: where a link may lead, and what of it is unknown."""

from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.behind import PREFIX, behind, behind_form, fields_of, repeatable
from tests.proxy_addons.asking import call

PATHS = st.text(alphabet="/\\ab?&=%.:_k\n\u00e9", max_size=30).map(lambda text: f"/{text}")


@given(st.one_of(PATHS, st.text(max_size=30), st.just(f"{PREFIX}/ask")))
def test_no_way_back_leads_to_another_site_or_to_the_guard(path: str) -> None:
    back = behind_form(path, {}).back
    assert back == "" or (back.startswith("/") and back[1:2] not in ("/", "\\") and not back.startswith(PREFIX))
    assert back.isascii() and back.isprintable()


@given(PATHS, st.dictionaries(st.sampled_from(["act", "unsaid", "kinds", "more"]), st.sampled_from(["a", "b&c"])))
def test_what_a_page_says_of_itself_is_said_again(path: str, said: dict[str, str]) -> None:
    page = behind_form(path, said)
    again = fields_of(page.about)
    assert again == {name: value for name, value in said.items() if name != "more"}
    assert not page.opens or not {"act", "unsaid"} & set(said)


def test_what_is_told_of_a_page_fits_in_a_form_again() -> None:
    assert repeatable("/" + "a" * 1999) and not repeatable("/" + "a" * 2000)
    assert not repeatable("/?" + "a=1&" * 400)


def test_an_address_that_is_too_long_is_unknown_and_one_of_another_host_is_the_first_page() -> None:
    def path(referer: str) -> str | None:
        return behind(call("https://a.nl/_klaswacht/wait", referer), "a.nl", {}).path

    assert path("https://a.nl/b?c=d") == "/b?c=d"
    assert path("https://b.nl/b") == path("https://a.nl/_klaswacht/ask") == "/"
    assert path(f"https://a.nl/{'x' * 3000}") is None
    assert behind(call("https://a.nl/x", "https://a.nl/"), "a.nl", {"unsaid": "words"}).path is None
