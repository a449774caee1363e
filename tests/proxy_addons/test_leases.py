"""Lease files of dnsmasq and Kea, read as text: their documented shapes, and what is wrong in them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.names.leases import MOST_LEASES, DhcpLease, hardware, made_up, read, together

END = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECONDS = int(END.timestamp())
OWN, HIDDEN = "3c:22:fb:01:02:03", "de:ad:be:01:02:03"

DNSMASQ = f"""\
{SECONDS} {OWN} 10.7.0.50 iPhone-van-Sam 01:{OWN}
{SECONDS} {HIDDEN} 10.7.0.51 * 01:{HIDDEN}
0 06-{OWN} 10.7.0.52 printer *
duid 00:01:00:01:2c:11:22:33:aa:bb:cc:dd:ee:f0
{SECONDS} 12345 fd00:7::50 laptop 00:01:00:01:2c:11:22:33:{OWN}
{SECONDS} T12345 fd00:7::51 * 00:03:00:01:{HIDDEN}
{SECONDS} 12345 fd00:7::52 * 00:04:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99
"""

HEAD4 = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n"
)
HEAD6 = (
    "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,"
    "hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n"
)


def four(address: str, mac: str, end: int = SECONDS, state: int = 0, name: str = "", life: int = 3600) -> str:
    return f"{address},{mac},01:{mac},{life},{end},1,0,0,{name},{state},,0\n"


def test_the_lines_of_dnsmasq_say_which_device_has_which_address_and_until_when() -> None:
    found = read(DNSMASQ)
    assert not found.broken
    assert found.leases["10.7.0.50"] == DhcpLease("10.7.0.50", OWN, "iPhone-van-Sam", END, private_mac=False)
    assert found.leases["10.7.0.51"] == DhcpLease("10.7.0.51", HIDDEN, "", END, private_mac=True)
    assert found.leases["10.7.0.52"] == DhcpLease("10.7.0.52", OWN, "printer", None, private_mac=False)
    six = {address: lease.mac for address, lease in found.leases.items() if ":" in address}
    assert six == {"fd00:7::50": OWN, "fd00:7::51": HIDDEN, "fd00:7::52": ""}


def test_of_kea_the_last_line_of_an_address_counts_and_what_is_given_back_is_nobodys() -> None:
    text = HEAD4 + four("10.7.0.50", OWN, SECONDS - 3600) + four("10.7.0.50", HIDDEN) + four("10.7.0.51", OWN)
    text += four("10.7.0.51", OWN, state=3) + four("10.7.0.52", OWN, life=2**32 - 1) + four("10.7.0.53", OWN, state=1)
    found = read(text)
    assert not found.broken
    assert {address: (one.mac, one.until) for address, one in found.leases.items()} == {
        "10.7.0.50": (HIDDEN, END),
        "10.7.0.52": (OWN, None),
    }


def test_kea_reads_by_the_names_of_its_columns_for_both_kinds_of_address_and_every_version() -> None:
    six = f"fd00:7::50,00:03:00:01:{HIDDEN},3600,{SECONDS},1,1800,0,7,128,0,0,tablet&#x2c van Noor,{OWN},0,,1,2,0\n"
    lease = read(HEAD6 + six).leases["fd00:7::50"]
    assert (lease.mac, lease.name, lease.until) == (OWN, "tablet van Noor", END)
    without = six.replace(f",{OWN},0", ",,0")
    assert read(HEAD6 + without).leases["fd00:7::50"].mac == HIDDEN, "then the DUID says it"
    old = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n"
    assert read(f"{old}10.7.0.50,{OWN},,3600,{SECONDS},1,0,0,\n").leases["10.7.0.50"].mac == OWN


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        (
            f"{SECONDS} {OWN} 10.7.0.50 a *\nnonsense\n{SECONDS} {OWN} 10.7.0.300 a *\n-1 {OWN} 10.7.0.1 a *\n",
            (2, 3, 4),
        ),
        (HEAD4 + four("10.7.0.50", OWN) + f"10.7.0.51,{OWN},01:3c", (3,)),
        (HEAD4 + four("10.7.0.50", OWN) + f'10.7.0.51,"{OWN},,,,\n' + four("x", OWN), (3, 4)),
        (f"{SECONDS} {OWN} 10.7.0.50 a *\n{'9' * 400} {OWN} 10.7.0.51 a *\n", (2,)),
    ],
    ids=["dnsmasq", "half a line", "quotes", "a number without end"],
)
def test_a_broken_line_is_named_and_the_others_count(text: str, broken: tuple[int, ...]) -> None:
    found = read(text)
    assert found.broken == broken and set(found.leases) == {"10.7.0.50"}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300), st.booleans())
def test_whatever_is_in_a_file_nothing_raises(text: str, kea: bool) -> None:
    read((HEAD4 if kea else "") + text)


def test_a_file_that_never_ends_keeps_only_what_came_last() -> None:
    rows = (f"{SECONDS} {OWN} 10.{n >> 16}.{n >> 8 & 255}.{n & 255} a *" for n in range(MOST_LEASES + 10))
    found = read("\n".join(rows)).leases
    assert len(found) == MOST_LEASES and "10.0.0.9" not in found and "10.0.0.10" in found


def test_a_made_up_hardware_address_is_told_from_a_makers() -> None:
    assert [made_up(mac) for mac in (OWN, HIDDEN, "02:00:00:00:00:01", "00:16:3e:00:00:01", "")] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert hardware(" 3C-22-FB-01-02-03 ") == OWN
    assert [hardware(text) for text in ("ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "10.7.0.1", "fd00::1")] == [""] * 4


def test_what_a_device_calls_itself_is_cut_and_has_no_signs() -> None:
    name = "<b>x</b>" + "y" * 300
    assert read(f"{SECONDS} {OWN} 10.7.0.50 {name} *\n").leases["10.7.0.50"].name == ("bxb" + "y" * 300)[:64]


def test_of_two_servers_that_gave_one_address_the_latest_counts() -> None:
    early, late = (read(f"{end} {mac} 10.7.0.50 a *") for end, mac in ((SECONDS, OWN), (SECONDS + 9, HIDDEN)))
    for both in ((early, late), (late, early)):
        assert together(both)["10.7.0.50"].mac == HIDDEN
    never = read(f"0 {OWN} 10.7.0.50 a *")
    assert together((late, never))["10.7.0.50"].until is None
