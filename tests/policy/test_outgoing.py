"""What goes out of a pupil's device: the child's own words are judged, and nothing that a machine says."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import knowledge
from policy.address import canonical
from policy.match import HostIndex
from policy.model import Action
from policy.outgoing import Field, Outgoing, judged
from policy.roster import Roster
from policy.services import Place, Service, Services
from proxy_addons.content.texts import read
from tests.cast import POLICY, SNAPSHOT

WALL = Service(
    "wall",
    "Wall",
    "education",
    ("wand.nl",),
    actions=((Action.POST, Place(paths=("/comments",), sends=True)), (Action.UPLOAD, Place(paths=("/files",)))),
)
SCHOOL = replace(
    SNAPSHOT,
    policy=replace(POLICY, domains=("proef.school",), public=("030-2345678",), lists={"mail": ("post.nl",)}),
    knowledge=replace(
        SNAPSHOT.knowledge,
        categories=HostIndex.of({"education": ("leren.nl", "wand.nl"), "mail": ("mail.nl",)}),
        services=Services((WALL,)),
        unread=frozenset({"werkruimte.nl"}),
        maps=frozenset({"kaart.nl", "zoek.nl/maps"}),
    ),
    roster=Roster.of([("Sem Bakker", ("8",))], b"s" * 16),
)
PHONE = "bel me op 06-12345678"


def sent(*hosts: str, **fields: str) -> Outgoing:
    return judged([Field(name, text) for name, text in fields.items()], hosts or ("site.com",), SCHOOL)


def saved(value: object) -> frozenset[str]:
    """The types found in JSON on its way to a site."""
    _, fields = read(json.dumps(value).encode(), "application/json", "application/json")
    return judged(fields, ("site.com",), SCHOOL).personal


@pytest.mark.parametrize(
    "host",
    [
        *("leren.nl", "www.leren.nl", "mail.nl", "post.nl", "kindertelefoon.nl"),
        *("werkruimte.nl", "klas7.werkruimte.nl", "wand.nl"),
        *("wacht.school", "tijd.system.com", "proef.school", "mijn.proef.school"),
    ],
)
def test_nothing_is_read_on_its_way_to_school_help_or_by_mail(host: str) -> None:
    assert sent(host, message=f"{PHONE} kut") == Outgoing()
    assert sent(host, "site.com", message=PHONE).personal == {"phone"}, "another name is in play"


def at(url: str, **fields: str) -> Outgoing:
    """What is found on its way to an address."""
    address = canonical(url)
    assert address is not None
    return judged([Field(name, text) for name, text in fields.items()], (address.host,), SCHOOL, address=address)


def test_a_learning_site_is_read_where_others_read_it() -> None:
    said = at("https://wand.nl/comments/add", message=f"{PHONE} kut")
    assert said.personal == {"phone"} and [hit.term_id for hit in said.said] == ["kut"]
    for path in ("", "save", "files/1", "commentsoff"):
        assert at(f"https://wand.nl/{path}", message=f"{PHONE} kut") == Outgoing(), path
    assert at("https://klas.werkruimte.nl/comments", message=PHONE) == Outgoing()


def test_asking_the_way_is_no_home_address() -> None:
    way = {"naar": "Kerkstraat 12, 1234 AB Zwolle"}
    for url in ("https://kaart.nl/x", "https://api.kaart.nl/", "https://zoek.nl/maps/dir/", "https://www.zoek.nl/maps"):
        assert at(url, **way) == Outgoing(), url
    for url in ("https://zoek.nl/mapsy", "https://zoek.nl/", "https://site.com/maps"):
        assert at(url, **way).personal == {"address"}, url
    assert at("https://kaart.nl/x", review=PHONE).personal == {"phone"}, "only the place"


def test_no_host_is_nothing_to_judge() -> None:
    assert judged([Field("a", PHONE)], (), SCHOOL) == Outgoing()


@pytest.mark.parametrize(
    ("fields", "types"),
    [
        ({"message": PHONE}, {"phone"}),
        ({"message": "0612345678"}, {"phone"}),
        ({"message": "mijn nummer: 06&nbsp;12345678"}, {"phone"}),
        ({"content": "06&nbsp;1234&nbsp;5678"}, {"phone"}),
        ({"message": "0\n6\n1\n2\n3\n4\n5\n6\n7\n8"}, {"phone"}),
        ({"message": "bel:\n06\n12\n34\n56\n78\nok"}, {"phone"}),
        ({"tel": "0612345678"}, {"phone"}),
        ({"": "0612345678"}, {"phone"}),
        ({"phoneNumber": "+31612345678"}, {"phone"}),
        ({"bsn": "111222333"}, {"bsn"}),
        ({"iban": "NL91ABNA0417164300"}, {"iban"}),
        ({"account": "NL91ABNA0417164300"}, {"iban"}),
        ({"email": "sem@gmail.com", "reactie": "leuk"}, {"email"}),
        ({"straat": "Kerkstraat", "huisnummer": "5", "postcode": "1234AB"}, {"address"}),
        ({"geboortedatum": "2014-06-12"}, {"birthday"}),
        ({"birth_day": "12", "birth_month": "6", "birth_year": "2014"}, {"birthday"}),
        ({"naam": "Daan Peters", "groep": "8"}, {"fullname-class"}),
        ({"voornaam": "Daan", "achternaam": "Peters", "klas": "7b"}, {"fullname-class"}),
        ({"nickname": "sem bakker"}, {"fullname"}),
        ({"content": "<p>bel 06<b>12345678</b></p>"}, {"phone"}),
        ({"bio": "ik ben sem bakker uit groep 8, mail sem at gmail punt com"}, {"fullname-class", "email"}),
        ({"message": "mijn schoolmail is noor@proef.school"}, {"email"}),
    ],
)
def test_what_a_child_fills_in_is_found(fields: dict[str, str], types: set[str]) -> None:
    assert sent(**fields).personal - {"fullname"} | (types & {"fullname"}) == types


def test_signing_in_and_signing_up_is_not_held_for_who_one_is() -> None:
    assert sent(email="sem@gmail.com", password="0612345678").personal == frozenset()
    assert sent(username="Sem Bakker", user_password="x", naam="Sem Bakker").personal == frozenset()
    assert sent(passwd="hallo mijn nummer is 0612345678").personal == frozenset(), "a password is never looked at"
    assert sent(email="sem@gmail.com", password="x", phone="0612345678").personal == {"phone"}
    assert sent(login_hint="sem@proef.school").personal == frozenset(), "the account that the school gave"


@pytest.mark.parametrize(
    "fields",
    [
        {"client_id": "abc", "login_hint": "sem@gmail.com", "redirect_uri": "https://x.nl"},
        {"code": "ABCD", "email": "sem@gmail.com"},
        {"email": "sem@gmail.com"},
        {"identifier": "sem@gmail.com", "continueUri": "https://x.nl"},
        {"emailAddress": "sem@gmail.com", "otp": "123456"},
        {"user_id": "sem@gmail.com", "event_type": "open"},
        {"upn": "sem@gmail.com", "isOtherIdpSupported": "1"},
        {
            "lis_person_name_full": "Sem de Vries",
            "lis_person_contact_email_primary": "sem@gmail.com",
            "context_title": "Groep 7",
            "roles": "Learner",
        },
    ],
    ids=lambda fields: "+".join(fields),
)
def test_a_step_of_signing_in_is_not_held(fields: dict[str, str]) -> None:
    assert sent(**fields) == Outgoing()


def test_a_mail_address_beside_a_message_is_held() -> None:
    assert sent(email="sem@gmail.com", message="hoi").personal == {"email"}
    assert sent(email="mail me op sem@gmail.com").personal == {"email"}
    assert sent(contact="sem@gmail.com").personal == {"email"}


@pytest.mark.parametrize("name", ["passage", "compass", "passie", "passagier"])
def test_a_word_that_only_begins_like_password_is_read(name: str) -> None:
    assert sent(**{name: PHONE}).personal == {"phone"}


@pytest.mark.parametrize(
    "name",
    [
        "pass",
        "user_pass",
        "userPass",
        "pw",
        "newPassword",
        "passwd2",
        "wachtwoord-herhaal",
        "pass1",
        "txtPwd",
        "sitePass",
    ],
)
def test_a_password_is_never_read(name: str) -> None:
    assert sent(**{name: f"{PHONE} kut"}) == Outgoing()


UUID = "0612345a-1234-4123-8123-061234567890"
NOISE = [
    {"client_id": "0612345678.1700000000", "events": [{"name": "page_view", "params": {"ts": 1700000000123}}]},
    {"cid": "0612345678", "sid": "0645839201", "_p": 1700000000, "v": "2", "dl": "https://x.nl/?mail=a@b.nl"},
    {"id": UUID, "trace": "0612345678abcdef0612345678abcdef", "session": "eyJhbGciOiJIUzI1NiJ9." + "0612345678" * 20},
    {"csrf_token": "NL91ABNA0417164300", "nonce": "0612345678"},
    {"points": [[0.612345678, 0.0612345678], [6.12, 34.56]], "path": "M06 12L34 56 78 90Z", "scale": 0.61234567},
    {"blocks": {"a": {"opcode": "motion_gotoxy", "fields": {"X": ["0612345678", None]}, "x": 61, "y": 1234}}},
    {"targets": [{"name": "Sprite Een", "costumes": [{"assetId": "cd21514d0531fdffb22204e0ec5ed84a"}], "class": 5}]},
    {"commands": [{"ty": "is", "s": "Het werkstuk over vulkanen op IJsland in 1963 en 2010"}], "rev": 123456782},
    {"answers": [{"question": 12, "answer": "1945"}, {"question": 13, "answer": "384400"}], "score": 123456782},
    {"answer": "Anne Frank is geboren op 12 juni 1929", "quiz": "groep 8"},
    {"answer": "Prinsengracht 263 in Amsterdam was het achterhuis"},
    {"design": {"name": "Poster Over Dieren", "width": 1080, "height": 1920, "class": "5", "group": "5"}},
    {"user": {"email": "noor@proef.school", "id": 111222333}, "doc": {"title": "Werkstuk Willem van Oranje groep 7"}},
    {"ua": "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36", "dpr": "1.25", "tz": "+01:00"},
    {"stack": "Error at f (https://x.nl/a.js:12:34) at g@2x.png", "pkg": "react@18.2.0", "dsn": "https://a1b2@o1.io/2"},
    {"orderId": "0612345678", "ean": "8712345678906", "barcode": "0612345678905", "isbn": "9789000123452"},
    {"date": "06-12-2025 09:30", "start": "2014-06-12T08:30:00Z", "t": "08.30-09.15"},
    {"lat": "52.0907", "lng": "5.1214", "zoom": "12", "bbox": "4.0612345678,52.1"},
    {"style": "margin: 0 6px 12px 34px; font: 12px -apple-system", "color": "#061234"},
    {"moves": "e2e4 e7e5 g1f3 6 12 34 56 78", "board": "0 6 1 2 0 0 0 0 0 0 0 0"},
]


@pytest.mark.parametrize("value", NOISE, ids=[f"noise-{n}" for n in range(len(NOISE))])
def test_what_a_page_says_by_itself_is_no_personal_data(value: object) -> None:
    assert saved(value) == frozenset()


def test_words_are_found_in_what_a_child_writes_and_not_in_what_a_page_says() -> None:
    assert [hit.term_id for hit in sent(message="kut").said] == ["kut"]
    assert [hit.term_id for hit in sent(x="wat een kut spel").said] == ["kut"]
    assert [hit.kind for hit in sent(message="ik wil dood").said] == ["help"]
    assert sent(page_id="kut").said == ()
    assert sent(password="kut kut").said == ()
    assert sent(title="https://site.com/kut").said == ()


FACTORY = replace(SNAPSHOT, knowledge=replace(SNAPSHOT.knowledge, lexicon=knowledge().lexicon))
LETTERS = string.ascii_letters + string.digits
CODES = {
    "nanoid": (LETTERS + "-_", 21),
    "short id": (LETTERS + "-_", 11),
    "token": (LETTERS, 20),
    "hexadecimal": ("0123456789abcdef", 12),
    "scratch": ("!#%()*+,-./:;=?@[]^_`{|}~" + LETTERS, 20),
    "long": (LETTERS + "-_", 300),
}


def codes(kind: str, count: int) -> list[str]:
    """Codes that are the same in every run."""
    signs, length = CODES[kind]
    chance = random.Random(kind)
    return ["".join(chance.choices(signs, k=length)) for _ in range(count)]


@pytest.mark.parametrize("kind", CODES)
def test_no_word_is_read_in_the_codes_of_a_program(kind: str) -> None:
    fields = [Field("parent", code) for code in codes(kind, 2_000)]
    for start in range(0, len(fields), 100):
        assert judged(fields[start : start + 100], ("site.com",), FACTORY) == Outgoing(), start


def test_no_word_is_read_in_a_picture_or_key_that_is_written_as_text() -> None:
    chance = random.Random("base64")
    for name in ("data", "content", "text", "state"):
        packed = [Field(name, base64.b64encode(chance.randbytes(15_000)).decode()) for _ in range(20)]
        assert [judged([field], ("site.com",), FACTORY) for field in packed] == [Outgoing()] * 20


def test_one_glued_word_in_a_message_is_read_all_the_same() -> None:
    for text in ("kut", "jij-bent-een-vieze-kut", "KUT.KUT.KUT.KUT.KUT", "stomme_kut_van_een_spel"):
        assert [hit.term_id for hit in sent(message=text).said] == ["kut"], text


@pytest.mark.parametrize("filling", ["a", "lees dit maar ", "\n", "0 "])
def test_filling_before_after_or_around_hides_nothing(filling: str) -> None:
    filled = filling * (200_000 // len(filling))
    for text in (f"{filled} {PHONE} kut", f"{PHONE} kut {filled}"):
        found = sent(message=text)
        assert found.personal == {"phone"} and [hit.term_id for hit in found.said] == ["kut"]


def test_very_many_fields_before_or_after_hide_nothing() -> None:
    many = [Field(f"a{n}", "een heel gewone tekst over dieren") for n in range(4_000)]
    for fields in ([*many, Field("message", PHONE)], [Field("message", PHONE), *many]):
        assert judged(fields, ("site.com",), SCHOOL).personal == {"phone"}


def test_numbers_of_a_page_below_each_other_are_no_telephone_number() -> None:
    assert saved({"value": list("0612345678")}) == saved([0, 6, 1, 2, 3, 4, 5, 6, 7, 8]) == frozenset()
    assert sent(message="1\n0\n6\n1\n2\n3\n4\n5\n6\n7\n8").personal == frozenset()


def test_a_form_with_very_many_fields_is_judged_in_time() -> None:
    fields = [Field(f"veld{n}", f"tekst {n} over dieren van 1234 AB en 06 12 18 24") for n in range(5_000)]
    start = time.thread_time()
    judged(fields, ("site.com",), SCHOOL)
    assert time.thread_time() - start < 2.0, "a generous ceiling for a busy machine"


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=80)), max_size=8))
def test_any_fields_can_be_judged(pairs: list[tuple[str, str]]) -> None:
    judged([Field(name, text) for name, text in pairs], ("site.com",), SCHOOL)
