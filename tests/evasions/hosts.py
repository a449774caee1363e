"""More than five hundred hosts for a PAC file to be asked about: the school's lists, and every spelling of nearby."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

_CORPUS = Path(__file__).parents[1] / "corpus"
_NEAR = (
    *("localhost", "localhost.", "loopback", "foo.localhost", "wpad", "intranet", "printer", "router", "a"),
    *("school.local", "klaswacht.internal", "wacht.klaswacht.internal", "vertel.klaswacht.internal", "10", "0"),
    *("xn--bcher-kva.example", "EXAMPLE.COM", "example.com.", "_dns.resolver.arpa", "kletsplein.test", ""),
)
_LITERALS = (
    *("127.0.0.1", "127.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "224.0.0.1", "255.255.255.255", "1.1.1.1", "8.8.8.8", "0x7f.1", "0177.0.0.1", "2130706433"),
    *("0x7f000001", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[2606:4700::1111]", "[::ffff:127.0.0.1]"),
    *("[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:0:0::1]", "[ff02::1]"),
)


def _lines(name: str) -> list[str]:
    rows = (row.partition("#")[0].split() for row in (_CORPUS / name).read_text("utf-8").splitlines())
    return [row[0] for row in rows if row]


def _all() -> tuple[str, ...]:
    names = [*_NEAR, *_LITERALS, *_lines("hosts-open.txt"), *_lines("hosts-closed.txt")]
    addresses = [str(ip_address(number * 16_843_009 + 7)) for number in range(0, 255, 2)]
    six = [f"[{ip_address((0x2A00 << 112) + number * 2**80 + number)}]" for number in range(60)]
    spelled = [f"www{number}.{'sub.' * (number % 4)}site-{number}.nl" for number in range(120)]
    return tuple(dict.fromkeys([*names, *addresses, *six, *spelled]))


HOSTS = _all()
