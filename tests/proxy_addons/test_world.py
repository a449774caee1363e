"""Which addresses are out in the world."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.world import address_of, in_world

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "100.64.0.1", "100.127.255.255", "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.0.2.1",
    "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "192.88.99.1", "192.0.0.9",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "ff0e::1", "fec0::1", "2001:db8::1",
    "3fff::1", "3ffe::1", "100::1", "5f00::1", "4000::1", "2001:2::1", "2001:20::1", "64:ff9b:1::1",
    "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::7f00:1", "::ffff:0:7f00:1", "64:ff9b::a00:1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:101:101::", "2001:0:4136:e378:8000:63bf:80ff:fffe",
]  # fmt: skip
METADATA = {
    "most clouds": "169.254.169.254", "their containers": "169.254.170.2", "Amazon": "fd00:ec2::254",
    "Google": "fd20:ce::254", "Azure": "168.63.129.16", "Alibaba": "100.100.100.200", "Oracle": "192.0.0.192",
}  # fmt: skip
WORLD = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00::1", "64:ff9b::101:101", "::ffff:1.1.1.1"]


@pytest.mark.evasion("S02")
@pytest.mark.parametrize("text", [*INSIDE, *METADATA.values()])
def test_what_is_inside_something_is_not_out_in_the_world(text):
    assert not in_world(address_of(text))
    assert not in_world(address_of(f"[{text}]"))


@pytest.mark.parametrize("text", WORLD)
def test_where_sites_are_is(text):
    assert in_world(address_of(text))


@pytest.mark.evasion("S02")
@given(st.ip_addresses(v=4).filter(lambda one: not in_world(one)))
def test_an_address_inside_is_not_reached_by_hiding_it_in_another(address):
    low = f"{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"
    for hidden in (f"::ffff:{address}", f"::{low}", f"64:ff9b::{low}", f"2002:{low}::", f"64:ff9b:1::{low}"):
        assert not in_world(address_of(hidden)), hidden


def test_a_name_is_no_address():
    for text in ("open.test", "127.1", "0x7f.1", "2130706433", "", "1.1.1.1.", "[", "::g"):
        assert address_of(text) is None


def test_an_ipv4_address_is_one_however_it_came_in():
    assert address_of("::ffff:1.2.3.4") == address_of("1.2.3.4") == address_of("[::ffff:102:304]")
    assert address_of("fe80::1%eth0") == address_of("fe80::1")
