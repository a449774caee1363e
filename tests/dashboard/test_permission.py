"""What a teacher types into "geef toestemming"."""

import pytest

from dashboard.actions.permission import site_in


@pytest.mark.parametrize(
    ("typed", "site"),
    [
        ("schooltv.nl", "schooltv.nl"),
        (" https://www.SchoolTV.nl/video/1?x=2 ", "schooltv.nl"),
        ("www.bbc.co.uk", "bbc.co.uk"),
        ("kind.github.io", "kind.github.io"),
        ("*.schooltv.nl", "schooltv.nl"),  # what is below a site is meant anyway
        ("http://192.0.2.1/", "192.0.2.1"),
    ],
)
def test_a_site_is_read_however_it_is_typed(typed: str, site: str) -> None:
    assert site_in(typed) == site


@pytest.mark.parametrize(
    "typed", ["", "school tv", "nl", "co.uk", "github.io", "javascript:alert(1)", "https://", "*.com", "tv*.nl"]
)
def test_what_is_no_site_or_everybodys_is_refused(typed: str) -> None:
    assert site_in(typed) is None
