"""Addresses: one form for every spelling."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.recognition import idna, suffixes, whatwg
from policy.address import canonical, canonical_host, is_ip, name_without_suffix, site_of


@pytest.mark.evasion("E14")
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Instagram.COM.", "instagram.com"),
        ("ｉnstagram.com", "instagram.com"),
        ("insta%67ram.com", "instagram.com"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("example.com:8443", "example.com"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("1.2.3.4.", "1.2.3.4"),
        ("[::ffff:1.2.3.4]", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("64:ff9b::102:304", "1.2.3.4"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_every_spelling_of_a_host_is_the_same_host(written: str, read: str) -> None:
    assert canonical_host(written) == read


@pytest.mark.evasion("E14")
@pytest.mark.parametrize(
    "written", ["", "a@b.nl", "a/b", "a\\b", "a?b", "a#b", ".nl", "a..nl", "a" * 254 + ".nl", "a b"]
)
def test_what_is_no_host_is_not_made_into_one(written: str) -> None:
    assert canonical_host(written) is None


def test_an_address_is_read_as_a_browser_reads_it() -> None:
    address = canonical("HTTPS://user:secret@WWW.Google.NL:8443\\search?q=a#x")
    assert address is not None
    assert (address.scheme, address.host, address.port) == ("https", "www.google.nl", 8443)
    assert (address.path, address.query, address.site) == ("/search", "q=a", "google.nl")


@pytest.mark.parametrize("url", ["ftp://a.nl/", "javascript:alert(1)", "data:text/html,x", "nonsense", "https://", ""])
def test_what_is_no_web_address_is_none(url: str) -> None:
    assert canonical(url) is None


@pytest.mark.evasion("E18")
def test_a_site_under_a_shared_suffix_is_a_site_of_its_own() -> None:
    assert site_of("kind.github.io") == "kind.github.io"
    assert site_of("www.school.co.uk") == "school.co.uk"
    assert site_of("10.0.0.1") == "10.0.0.1"
    assert name_without_suffix("www.google.co.uk") == "google"


@pytest.mark.evasion("E14")
@given(st.text(max_size=60))
def test_a_canonical_host_stays_what_it_is(text: str) -> None:
    host = canonical_host(text)
    if host is not None:
        assert canonical_host(host) == host
        assert is_ip(host) or host == host.lower()


@given(st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z0-9-]{1,12}){0,3}\.?", fullmatch=True))
def test_an_address_of_a_host_has_that_host(name: str) -> None:
    address = canonical(f"https://{name}/")
    assert (address.host if address else None) == canonical_host(name)


@pytest.mark.evasion("E14")
@pytest.mark.data
@pytest.mark.parametrize("measure", [whatwg, idna, suffixes], ids=lambda measure: measure.__name__)
def test_every_row_of_the_public_data_is_read_as_a_browser_reads_it(measure) -> None:
    row = measure(Path(os.environ["KLASWACHT_TEST_DATA"]))
    assert row.of > 50
    assert row.found == row.of
