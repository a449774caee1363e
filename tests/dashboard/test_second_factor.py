"""The second factor: set up, asked at signing in, used once, and what is shut as long as it is not there."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from config.settings import Settings
from dashboard import close_app, create_app, totp
from dashboard.access import matrix
from dashboard.actions import second_factor
from dashboard.actions.desk import Desk
from dashboard.auth import OF_THE_CONFINED
from dashboard.seal import Seal
from dashboard.views.entering import HALF_COOKIE
from policy.model import Role
from store import Store
from store.accounts import AccountState
from tests.cast import KNOWLEDGE, LESSON
from tests.dashboard.conftest import BASE, PASSWORD, SCHOOL, SEAL, Browser, Clock, give_account

WRONG = "Deze code klopt niet"
WAIT = "Te vaak geprobeerd"
MUST = "Uw rol ziet gegevens van kinderen"
RECOVERY = re.compile(r"<code>([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})</code>")


@pytest.fixture
def app(store: Store, clock: Clock) -> Iterator[Flask]:
    """The dashboard as a school has it: a second factor is required."""
    made = create_app(store, KNOWLEDGE, SCHOOL, Settings(), clock, b"s" * 32, seal=SEAL)
    yield made
    close_app(made)


@dataclass(slots=True)
class Phone:
    """An authenticator app: knows a secret and the time."""

    secret: bytes
    clock: Clock

    def code(self, **off: float) -> str:
        return totp.code_at(self.secret, self.clock.now + timedelta(**off))


def typed_secret(page: str) -> bytes:
    """The secret that the page shows to type over, as somebody types it."""
    found = re.search(r'class="once key">([A-Z2-7 ]+)<', page)
    assert found, page
    return base64.b32decode(found.group(1).replace(" ", ""))


def set_up(who: Browser, clock: Clock) -> tuple[Phone, list[str]]:
    """Set a second factor up as somebody does; the phone and the recovery codes."""
    phone = Phone(typed_secret(who.post("/account/tweestaps").text), clock)
    answer = who.post("/account/tweestaps/eerste", first=phone.code())
    codes = RECOVERY.findall(answer.text)
    assert len(set(codes)) == 10, answer.text
    clock.on(seconds=30)
    return phone, codes


@pytest.fixture
def cor(store: Store, browser: Callable[[], Browser], clock: Clock) -> tuple[Browser, Phone, list[str]]:
    """A coordinator with a second factor, signed in."""
    give_account(store, "cor")
    who = browser()
    who.sign_in("cor")
    return who, *set_up(who, clock)


def halfway(browser: Callable[[], Browser], login: str = "cor") -> Browser:
    """A browser in which the password was right."""
    new = browser()
    assert "Nog één stap" in new.sign_in(login).text
    return new


def code(who: Browser, typed: str) -> TestResponse:
    return who.post("/inloggen/code", code=typed)


@pytest.mark.parametrize("login", ["cor", "ria", "coen"])
def test_who_sees_most_of_children_sets_up_a_second_factor_before_anything_else(
    store: Store, browser: Callable[[], Browser], clock: Clock, login: str
) -> None:
    give_account(store, login)
    who = browser()
    assert MUST in who.sign_in(login).text
    assert MUST in who.get("/", follow_redirects=True).text
    phone, _ = set_up(who, clock)
    assert MUST not in who.get("/", follow_redirects=True).text
    assert who.get("/", follow_redirects=True).status_code == 200
    again = halfway(browser, login)
    assert not again.cookie()
    assert code(again, phone.code()).status_code == 200
    assert again.cookie()


@pytest.mark.parametrize("login", ["anja", "stan", "iris"])
def test_who_sees_less_chooses(store: Store, browser: Callable[[], Browser], clock: Clock, login: str) -> None:
    give_account(store, login)
    who = browser()
    assert MUST not in who.sign_in(login).text
    phone, _ = set_up(who, clock)
    assert "Zet uit" in who.page("/account")
    assert code(halfway(browser, login), phone.code()).status_code == 200
    assert "is uit" in who.post("/account/tweestaps/uit").text
    assert "Nog één stap" not in browser().sign_in(login).text


def test_who_must_have_one_cannot_switch_it_off(cor: tuple[Browser, Phone, list[str]], desk: Desk) -> None:
    who = cor[0]
    assert "Zet uit" not in who.page("/account")
    assert "Voor uw rol" in who.post("/account/tweestaps/uit").text
    account = desk.store.accounts.find(SCHOOL, "cor")
    assert account and second_factor.has_one(desk, account)


def walk(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Every route of the map with its methods: endpoint, method, path."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<any\(([^,)]+)[^>]*>|<[^>]+>", lambda found: found.group(1) or "geen", rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield rule.endpoint, method, path


def test_half_a_sign_in_opens_nothing(
    app: Flask, store: Store, browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]]
) -> None:
    half = halfway(browser)
    kept = half.cookie(HALF_COOKIE)
    declared = matrix(app)
    tried = 0
    for cookie in ("", kept):  # nor does its token when it is put where a session's belongs
        if cookie:
            half.client.set_cookie("__Host-klaswacht", cookie, domain="wacht.school", secure=True)
        token = half.token()
        for endpoint, method, path in walk(app):
            if declared[endpoint].everybody or declared[endpoint].by_key:
                continue
            data = {"csrf": token} if method == "POST" else None
            answer = half.client.open(path, method=method, base_url=BASE, headers=half.headers, data=data)
            assert "/inloggen" in answer.headers.get("Location", "") or answer.status_code == 401, (method, path)
            tried += 1
    assert tried > 150
    assert store.accounts.session(SCHOOL, kept, LESSON) is None


def test_who_must_still_set_it_up_can_do_nothing_else(app: Flask, store: Store, browser: Callable[[], Browser]) -> None:
    give_account(store, "ria")
    who = browser()
    who.sign_in("ria")
    token, declared, before = who.token(), matrix(app), store.revision(SCHOOL)
    tried = 0
    for endpoint, method, path in walk(app):
        access = declared[endpoint]
        if access.everybody or access.by_key or endpoint in OF_THE_CONFINED or Role.MANAGEMENT not in access.roles:
            continue
        data = {"csrf": token} if method == "POST" else None
        answer = who.client.open(path, method=method, base_url=BASE, headers=who.headers, data=data)
        shut = answer.status_code == 403 or answer.headers.get("Location") == "/account/tweestaps"
        assert shut, (method, path, answer.status)
        tried += 1
    assert tried > 80
    assert store.revision(SCHOOL) == before
    page = who.page("/account/tweestaps")
    assert "/beheer/" not in page and "/maatregelen" not in page


def test_a_code_works_once_also_for_whoever_looked_over_a_shoulder(
    browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]]
) -> None:
    _, phone, _ = cor
    first, second = halfway(browser), halfway(browser)
    seen = phone.code()
    code(first, seen)
    assert first.cookie()
    assert WRONG in code(second, seen).text
    assert not second.cookie()


def test_the_code_that_set_it_up_does_not_sign_in_too(
    store: Store, browser: Callable[[], Browser], clock: Clock
) -> None:
    give_account(store, "cor")
    who = browser()
    who.sign_in("cor")
    phone = Phone(typed_secret(who.post("/account/tweestaps").text), clock)
    used = phone.code()
    who.post("/account/tweestaps/eerste", first=used)
    assert WRONG in code(halfway(browser), used).text


@pytest.mark.parametrize(("seconds", "enters"), [(-90, False), (-30, True), (0, True), (30, True), (90, False)])
def test_a_phone_that_is_half_a_minute_off_gets_in_and_a_wrong_clock_does_not(
    browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]], clock: Clock, seconds: int, enters: bool
) -> None:
    clock.on(minutes=5)
    who = halfway(browser)
    answer = code(who, cor[1].code(seconds=seconds))
    assert bool(who.cookie()) is enters
    assert (WRONG in answer.text) is not enters


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "١٢٣٤٥٦", "000000 ", "abcdef", "-1", "\x00", "😀" * 6])
def test_what_is_no_code_gets_nobody_in(
    browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]], typed: str
) -> None:
    if typed.strip() == cor[1].code():  # once in a million runs
        return
    who = halfway(browser)
    assert WRONG in code(who, typed).text
    assert not who.cookie()


@pytest.mark.evasion("E25")
def test_after_ten_wrong_codes_one_waits_in_every_half_sign_in_and_the_right_one_waits_too(
    browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]], clock: Clock
) -> None:
    known, phone, codes = cor
    for _ in range(5):
        who = halfway(browser)
        for _ in range(2):
            assert WRONG in code(who, "000000").text
    who = halfway(browser)
    assert WAIT in code(who, phone.code()).text
    assert WAIT in code(who, codes[0]).text
    assert not who.cookie()
    assert "tien keer een foute code" in known.page("/account")
    known.post("/uitloggen")
    known.sign_in("cor")
    code(known, phone.code())
    assert known.cookie(), "the browser that is known is not kept out by others"
    clock.on(minutes=16)
    assert code(who := halfway(browser), phone.code()).status_code == 200
    assert who.cookie()


def test_a_recovery_code_works_once_and_not_for_a_colleague(
    store: Store, browser: Callable[[], Browser], clock: Clock, cor: tuple[Browser, Phone, list[str]]
) -> None:
    _, _, codes = cor
    who = halfway(browser)
    code(who, codes[0].lower().replace("-", " "))
    assert who.cookie()
    assert "nog werken: 9" in who.page("/account")
    assert WRONG in code(halfway(browser), codes[0]).text
    give_account(store, "ria")
    ria = browser()
    ria.sign_in("ria")
    set_up(ria, clock)
    assert WRONG in code(halfway(browser, "ria"), codes[1]).text


def test_new_recovery_codes_take_the_place_of_the_old_ones(
    browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]]
) -> None:
    who, _, old = cor
    new = RECOVERY.findall(who.post("/account/tweestaps/codes").text)
    assert len(new) == 10 and not set(new) & set(old)
    assert WRONG in code(halfway(browser), old[0]).text
    who = halfway(browser)
    code(who, new[0])
    assert who.cookie()


def test_half_a_sign_in_is_over_after_five_minutes_and_after_its_use(
    store: Store, browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]], clock: Clock
) -> None:
    _, phone, codes = cor
    who = halfway(browser)
    clock.on(minutes=5)
    assert "te lang weg" in code(who, phone.code()).text
    assert not who.cookie()
    who = halfway(browser)
    kept = who.cookie(HALF_COOKIE)
    code(who, phone.code())
    assert who.cookie() and not who.cookie(HALF_COOKIE)
    thief = browser()
    thief.client.set_cookie(HALF_COOKIE, kept, domain="wacht.school", secure=True)
    assert "te lang weg" in code(thief, codes[0]).text


def test_another_password_ends_a_sign_in_that_is_half_done(
    browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]]
) -> None:
    who, phone, _ = cor
    thief = halfway(browser)
    new = "acht eendjes in de sloot"
    assert "veranderd" in who.post("/account/wachtwoord", old=PASSWORD, password=new, again=new).text
    assert "te lang weg" in code(thief, phone.code()).text
    assert not thief.cookie()


def test_every_step_of_the_sign_in_gives_a_new_cookie(
    store: Store, browser: Callable[[], Browser], clock: Clock
) -> None:
    give_account(store, "cor")
    who = browser()
    who.client.set_cookie("__Host-klaswacht", "planted", domain="wacht.school", secure=True)
    who.sign_in("cor")
    before = who.cookie()
    phone, _ = set_up(who, clock)
    after = who.cookie()
    assert len({"", "planted", before, after}) == 4
    assert store.accounts.session(SCHOOL, before, clock.now) is None, "the one from before is over"
    other = browser()
    other.client.set_cookie("__Host-klaswacht", "planted", domain="wacht.school", secure=True)
    other.sign_in("cor")
    assert other.cookie() == "planted", "nothing is opened halfway"
    half = other.cookie(HALF_COOKIE)
    code(other, phone.code())
    assert other.cookie() not in {"", "planted", half, after}


def test_a_planted_half_sign_in_signs_the_victim_in_as_nobody_else_without_that_ones_phone(
    store: Store, browser: Callable[[], Browser], clock: Clock, cor: tuple[Browser, Phone, list[str]]
) -> None:
    give_account(store, "ria")
    ria = browser()
    ria.sign_in("ria")
    phone, _ = set_up(ria, clock)
    victim, attacker = halfway(browser, "ria"), halfway(browser, "cor")
    victim.client.set_cookie(HALF_COOKIE, attacker.cookie(HALF_COOKIE), domain="wacht.school", secure=True)
    assert WRONG in code(victim, phone.code()).text
    assert not victim.cookie()


def test_another_phone_counts_from_its_first_code_and_the_old_one_until_then(
    browser: Callable[[], Browser], clock: Clock, cor: tuple[Browser, Phone, list[str]]
) -> None:
    who, old, _ = cor
    new = Phone(typed_secret(who.post("/account/tweestaps").text), clock)
    assert "klopt niet" in who.post("/account/tweestaps/eerste", first=old.code()).text
    assert code(halfway(browser), old.code()).status_code == 200
    clock.on(seconds=30)
    assert RECOVERY.search(who.post("/account/tweestaps/eerste", first=new.code()).text)
    clock.on(seconds=60)
    assert WRONG in code(halfway(browser), old.code()).text
    who = halfway(browser)
    code(who, new.code())
    assert who.cookie()


def test_a_colleague_clears_it_when_the_phone_is_lost_and_it_is_logged_and_told(
    store: Store, browser: Callable[[], Browser], clock: Clock, cor: tuple[Browser, Phone, list[str]]
) -> None:
    who, phone, _ = cor
    give_account(store, "ria")
    ria = browser()
    ria.sign_in("ria")
    set_up(ria, clock)
    assert "gewist" in ria.post("/beheer/mens/cor/tweestaps").text
    assert who.get("/beheer/").status_code == 303, "they are out everywhere"
    (entry,) = store.audit.entries(SCHOOL, what={"second_factor.reset"})
    assert (entry.who, entry.targets) == ("ria", ("cor",))
    new = browser()
    assert MUST in new.sign_in("cor").text
    set_up(new, clock)
    assert "Uw tweede stap is gewist" in new.page("/account")
    assert WRONG in code(halfway(browser), phone.code()).text


def test_nobody_clears_their_own_and_a_teacher_nobodys(
    store: Store, browser: Callable[[], Browser], cor: tuple[Browser, Phone, list[str]], desk: Desk
) -> None:
    who = cor[0]
    assert "Met uw rol kan dit niet" in who.post("/beheer/mens/cor/tweestaps").text
    give_account(store, "anja")
    anja = browser()
    anja.sign_in("anja")
    assert anja.post("/beheer/mens/cor/tweestaps", follow=False).status_code == 403
    assert anja.post("/beheer/mens/cor/uitloggen", follow=False).status_code == 403
    account = store.accounts.find(SCHOOL, "cor")
    assert account and second_factor.has_one(desk, account)


def test_an_account_that_is_closed_keeps_no_second_factor(
    store: Store, desk: Desk, cor: tuple[Browser, Phone, list[str]]
) -> None:
    account = store.accounts.find(SCHOOL, "cor")
    assert account
    store.accounts.set_state(SCHOOL, account.id, AccountState.CLOSED, LESSON)
    assert store.second_factors.of(SCHOOL, account.id) is None
    assert store.second_factors.codes_left(SCHOOL, account.id) == 0


def test_neither_the_secret_nor_a_recovery_code_can_be_read_from_the_disk(
    store: Store, cor: tuple[Browser, Phone, list[str]], tmp_path: Path
) -> None:
    _, phone, codes = cor
    store.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert phone.secret not in everything
    for encoded in (base64.b32encode(phone.secret), base64.b64encode(phone.secret), phone.secret.hex().encode()):
        assert encoded not in everything
    for one in codes:
        assert one.encode() not in everything and one.replace("-", "").encode() not in everything


def test_a_secret_of_one_account_does_not_open_in_the_place_of_another_nor_with_another_key() -> None:
    kept = Seal(SEAL).close(b"geheim", "school:cor")
    assert Seal(SEAL).open(kept, "school:cor") == b"geheim"
    assert Seal(SEAL).open(kept, "school:ria") is None
    assert Seal(b"y" * 32).open(kept, "school:cor") is None
    assert Seal(SEAL).open("geen base64!", "school:cor") is None
    assert "z" not in repr(Seal(SEAL))
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(b"kort")


def test_without_the_key_a_recovery_code_still_opens_the_door(
    store: Store, clock: Clock, cor: tuple[Browser, Phone, list[str]]
) -> None:
    _, phone, codes = cor
    moved = create_app(store, KNOWLEDGE, SCHOOL, Settings(), clock, b"s" * 32, seal=b"y" * 32)
    who = Browser(moved.test_client())
    who.sign_in("cor")
    assert WRONG in code(who, phone.code()).text
    code(who, codes[0])
    assert who.cookie()
    close_app(moved)


def test_the_app_on_the_phone_gives_the_codes_of_the_standard() -> None:
    """RFC 6238, appendix B, the SHA-1 rows, of which the last six digits are shown."""
    from datetime import UTC, datetime

    secret = b"12345678901234567890"
    for seconds, shown in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        moment = datetime.fromtimestamp(seconds, UTC)
        assert totp.code_at(secret, moment) == shown
        assert totp.step_of(secret, shown, moment) == seconds // 30
        assert totp.step_of(secret, f"{shown[:3]} {shown[3:]}", moment) == seconds // 30
    assert totp.address(secret, "Klas wacht", "c.bakker").startswith("otpauth://totp/Klas%20wacht:c.bakker?secret=GEZD")


def test_in_board_mode_neither_the_code_to_photograph_nor_the_account_is_on_the_screen(
    cor: tuple[Browser, Phone, list[str]],
) -> None:
    who = cor[0]
    who.post("/account/tweestaps")
    who.post("/bord", board="1")
    for path in ("/account", "/account/tweestaps"):
        page = who.page(path)
        assert "<svg" not in page and "herstelcode" not in page.lower() and "Waar u bent ingelogd" not in page
