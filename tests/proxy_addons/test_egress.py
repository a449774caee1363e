from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import certifi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.egress import Egress, EgressRefused, Way, trust_bundle
from proxy_addons.here import Here


def answers(*addresses: str, port: int = 443):
    return [
        (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in addresses
    ]


class Names:
    """A name server of our own: name to addresses, counting questions."""

    def __init__(self, **known: tuple[str, ...]) -> None:
        self.known, self.asked = known, 0

    async def __call__(self, host, port, **_options):
        self.asked += 1
        await asyncio.sleep(0)
        try:
            return answers(*self.known[host], port=port)
        except KeyError:
            if host[:1].isdigit() or ":" in host:
                return answers(host, port=port)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None


def guarded(names: Names, **more) -> Egress:
    egress = Egress(**more)
    egress._resolve = names
    return egress


def ask(egress: Egress, host: str, port: int = 443):
    return asyncio.run(egress.getaddrinfo(host, port, type=socket.SOCK_STREAM))


PRIVATE = ["127.0.0.1", "0.0.0.0", "10.1.2.3", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1",
    "::", "fe80::1", "fd00:ec2::254", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "fe80::1%eth0",
]  # fmt: skip
"""Of every kind one; all that there are is `world`'s."""
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"]


@pytest.mark.evasion("S02")
@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_inside_is_reached_by_a_name_or_as_such(address):
    with pytest.raises(EgressRefused):
        ask(guarded(Names(sneaky=(address,))), "sneaky")
    assert not guarded(Names()).literal_open(address)
    assert not guarded(Names()).literal_open(f"[{address}]")


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_in_the_world_are_reached(address):
    assert ask(guarded(Names(site=(address,))), "site")[0][4][0] == address
    assert guarded(Names()).literal_open(address)


def test_of_a_name_with_both_only_the_address_outside_is_used():
    assert [info[4][0] for info in ask(guarded(Names(both=("10.0.0.1", "1.1.1.1", "::1"))), "both")] == ["1.1.1.1"]


@pytest.mark.evasion("S02")
def test_a_name_that_turns_inwards_is_refused_when_its_answer_is_asked_again():
    names, clock = Names(turn=("1.1.1.1",)), [0.0]
    egress = guarded(names, clock=lambda: clock[0])
    assert ask(egress, "turn")
    names.known["turn"] = ("127.0.0.1",)
    assert ask(egress, "turn")[0][4][0] == "1.1.1.1"  # the address that was judged is the one that is used
    clock[0] = 31.0
    with pytest.raises(EgressRefused):
        ask(egress, "turn")


def test_answers_are_kept_a_while_and_asked_once_by_many():
    names, clock = Names(site=("1.1.1.1",)), [0.0]
    egress = guarded(names, clock=lambda: clock[0])

    async def many():
        await asyncio.gather(*(egress.getaddrinfo("site", 443, type=socket.SOCK_STREAM) for _ in range(20)))

    asyncio.run(many())
    assert names.asked == 1
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            ask(egress, "unknown")
    assert names.asked == 2
    clock[0] = 4.0
    with pytest.raises(socket.gaierror):
        ask(egress, "unknown")
    assert names.asked == 3


def test_only_listed_ports_and_mapped_names_are_open():
    egress = guarded(Names(), ports=(80, 443), hosts={"intranet.school:8080": "127.0.0.1:9443"})
    assert egress.port_open("open.test", 443)
    assert not egress.port_open("open.test", 8080)
    assert egress.port_open("Intranet.School.", 8080)
    assert asyncio.run(egress.trouble("open.test", 22)) == "unreachable"
    assert asyncio.run(egress.trouble("10.0.0.1", 443)) == "unreachable"
    assert asyncio.run(egress.trouble("unknown", 443)) == "dns"


def test_a_name_server_that_says_nothing_is_told_from_a_name_that_does_not_exist():
    class Silent(Names):
        async def __call__(self, host, port, **options):
            self.asked += 1
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    names = Silent()
    egress = guarded(names)
    for _ in range(2):
        assert asyncio.run(egress.trouble("open.test", 443)) == "unanswered"
    assert names.asked == 1, "the second is known from a moment ago"


@pytest.mark.evasion("S02")
def test_a_mapped_name_goes_to_its_place_but_never_to_the_guard_itself():
    hosts = {"play.test:443": "127.0.0.1:9443", "dash.test:443": "127.0.0.1:8443", "dash2.test:443": "127.0.0.9:8443"}
    egress = guarded(Names(), hosts=hosts, own=(("0.0.0.0", 8443),))
    assert ask(egress, "PLAY.test")[0][4] == ("127.0.0.1", 9443)
    for name in ("dash.test", "dash2.test"):
        with pytest.raises(EgressRefused):
            ask(egress, name)
        assert asyncio.run(egress.trouble(name, 443)) == "unreachable"


@pytest.mark.evasion("S02")
@pytest.mark.parametrize("name", ["klaswacht.internal", "Klaswacht.Internal.", "wacht.klaswacht.internal"])
def test_the_dashboard_is_not_reached_by_its_name_wherever_that_leads(name):
    names = Names(**{name: ("1.1.1.1",)})
    own_names = ("klaswacht.internal", "wacht.klaswacht.internal")
    for hosts in ({}, {"klaswacht.internal:443": "10.0.0.5:8443", "wacht.klaswacht.internal:443": "10.0.0.5:80"}):
        egress = guarded(names, hosts=hosts, own_names=own_names)
        assert not egress.open(name, 443)
        with pytest.raises(EgressRefused):
            ask(egress, name)
    assert names.asked == 0


@pytest.mark.evasion("S02")
def test_no_name_at_all_would_be_this_machine():
    for host in (None, b"open.test"):
        with pytest.raises(EgressRefused):
            ask(guarded(Names()), host)


@pytest.mark.evasion("S02")
def test_an_address_that_this_machine_got_since_is_its_own_also_where_the_answer_was_kept():
    had: list[tuple[str, str | None]] = []
    clock = [0.0]
    egress = guarded(Names(site=("45.9.9.9",)), here=Here(lambda: list(had), lambda: clock[0]), clock=lambda: clock[0])
    assert ask(egress, "site")
    had.append(("45.9.9.9", None))
    clock[0] = 2.0
    with pytest.raises(EgressRefused):
        ask(egress, "site")
    assert egress.is_here("45.9.9.9") and not egress.literal_open("45.9.9.9")


def test_the_guards_own_address_is_not_the_world():
    egress = guarded(Names(me=("203.0.114.5",)), own=(("203.0.114.5", 8443),))
    with pytest.raises(EgressRefused):
        ask(egress, "me", 443)


def test_the_guard_stands_in_every_connection_of_its_loop():
    async def run():
        loop = asyncio.get_running_loop()
        Egress().install(loop)
        server = await asyncio.start_server(lambda r, w: w.close(), "localhost", 0)  # listening is not going out
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OSError, match="refused by the guard"):
            await asyncio.open_connection("localhost", port)
        with pytest.raises(OSError, match="refused by the guard"):
            await asyncio.open_connection("127.1", port)
        server.close()

    asyncio.run(run())


