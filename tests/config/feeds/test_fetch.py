"""Lists over http: fetched only when changed, bounded, and with a password for one host."""

from __future__ import annotations

import base64

import pytest

from config.feeds.fetch import Fetched, Limits, fetch
from config.feeds.packed import FeedError
from config.feeds.subscriptions import shown
from config.feeds.update import Outcome
from tests.config.feeds.bench import Site, serving
from tests.proxy_addons.origins import Ca


def test_a_list_that_did_not_change_is_not_fetched_again(bench, site):
    bench.add(site.url)
    assert bench.update() is Outcome.SAME
    assert [asked.get("If-None-Match") for asked in site.asked] == [None, '"1"']
    site.body, site.etag = b"one.example\ntwo.example\nthree.example\n" * 1, '"2"'
    bench.update(yes=True)
    assert bench.index().categories("three.example")
    assert bench.feed().now.etag == '"2"'


def test_a_date_serves_where_there_is_no_etag(tmp_path, site):
    site.etag, site.headers = "", {"Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}
    got = fetch(site.url, tmp_path / "feed")
    assert got == Fetched(len(site.body), "", "Sat, 21 Nov 2026 10:00:00 GMT")
    fetch(site.url, tmp_path / "feed", "", got.modified)
    assert site.asked[-1]["If-Modified-Since"] == got.modified


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_an_answer_that_is_no_list_leaves_what_is_in_force(status, bench, site):
    bench.add(site.url)
    site.status, site.etag = status, '"2"'
    assert bench.update() is Outcome.FAILED
    assert str(status) in bench.feed().problem
    assert bench.index().categories("one.example")


@pytest.mark.evasion("S19")
def test_a_fetch_is_bounded_in_size_and_time_and_must_be_whole(tmp_path, site):
    site.body = b"x" * 5000
    with pytest.raises(FeedError, match="more than 0 MB"):
        fetch(site.url, tmp_path / "feed", limits=Limits(size=4000))
    with pytest.raises(FeedError, match="not all here"):
        fetch(site.url, tmp_path / "feed", limits=Limits(whole=0.0))
    site.short = 100
    with pytest.raises(FeedError, match=r"time|ended"):
        fetch(site.url, tmp_path / "feed", limits=Limits(idle=0.5))


def test_nobody_there_is_one_line(tmp_path, site):
    with serving(Site()) as gone:
        url = gone.url
    with pytest.raises(FeedError, match="cannot be reached"):
        fetch(url, tmp_path / "feed", limits=Limits(idle=2))
    for odd in ("ftp://x.example/", "http://", "http://[/", "gopher://x", "http://x.example:port/"):
        with pytest.raises(FeedError):
            fetch(odd, tmp_path / "feed", limits=Limits(idle=0.2))


def test_a_password_is_sent_to_its_own_host_only_and_never_shown(bench, site):
    with serving(Site()) as other:
        source = site.url.replace("http://", "http://anja:geheim@") + "?key=geheim"
        site.headers, site.status, site.body = {"Location": other.url}, 302, b""
        added = bench.add(source)
        assert site.asked[0]["Authorization"] == f"Basic {base64.b64encode(b'anja:geheim').decode()}"
        assert "Authorization" not in other.asked[0]
    assert "geheim" not in shown(added.source)
    site.etag = '"2"'
    assert bench.update() is Outcome.FAILED
    assert "geheim" not in bench.feed().problem
    with pytest.raises(FeedError) as told:
        fetch("http://anja:geheim@[bad/?key=geheim", bench.home / "feed")
    assert "geheim" not in str(told.value)


def test_a_redirect_leads_to_no_file(tmp_path, site):
    for place in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        site.headers, site.status = {"Location": place}, 302
        with pytest.raises(FeedError, match=r"answered 302|not followed"):
            fetch(site.url, tmp_path / "feed")


def test_the_certificate_of_a_server_is_looked_at(tmp_path):
    ca = Ca(tmp_path / "world", "World")
    with serving(Site(), ca.context("localhost")) as site:
        url = site.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(FeedError, match="certificate is not right"):
            fetch(url, tmp_path / "feed")
        assert fetch(url, tmp_path / "feed", trust=[ca.crt]).size == len(site.body)
        with serving(Site(headers={"Location": url}, status=302)) as plain:
            assert fetch(plain.url, tmp_path / "feed", trust=[ca.crt]).size == len(site.body)
            site.headers, site.status = {"Location": plain.url}, 302
            with pytest.raises(FeedError, match="not followed"):
                fetch(url, tmp_path / "feed", trust=[ca.crt])
