"""What a browser did, in the words of the policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy.model import AccessRequest, Action
from proxy_addons import translate
from proxy_addons.facts import Exchange
from tests.cast import KNOWLEDGE, pupil
from tests.proxy_addons.asking import background, exchange


def asked(what: Exchange) -> AccessRequest:
    return translate.of_exchange(what, pupil(), KNOWLEDGE.engines)


def posted(content_type: str, body: bytes | None, method: str = "POST") -> AccessRequest:
    page = exchange("https://social.com/send", method=method, body=body)
    return asked(replace(page, headers={**page.headers, "content-type": content_type}))


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--sep\r\n" + part + b"\r\n" for part in parts) + b"--sep--\r\n"


def test_every_name_in_play_is_asked() -> None:
    page = exchange(
        "https://leren.nl/x", connect="a.leren.nl:443", sni="B.leren.nl.", hosts=("social.com:443", "x.com")
    )
    assert asked(page).hosts == ("leren.nl", "social.com", "x.com", "a.leren.nl", "b.leren.nl")


def test_one_name_four_times_is_one_name() -> None:
    assert asked(exchange("https://WWW.leren.nl:443/")).hosts == ("www.leren.nl",)


@pytest.mark.parametrize(
    "page",
    [
        exchange("https://leren.nl/", sni="leren.nl/../x"),
        exchange("https://leren.nl/", hosts=("leren.nl", "a@b")),
        exchange("https://leren.nl/", connect=""),
        exchange("https://%zz/"),
        exchange("ftp://leren.nl/"),
    ],
)
def test_a_name_that_cannot_be_read_is_doubt(page: Exchange) -> None:
    assert asked(page).unreadable


def test_a_form_is_a_submit_and_other_sending_too() -> None:
    assert posted("application/x-www-form-urlencoded", b"a=b").action is Action.SUBMIT
    assert posted("application/json", b"{}").action is Action.SUBMIT
    assert posted("text/plain", b"x", "PUT").action is Action.SUBMIT


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (b'Content-Disposition: form-data; name="f"; filename="ik.JPG"\r\n\r\nxx', "picture"),
        (b'Content-Disposition: form-data; name="f"; filename="x"\r\nContent-Type: image/png\r\n\r\nxx', "picture"),
        (b"content-disposition: form-data; name=f; filename=lied.mp3\r\n\r\nxx", "sound"),
        (b'Content-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\nxx', "video"),
        (b"Content-Disposition: form-data; name=\"f\"; filename*=UTF-8''werk.docx\r\n\r\nxx", "file"),
        (b'Content-Disposition: form-data; name="f"; filename="a\\".png"\r\n\r\nxx', "picture"),
        (b'Content-Disposition: form-data; name="f"; filename=""\r\nContent-Type: video/mp4\r\n\r\nxx', "video"),
    ],
)
def test_a_form_with_a_file_is_an_upload_of_its_kind(part: bytes, kind: str) -> None:
    request = posted("multipart/form-data; boundary=sep", multipart(part))
    assert (request.action, request.media) == (Action.UPLOAD, frozenset({kind}))


def test_a_form_with_an_empty_file_field_is_only_a_form() -> None:
    field = b'Content-Disposition: form-data; name="f"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n'
    text = b'Content-Disposition: form-data; name="t"\r\n\r\nfilename="ik.jpg"'
    assert posted('multipart/form-data; boundary="sep"', multipart(field, text)).action is Action.SUBMIT


def test_a_form_that_was_not_looked_into_holds_a_file() -> None:
    assert posted("multipart/form-data; boundary=sep", None).media == {"file"}
    assert posted("multipart/form-data", b"x").media == {"file"}
    parts = [b'Content-Disposition: form-data; name="t"\r\n\r\nx'] * 300
    assert posted("multipart/form-data; boundary=sep", multipart(*parts)).media == {"file"}


def test_a_bare_picture_is_an_upload() -> None:
    assert posted("image/jpeg", None, "PUT").media == {"picture"}
    assert posted("application/octet-stream", b"x").media == {"file"}


def test_what_is_typed_in_an_engine_is_a_search() -> None:
    request = asked(exchange("https://zoek.nl/s?q=vulkanen+op+IJsland"))
    assert request.action is Action.SEARCH and request.search is not None
    assert (request.search.engine, request.search.text) == ("zoek", "vulkanen op IJsland")


def test_a_search_in_a_posted_form_is_a_search_too() -> None:
    page = exchange("https://zoek.nl/s", method="POST", body=b"q=vulkanen")
    request = asked(replace(page, headers={**page.headers, "content-type": "application/x-www-form-urlencoded"}))
    assert request.action is Action.SEARCH and request.search is not None and request.search.text == "vulkanen"


def test_a_post_with_a_search_in_its_address_stays_a_post() -> None:
    page = exchange("https://social.com/send?q=hallo", method="POST", body=b"bericht=x")
    assert asked(page).action is Action.SUBMIT


@pytest.mark.parametrize("destination", ["image", "script", "empty", "iframe", "style", "font"])
def test_what_a_page_loads_by_itself_is_not_opened_by_a_person(destination: str) -> None:
    assert not asked(background("https://social.com/x", destination)).navigation


def test_a_page_is_opened_by_a_person() -> None:
    page = exchange("https://social.com/")
    assert asked(page).navigation
    assert asked(replace(page, headers={"accept": "text/html"})).navigation
    assert asked(replace(page, headers={})).navigation
    assert not asked(replace(page, headers={"accept": "application/json"})).navigation
    assert not asked(replace(page, headers={**page.headers, "sec-purpose": "prefetch;prerender"})).navigation


def test_a_websocket_says_so() -> None:
    request = asked(exchange("wss://chat.com/live", websocket=True))
    assert request.websocket and not request.navigation and request.hosts == ("chat.com",)


def test_a_connect_has_a_name_and_a_port() -> None:
    request = translate.of_connect("Leren.NL.", 8443, pupil())
    assert request.hosts == ("leren.nl",) and request.address is not None and request.address.port == 8443
    assert translate.of_connect("::1", 443, pupil()).hosts == ("::1",)
    assert translate.of_connect("a b", 443, pupil()).unreadable
    assert translate.of_hello("leren.nl", "social.com", pupil()).hosts == ("social.com", "leren.nl")
    assert translate.of_hello(None, None, pupil()).unreadable