@given(
    st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7") | st.ip_addresses(network="127.0.0.0/8")
)
def test_nothing_private_slips_through(address):
    assert not Egress.literal_open(_PLAIN, str(address))


_PLAIN = Egress()


def test_extra_authorities_are_trusted_beside_the_public_ones(tmp_path):
    extra = tmp_path / "extra.pem"
    extra.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    assert trust_bundle(tmp_path, ()) is None
    bundle = trust_bundle(tmp_path, (extra,))
    assert extra.read_bytes() in bundle.read_bytes()
    assert Path(certifi.where()).read_bytes() in bundle.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


# --- search engines under their safe names ---------------------------------------------------------------------------


class Safe:
    """What `policy.search.Engines` knows, made up."""

    def safe_name(self, host: str) -> str | None:
        return {"www.zoek.nl": "veilig.zoek.nl", "naam.nl": "veilig.naam.nl"}.get(host)

    def only_by_name(self, host: str) -> bool:
        return host == "naam.nl"


ZOEK = {"www.zoek.nl": ("1.1.1.1",), "veilig.zoek.nl": ("2.2.2.2",), "naam.nl": ("3.3.3.3",)}


def ask_as(egress: Egress, way: Way, host: str, port: int = 443) -> str:
    async def run() -> str:
        egress.choose(way)
        infos = await egress.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return infos[0][4][0]

    return asyncio.run(run())


