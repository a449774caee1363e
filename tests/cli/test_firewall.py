"""The printed firewall: what a school's file turns into, and that nothing of it is for IPv4 alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.home import Trouble
from cli.main import app
from cli.ruleset import ruleset
from config.load import ConfigError, parse_school, read_school

SCHOOL = """
school: {id: school, name: Routerschool}
protocol: kalisto
listen: {address: "::", groups: {"7": 8107}, transparent: 8082, dns: 53, page: 80, balancers: ["10.0.0.9", "fd00::9"]}
dns: {upstream: ["9.9.9.53"], answer_with: 10.20.0.1}
firewall:
  pupils: [10.20.0.0/16, "fd00:20::/64"]
  names_only: [10.50.0.0/24, "fd00:50::/64"]
  staff: [10.30.0.0/24, 10.20.9.0/24, "fd00:30::/64"]
  infrastructure: [10.40.0.0/24, "fd00:40::/64"]
schedule: {days: {mon: {lessons: ["08:30-14:00"]}}}
"""
NO_DNS = SCHOOL.replace("dns: 53, ", "").replace("page: 80, ", "")
OF_ONE_FAMILY = ("icmp type", "icmpv6 type", "udp sport 547", "fe80::/10")
"""Lines with no twin: each family has its own way to say that a packet was too big, and only IPv6 has neighbours."""


def printed(text: str = SCHOOL, lang: str | None = None) -> str:
    return ruleset(parse_school(text.encode()).settings, Path("school.yaml"), lang)


def chain(name: str, text: str | None = None) -> list[str]:
    """The rules of a chain, without comments."""
    found = re.search(rf"chain {name} \{{\n(.*?)\n\t\}}", printed() if text is None else text, re.DOTALL)
    assert found, name
    lines = [line.strip() for line in found[1].splitlines()]
    return [line for line in lines if not line.startswith("#")]


# --- what is said ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize(
    "text",
    [
        SCHOOL,
        NO_DNS,
        SCHOOL.replace('"::"', "10.20.0.1").replace(', "fd00:20::/64"', "").replace(', "fd00:50::/64"', ""),
        SCHOOL.replace("transparent: 8082, ", "").replace("firewall:", "firewall:\n  dashboard_for_pupils: true"),
    ],
    ids=["everything", "no names", "one address", "no transparent port"],
)
def test_the_kernel_understands_it_also_a_second_time(text: str, lang: str) -> None:
    if os.geteuid() != 0 or shutil.which("nft") is None or shutil.which("unshare") is None:
        pytest.skip("looking at rules needs root, nft and unshare")
    twice = ("unshare", "--net", "sh", "-c", 'f=$(cat); for n in 1 2; do echo "$f" | nft -f - || exit 1; done')
    done = subprocess.run(twice, input=printed(text, lang), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_there_is_no_moment_without_rules() -> None:
    lines = [line for line in printed().splitlines() if line and not line.startswith("#")]
    assert lines[:3] == ["table inet klaswacht", "delete table inet klaswacht", "table inet klaswacht {"]


def test_every_rule_for_one_family_has_its_twin() -> None:
    for text in (printed(), printed(NO_DNS)):
        lines = [line.strip() for line in text.splitlines() if not line.strip().startswith(("#", "set "))]
        lines = [line for line in lines if not any(word in line for word in OF_ONE_FAMILY)]
        four = [line for line in lines if re.search(r"\bip \w+addr\b|@\w+4\b", line)]
        six = [line for line in lines if re.search(r"\bip6 \w+addr\b|@\w+6\b", line)]
        assert four and len(four) == len(six)
        assert [re.sub(r"(@\w+)4\b", r"\g<1>6", line).replace("ip ", "ip6 ") for line in four] == six
        assert not re.search(r"\b(ipv4|nfproto)\b", " ".join(lines))
        sets = re.findall(r"set (\w+)([46]) ", text)
        assert {name for name, number in sets if number == "4"} == {name for name, number in sets if number == "6"}


def test_what_cannot_be_let_through_is_refused_by_name() -> None:
    rules = chain("out")
    udp, tcp = "counter reject with icmpx port-unreachable", "counter reject with tcp reset"
    for line in (
        f"udp dport 443 {udp}",
        f"tcp dport 853 {tcp}",
        f"udp dport 853 {udp}",
        f"tcp dport {{ 3478, 5349, 19302-19309 }} {tcp}",
        f"udp dport {{ 3478, 5349, 19302-19309 }} {udp}",
    ):
        assert line in rules
    assert rules[-1] == "goto refuse"
    assert chain("refuse")[-1] == "counter reject with icmpx admin-prohibited"
    forward = chain("forward")
    assert forward[0] == "type filter hook forward priority filter; policy drop;"
    assert forward[-1] == "goto refuse"


def test_pupils_are_led_to_the_guard_and_staff_are_not() -> None:
    lead = chain("lead_pupils")
    assert "tcp dport { 80, 443 } counter redirect to :8082" in lead
    assert "udp dport 53 counter redirect to :53" in lead and "tcp dport 53 counter redirect to :53" in lead
    order = [line.split()[2][1:-1] for line in chain("lead") if line.startswith("ip saddr")]
    assert order == ["infrastructure", "staff", "names_only", "pupils"]


def test_a_guard_at_one_address_is_led_to_at_that_address() -> None:
    one = SCHOOL.replace('"::"', "10.20.0.1").replace(', "fd00:20::/64"', "").replace(', "fd00:50::/64"', "")
    assert "tcp dport { 80, 443 } counter dnat ip to 10.20.0.1:8082" in chain("lead_pupils", printed(one))


def test_where_the_guard_looks_up_no_names_only_the_school_s_servers_do() -> None:
    text = printed(NO_DNS)
    assert "dport 53" not in " ".join(chain("lead_pupils", text))
    assert "set servers4 { type ipv4_addr; flags interval; auto-merge; elements = { 9.9.9.53 }; }" in text
    assert "ip daddr @servers4 udp dport 53 accept" in chain("out", text)
    assert "@servers" not in " ".join(chain("out"))


def test_a_pupil_reaches_the_dashboard_only_where_the_school_says_so() -> None:
    assert "8443" not in " ".join(chain("input_pupils"))
    said = printed(SCHOOL.replace("firewall:", "firewall:\n  dashboard_for_pupils: true"))
    assert "tcp dport 8443 accept" in chain("input_pupils", said)


def test_without_a_port_for_it_nothing_of_the_web_is_led_and_so_nothing_gets_out() -> None:
    text = printed(SCHOOL.replace("transparent: 8082, ", ""))
    assert "443" not in " ".join(chain("lead_pupils", text))
    assert "443 accept" not in " ".join(line for line in chain("out", text))


@pytest.mark.parametrize(("lang", "word"), [("nl", "leerling"), ("en", "pupil")])
def test_every_block_says_what_it_is_for_in_the_school_s_language(lang: str, word: str) -> None:
    text = printed(lang=lang)
    for block in re.findall(r"\tchain \w+ \{\n(.*?)\n\t\}", text, re.DOTALL):
        assert "# " in block
    assert word in text


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('[10.20.0.0/16, "fd00:20::/64"]', "[0.0.0.0/0]", 7, "`0.0.0.0/0` holds half the world; write the networks"),
        ('[10.20.0.0/16, "fd00:20::/64"]', '["::/0"]', 7, "`::/0` holds half the world"),
        ('[10.20.0.0/16, "fd00:20::/64"]', '["2000::/3"]', 7, "holds half the world"),
        ('[10.20.0.0/16, "fd00:20::/64"]', "[128.0.0.0/1]", 7, "holds half the world"),
        ('[10.20.0.0/16, "fd00:20::/64"]', "[klas7]", 7, "`klas7` is not a network; write one like `10.20.0.0/16`"),
        ('[10.20.0.0/16, "fd00:20::/64"]', "[127.0.0.0/8]", 7, "half the world"),
        ('[10.20.0.0/16, "fd00:20::/64"]', '["fe80::/64"]', 7, "`fe80::/64` is not where devices are"),
        ("10.30.0.0/24", "10.0.0.0/8", 8, "`10.50.0.0/24` in `names_only` lies in `10.0.0.0/8` of `staff`; make"),
        ("10.30.0.0/24", "10.20.0.0/15", 7, "`10.20.0.0/16` in `pupils` lies in `10.20.0.0/15` of `staff`; make"),
        ("10.40.0.0/24", "10.50.0.0/24", 8, "`10.50.0.0/24` in `names_only` lies in `10.50.0.0/24` of `infra"),
        ("dns: {upstream", "firewal: {}\ndns: {upstream", 5, "unknown key `firewal`; did you mean `firewall`?"),
        ("staff:", "stafff:", 9, "unknown key `stafff`; did you mean `staff`?"),
        ('pupils: [10.20.0.0/16, "fd00:20::/64"]', "pupils: []", 7, "no network of pupils is named; write `pupils:"),
    ],
)
def test_a_network_that_cannot_be_meant_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in SCHOOL
    with pytest.raises(ConfigError) as found:
        parse_school(SCHOOL.replace(old, new, 1).encode(), "school.yaml")
    assert says in str(found.value)
    assert str(found.value).startswith(f"school.yaml:{line}: ")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (SCHOOL[SCHOOL.index("firewall:") : SCHOOL.index("schedule:")], "", "firewall: {pupils: [10.20.0.0/16]}"),
        ('address: "::"', "address: 127.0.0.1", "`127.0.0.1`"),
        ('address: "::"', "address: 0.0.0.0", "`fd00:20::/64`"),
    ],
)
def test_rules_that_would_lead_nowhere_are_not_made(old: str, new: str, says: str) -> None:
    assert old in SCHOOL
    with pytest.raises(Trouble, match=re.escape(says)):
        printed(SCHOOL.replace(old, new, 1))


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "school.yaml").write_text(SCHOOL)
    monkeypatch.setenv("KLASWACHT_HOME", str(tmp_path))
    return tmp_path


def test_the_command_prints_the_rules_and_nothing_else(home: Path) -> None:
    done = CliRunner().invoke(app, ["firewall", "--gateway", "--lang", "en"])
    settings = read_school(home / "school.yaml").settings
    assert (done.exit_code, done.stdout) == (0, ruleset(settings, home / "school.yaml", "en"))


def test_looking_says_what_to_do_where_there_is_no_nft(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    done = CliRunner().invoke(app, ["firewall", "--check"])
    assert isinstance(done.exception, Trouble) and "apt install nftables" in str(done.exception)


def test_looking_without_being_root_says_so(home: Path) -> None:
    if os.geteuid() != 0 or shutil.which("nft") is None or shutil.which("setpriv") is None:
        pytest.skip("giving up what root may do needs root, nft and setpriv")
    look = (sys.executable, "-c", "from cli.main import main; main()", "firewall", "--check")
    done = subprocess.run(
        ("setpriv", "--bounding-set=-all", *look), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1 and "sudo" in done.stderr
