"""What a browser did, in the words of the policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.load import knowledge
from policy.model import AccessRequest, Action
from proxy_addons import translate
from proxy_addons.facts import Exchange
from tests.cast import KNOWLEDGE, SNAPSHOT, pupil
from tests.proxy_addons.asking import background, exchange


def asked(what: Exchange) -> AccessRequest:
    return translate.of_exchange(what, pupil(), KNOWLEDGE.engines)


def posted(content_type: str, body: bytes | None, method: str = "POST") -> AccessRequest:
    page = exchange("https://social.com/send", method=method, body=body)
    return asked(replace(page, headers={**page.headers, "content-type": content_type}))


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--sep\r\n" + part + b"\r\n" for part in parts) + b"--sep--\r\n"


@pytest.mark.evasion("E10")
def test_every_name_in_play_is_asked() -> None:
    page = exchange(
        "https://leren.nl/x", connect="a.leren.nl:443", sni="B.leren.nl.", hosts=("social.com:443", "x.com")
    )
    assert asked(page).hosts == ("leren.nl", "social.com", "x.com", "a.leren.nl", "b.leren.nl")


def test_one_name_four_times_is_one_name() -> None:
    assert asked(exchange("https://WWW.leren.nl:443/")).hosts == ("www.leren.nl",)


@pytest.mark.evasion("E10")
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


def test_which_page_asks_is_what_the_browser_says_and_nothing_that_a_script_can() -> None:
    def by(**headers: str) -> str:
        page, more = exchange("https://cdn.net/a.js"), {name.replace("_", "-"): said for name, said in headers.items()}
        return asked(replace(page, headers={**page.headers, **more})).asker

    assert by(origin="https://Leren.nl:8443") == "leren.nl"
    assert by(sec_fetch_site="same-origin") == by(sec_fetch_site="same-site") == "cdn.net"
    assert by(sec_fetch_site="cross-site", origin="null") == ""
    assert by(referer="https://leren.nl/les", sec_fetch_site="cross-site") == "", "a style sheet has one of its own"
    assert by() == ""


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


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=sep", None),  # too long to look into
        ("multipart/form-data", b"x"),  # no telling where a part begins
        ("multipart/related; boundary=sep", None),
        ("application/octet-stream", None),
        ("application/offset+octet-stream", None),
        ("", None),  # a page that sends a file by itself need not say what it is
    ],
)
def test_a_file_that_was_not_looked_into_may_be_a_photo(content_type: str, body: bytes | None) -> None:
    page = exchange("https://social.com/send", method="PUT", body=body)
    request = asked(replace(page, headers={"content-type": content_type, "content-length": "70000"}))
    assert (request.action, request.media) == (Action.UPLOAD, frozenset())


def test_nothing_sent_is_no_upload() -> None:
    page = exchange("https://social.com/send", method="POST")
    assert asked(replace(page, headers={"content-length": "0"})).action is Action.SUBMIT
    assert asked(replace(page, headers={})).action is Action.SUBMIT


def test_a_form_with_more_parts_than_are_looked_into_may_hold_a_photo() -> None:
    parts = [b'Content-Disposition: form-data; name="t"\r\n\r\nx'] * 300
    request = posted("multipart/form-data; boundary=sep", multipart(*parts))
    assert (request.action, request.media) == (Action.UPLOAD, frozenset())


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"GIF89a", "picture"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "picture"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "sound"),
        (b"\x00\x00\x00\x18ftypheic", "picture"),
        (b"\x00\x00\x00\x18ftypmp42", "video"),
        (b"\x1a\x45\xdf\xa3", "video"),
        (b"ID3\x04", "sound"),
        (b"OggS", "sound"),
    ],
)
def test_a_photo_by_another_name_is_a_photo(start: bytes, kind: str) -> None:
    part = b'Content-Disposition: form-data; name="f"; filename="werkstuk.docx"\r\nContent-Type: text/plain\r\n\r\n'
    assert posted("multipart/form-data; boundary=sep", multipart(part + start + b"xxxx")).media == {kind}
    assert posted("application/octet-stream", start + b"xxxx").media == {kind}


def test_a_bare_picture_is_an_upload() -> None:
    assert posted("image/jpeg", b"x", "PUT").media == {"picture"}
    page = exchange("https://social.com/send", method="PUT")
    assert asked(replace(page, headers={"content-type": "image/jpeg", "content-length": "70000"})).media == {"picture"}
    assert posted("application/octet-stream", b"x").media == {"file"}


@pytest.mark.parametrize("content_type", ["application/pdf", "application/zip", "application/vnd.ms-excel"])
def test_a_bare_document_is_an_upload_of_a_file(content_type: str) -> None:
    request = posted(content_type, b"x")
    assert (request.action, request.media) == (Action.UPLOAD, frozenset({"file"}))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/vnd.api+json",
        "text/xml",
        "application/grpc-web",
        "application/x-protobuf",
    ],
)
def test_what_a_page_says_to_its_own_server_is_no_upload(content_type: str) -> None:
    assert posted(content_type, b"x").action is Action.SUBMIT
    assert posted("", b"x").action is Action.SUBMIT


FACTORY = replace(SNAPSHOT, knowledge=knowledge())


def told(url: str, text: str, method: str = "POST") -> frozenset[str]:
    """The personal data that is found in a message to a real site."""
    page = exchange(url, method=method, body=f'{{"content":"{text}"}}'.encode())
    page = replace(page, headers={**page.headers, "content-type": "application/json"})
    return translate.of_exchange(page, pupil(), FACTORY.knowledge.engines, FACTORY).personal


@pytest.mark.parametrize(
    "url",
    [
        "https://outlook.office.com/owa/service.svc",
        "https://outlook.office365.com/owa/service.svc",
        "https://outlook.cloud.microsoft/owa/service.svc",
        "https://outlook.live.com/owa/0/service.svc",
        "https://mail.google.com/sync/u/0/i/s",
        "https://dezon.sharepoint.com/_api/x",
        "https://nld01-word-edit.officeapps.live.com/we/save",
        "https://keep.google.com/u/0/x",
        "https://drive.google.com/x",
        "https://docs.google.com/document/d/1/save",
        "https://classroom.google.com/u/0/x",
        "https://teams.microsoft.com/api/chatsvc/emea/v1/users/ME/conversations/1/messages",
        "https://www.onenote.com/x",
        "https://projects.scratch.mit.edu/1",
        "https://quizlet.com/webapi/3.4/session-answers",
    ],
)
def test_letters_and_school_work_are_never_read(url: str) -> None:
    assert told(url, "bel me op 06-12345678") == frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "https://api.scratch.mit.edu/proxy/comments/project/1",
        "https://scratch.mit.edu/site-api/comments/user/x/add/",
        "https://scratch.mit.edu/site-api/users/all/x/",
        "https://scratch.mit.edu/site-api/galleries/all/1/",
        "https://api.scratch.mit.edu/projects/1",
        "https://padlet.com/api/10/wishes",
        "https://quizlet.com/webapi/3.4/terms",
        "https://nl.wikipedia.org/w/index.php?action=submit",
        "https://wikikids.nl/index.php?action=submit",
        "https://www.canva.com/_ajax/comments",
        "https://www.youtube.com/youtubei/v1/comment/create_comment",
    ],
)
def test_what_others_will_read_on_a_learning_site_is_read(url: str) -> None:
    assert told(url, "bel me op 06-12345678") == {"phone"}


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.com/maps/preview/directions?naar=",
        "https://www.google.com/maps/dir/?destination=",
        "https://maps.google.nl/?daddr=",
        "https://9292.nl/reisadvies?van=",
        "https://www.ns.nl/reisplanner/?naar=",
        "https://www.anwb.nl/verkeer/routeplanner?naar=",
        "https://nominatim.openstreetmap.org/search?adres=",
        "https://api.mapbox.com/search/geocode/v6/forward?place=",
    ],
)
def test_one_may_ask_the_way_home(url: str) -> None:
    assert told(f"{url}Kerkstraat+12,+1234+AB+Zwolle", "Kerkstraat 12, 1234 AB Zwolle") == frozenset()


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
