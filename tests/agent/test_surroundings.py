"""What is around the programs is read as it is on disk, and nothing on disk makes the reader fall over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import surroundings
from agent.surroundings import (
    Places,
    chrome_looks_up_itself,
    default_routes,
    default_routes6,
    far_ports,
    firefox_looks_up_itself,
    interfaces,
    look_around,
    name_servers,
    named_hosts,
    proxy_settings,
)

ROUTES = b"""Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
tun0\t00000000\t01000809\t0003\t0\t0\t0\t00000080\t0\t0\t0
tun0\t00000080\t01000809\t0003\t0\t0\t0\t00000080\t0\t0\t0
down\t00000000\t01000809\t0002\t0\t0\t0\t00000000\t0\t0\t0
"""
TCP = b"""  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1
   1: 0200000A:C350 08080808:0355 01 00000000:00000000 00:00000000 00000000  1000        0 2 1
   2: 0200000A:C351 08080404:01BB 01 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 0200000A:C352 0300000A:0355 01 00000000:00000000 00:00000000 00000000  1000        0 4 1
   4: 0200000A:C353 08080808:0050 06 00000000:00000000 00:00000000 00000000  1000        0 5 1
"""
TCP6 = b"head\n   0: 0:1 0000000000000000FFFF000008080808:0355 01 a b c 1000 0 2\n"


def test_the_default_route_and_its_halves_are_seen_and_the_others_not() -> None:
    assert default_routes(ROUTES) == {"via 10.0.0.1 dev eth0", "via 9.8.0.1 dev tun0"}


def test_the_default_route_of_ipv6_is_seen_and_the_one_that_refuses_is_none() -> None:
    nothing, gateway = "0" * 32, "fe80" + "0" * 27 + "1"
    line = f"{nothing} 00 {nothing} 00 {{}} 00000400 1 0 00000003 {{}}\n"
    data = line.format(gateway, "eth0") + line.format(nothing, "lo")
    assert default_routes6(data.encode()) == {"via fe80::1 dev eth0"}


def test_only_connections_of_the_session_to_the_internet_count() -> None:
    assert far_ports(TCP, 1000) == {853}
    assert far_ports(TCP) == {853, 443}
    assert far_ports(TCP6, 1000) == {853}


def test_name_servers_hosts_and_proxies_are_read_as_people_write_them() -> None:
    assert name_servers(b"# one\nnameserver 10.0.0.1\nsearch x\nnameserver\t::1\noptions a") == ("10.0.0.1", "::1")
    assert named_hosts(b"127.0.0.1 localhost  PC # mine\n#8.8.8.8 x\n\n1.2.3.4 a b") == {
        "127.0.0.1 localhost", "127.0.0.1 pc", "1.2.3.4 a", "1.2.3.4 b",
    }  # fmt: skip
    assert proxy_settings(b"PATH=/bin\nhttp_proxy=http://a:1\n export HTTPS_PROXY = 'b:2'\n# all_proxy=c\n") == {
        "http_proxy": "http://a:1",
        "HTTPS_PROXY": "b:2",
    }


@pytest.mark.parametrize(("mode", "itself"), [(b"2", True), (b"3", True), (b"0", False), (b"5", False)])
def test_a_browser_that_looks_names_up_itself(mode: bytes, itself: bool) -> None:
    assert firefox_looks_up_itself(b'user_pref("a", 1);\nuser_pref("network.trr.mode", ' + mode + b");\n") is itself


def test_the_other_browser_that_looks_names_up_itself() -> None:
    assert chrome_looks_up_itself(b'{"dns_over_https": {"mode": "secure"}}')
    assert not chrome_looks_up_itself(b'{"dns_over_https": {"mode": "automatic"}}')


PARSERS = (
    chrome_looks_up_itself, default_routes, default_routes6, far_ports, firefox_looks_up_itself, name_servers,
    named_hosts, proxy_settings,
)  # fmt: skip


@given(st.binary(max_size=300), st.sampled_from(PARSERS), st.sampled_from((b"", ROUTES, TCP, TCP6)))
def test_whatever_is_on_disk_is_read_without_falling_over(data: bytes, parser, before: bytes) -> None:
    parser(before + data)
    parser(data)
    parser(before.replace(b"0", data[:3]))


@given(st.text(max_size=100))
def test_text_in_the_place_of_any_word_is_read_without_falling_over(word: str) -> None:
    for sample in (ROUTES, TCP):
        words = sample.split()
        for at in range(0, len(words), 3):
            changed = b" ".join([*words[:at], word.encode("utf-8", "replace"), *words[at:]])
            for parser in PARSERS:
                parser(changed)


def test_interfaces_are_known_by_what_they_are_and_by_their_name(tmp_path: Path) -> None:
    for name, file, text in (
        ("eth0", "uevent", "INTERFACE=eth0\n"),
        ("huiswerk", "tun_flags", "0x1001"),
        ("werk", "uevent", "DEVTYPE=wireguard\n"),
        ("wg0", "uevent", ""),
        ("usb0", "uevent", ""),
        ("usb1", "uevent", ""),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(text)
    for name, driver in (("usb0", "rndis_host"), ("usb1", "asix")):
        (tmp_path / "drivers" / driver).mkdir(parents=True)
        (tmp_path / name / "device").mkdir()
        (tmp_path / name / "device" / "driver").symlink_to(tmp_path / "drivers" / driver)
    assert interfaces(tmp_path) == ({"huiswerk", "werk", "wg0"}, {"usb0"})


def test_this_very_machine_can_be_looked_at() -> None:
    found = look_around(Places())
    assert found.routes == look_around(Places()).routes
    assert "127.0.0.1 localhost" in found.hosts


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert look_around(Places(gone, gone, gone, gone)) == surroundings.Surroundings()


def test_the_web_without_the_proxy_is_around_the_guard_only_where_there_is_a_proxy(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_bytes(TCP)
    places = Places(tmp_path, tmp_path, tmp_path, tmp_path, None)
    assert look_around(places).around == {853}
    (tmp_path / "environment").write_text("https_proxy=http://10.0.0.1:8080\n")
    assert look_around(places).around == {853, 443}
