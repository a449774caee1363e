from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical
from policy.pageneeds import MOST_HOSTS, Use, counts_visitors, read_needs, text_of

BASE = canonical("https://www.krant.nl/artikel/1")
assert BASE


def needs(html: str, *policies: str) -> dict[str, tuple[Use, ...]]:
    return {need.host: need.uses for need in read_needs(html, BASE, policies)}


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<script src="https://cdn.nl/a.js"></script>', {"cdn.nl": (Use.SCRIPT,)}),
        ('<link rel="stylesheet" href="//stijl.nl/a.css">', {"stijl.nl": (Use.STYLE,)}),
        ('<link rel="Preconnect" href=https://api.nl>', {"api.nl": (Use.CONNECT,)}),
        ('<link rel=preload as=font href="https://f.nl/a.woff2" crossorigin>', {"f.nl": (Use.FONT,)}),
        ('<link rel=modulepreload href="https://m.nl/a.js">', {"m.nl": (Use.SCRIPT,)}),
        ('<img src="https://beeld.nl/1.png">', {"beeld.nl": (Use.PICTURE,)}),
        ('<img data-src="https://lui.nl/1.png" src="data:image/gif;base64,R0">', {"lui.nl": (Use.PICTURE,)}),
        ('<img srcset="https://s1.nl/a 1x, https://s2.nl/b 2x">', {"s1.nl": (Use.PICTURE,), "s2.nl": (Use.PICTURE,)}),
        ('<picture><source srcset="https://p.nl/a.avif"></picture>', {"p.nl": (Use.PICTURE,)}),
        ('<iframe src="https://speler.nl/v/1"></iframe>', {"speler.nl": (Use.FRAME,)}),
        ('<video src="https://v.nl/1" poster="https://b.nl/1">', {"v.nl": (Use.MEDIA,), "b.nl": (Use.PICTURE,)}),
        ('<form action="https://zoek.nl/s">', {"zoek.nl": (Use.FORM,)}),
        ("<style>@import 'https://i.nl/a.css'; a{background:url(https://u.nl/a.png)}</style>",
         {"i.nl": (Use.STYLE,), "u.nl": (Use.PICTURE,)}),
        ('<p style="background: url(&quot;https://u.nl/a.png&quot;)">', {"u.nl": (Use.PICTURE,)}),
        ('<base href="https://basis.nl/x/"><img src="1.png">', {"basis.nl": (Use.PICTURE,)}),
        ('<a href="https://elders.nl/">lees verder</a><link rel=canonical href="https://c.nl/">', {}),
        ('<img src="/eigen.png"><script src="//www.krant.nl/a.js"></script>', {}),
        ('<img src="mailto:a@b.nl"><img src="https://"><img src="https://[">', {}),
    ],
)  # fmt: skip
def test_what_a_page_fetches_elsewhere_is_found_by_its_use(html: str, found: dict[str, tuple[Use, ...]]) -> None:
    assert needs(html) == found


def test_a_policy_names_the_hosts_that_scripts_ask_later() -> None:
    policy = "default-src 'self' data:; connect-src https://api.nl wss://live.nl *.los.nl; img-src * https:; report-uri https://r.nl"
    assert needs("<p>", policy) == dict.fromkeys(("api.nl", "live.nl", "los.nl"), (Use.ALLOWED,))
    inside = '<meta http-equiv="Content-Security-Policy" content="script-src https://s.nl:8443">'
    assert needs(inside) == {"s.nl": (Use.ALLOWED,)}
    # What is fetched is not told twice.
    assert needs('<img src="https://api.nl/1.png">', policy)["api.nl"] == (Use.PICTURE,)


def test_the_most_needed_come_first_and_there_is_an_end_to_it() -> None:
    html = (
        "".join(f'<img src="https://b{n}.nl/1.png">' for n in range(200)) + '<script src="https://z.nl/a.js"></script>'
    )
    found = read_needs(html, BASE)
    assert found[0].host == "z.nl" and len(found) == MOST_HOSTS


@pytest.mark.parametrize(
    ("url", "counts"),
    [
        ("https://www.google-analytics.com/a.js", True),
        ("https://www.googletagmanager.com/gtm.js?id=1", True),
        ("https://stats.g.doubleclick.net/", True),
        ("https://connect.facebook.net/nl_NL/fbevents.js", True),
        ("https://www.facebook.com/tr?id=1", True),
        ("https://analytics.tiktok.com/i18n/pixel/events.js", True),
        ("https://px.ads.linkedin.com/collect", True),
        ("https://ct.pinterest.com/v3/", True),
        ("https://pixel.school.nl/", True),
        ("https://connect.facebook.net/nl_NL/sdk.js", False),
        ("https://www.facebook.com/plugins/page.php", False),
        ("https://cdn.trekvogel.nl/", False),
        ("https://statistiek.cbs.nl/", False),
        ("https://www.trackmania.com/", False),
        ("https://beelden.pixelart.nl/1.png", False),
        ("https://adsl.nl/", False),
        ("https://school.ads/", False),
    ],
)
def test_what_only_counts_visitors_is_told_from_what_is_seen(url: str, counts: bool) -> None:
    address = canonical(url)
    assert address is not None
    assert counts_visitors(address) is counts


def test_a_picture_that_nobody_can_see_counts_and_a_host_with_something_to_see_does_not() -> None:
    (need,) = read_needs('<img src="https://m.nl/a" width=1 height="1">', BASE)
    assert need.measuring
    (need,) = read_needs('<img src="https://m.nl/a" style="display:none"><img src="https://m.nl/b">', BASE)
    assert not need.measuring


def test_where_a_form_is_sent_in_a_body_is_remembered() -> None:
    (get,) = read_needs('<form action="https://z.nl/">', BASE)
    (post,) = read_needs('<form method="POST" action="https://z.nl/">', BASE)
    assert (get.sends, post.sends) == (False, True)


def test_an_address_written_out_reads_as_the_same_address() -> None:
    for url in ("https://a.nl/b?c=d", "http://a.nl:8080/", "https://[2001:db8::1]:8443/x"):
        address = canonical(url)
        assert address is not None and text_of(address) == url


@pytest.mark.parametrize(
    "html",
    ["<font><p>" * 300_000, "<b><p>x</b>" * 200_000, "<div>" * 500_000, "<" * 2_000_000, "<style>" + "url(" * 500_000,
     '<img srcset="' + "https://a.nl/x 1x," * 90_000 + '">'],
)  # fmt: skip
def test_a_page_that_is_made_to_be_slow_is_not(html: str) -> None:
    began = time.monotonic()
    needs(html)
    assert time.monotonic() - began < 20


@given(st.text(alphabet=st.sampled_from("<>=\"'/ abimgscriptlinkhref:;url()@\n\0é")), st.text(max_size=200))
def test_any_page_and_any_policy_gives_an_answer(html: str, policy: str) -> None:
    read_needs(html, BASE, (policy,))