@pytest.mark.parametrize("name", ["www.zoek.nl", "WWW.Zoek.nl."])
def test_a_pupil_is_led_to_the_safe_name_of_an_engine_and_others_are_not(name):
    names = Names(**ZOEK)
    names.known["WWW.Zoek.nl."] = ("1.1.1.1",)
    egress = guarded(names, safe=Safe())
    assert ask_as(egress, Way.SAFE, name) == "2.2.2.2"
    assert ask_as(egress, Way.ONLY_SAFE, name) == "2.2.2.2"
    # What was found for one is not given to the other.
    assert ask_as(egress, Way.PLAIN, name) == "1.1.1.1"
    assert ask_as(egress, Way.SAFE, name) == "2.2.2.2"
    assert ask(egress, name)[0][4][0] == "1.1.1.1"


def test_a_safe_name_that_is_not_found_fails_where_nothing_else_makes_it_safe():
    names = Names(**ZOEK)
    del names.known["veilig.zoek.nl"]
    egress = guarded(names, safe=Safe())
    assert ask_as(egress, Way.SAFE, "www.zoek.nl") == "1.1.1.1"  # the address says safe as well
    with pytest.raises(OSError, match="not"):
        ask_as(egress, Way.ONLY_SAFE, "www.zoek.nl")  # nothing in a tunnel does
    with pytest.raises(OSError, match="not"):
        ask_as(egress, Way.SAFE, "naam.nl")  # an engine that has no word for it
    assert ask_as(egress, Way.PLAIN, "naam.nl") == "3.3.3.3"


def test_a_safe_name_that_leads_inwards_is_refused():
    names = Names(**{**ZOEK, "veilig.zoek.nl": ("10.0.0.1",)})
    with pytest.raises(EgressRefused):
        ask_as(guarded(names, safe=Safe()), Way.ONLY_SAFE, "www.zoek.nl")


def test_what_the_school_maps_itself_goes_where_it_says():
    hosts = {"www.zoek.nl:443": "127.0.0.1:9443"}
    egress = guarded(Names(**ZOEK), hosts=hosts, safe=Safe())
    assert ask_as(egress, Way.ONLY_SAFE, "www.zoek.nl") == "127.0.0.1"
    both = hosts | {"veilig.zoek.nl:443": "127.0.0.2:9443"}
    assert ask_as(guarded(Names(**ZOEK), hosts=both, safe=Safe()), Way.SAFE, "www.zoek.nl") == "127.0.0.2"


def test_one_connection_chooses_for_itself_alone():
    egress = guarded(Names(**ZOEK), safe=Safe())

    async def one(way: Way) -> str:
        egress.choose(way)
        await asyncio.sleep(0)
        infos = await egress.getaddrinfo("www.zoek.nl", 443, type=socket.SOCK_STREAM)
        return infos[0][4][0]

    async def many() -> list[str]:
        return await asyncio.gather(*(one(way) for way in (Way.SAFE, Way.PLAIN, Way.ONLY_SAFE, Way.PLAIN)))

    assert asyncio.run(many()) == ["2.2.2.2", "1.1.1.1", "2.2.2.2", "1.1.1.1"]
