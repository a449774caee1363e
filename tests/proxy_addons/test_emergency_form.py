"""The emergency exit by code: a plain form on the guard's own host, which cannot be tried forever."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from policy.model import Reason
from proxy_addons.emergency_form import PATH
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.names.front import Place
from store.emergencies import BY_CODE, FREE_TRIES, Fit, Way
from tests.cast import KNOWLEDGE, LESSON
from tests.proxy_addons.asking import SAMS, STRANGERS, Guard, exchange, page, peer
from tests.store.school import SCHOOL

HOME = "klas.school"
NOOD = f"http://{HOME}{PATH}"
HOUR = timedelta(hours=1)
OPTIONS = Options(SCHOOL, secret=b"s" * 32, place=Place("wacht.school", HOME, "127.0.0.1", 8080, 8081))


@pytest.fixture
def here(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """The guard, with a host of its own."""
    monkeypatch.setattr(guard, "open", lambda: open_gate(guard.store, KNOWLEDGE, OPTIONS, guard.clock), raising=False)
    return guard


def post(form: dict[str, str], who: Peer = STRANGERS, url: str = NOOD, **headers: str) -> Exchange:
    sent = {"accept": "text/html", "sec-fetch-dest": "document", "sec-fetch-site": "same-origin"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange(url, who, method="POST", headers=sent, body=urlencode(form).encode())


async def sent(gate: Gate, who: Peer = STRANGERS, **fields: str) -> Answer:
    """Open the form and send it, as a browser without a script does."""
    shown = (await gate.ask(exchange(NOOD, who))).answer
    token = re.search(r'name="token" value="([^"]+)"', page(shown))
    assert token is not None
    answer = (await gate.ask(post({"token": token[1], **fields}, who))).answer
    assert answer is not None
    return answer


def test_with_the_code_it_opens_on_a_device_that_nobody_knows_and_closes_again(here: Guard) -> None:
    code = here.store.emergencies.make_code(SCHOOL, "cor", LESSON)

    async def work(gate: Gate) -> None:
        answer = await sent(gate, code=code.lower(), uren="2")
        assert answer.status == 200 and "De nooduitgang is aan tot" in page(answer)
        held = here.store.emergencies.current(SCHOOL, LESSON)
        assert held is not None and (held.end, held.way, held.by) == (LESSON + 2 * HOUR, Way.CODE, BY_CODE)
        before = gate.live.revision
        if gate.live.snapshot is not None and not gate.live.snapshot.state.emergencies:
            await gate.live.changed(before, 5)
        again = page((await gate.ask(exchange(NOOD, SAMS))).answer)
        assert "De nooduitgang is aan tot" in again and 'name="uren"' not in again
        assert "Alle regels gelden weer" in page(await sent(gate, code=code, doe="uit"))
        assert here.store.emergencies.current(SCHOOL, LESSON) is None

    here.run(work)


def test_a_wrong_code_opens_nothing_and_after_some_of_them_there_is_a_wait(here: Guard) -> None:
    code = here.store.emergencies.make_code(SCHOOL, "cor", LESSON)

    async def work(gate: Gate) -> None:
        for number in range(FREE_TRIES):
            answer = await sent(gate, code="AAAA-BBBB-CCCC", uren="1")
            assert (answer.status, "klopt niet" in page(answer)) == (403, True), number
        answer = await sent(gate, code=code, uren="1")
        assert answer.status == 429 and re.search(r"Wacht tot \d\d:\d\d", page(answer))
        assert code not in page(answer)

    here.run(work)
    assert here.store.emergencies.current(SCHOOL, LESSON) is None
    assert sum(one.what == "emergency.wrong" for one in here.store.audit.entries(SCHOOL)) == FREE_TRIES


def test_one_device_that_tries_and_tries_waits_by_itself(here: Guard) -> None:
    async def work(gate: Gate) -> list[int]:
        return [(await sent(gate, SAMS, code="x", uren="1")).status for _ in range(6)]

    assert here.run(work) == [403] * 5 + [429]


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({}, {}, 403),
        ({"token": "1.abc"}, {}, 403),
        ({}, {"sec_fetch_site": "cross-site"}, 403),
        ({}, {"sec_fetch_dest": "empty"}, 403),
        ({}, {"sec_fetch_dest": "iframe"}, 403),
    ],
)
def test_only_our_own_form_is_taken(here: Guard, form: dict[str, str], headers: dict[str, str], status: int) -> None:
    code = here.store.emergencies.make_code(SCHOOL, "cor", LESSON)
    answer = here.ask(post({"code": code, "uren": "1", **form}, **headers)).answer
    assert answer is not None and answer.status == status
    assert here.store.emergencies.current(SCHOOL, LESSON) is None
    assert here.store.emergencies.fits(SCHOOL, code, LESSON) is Fit.FITS


@pytest.mark.parametrize("hours", ["", "3", "24", "-1", "²", "9" * 50])
def test_other_hours_are_refused_before_the_code_is_looked_at(here: Guard, hours: str) -> None:
    here.store.emergencies.make_code(SCHOOL, "cor", LESSON)
    answer = here.run(lambda gate: sent(gate, code="AAAA", uren=hours))
    known = here.store.emergencies.code(SCHOOL)
    assert answer.status == 400 and known is not None and known.wrong == 0


def test_on_another_site_it_leads_to_the_guards_own_host_and_takes_no_code(here: Guard) -> None:
    answer = here.ask(exchange(f"https://social.com{PATH}")).answer
    assert answer is not None and dict(answer.headers)["Location"] == f"https://{HOME}{PATH}"
    answer = here.ask(post({"code": "x", "uren": "1"}, url=f"https://social.com{PATH}")).answer
    assert answer is not None and answer.status == 403


def test_without_a_code_it_says_where_one_is_made(here: Guard) -> None:
    answer = here.run(lambda gate: sent(gate, code="AAAA", uren="1"))
    assert answer.status == 403 and "Beheer" in page(answer)


def test_no_other_page_of_this_host_can_reach_it_and_no_script_is_needed(here: Guard) -> None:
    answer = here.ask(exchange(NOOD, peer("10.0.7.31"))).answer
    assert answer is not None and ("Cross-Origin-Opener-Policy", "same-origin") in answer.headers
    assert "no-store" in dict(answer.headers)["Cache-Control"]
    assert "required" in page(answer) and 'class="button first"' in page(answer)


def test_while_it_is_open_a_blocked_site_opens_and_the_floor_does_not(here: Guard) -> None:
    here.store.emergencies.start(SCHOOL, LESSON + HOUR, "cor", Way.DESK, LESSON)
    social, adult = here.ask(exchange("https://social.com/", SAMS)), here.ask(exchange("https://adult.com/", SAMS))
    assert social.answer is None and social.decision is not None and social.decision.reason is Reason.EMERGENCY
    assert adult.answer is not None and adult.answer.status == 403
    assert "nooduitgang" not in page(adult.answer).lower()
