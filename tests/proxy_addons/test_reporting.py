"""Telling what happened: not my fault, who reads it, and an address that always answers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from policy.model import Device, DeviceClass, Facet, HoldsIn, ReportKind, ReportTo, Role, Sanction, SanctionTarget
from proxy_addons import translate
from proxy_addons.facts import Answer, Door, Exchange, Hello, Peer
from proxy_addons.gate import Gate
from store import StoreUnavailable
from store.incidents import Incidents, Report
from store.people import Person
from tests.cast import BREAK, LESSON, POLICY, rule
from tests.proxy_addons.asking import KEYED, REPORT, SAMS, SITE, STRANGERS, Guard, answered, exchange, page, peer, plain
from tests.store.school import SCHOOL

FIXED = "http://vertel.wacht.school/"
SEND = {"step": "send", "line": "hij roept steeds dingen"}
CRY = "ik wil dood"
LAPTOP = peer("10.0.9.1", name="laptop-anja")


def hidden(answer: Answer) -> dict[str, str]:
    """The hidden fields of the first form on a page."""
    first = page(answer).partition("<form")[2].partition("</form>")[0]
    return dict(re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', first))


def choices(answer: Answer) -> list[str]:
    """Whom a page offers to hear it."""
    return re.findall(r'name="to" value="([a-z]+)"', page(answer))


def reports(guard: Guard, audience: ReportTo) -> tuple[Report, ...]:
    return guard.store.incidents.reports(SCHOOL, None, audience=audience)


def everything(guard: Guard) -> list[Report]:
    return [report for audience in ReportTo for report in reports(guard, audience)]


def with_counsellor(guard: Guard) -> None:
    named = [Person(one, Role.COUNSELLOR, one.title()) for one in ("coen", "fay")]
    guard.store.people.put_people(SCHOOL, named, "cor", LESSON)
    assert guard.store.counsel.switch_on(SCHOOL, "ria", LESSON)


async def tell(gate: Gate, kind: str, url: str = REPORT, who: Peer = SAMS, **form: str) -> Answer:
    """Choose, fill in and send, as a browser without JavaScript does."""
    second = await answered(gate, plain(url, {"kind": kind}, who))
    return await answered(gate, plain(url, {**hidden(second), **SEND, **form}, who))


# --- what a child sees -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [REPORT, FIXED, "https://vertel.wacht.school/", f"{FIXED}zomaar?x=1"])
def test_the_page_says_first_that_it_is_not_the_childs_fault(guard: Guard, url: str) -> None:
    shown = page(guard.ask(plain(url)).answer)
    assert "<h1 data-read>Het is niet jouw schuld</h1>" in shown
    assert [kind.value for kind in ReportKind] == re.findall(r'name="kind" value="([a-z]+)"', shown)
    assert "vertel.wacht.school" in shown


def test_the_dashboards_name_leads_to_it(guard: Guard) -> None:
    answer = guard.ask(exchange("http://wacht.school/vertel")).answer
    assert answer is not None and dict(answer.headers)["Location"] == FIXED
    assert guard.ask(exchange("http://wacht.school/verteller")).answer is None
    assert guard.ask(exchange("http://vertel.leren.nl/")).answer is None


def test_who_may_hear_it_is_the_childs_choice_where_it_is_about_people(guard: Guard) -> None:
    async def offered(gate: Gate) -> dict[str, list[str]]:
        kinds = [kind.value for kind in ReportKind]
        return {kind: choices(await answered(gate, plain(REPORT, {"kind": kind}))) for kind in kinds}

    assert guard.run(offered) == {
        "saw": ["teacher"],
        "bullied": ["management", "teacher"],
        "pictures": ["management", "teacher"],
        "other": ["teacher", "management"],
    }
    with_counsellor(guard)
    assert guard.run(offered) == {
        "saw": ["teacher"],
        "bullied": ["counsellor", "management"],
        "pictures": ["counsellor", "management"],
        "other": ["teacher", "counsellor", "management"],
    }


@pytest.mark.parametrize(
    ("kind", "audience", "told"),
    [
        ("saw", ReportTo.TEACHER, "Je juf of meester leest dit"),
        ("bullied", ReportTo.MANAGEMENT, "De directeur leest dit. Je juf of meester ziet het niet."),
        ("pictures", ReportTo.COUNSELLOR, "Alleen de vertrouwenspersonen"),
    ],
)
def test_it_reaches_whom_the_child_chose_and_says_so(guard: Guard, kind: str, audience: ReportTo, told: str) -> None:
    with_counsellor(guard)
    thanks = page(guard.run(lambda gate: tell(gate, kind, to=audience.value)))
    assert told in thanks and "niet jouw schuld" in thanks and "0800-0432" in thanks
    (report,) = everything(guard)
    assert (report.kind, report.audience, report.note) == (kind, audience, "hij roept steeds dingen")
    assert (report.host, report.group, report.device, report.person) == ("social.com", "7", "chroom-1", "sam")


def test_at_the_fixed_address_it_is_about_no_site(guard: Guard) -> None:
    url = f"{FIXED}_klaswacht/report"
    guard.run(lambda gate: tell(gate, "saw", url, line=""))
    (report,) = everything(guard)
    assert (report.host, report.note, report.person) == ("", "", "sam")


def test_of_a_device_in_no_group_the_office_reads_it_and_the_page_says_so(guard: Guard) -> None:
    thanks = page(guard.run(lambda gate: tell(gate, "saw", who=STRANGERS)))
    assert "De directeur of de coördinator leest dit" in thanks
    assert [report.group for report in reports(guard, ReportTo.TEACHER)] == [None]


def test_who_chose_nobody_yet_is_asked_and_keeps_the_words(guard: Guard) -> None:
    again = guard.run(lambda gate: tell(gate, "bullied", line='<b>"hij"'))
    assert "Kies eerst wie dit mag lezen" in page(again) and "&lt;b&gt;&#34;hij&#34;" in page(again)
    assert everything(guard) == []
    assert "Kies eerst" in page(guard.run(lambda gate: tell(gate, "bullied", to="iedereen")))


def test_who_writes_for_long_loses_no_words(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    async def work(gate: Gate) -> None:
        fields = {**hidden(await answered(gate, plain(REPORT, {"kind": "saw"}))), **SEND}
        late = time.time() + 3 * 3600
        monkeypatch.setattr("proxy_addons.sending.time", lambda: late)
        old = await answered(gate, plain(REPORT, fields))
        assert old.status == 403 and "nog een keer" in page(old) and "hij roept steeds dingen" in page(old)
        assert everything(guard) == []
        await answered(gate, plain(REPORT, {**fields, **hidden(old)}))

    guard.run(work)
    assert [report.note for report in everything(guard)] == ["hij roept steeds dingen"]


def test_the_page_is_there_in_english(guard: Guard) -> None:
    assert "It is not your fault" in page(guard.ask(plain(FIXED, **{"accept-language": "en"})).answer)


# --- help first ------------------------------------------------------------------------------------------------------


def test_who_cries_for_help_gets_help_first_and_nothing_is_kept(guard: Guard) -> None:
    with_counsellor(guard)
    helped = guard.run(lambda gate: tell(gate, "bullied", to="counsellor", line=CRY))
    assert helped.status == 200 and "0800-0432" in page(helped) and "nog niet weg" in page(helped)
    assert choices(helped) == ["counsellor"]
    assert everything(guard) == [] and guard.events() == []


def test_after_that_the_child_may_send_its_words_on_to_whom_it_chose(guard: Guard) -> None:
    with_counsellor(guard)

    async def work(gate: Gate) -> Answer:
        helped = await tell(gate, "bullied", to="counsellor", line=CRY)
        return await answered(gate, plain(REPORT, {**hidden(helped), "to": "counsellor"}))

    assert "Alleen de vertrouwenspersonen" in page(guard.run(work))
    assert [(one.kind, one.audience, one.note) for one in everything(guard)] == [("bullied", "counsellor", CRY)]


def test_words_of_who_needs_help_never_go_to_the_screen_of_a_class(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        helped = await tell(gate, "saw", to="teacher", line=CRY)
        assert choices(helped) == ["management"]
        forced = await answered(gate, plain(REPORT, {**hidden(helped), "to": "teacher"}))
        assert "nog niet weg" in page(forced)

    guard.run(work)
    assert everything(guard) == []


def test_the_counsellors_hear_quietly_as_with_any_cry(guard: Guard) -> None:
    with_counsellor(guard)
    guard.run(lambda gate: tell(gate, "saw", line=CRY))
    (kept,) = guard.store.signals.newest(SCHOOL)
    assert kept.signal.person == "sam"


# --- it never counts -------------------------------------------------------------------------------------------------


def test_a_report_is_no_event_no_count_and_wakes_only_the_teacher(guard: Guard) -> None:
    with_counsellor(guard)
    before = guard.store.pulse(SCHOOL)
    for audience in ("counsellor", "management"):
        guard.run(lambda gate, audience=audience: tell(gate, "bullied", to=audience))
    assert guard.store.pulse(SCHOOL) == before and reports(guard, ReportTo.TEACHER) == ()
    guard.run(lambda gate: tell(gate, "saw"))
    assert guard.store.pulse(SCHOOL) != before
    assert guard.events() == [] and not guard.store.events.counts(SCHOOL, LESSON - timedelta(days=1))


def test_who_told_very_often_hears_honestly_that_this_was_not_sent(guard: Guard) -> None:
    async def work(gate: Gate) -> list[Answer]:
        return [await tell(gate, "saw", line=f"weer {number}") for number in range(6)]

    *_, fifth, last = guard.run(work)
    assert fifth.status == 200 and last.status == 429 and "ging niet weg" in page(last)
    assert len(everything(guard)) == 5


@pytest.mark.parametrize(
    "forged",
    [
        plain(REPORT, {"kind": "saw", "to": "teacher", **SEND}),
        plain(REPORT, {"kind": "saw", "to": "teacher", **SEND, "token": "9999999999." + "0" * 64}),
        plain(REPORT, {"kind": "saw", "to": "teacher", **SEND}, **{"sec-fetch-site": "cross-site"}),
        plain(REPORT, {"kind": "violation", "to": "teacher", **SEND}),
    ],
)
def test_another_sites_page_cannot_tell_for_a_child(guard: Guard, forged: Exchange) -> None:
    answer = guard.ask(forged).answer
    assert answer is not None and answer.status in (400, 403)
    assert everything(guard) == []


# --- whatever breaks -------------------------------------------------------------------------------------------------


def ban(guard: Guard) -> None:
    one = Sanction("", "sam", SanctionTarget.CHROMEBOOK, LESSON, LESSON + timedelta(hours=1), "ria")
    guard.store.measures.add_sanction(SCHOOL, one, LESSON)


def in_a_break(guard: Guard) -> None:
    guard.clock.now = BREAK


def paused(guard: Guard) -> None:
    guard.pause(LESSON + timedelta(minutes=10))


def agreed(guard: Guard) -> None:
    guard.agree(LESSON + timedelta(minutes=30), "leren.nl")


def on_a_phone(guard: Guard) -> None:
    phones = rule("phones", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE}), holds_in=HoldsIn.SCHOOL_HOURS)
    guard.store.policies.add(SCHOOL, replace(POLICY, rules=(*POLICY.rules, phones)), "cor", "test", LESSON)
    known = guard.store.devices.get(SCHOOL, "chroom-1")
    assert known is not None
    phone = Device("chroom-1", "Telefoon", DeviceClass.PHONE, "7", person="sam", key_hash=known.device.key_hash)
    guard.store.devices.put(SCHOOL, phone, "cor", LESSON)


@pytest.mark.parametrize("closed", [ban, in_a_break, paused, agreed, on_a_phone])
@pytest.mark.parametrize("url", [f"{FIXED}_klaswacht/report", REPORT])
def test_it_can_be_told_when_everything_else_is_closed(guard: Guard, closed, url: str) -> None:
    closed(guard)
    if closed is not in_a_break:
        assert guard.ask(exchange(SITE)).answer is not None
    assert "Het is niet jouw schuld" in page(guard.ask(plain(FIXED)).answer)
    assert guard.run(lambda gate: tell(gate, "saw", url)).status == 200
    assert len(everything(guard)) == 1


def test_with_the_store_gone_there_are_people_to_go_to(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(Incidents, "report", gone)
    told = guard.run(lambda gate: tell(gate, "saw"))
    assert told.status == 503 and "grote mens" in page(told)
    assert all(number in page(told) for number in ("0800-0432", "0800-0113", "0800-2000", "112"))


def test_before_there_are_any_rules_there_are_people_to_go_to(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr("proxy_addons.live.Live._load", gone)
    for url in (FIXED, REPORT):
        assert "0800-0432" in page(guard.ask(plain(url)).answer)


def test_when_a_request_cannot_be_judged_at_all_the_fixed_address_still_answers(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(translate, "of_exchange", broken)
    assert "0800-0432" in page(guard.ask(plain(FIXED)).answer)


def test_over_https_it_is_answered_here_and_nothing_is_looked_up(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for who in (SAMS, STRANGERS, LAPTOP):
            entry = gate.enter(who, "vertel.wacht.school", 443)
            hello = gate.hello(who, Hello("vertel.wacht.school", "vertel.wacht.school"))
            assert (entry.door, hello.door, hello.decision) == (Door.INSPECT, Door.INSPECT, None)
        assert gate.enter(SAMS, "wacht.school", 443).door is Door.TUNNEL
        odd = gate.hello(SAMS, Hello("vertel.wacht.school", "adult.com"))
        assert odd.decision is not None and not odd.decision.open
        keyless = peer(port=KEYED)
        assert gate.enter(keyless, "vertel.wacht.school", 443).door is Door.CHALLENGE
        wrong = replace(keyless, credentials="Basic bWlzOm1pcw==")
        assert gate.enter(wrong, "vertel.wacht.school", 443).door is Door.INSPECT

    guard.run(work)


# --- staff -----------------------------------------------------------------------------------------------------------


def test_somebody_of_staff_tells_the_management_or_a_counsellor(guard: Guard) -> None:
    with_counsellor(guard)

    async def work(gate: Gate) -> None:
        asked = await answered(gate, plain(REPORT, {"kind": "saw"}, LAPTOP))
        assert choices(asked) == ["counsellor", "management"]
        await tell(gate, "bullied", who=LAPTOP, to="teacher")
        await tell(gate, "bullied", who=LAPTOP, to="management")

    guard.run(work)
    assert [(one.person, one.audience) for one in everything(guard)] == [("anja", "management")]


# --- nobody tells it for a child -------------------------------------------------------------------------------------


def test_a_page_loaded_again_tells_nothing_twice(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        second = await answered(gate, plain(REPORT, {"kind": "saw"}))
        for _ in range(2):
            thanks = page(await answered(gate, plain(REPORT, {**hidden(second), **SEND})))
            assert "Dank je wel" in thanks
        await answered(gate, plain(REPORT, {**hidden(second), **SEND, "line": "en nog iets"}))

    guard.run(work)
    assert [report.note for report in everything(guard)].count(SEND["line"]) == 1
    assert len(everything(guard)) == 2


def test_whoever_sits_there_next_sends_nothing_of_the_child_before(guard: Guard) -> None:
    cart = peer(name="chroom-2")

    async def work(gate: Gate) -> None:
        guard.lease("chroom-2", "sam", LESSON + timedelta(minutes=5))
        await gate.live.changed(gate.live.revision, 1)
        second = await answered(gate, plain(REPORT, {"kind": "saw"}, cart))
        form = {**hidden(second), **SEND}
        guard.clock.now += timedelta(minutes=6)
        again = await answered(gate, plain(REPORT, form, cart))
        assert again.status == 403

    guard.run(work)
    assert everything(guard) == []


@pytest.mark.parametrize("destination", ["empty", "iframe", "object", "script"])
def test_a_script_of_the_site_cannot_tell_something_for_a_child(guard: Guard, destination: str) -> None:
    """The page is on the site's own host, so a script there could read it and fill it in."""
    for asked in (plain(REPORT), plain(REPORT, {"kind": "bullied"})):
        answer = guard.ask(replace(asked, headers={**asked.headers, "sec-fetch-dest": destination})).answer
        assert answer is not None and answer.status == 403 and b"token" not in answer.body
        opened = guard.ask(asked).answer
        assert opened is not None and ("Cross-Origin-Opener-Policy", "same-origin") in opened.headers
