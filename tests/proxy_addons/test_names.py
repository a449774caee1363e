"""A name, judged: by the same rules as everything else, for as long as they hold, and never by a fault.

A real gate on a real database with the cast's school, and a real name server on loopback behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from dns.message import Message
from hypothesis import given
from hypothesis import strategies as st

from config.private_folder import columns_key
from config.settings import Dns, Egress, Listen, Settings
from policy.model import Action, Facet
from policy.safe import protected
from policy.search import Engine, Engines, SafeSearch
from proxy_addons import translate
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.identity import UNKNOWN
from proxy_addons.names.message import Question, read
from proxy_addons.names.process import names_of
from proxy_addons.names.resolve import Names, Want
from store import open_later
from tests.cast import KNOWLEDGE, LESSON, STRANGER, at
from tests.proxy_addons.asking import Guard
from tests.proxy_addons.nameserver import NameServer
from tests.store.school import SCHOOL

HERE = "192.168.55.5"
SAMS, CLASS, PRINTER, NOBODY = "10.0.7.2", "10.0.7.50", "10.0.8.5", "192.168.1.77"
WORLD = {
    "leren.nl": {"A": ["9.9.9.1"], "AAAA": ["2606:4700::1"]},
    "social.com": {"A": ["9.9.9.2"]},
    "deel.leren.nl": {"CNAME": ["elders.net."]},
    "elders.net": {"A": ["9.9.9.3"]},
    "mantel.nl": {"CNAME": ["een.net."]},
    "een.net": {"CNAME": ["social.com."]},
    "binding.nl": {"HTTPS": ["0 adult.com."]},
    "zoek.nl": {"A": ["9.9.9.4"]},
    "veilig.zoek.nl": {"A": ["9.9.9.5"]},
    "kindertelefoon.nl": {"CNAME": ["adult.com."]},
    "adult.com": {"A": ["9.9.9.6"]},
}
SAFE = Engines(
    (Engine("zoek", ("zoek.nl",), ("/s",), ("q",), safe=SafeSearch(names=(("zoek.nl", "veilig.zoek.nl"),))),)
)


@pytest.fixture(scope="module")
def world() -> Iterator[NameServer]:
    with NameServer(WORLD) as server:
        yield server


@pytest.fixture
def school(guard: Guard, world: NameServer) -> School:
    world.asked.clear()
    return School(guard, world)


class School:
    """The cast's school with a name server of the guard's."""

    def __init__(self, guard: Guard, world: NameServer) -> None:
        self.guard, self.world = guard, world

    @contextmanager
    def names(self, gate: Gate) -> Iterator[Names]:
        settings = Settings(
            listen=Listen(dns=5300),
            dns=Dns((f"127.0.0.1:{self.world.port}",), answer_with=HERE),
            egress=Egress(hosts={"intranet.nl:443": "10.0.0.6:443", "anders.nl:443": "10.0.0.7:9443"}),
        )
        yield names_of(settings, gate)[0]

    def ask(self, name: str, kind: str = "A", who: str = SAMS) -> Message:
        async def work(gate: Gate) -> Message:
            with self.names(gate) as names:
                return await answered(names, name, kind, who)

        return self.guard.run(work)

    def found(self, name: str, kind: str = "A", who: str = SAMS) -> list[str]:
        return records(self.ask(name, kind, who))


def question(name: str, kind: str = "A") -> Question:
    made = read(dns.message.make_query(name, kind).to_wire())
    assert isinstance(made, Question)
    return made


async def answered(names: Names, name: str, kind: str = "A", who: str = SAMS) -> Message:
    asked = question(name, kind)
    first = names.begin(asked, who)
    return first if isinstance(first, Message) else await names.finish(asked, who, first)


def records(answer: Message) -> list[str]:
    return [one.to_text() for rrset in answer.answer for one in rrset]


# --- the rules --------------------------------------------------------------------------------------------------------


def test_the_question_is_that_of_a_connection_that_nobody_looks_into():
    asked = translate.of_dns("WWW.Social.com", STRANGER)
    assert (asked.action, asked.hosts, asked.navigation) == (Action.CONNECT, ("www.social.com",), True)
    assert asked == replace(translate.of_connect("www.social.com", 443, STRANGER), navigation=True)
    assert translate.of_dns("a b.nl", STRANGER).unreadable


def test_open_and_closed_as_for_any_other_way_in(school: School):
    assert school.found("leren.nl") == ["9.9.9.1"]
    assert school.found("social.com") == school.found("adult.com") == school.found("m.social.com") == [HERE]
    assert school.found("social.com", "AAAA") == []
    assert school.found("adult.com", who=NOBODY) == [HERE]
    assert school.found("social.com", who=PRINTER) == ["9.9.9.2"]


def test_a_permission_holds_for_who_has_it_and_for_seconds(school: School):
    school.guard.grant(sites=("social.com",), facets=frozenset({Facet.PLACE}), groups=frozenset({"7"}))
    for who in (SAMS, CLASS):
        answer = school.ask("social.com", who=who)
        assert records(answer) == ["9.9.9.2"]
        assert answer.answer[0].ttl <= 5
    assert school.found("social.com", who=NOBODY) == [HERE]


def test_an_answer_is_kept_no_longer_than_the_rules_stay_as_they_are(school: School):
    assert school.ask("leren.nl").answer[0].ttl == 60
    school.guard.clock.now = at("10:15") - timedelta(seconds=17)
    assert school.ask("leren.nl").answer[0].ttl <= 17
    school.guard.clock.now = at("10:15") - timedelta(seconds=0.2)
    assert school.ask("leren.nl").answer[0].ttl == 1


def test_a_permission_that_ends_while_a_name_is_looked_up_opens_nothing(school: School):
    given = school.guard.grant(sites=("social.com",), facets=frozenset({Facet.PLACE}))

    async def work(gate: Gate) -> Message:
        with school.names(gate) as names:
            asked = question("social.com")
            want = names.begin(asked, SAMS)
            assert isinstance(want, Want)
            school.guard.store.grants.revoke(SCHOOL, given.id, "anja", school.guard.clock.now)
            await gate.live.changed(gate.live.revision, 5)
            return await names.finish(asked, SAMS, want)

    assert records(school.guard.run(work)) == [HERE]


# --- aliases ----------------------------------------------------------------------------------------------------------


def test_whatever_a_name_leads_to_must_be_open_too(school: School):
    assert school.found("mantel.nl") == [HERE]
    assert school.found("binding.nl", "HTTPS") == []
    assert school.found("deel.leren.nl") == ["elders.net.", "9.9.9.3"]


def test_an_agreed_site_may_be_where_it_is_and_others_stay_closed(school: School):
    school.guard.agree(at("09:45"), "leren.nl")
    assert school.found("deel.leren.nl") == ["elders.net.", "9.9.9.3"]
    assert school.found("elders.net") == [HERE]


def test_a_pause_is_for_every_name(school: School):
    school.guard.pause(at("09:45"))
    assert school.found("leren.nl") == [HERE]


# --- searching, own names, help ---------------------------------------------------------------------------------------


def test_only_a_safe_name_answers_for_an_engine_that_has_one(school: School):
    async def work(gate: Gate) -> list[list[str]]:
        gate.live.knowledge = replace(gate.live.knowledge, engines=SAFE)
        with school.names(gate) as names:
            asked = [("A", SAMS), ("HTTPS", SAMS), ("TXT", SAMS), ("A", PRINTER)]
            return [records(await answered(names, "zoek.nl", kind, who)) for kind, who in asked]

    assert protected(UNKNOWN)
    assert school.guard.run(work) == [["veilig.zoek.nl.", "9.9.9.5"], [], [], ["9.9.9.4"]]


def test_names_that_the_school_maps_lead_where_a_device_can_go_itself(school: School):
    assert school.found("intranet.nl") == ["10.0.0.6"]
    assert school.found("intranet.nl", "AAAA") == []
    assert school.ask("anders.nl").rcode() == dns.rcode.NXDOMAIN  # mapped to another port: of use to the guard only


def test_help_is_found_wherever_it_is(school: School):
    host = next(iter(KNOWLEDGE.help_hosts))
    school.world.records[host] = {"CNAME": ["adult.com."]}
    for who in (SAMS, NOBODY):
        assert "9.9.9.6" in school.found(host, who=who)


def test_without_rules_only_help_is_found(world: NameServer, tmp_path, caplog: pytest.LogCaptureFixture):
    host = next(iter(KNOWLEDGE.help_hosts))
    world.records[host] = {"A": ["9.9.9.8"]}

    async def main() -> dict[str, list[str]]:
        store = open_later(f"sqlite:///{tmp_path / 'nowhere' / 'k.db'}", key=columns_key(tmp_path))
        gate = open_gate(store, KNOWLEDGE, Options(SCHOOL), lambda: LESSON)
        await gate.start()
        try:
            with School(None, world).names(gate) as names:
                own = next(iter(KNOWLEDGE.own_hosts))
                return {name: records(await answered(names, name)) for name in ("leren.nl", "social.com", host, own)}
        finally:
            await gate.stop()
            store.close()

    found = asyncio.run(main())
    assert list(found.values()) == [[HERE], [HERE], ["9.9.9.8"], [HERE]]


@pytest.mark.parametrize("breaks", ["who", "engines"])
def test_a_fault_opens_nothing_but_help(school: School, breaks: str, monkeypatch: pytest.MonkeyPatch):
    host = next(iter(KNOWLEDGE.help_hosts))
    school.world.records[host] = {"A": ["9.9.9.8"]}

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    if breaks == "who":
        monkeypatch.setattr("proxy_addons.identity.Identity.of", broken)
    else:
        monkeypatch.setattr("policy.search.Engines.safe_name", broken)
    for name in ("social.com", "adult.com"):
        assert school.found(name) in ([], [HERE])
    if breaks == "engines":
        assert school.ask("leren.nl").rcode() == dns.rcode.SERVFAIL
    assert school.found(host) == ["9.9.9.8"]


def test_closed_names_are_counted_and_never_an_event(school: School):
    async def work(gate: Gate) -> None:
        with school.names(gate) as names:
            for name, kind in (("social.com", "A"), ("social.com", "AAAA"), ("mantel.nl", "A"), ("leren.nl", "A")):
                await answered(names, name, kind)

    school.guard.run(work)
    counts = school.guard.store.events.counts(SCHOOL, LESSON - timedelta(hours=2))
    assert [(one.name, one.n, one.group) for one in counts] == [("background", 2, "7")]
    assert school.guard.events() == []


# --- any input --------------------------------------------------------------------------------------------------------

LABELS = st.lists(st.binary(min_size=1, max_size=63), min_size=0, max_size=3)
ENDS = st.sampled_from([(b"social", b"com"), (b"leren", b"nl"), (b"SOCIAL", b"com"), (b"klaswacht", b"internal"), ()])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Bytes, or a question about any name, perhaps with some bytes changed."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=300))
    labels = [*draw(LABELS), *draw(ENDS), b""]
    try:
        name = dns.name.Name(labels)
    except dns.exception.DNSException:
        return b""
    query = dns.message.make_query(name, draw(st.integers(0, 70)), use_edns=draw(st.sampled_from([-1, 0])))
    wire = bytearray(query.to_wire())
    for at_, byte in draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3)):
        if at_ < len(wire):
            wire[at_] = byte
    return bytes(wire)


def test_no_bytes_kill_it_or_are_let_pass(school: School):
    async def work(gate: Gate) -> None:
        with school.names(gate) as names:

            @given(messages())
            def whatever_comes(data: bytes) -> None:
                asked = read(data)
                if asked is None or isinstance(asked, bytes):
                    assert not asked or asked[2] & 0x80
                    return
                answer = names.begin(asked, SAMS)
                if isinstance(answer, Want):
                    who = translate.of_dns(answer.host, replace(UNKNOWN, groups=("7",)))
                    assert gate.live.decide(who).open, answer.host
                else:
                    assert set(addresses(answer)) <= {HERE}
                    assert len(answer.to_wire()) <= 1232

            whatever_comes()

    school.guard.run(work)


def addresses(answer: Message) -> list[str]:
    return [
        one.to_text()
        for section in (answer.answer, answer.additional)
        for rrset in section
        for one in rrset
        if one.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
    ]


def test_when_a_name_cannot_even_be_asked_about_help_is_still_found(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(translate, "of_dns", broken)
    assert school.found("kindertelefoon.nl") not in ([], [HERE])
    assert school.found("leren.nl") == [HERE]
