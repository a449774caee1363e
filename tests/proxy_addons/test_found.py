"""What another server says, cut down: aliases are followed, service bindings lose what leads around the guard."""

from __future__ import annotations

import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.egress import Egress
from proxy_addons.names.found import Found, Nonsense, found_in

WORLD = Egress().literal_open
ECH = 'ech="AAT+DQAA"'


def said(name: str, kind: str, *answer: tuple[str, str, str], rcode: int = 0) -> Found:
    query = dns.message.make_query(name, kind)
    message = dns.message.make_response(query)
    message.set_rcode(dns.rcode.Rcode(rcode))
    for owner, its, text in answer:
        message.answer.append(dns.rrset.from_text(owner, 300, "IN", its, *text.split("|")))
    wired = dns.message.from_wire(message.to_wire())
    return found_in(wired, dns.name.from_text(name), RdataType.make(dns.rdatatype.from_text(kind)), WORLD)


def texts(found: Found) -> list[str]:
    return [one.to_text() for rrset in found.answer for one in rrset]


def test_only_the_chain_from_the_name_that_was_asked_is_kept():
    found = said("a.nl.", "A", ("a.nl.", "CNAME", "b.nl."), ("b.nl.", "A", "9.9.9.9"), ("bank.nl.", "A", "9.9.9.66"))
    assert texts(found) == ["b.nl.", "9.9.9.9"]
    assert found.hosts == ("b.nl",)
    assert found.complete


@pytest.mark.evasion("E06", "E07")
@pytest.mark.parametrize("kind", ["HTTPS", "SVCB"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f'1 . alpn="h3,h2" {ECH}', ['1 . alpn="h2"']),
        (f'1 . alpn="h3-29,http/1.1,h2" port=8443 {ECH}', ['1 . alpn="http/1.1,h2" port="8443"']),
        ('1 . alpn="h3"', ["1 ."]),
        ('1 . alpn="h3" no-default-alpn', []),
        (f'1 . mandatory="alpn,ech" alpn="h2" {ECH}', ['1 . mandatory="alpn" alpn="h2"']),
        ('1 . mandatory="key666" key666="x"', []),
        ('1 . key666="x" alpn="h2"', ['1 . alpn="h2"']),
        ('1 . dohpath="/dns-query{?dns}" alpn="h2,h3"', ['1 . alpn="h2"']),
        ('1 . ipv4hint="10.0.0.1,9.9.9.9" ipv6hint="fd00::1"', ['1 . ipv4hint="9.9.9.9"']),
        ("0 b.nl.", ["0 b.nl."]),
        (f'1 . alpn="h2" {ECH}|2 c.nl. alpn="h3" no-default-alpn', ['1 . alpn="h2"']),
    ],
)
def test_a_service_binding_says_where_a_site_is_and_nothing_else(kind: str, before: str, after: list[str]):
    found = said("a.nl.", kind, ("a.nl.", kind, before))
    assert sorted(texts(found)) == sorted(after)
    assert found.complete is bool(after)


def test_where_a_service_binding_leads_is_told_so_that_it_can_be_judged():
    assert said("a.nl.", "HTTPS", ("a.nl.", "HTTPS", "0 svc.social.com.")).hosts == ("svc.social.com",)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "224.0.0.1",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "ff02::1",
    ],
)
def test_an_address_inside_never_answers_for_a_name_outside(address: str):
    kind = "AAAA" if ":" in address else "A"
    outside = "2606:4700::1" if ":" in address else "9.9.9.9"
    assert texts(said("a.nl.", kind, ("a.nl.", kind, address))) == []
    assert texts(said("a.nl.", kind, ("a.nl.", kind, f"{address}|{outside}"))) == [outside]


@pytest.mark.parametrize(
    "links",
    [
        [("a.nl.", "CNAME", "a.nl.")],
        [("a.nl.", "CNAME", "b.nl."), ("b.nl.", "CNAME", "a.nl.")],
        [(f"{n or 'a'}.nl.", "CNAME", f"{n + 1}.nl.") for n in range(20)],
    ],
    ids=["to itself", "in a circle", "on and on"],
)
def test_aliases_without_an_end_are_no_answer(links: list[tuple[str, str, str]]):
    with pytest.raises(Nonsense):
        said("a.nl.", "A", *links)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["A", "CNAME"]), st.sampled_from("abc")), max_size=5))
def test_however_aliases_lie_every_name_that_is_passed_on_is_told(links: list[tuple[str, str, str]]):
    records = [(f"{a}.nl.", kind, f"{b}.nl." if kind == "CNAME" else f"9.9.9.{ord(b)}") for a, kind, b in links]
    try:
        found = said("a.nl.", "A", *records)
    except Nonsense:
        return
    owners = {one.name.to_text(omit_final_dot=True) for one in found.answer} - {"a.nl"}
    assert owners <= set(found.hosts)
