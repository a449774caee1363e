"""A second thought: one more try, for this device and host, for two minutes, that the site never sees."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.model import Effect, Facet, HoldsIn, Role
from proxy_addons.facts import Answer, Door, Exchange
from proxy_addons.gate import Gate
from proxy_addons.release import DAY, LIFE, NAME, READ, Releases, without
from tests.cast import LESSON, POLICY, rule
from tests.proxy_addons.asking import (
    BOARD,
    FORM,
    HURT,
    NEVER,
    NUMBER,
    Guard,
    answered,
    background,
    call,
    exchange,
    page,
    peer,
    plain,
    said,
    sent,
    token_of,
)
from tests.store.school import SCHOOL

HOST, SAM = "social.com", "chroom-1"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def token(releases: Releases, host: str = HOST, device: str = SAM) -> str:
    """What the browser sends back."""
    return releases.cookie(device, host, secure=True).partition(";")[0]


@pytest.mark.evasion("E26")
def test_it_counts_once() -> None:
    releases = Releases(b"secret")
    mine = token(releases)
    nonce = releases.given(f"theme=dark; {mine}; a=b", SAM, HOST)
    assert nonce
    assert releases.given(mine, SAM, HOST) == nonce
    releases.use(nonce)
    assert releases.given(mine, SAM, HOST) is None


@pytest.mark.evasion("E26")
def test_it_counts_for_this_device_and_host_only() -> None:
    releases = Releases(b"secret")
    mine = token(releases)
    assert releases.given(mine, "chroom-2", HOST) is None
    assert releases.given(mine, SAM, "chat.com") is None
    assert Releases(b"another").given(mine, SAM, HOST) is None


@pytest.mark.evasion("E26")
def test_it_ends_by_itself() -> None:
    clock = Clock()
    releases = Releases(b"secret", clock)
    mine = token(releases)
    clock.now += LIFE
    assert releases.given(mine, SAM, HOST)
    clock.now += 1
    assert releases.given(mine, SAM, HOST) is None


def test_workers_that_share_the_secret_read_each_others() -> None:
    assert Releases(b"secret").given(token(Releases(b"secret")), SAM, HOST)


def test_cookies_of_http_2_come_joined_with_commas() -> None:
    releases = Releases(b"secret")
    assert releases.given(f"a=b, {token(releases)}, c=d", SAM, HOST)


def test_the_site_sees_its_own_cookies_only() -> None:
    releases = Releases(b"secret")
    assert without(f"a=b; {token(releases)}; c=d") == "a=b; c=d"
    assert without(token(releases)) == ""


def test_what_was_read_is_no_second_thought_and_counts_all_day_for_this_device_and_host() -> None:
    clock = Clock()
    releases = Releases(b"secret", clock)
    mine = releases.read(SAM, HOST, secure=True).partition(";")[0]
    assert releases.given(mine, SAM, HOST) is None
    assert releases.given(mine.replace(READ, NAME), SAM, HOST) is None
    assert not releases.was_read(token(releases).replace(NAME, READ), SAM, HOST)
    clock.now += DAY
    assert releases.was_read(f"a=b; {mine}", SAM, HOST) and releases.was_read(mine, SAM, HOST)
    assert not releases.was_read(mine, "chroom-2", HOST) and not releases.was_read(mine, SAM, "chat.com")
    assert without(f"a=b; {mine}; c=d") == "a=b; c=d"
    clock.now += 1
    assert not releases.was_read(mine, SAM, HOST)


def test_over_https_it_comes_along_with_a_form_on_another_sites_page() -> None:
    releases = Releases(b"secret")
    assert "Secure; SameSite=None" in releases.cookie(SAM, HOST, secure=True)
    assert "Secure" not in releases.cookie(SAM, HOST, secure=False)


@given(st.text(max_size=300))
def test_no_cookie_header_makes_it_fail_or_counts_by_chance(cookies: str) -> None:
    assert Releases(b"secret").given(f"{NAME}={cookies}", SAM, HOST) is None
    without(cookies)


# --- a second thought ------------------------------------------------------------------------------------------------

RELEASE = "https://prikbord.nl/_klaswacht/release"


def kept(answer: Answer) -> str:
    """What the browser sends back of a `Set-Cookie`."""
    return dict(answer.headers)["Set-Cookie"].partition(";")[0]


def test_a_hurtful_text_can_be_sent_once_after_a_second_thought(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        held = page(await answered(gate, sent(HURT)))
        assert "Lees het nog eens" in held and "/_klaswacht/release" in held and "kut" not in held
        word = await answered(gate, call(RELEASE, BOARD, form={}))
        assert said(word)["sent"] is True
        ruling = await gate.ask(sent(HURT, kept(word)))
        assert ruling.answer is None and "Max-Age=0" in ruling.cookie
        assert "Lees het nog eens" in page(await answered(gate, sent(HURT, kept(word))))

    guard.run(work)
    (stored,) = guard.store.events.since(SCHOOL, 0)
    assert (stored.event.what, stored.event.reason, stored.event.terms) == ("granted", "released", ("kut",))


def test_on_a_site_that_the_teacher_opened_it_counts_once_as_well(guard: Guard) -> None:
    everything = frozenset({Facet.PLACE, Facet.ACTION})
    guard.grant(sites=("social.com",), facets=everything)
    post, release = "https://social.com/groep/7", "https://social.com/_klaswacht/release"

    async def work(gate: Gate) -> None:
        word = await answered(gate, call(release, post, form={}))
        ruling = await gate.ask(sent(HURT, kept(word), post))
        assert ruling.answer is None and "Max-Age=0" in ruling.cookie
        assert "Lees het nog eens" in page(await answered(gate, sent(HURT, kept(word), post)))

    guard.run(work)


def test_what_was_thought_over_and_not_sent_is_nobodys_business(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        await answered(gate, sent(HURT))

    guard.run(work)
    assert guard.events() == []


def test_personal_data_waits_for_the_teacher_and_a_yes_lets_it_go(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        held = page(await answered(gate, sent(NUMBER)))
        assert "Daar staat een telefoonnummer in" in held and "12345678" not in held
        assert "/_klaswacht/release" not in held and 'data-about="act=submit&amp;media=&amp;types=phone"' in held
        word = await answered(gate, call(RELEASE, BOARD, form={}))
        assert "Hou dit voor jezelf" in page(await answered(gate, sent(NUMBER, kept(word))))
        about = "?act=submit&media=&types=phone"
        asked = said(await answered(gate, call(f"https://prikbord.nl/_klaswacht/ask{about}", BOARD, form=FORM)))
        assert asked["sent"] is True
        (ask,) = guard.store.incidents.asks(SCHOOL, ("7",))
        assert (ask.wish.host, ask.wish.facet) == ("prikbord.nl", "personal")
        waiting = asyncio.create_task(answered(gate, call(f"https://prikbord.nl/_klaswacht/wait{about}", BOARD)))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(guard.grant, sites=("prikbord.nl",), facets=frozenset({Facet.PERSONAL}))
        async with asyncio.timeout(NEVER):
            assert said(await waiting)["open"] is True
        assert (await gate.ask(sent(NUMBER))).answer is None

    guard.run(work)
    assert guard.store.events.since(SCHOOL, 0)[0].event.terms == ("phone",)


def test_without_javascript_a_second_thought_is_a_form(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        form = await answered(gate, plain(RELEASE, referer=BOARD))
        assert "Wil je dit echt versturen?" in page(form)
        done = await answered(gate, plain(RELEASE, token_of(form), referer=RELEASE))
        assert "verstuur het nog een keer" in page(done)
        assert (await gate.ask(sent(HURT, kept(done)))).answer is None
        forged = await answered(gate, plain(RELEASE, {"token": "1.a", "back": "/"}))
        assert "Set-Cookie" not in dict(forged.headers)

    guard.run(work)


@pytest.mark.evasion("E26")
def test_another_sites_page_cannot_think_for_a_child(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        forged = replace(plain(RELEASE, {}), headers={**plain(RELEASE, {}).headers, "sec-fetch-site": "cross-site"})
        assert (await answered(gate, forged)).status == 403

    guard.run(work)


def test_a_cry_for_help_in_a_form_gets_the_warm_page(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        assert "0800-0432" in page(await answered(gate, sent({"bericht": "ik wil dood jij kut ding"})))

    guard.run(work)
    assert guard.events() == []


# --- a reminder for adults -------------------------------------------------------------------------------------------

LAPTOP = peer("10.0.9.1", name="laptop-anja")
PHOTOS = "https://social.com/delen?album=3"
READING = "https://social.com/_klaswacht/release"


def with_reminder(guard: Guard) -> None:
    reminder = rule(
        "photos",
        facet=Facet.PLACE,
        categories=frozenset({"social"}),
        roles=frozenset({Role.TEACHER}),
        holds_in=HoldsIn.AT_SCHOOL,
        effect=Effect.HOLD,
        second_thought=True,
    )
    guard.store.policies.add(SCHOOL, replace(POLICY, rules=(*POLICY.rules, reminder)), "cor", "test", LESSON)


def by_anja(form: dict[str, str] | None = None, url: str = READING, cookie: str = "") -> Exchange:
    return plain(url, form, LAPTOP, referer=PHOTOS, **({"cookie": cookie} if cookie else {}))


def test_staff_read_the_reminder_once_a_day_and_go_on(guard: Guard) -> None:
    with_reminder(guard)

    async def work(gate: Gate) -> None:
        assert gate.enter(LAPTOP, "social.com", 443).door is Door.INSPECT
        shown = await answered(gate, exchange(PHOTOS, LAPTOP))
        assert "Even denken voordat u iets plaatst" in page(shown) and "register van fototoestemming" in page(shown)
        assert token_of(shown)["back"] == "/delen?album=3"
        on = await answered(gate, by_anja({"read": "yes", **token_of(shown)}))
        assert (on.status, dict(on.headers)["Location"]) == (303, "/delen?album=3")
        for url in (PHOTOS, "https://social.com/", PHOTOS):
            ruling = await gate.ask(by_anja(url=url, cookie=kept(on)))
            assert ruling.answer is None and not ruling.cookie
        assert ruling.request is not None and gate.reask(ruling.request).open  # and it stays, when the rules move
        elsewhere = by_anja(url="https://www.social.com/", cookie=kept(on))
        assert "Even denken" in page(await answered(gate, elsewhere))

    guard.run(work)
    assert guard.events() == [] and not guard.store.events.counts(SCHOOL, LESSON.replace(hour=0))


def test_what_a_page_of_staff_loads_goes_on_without_it(guard: Guard) -> None:
    with_reminder(guard)
    assert guard.ask(background(PHOTOS, "image", LAPTOP)).answer is None


def test_a_site_that_was_not_reminded_of_is_a_tunnel_as_ever(guard: Guard) -> None:
    with_reminder(guard)
    assert guard.run(lambda gate: _door(gate, "chat.com")) is Door.TUNNEL


async def _door(gate: Gate, host: str) -> Door:
    return gate.enter(LAPTOP, host, 443).door


def test_a_child_cannot_read_it_away(guard: Guard) -> None:
    with_reminder(guard)

    async def work(gate: Gate) -> None:
        form = {"read": "yes", **token_of(await answered(gate, plain(READING, referer=PHOTOS)))}
        assert "Set-Cookie" not in dict((await answered(gate, plain(READING, form))).headers)
        assert (await answered(gate, by_anja({"read": "yes", "token": "1.a", "back": "/"}))).status == 403

    guard.run(work)
    assert "Even denken" not in page(guard.ask(exchange(PHOTOS)).answer)
