"""Scripts and style come packed to browsers that take it; pages, which hold a form token, never do."""

from __future__ import annotations

import gzip

import pytest

STYLE = "/static/klaswacht.css"


def test_a_browser_that_takes_it_gets_the_same_file_in_less(browser) -> None:
    plain = browser().client.get(STYLE, base_url="https://wacht.school")
    packed = browser().client.get(STYLE, base_url="https://wacht.school", headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers and packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data and len(packed.data) < len(plain.data) / 2
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.parametrize("path", ["/inloggen", "/regels"])
def test_a_page_is_never_packed(browser, path: str) -> None:
    answer = browser().client.get(path, base_url="https://wacht.school", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and "Content-Encoding" not in answer.headers
