"""All of a school's traffic through one box: the printed rules in the kernel, the real guard on its real ports.

Nothing forbidden may arrive: what comes over the wire to the world is counted there, and everything that is tried here
was answered by the same servers before the rules were loaded, or is for staff while they are.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from policy.model import Facet, Grant, Role
from tests.e2e.gateway import (
    ANY_RESOLVER,
    BOX,
    BOX_V6,
    CLOSED,
    CLOSED_V6,
    PUPIL,
    PUPIL_V6,
    SITE,
    SITE_V6,
    STRANGER,
    STRANGER_V6,
    WAN,
    WAN_V6,
    Lab,
    school,
    why_not,
)
from tests.e2e.knocks import Knock

pytestmark = [pytest.mark.timeout(400), pytest.mark.full]

SITES = (SITE, SITE_V6)
FORBIDDEN = (  # what a device may try with a server out in the world: how, port, and what the trick is
    ("tcp", 22, "ssh, and with it ssh -D"),
    ("tcp", 853, "DoT"),
    ("udp", 853, "DoQ"),
    ("udp", 443, "QUIC"),
    ("udp", 3478, "STUN"),
    ("tcp", 3478, "TURN"),
    ("udp", 5349, "STUN over DTLS"),
    ("tcp", 5349, "TURN over TLS"),
    ("udp", 19302, "STUN of Google"),
    ("udp", 19309, "STUN of Google"),
    ("tcp", 3128, "a proxy of somebody else"),
    ("tcp", 8443, "a proxy over TLS"),
    ("tcp", 1080, "SOCKS"),
    ("tcp", 1194, "OpenVPN"),
    ("udp", 1194, "OpenVPN"),
    ("udp", 500, "IKE"),
    ("udp", 4500, "IPsec in UDP"),
    ("udp", 51820, "WireGuard"),
    ("tcp", 5222, "chat on a port of its own"),
)
PROTOCOLS = {"4": "IPIP", "41": "IPv6 in IPv4", "47": "GRE", "50": "ESP", "132": "SCTP"}
BINDING = "\0\x01\0\0\x21\x12\xa4\x42hello, hello"  # the head of a STUN binding request
HELD = (("tcp", SITE, 22), ("tcp", SITE_V6, 22), ("udp", SITE, 51820), ("udp", SITE_V6, 51820))


def forbidden(sites: tuple[str, ...] = SITES) -> list[Knock]:
    said = {"udp": BINDING, "tcp": "hello, hello"}
    return [Knock(how, site, port, said[how]) for how, port, _ in FORBIDDEN for site in sites]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The school with its rules in force; whatever is refused from now on got through a moment ago."""
    if why := why_not():
        pytest.skip(why)
    with school(tmp_path_factory.mktemp("gateway")) as one:
        pupil = one.places["pupil"]
        met = pupil.knock(*forbidden())
        assert [word.partition(" ")[0] for word in met] == ["open"] * len(met), "the servers outside work"
        for how, to, port in HELD:
            one.held[f"{how} {to}"] = holding = subprocess.Popen(
                pupil.command(sys.executable, "-m", "tests.e2e.knocks", "hold", how, to, str(port)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert holding.stdout and holding.stdout.readline() == "open\n"
        gone = one.klaswacht("firewall", "--check")
        assert gone.returncode == 1 and "niet geladen" in gone.stderr
        one.load()
        one.outside.tell("clear")
        yield one


@pytest.fixture(autouse=True)
def _nothing_forbidden_arrives(lab: Lab) -> Iterator[None]:
    yield
    assert lab.outside.strangers() == []


def wait_until(true: Callable[[], bool], what: str, within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.2)


def at(host: str, address: str) -> tuple[str, ...]:
    """curl's words for a device that has the address of a host from somewhere else."""
    shown = f"[{address}]" if ":" in address else address
    return ("--resolve", f"{host}:80:{shown}", "--resolve", f"{host}:443:{shown}")


# --- the rules --------------------------------------------------------------------------------------------------------


def test_the_kernel_keeps_to_the_rules_and_a_changed_one_is_noticed(lab: Lab) -> None:
    box = lab.places["box"]
    assert lab.klaswacht("firewall", "--check").returncode == 0
    box.run("nft", "insert", "rule", "inet", "klaswacht", "out", "tcp", "dport", "22", "accept")
    try:
        changed = lab.klaswacht("firewall", "--check")
        assert changed.returncode == 1 and "`out`" in changed.stderr
    finally:
        lab.load()
    assert lab.klaswacht("firewall", "--check").returncode == 0


# --- sites ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["-4", "-6"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_device_that_knows_of_no_proxy_sees_an_open_site(lab: Lab, scheme: str, family: str) -> None:
    status, body = lab.places["pupil"].curl(family, "--cacert", lab.ca, f"{scheme}://rekenrijk.test/")
    assert (status, body) == (200, "from outside: rekenrijk.test")


@pytest.mark.parametrize("address", [CLOSED, CLOSED_V6])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_closed_site_is_our_page_whoever_told_its_address(lab: Lab, scheme: str, address: str) -> None:
    lab.outside.tell("clear")
    words = (*at("kletsplein.test", address), "--cacert", lab.ca, f"{scheme}://kletsplein.test/")
    status, body = lab.places["pupil"].curl(*words)
    assert status == 403 and "Deze site is nu dicht" in body
    assert lab.outside.tell()["sites"] == {}


@pytest.mark.parametrize("address", SITES)
def test_python_without_a_proxy_gets_there_too(lab: Lab, address: str) -> None:
    program = (
        "import ssl, socket, sys; t = ssl.create_default_context(cafile=sys.argv[1]);"
        "s = t.wrap_socket(socket.create_connection((sys.argv[2], 443), 20), server_hostname='rekenrijk.test');"
        "s.sendall(b'GET / HTTP/1.1\\r\\nHost: rekenrijk.test\\r\\nConnection: close\\r\\n\\r\\n');"
        "print(b''.join(iter(lambda: s.recv(9999), b'')).decode())"
    )
    assert "from outside: rekenrijk.test" in lab.places["pupil"].run(sys.executable, "-c", program, lab.ca, address)


@pytest.mark.evasion("E08")
@pytest.mark.parametrize("site", [CLOSED, f"[{CLOSED_V6}]"])
def test_an_address_in_numbers_is_asked_of_the_guard(lab: Lab, site: str) -> None:
    lab.outside.tell("clear")
    status, _ = lab.places["pupil"].curl("--cacert", lab.ca, "-H", "Host: kletsplein.test", f"http://{site}/")
    assert status == 403
    assert lab.outside.tell()["sites"] == {}


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.evasion("E05")
@pytest.mark.parametrize("how", ["+notcp", "+tcp"])
@pytest.mark.parametrize("resolver", [ANY_RESOLVER, "2001:4860:4860::8888", BOX, BOX_V6, "9.9.9.53"])
def test_names_are_looked_up_at_the_guard_whatever_server_is_asked(lab: Lab, resolver: str, how: str) -> None:
    lab.outside.tell("clear")
    pupil = lab.places["pupil"]
    assert pupil.dig(f"@{resolver}", "+short", how, "kletsplein.test").split() == [BOX]
    assert pupil.dig(f"@{resolver}", "+short", how, "kletsplein.test", "AAAA").split() == []
    assert pupil.dig(f"@{resolver}", "+short", how, "rekenrijk.test").split() == [SITE]
    assert "kletsplein.test" not in lab.outside.tell()["names"]


@pytest.mark.evasion("E05")
def test_searching_is_made_safe_by_name_and_firefox_hears_to_leave_names_to_the_network(lab: Lab) -> None:
    pupil = lab.places["pupil"]
    assert pupil.dig(f"@{ANY_RESOLVER}", "+short", "www.google.nl").split() == ["forcesafesearch.google.com.", CLOSED]
    assert "NXDOMAIN" in pupil.dig(f"@{ANY_RESOLVER}", "use-application-dns.net")


def test_a_closed_name_leads_to_the_page_on_the_real_port_80_and_with_our_ca_on_443(lab: Lab) -> None:
    pupil = lab.places["pupil"]
    status, body = pupil.curl("http://kletsplein.test/")
    assert status == 403 and "Deze site is nu dicht" in body
    status, body = pupil.curl("--cacert", lab.ca, "https://kletsplein.test/")
    assert status == 403 and "Deze site is nu dicht" in body


def test_a_permission_works_within_seconds_for_names_and_https_and_so_does_its_end(lab: Lab) -> None:
    pupil, now = lab.places["pupil"], datetime.now(UTC)

    def page() -> int:
        return pupil.curl("--cacert", lab.ca, "https://kletsplein.test/")[0]

    facts = {"sites": ("kletsplein.test",), "facets": frozenset({Facet.PLACE}), "groups": frozenset({"7"})}
    given = lab.store.grants.add(
        "school",
        Grant(id="", start=now, end=now + timedelta(minutes=20), by="anja", role=Role.TEACHER, **facts),
        now,
    )
    try:
        wait_until(lambda: CLOSED in pupil.dig(f"@{ANY_RESOLVER}", "+short", "kletsplein.test"), "the name opens")
        wait_until(lambda: page() == 200, "the site opens")
        answer = pupil.dig(f"@{ANY_RESOLVER}", "+noall", "+answer", "kletsplein.test")
        assert int(answer.split()[1]) <= 5, "a device asks again soon"
    finally:
        lab.store.grants.revoke("school", given.id, "anja", datetime.now(UTC))
    wait_until(lambda: pupil.dig(f"@{ANY_RESOLVER}", "+short", "kletsplein.test").split() == [BOX], "the name closes")
    wait_until(lambda: page() == 403, "the site closes")


# --- ways around ------------------------------------------------------------------------------------------------------


@pytest.mark.evasion("E05", "E07", "E27", "E28", "E01")
@pytest.mark.parametrize(("how", "port", "trick"), FORBIDDEN, ids=[f"{row[2]} {row[0]} {row[1]}" for row in FORBIDDEN])
def test_everything_else_is_refused_and_told_so(lab: Lab, how: str, port: int, trick: str) -> None:
    knocks = [Knock(how, site, port, BINDING if how == "udp" else "hello, hello") for site in SITES]
    assert lab.places["pupil"].knock(*knocks) == ["refused"] * 2, trick


@pytest.mark.evasion("E01", "E28")
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=PROTOCOLS.values())
def test_a_tunnel_of_another_kind_than_tcp_and_udp_is_forbidden(lab: Lab, protocol: str) -> None:
    met = lab.places["pupil"].knock(*(Knock(protocol, site, quiet=True) for site in SITES))
    assert set(met) <= {"forbidden", "silence"}  # of IP in IP no kernel tells the sender


@pytest.mark.evasion("E01")
def test_a_ping_reaches_the_box_and_nobody_outside(lab: Lab) -> None:
    knocks = (Knock("ping", to) for to in (BOX, BOX_V6, SITE, SITE_V6))
    assert lab.places["pupil"].knock(*knocks) == ["open", "open", "forbidden", "forbidden"]


@pytest.mark.evasion("E01", "E28")
@pytest.mark.parametrize("held", [f"{how} {to}" for how, to, _ in HELD])
def test_a_tunnel_from_before_the_rules_does_not_last(lab: Lab, held: str) -> None:
    holding = lab.held[held]
    assert holding.communicate("\n", 60)[0].strip() in {"refused", "reset"}


@pytest.mark.evasion("E28")
@pytest.mark.parametrize("site", SITES)
def test_something_else_than_the_web_on_a_port_of_the_web_gets_no_further_than_the_guard(lab: Lab, site: str) -> None:
    ssh = "SSH-2.0-OpenSSH_9.6\r\n"
    web, tls = lab.places["pupil"].knock(Knock("tcp", site, 80, ssh), Knock("tcp", site, 443, ssh))
    for met in (web, tls):
        assert "from outside" not in met
    assert lab.places["pupil"].knock(Knock("tcp", site, 443, "\0\0\0\x2avpn, hello")) != ["open from outside: hello"]


@pytest.mark.evasion("E28")
@pytest.mark.parametrize("site", [SITE, f"[{SITE_V6}]"])
def test_a_proxy_of_somebody_else_on_port_80_serves_nobody(lab: Lab, site: str) -> None:
    lab.outside.tell("clear")
    pupil = lab.places["pupil"]
    assert pupil.curl("--proxy", f"http://{site}:80", "http://kletsplein.test/")[0] == 403
    assert pupil.curl("--proxy", f"http://{site}:80", "--insecure", "https://kletsplein.test/")[0] == 0
    assert lab.outside.tell()["sites"] == {}


@pytest.mark.evasion("E28")
def test_the_borrowed_address_of_staff_does_not_work_on_the_wire_of_pupils(lab: Lab) -> None:
    pupil = lab.places["pupil"]
    borrowed = {"10.30.0.77": SITE, "fd00:30::77": SITE_V6, "10.40.0.77": SITE, "fd00:30::1": SITE_V6}
    made_up = {"10.77.0.5": SITE, "2001:db8:77::5": SITE_V6}  # in nobody's list
    sizes = {address: f"{address}/{128 if ':' in address else 32}" for address in borrowed | made_up}
    for address in sizes.values():
        pupil.run("ip", "addr", "add", address, "dev", "lo")
    knocks = [
        Knock(how, to, port, source=source, quiet=True)
        for source, to in (borrowed | made_up).items()
        for how, port in (("tcp", 22), ("udp", 51820))
    ]
    try:
        assert set(pupil.knock(*knocks)) == {"silence"}
    finally:
        for address in sizes.values():
            pupil.run("ip", "addr", "del", address, "dev", "lo")


# --- the box itself ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", [BOX, BOX_V6, "10.30.0.1", "fd00:30::1", WAN, WAN_V6])
def test_pupils_reach_the_guard_s_own_ports_of_the_box_and_not_the_dashboard(lab: Lab, box: str) -> None:
    asked = "GET http://rekenrijk.test/ HTTP/1.1\r\nHost: rekenrijk.test\r\n\r\n"
    closed = [Knock("tcp", box, port) for port in (8443, 8082, 22, 631)]
    proxy, *others = lab.places["pupil"].knock(Knock("tcp", box, 8080, asked), *closed)
    assert proxy.startswith("open HTTP/1.1 200")
    assert others == ["refused"] * 4
    shown = f"[{box}]" if ":" in box else box
    assert lab.places["pupil"].curl("--insecure", "--proxy", f"http://{BOX}:8080", f"https://{shown}:8443/")[0] == 0


def test_staff_reach_the_dashboard_and_go_their_own_way(lab: Lab) -> None:
    staff = lab.places["staff"]
    dashboard = staff.knock(Knock("tcp", "10.30.0.1", 8443, "x"), Knock("tcp", "fd00:30::1", 8443, "x"))
    assert [word.partition(" ")[0] for word in dashboard] == ["open", "open"]
    met = staff.knock(*(one for one in forbidden() if one.port != 53))
    assert {word.partition(" ")[0] for word in met} == {"open"}


def test_pupils_reach_the_printer_and_a_staff_device_not(lab: Lab) -> None:
    met = lab.places["pupil"].knock(
        *(Knock("tcp", to, port) for to in ("10.40.0.5", "fd00:40::5") for port in (631, 9100)),
        *(Knock("tcp", to, 22) for to in ("10.30.0.5", "fd00:30::5")),
    )
    assert met[:4] == ["open from outside: hello, hello"] * 4
    assert met[4:] == ["refused"] * 2


@pytest.mark.evasion("S01")
@pytest.mark.parametrize(("source", "box"), [(STRANGER, WAN), (STRANGER_V6, WAN_V6), ("100.64.0.2", WAN)])
def test_the_guard_is_nobody_s_proxy_out_in_the_world(lab: Lab, source: str, box: str) -> None:
    world = lab.places["outside"]
    asked = "GET http://rekenrijk.test/ HTTP/1.1\r\nHost: rekenrijk.test\r\n\r\n"
    ports = (8080, 8081, 8107, 8082, 8443, 53, 80)
    assert world.knock(*(Knock("tcp", box, port, asked, source) for port in ports)) == ["refused"] * len(ports)
    inside = PUPIL_V6 if ":" in box else PUPIL
    (name,) = world.knock(Knock("udp", box, 53, "hello, hello", source, quiet=True))
    assert name == "silence"
    (device,) = world.knock(Knock("tcp", inside, 22, source=source, quiet=True))
    assert device in {"refused", "silence"}
    lab.outside.tell("clear")  # what came back to this stranger came from inside by its own asking


def test_a_neighbour_s_address_is_a_pupil_s(lab: Lab) -> None:
    """Routers announce themselves with such an address, so devices ask names of it."""
    pupil, box = lab.places["pupil"], lab.places["box"]
    (router,) = [
        word.partition("/")[0]
        for word in box.run("ip", "-6", "-o", "addr", "show", "pupil").split()
        if word.startswith("fe80::")
    ]
    assert pupil.dig(f"@{router}%wire", "+short", "kletsplein.test").split() == [BOX]
    assert pupil.curl("--insecure", f"https://[{router}%25wire]:8443/")[0] == 0
    assert pupil.curl("-H", "Host: kletsplein.test", f"http://[{router}%25wire]/")[0] == 403


def test_the_box_s_own_traffic_is_not_led_round_in_a_circle(lab: Lab) -> None:
    box = lab.places["box"]
    assert box.curl("http://rekenrijk.test/")[1] == "from outside: rekenrijk.test"
    assert box.dig("@9.9.9.53", "+short", "kletsplein.test").split() == [CLOSED]


# --- devices without our CA -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_a_borrowed_tablet_sees_what_is_open_unseen_and_the_page_of_what_is_not(lab: Lab, family: str) -> None:
    tablet, world = lab.places["tablet"], str(lab.papers / "demo-ca.pem")
    assert tablet.curl(family, "--cacert", world, "https://rekenrijk.test/") == (200, "from outside: rekenrijk.test")
    status, body = tablet.curl("http://kletsplein.test/")
    assert status == 403 and "Deze site is nu dicht" in body
    assert tablet.curl("--cacert", world, "https://kletsplein.test/")[0] == 0, "and no warning about a certificate"
    lab.outside.tell("clear")


def test_a_borrowed_tablet_gets_no_further_than_https_either(lab: Lab) -> None:
    knocks = [one for one in forbidden() if one.port != 443 or one.how == "udp"]
    assert set(lab.places["tablet"].knock(*knocks)) == {"refused"}
    assert lab.places["tablet"].knock(*(Knock("tcp", to, 8443) for to in (BOX, BOX_V6))) == ["refused"] * 2
