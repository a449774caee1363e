"""A way around the guard that opens on a laptop is told as a fact, and closed where that can be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.home import Home
from agent.loop import deliver
from agent.outbox import Outbox
from agent.surroundings import Places, Surroundings
from agent.tampering import Around, Change, Usual, changes
from agent.usual import Told
from policy.devicefact import DeviceFact
from policy.model import Effect
from store.events import Event, What
from tests.agent.school import DEVICE, LESSON, SCHOOL, Dashboard

USUAL = Surroundings(routes=frozenset({"via 10.0.0.1 dev eth0"}), dns=("10.0.0.1",), proxies=(("gnome p.mode", "x"),))


class Laptop:
    """A laptop with settings of its own folder, looked at a minute further each time."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.etc, self.user = folder / "etc", folder / "lena"
        for one in (self.etc, self.user):
            one.mkdir(parents=True, exist_ok=True)
        (self.etc / "resolv.conf").write_text("nameserver 10.0.0.1\n")
        (self.etc / "environment").write_text("LANG=nl_NL.UTF-8\n")
        self.home = Home(folder / "laptop")
        self.home.path.mkdir(exist_ok=True)
        for name in ("device.json", "school-ca.crt"):
            (self.home.path / name).write_text("{}")
        self.outbox = Outbox(self.home)
        self.now, self.clock = LESSON, LESSON
        self.says: Told | None = None
        self.places = Places(self.etc, folder, folder / "net", self.user)
        self.around = self.started(**more)

    def started(self, **more: Any) -> Around:
        return Around(self.home.path, self.outbox, self.places, lambda: self.clock, **more)

    def look(self, *, at_school: bool = True) -> list[tuple[str, str]]:
        self.now += timedelta(minutes=1)
        self.clock += timedelta(minutes=1)
        found = self.around.look(self.now, "lena", at_school=at_school, told=lambda: self.says)
        return [(c.fact.value, c.detail) for c in found]

    def told(self) -> list[tuple[str, bool]]:
        return [(one["fact"], one["put_back"]) for one in self.outbox.batch()[0]]


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    monkeypatch.setenv("GSETTINGS_BACKEND", "keyfile")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    made = Laptop(tmp_path)
    assert made.look() == []
    return made


def test_a_laptop_as_it_was_yesterday_tells_nothing(laptop: Laptop) -> None:
    laptop.around = laptop.started()
    assert (laptop.look(), laptop.told()) == ([], [])


def test_other_name_servers_and_a_proxy_are_put_back_and_told(laptop: Laptop) -> None:
    (laptop.etc / "resolv.conf").write_text("nameserver 198.51.100.7\n")
    (laptop.etc / "environment").write_text("LANG=nl_NL.UTF-8\nhttps_proxy=http://naam:geheim@198.51.100.7:1080\n")
    assert laptop.look() == [("dns", "198.51.100.7"), ("proxy", str(laptop.etc / "environment"))]
    assert (laptop.etc / "resolv.conf").read_text() == "nameserver 10.0.0.1\n"
    assert (laptop.etc / "environment").read_text() == "LANG=nl_NL.UTF-8\n"
    assert laptop.told() == [("dns", True), ("proxy", True)]
    assert "geheim" not in str(laptop.outbox.batch())
    assert laptop.look() == []


@pytest.mark.skipif(shutil.which("gsettings") is None, reason="no GNOME settings here")
def test_a_proxy_that_is_set_in_the_desktop_is_put_back(laptop: Laptop) -> None:
    environment = {**os.environ, "HOME": str(laptop.user)}
    environment.pop("XDG_CONFIG_HOME", None)

    def gsettings(*words: str) -> str:
        return subprocess.run(
            ["gsettings", *words], env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    gsettings("set", "org.gnome.system.proxy", "mode", "manual")
    gsettings("set", "org.gnome.system.proxy.socks", "host", "198.51.100.7")
    assert laptop.look() == [("proxy", "gnome")]
    assert gsettings("get", "org.gnome.system.proxy", "mode") == "'none'"
    assert gsettings("get", "org.gnome.system.proxy.socks", "host") == "''"
    assert laptop.told() == [("proxy", True)]
    assert laptop.look() == []


def test_trying_out_puts_nothing_back_and_tells_nothing(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path, dry_run=True)
    laptop.look()
    Usual(laptop.home.path).keep(Surroundings(dns=("10.0.0.9",)))
    assert ("dns", "10.0.0.1") in laptop.look()
    assert (laptop.etc / "resolv.conf").read_text() == "nameserver 10.0.0.1\n"
    assert laptop.told() == []


def test_at_home_nobody_looks_around(laptop: Laptop) -> None:
    (laptop.etc / "resolv.conf").write_text("nameserver 192.168.1.1\n")
    assert laptop.look(at_school=False) == []
    assert (laptop.etc / "resolv.conf").read_text() == "nameserver 192.168.1.1\n"
    assert laptop.told() == []


def test_what_stands_is_told_once_and_again_when_it_comes_back(laptop: Laptop) -> None:
    (laptop.etc / "hosts").write_text("198.51.100.7 www.school.nl\n")
    for _ in range(3):
        assert laptop.look() == [("hosts", "198.51.100.7 www.school.nl")]
    assert laptop.told() == [("hosts", False)]
    (laptop.etc / "hosts").unlink()
    assert laptop.look() == []
    (laptop.etc / "hosts").write_text("198.51.100.7 www.school.nl\n")
    laptop.look()
    assert laptop.told() == [("hosts", False)] * 2


@pytest.mark.evasion("S18")
def test_files_of_the_agent_that_are_gone_are_told(laptop: Laptop) -> None:
    (laptop.home.path / "school-ca.crt").unlink()
    assert laptop.look() == [("files", "school-ca.crt")]


@pytest.mark.evasion("E23")
def test_a_clock_that_jumps_is_told_and_one_that_walks_is_not(laptop: Laptop) -> None:
    laptop.clock += timedelta(seconds=30)
    assert laptop.look() == []
    laptop.clock -= timedelta(hours=3)
    assert laptop.look() == [("clock", "-180 min")]
    assert laptop.look() == []
    assert laptop.told() == [("clock", False)]


def test_a_browser_that_looks_names_up_by_itself_is_a_notice(laptop: Laptop) -> None:
    profile = laptop.user / ".mozilla" / "firefox" / "abc.default"
    profile.mkdir(parents=True)
    (profile / "prefs.js").write_text('user_pref("network.trr.mode", 3);\n')
    assert laptop.look() == [("own-dns", "firefox")]
    packed = laptop.user / ".var" / "app" / "com.google.Chrome" / "config" / "google-chrome"
    packed.mkdir(parents=True)
    (packed / "Local State").write_text('{"dns_over_https": {"mode": "secure"}}')
    assert laptop.look() == [("own-dns", "firefox"), ("own-dns", "google-chrome")]


def test_a_copy_of_the_usual_that_is_damaged_is_made_anew(laptop: Laptop) -> None:
    for damage in (b"", b"[]", b'{"tunnels": 3}', b"\xff"):
        (laptop.home.path / "surroundings.json").write_bytes(damage)
        assert Usual(laptop.home.path).read() is None
    laptop.look()
    assert Usual(laptop.home.path).read() is not None


def test_only_what_opens_a_way_is_a_change() -> None:
    assert changes(USUAL, USUAL) == ()
    gone = Surroundings(dns=("10.0.0.1",), proxies=USUAL.proxies)
    assert changes(USUAL, gone) == (), "no network is no way around"
    tether = Surroundings(frozenset(), frozenset({"usb0"}), USUAL.routes, USUAL.dns, proxies=USUAL.proxies)
    assert changes(USUAL, tether) == (Change(DeviceFact.TETHER, "usb0"),)


@pytest.mark.evasion("E01", "E21")
@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root")
def test_a_tunnel_and_a_default_route_through_it_are_told_also_after_a_restart(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.agent.apart", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    met = json.loads(done.stdout)
    tunnel, route = ["tunnel", "huiswerk"], ["route", "via 10.8.0.1 dev huiswerk"]
    assert met["found"] == [[], [tunnel], [tunnel, route], [tunnel, route], []]
    assert met["told"] == ["tunnel", "route", "tunnel", "route"]


def test_at_school_it_is_a_fact_about_the_device_and_about_nobody(at_school: Dashboard, laptop: Laptop) -> None:
    link = at_school.link(Home(laptop.home.path.parent / "other"))
    (laptop.etc / "hosts").write_text("198.51.100.7 www.school.nl\n")
    laptop.now = laptop.clock = LESSON - timedelta(minutes=2)
    laptop.look()
    deliver(laptop.outbox, link)
    (event,) = (one.event for one in at_school.store.events.since(SCHOOL, 0) if one.event.what is What.DEVICE)
    assert isinstance(event, Event)
    assert (event.category, event.thing, event.effect) == ("hosts", "198.51.100.7 www.school.nl", Effect.ALLOW)
    assert (event.device, event.person, event.group, event.action) == (DEVICE, None, None, None)
    assert len(laptop.outbox) == 0


TOLD = Told(frozenset({"10.0.0.2"}), ("10.0.0.2",), frozenset({"wacht.school.test"}), ("school.test",), sure=True)


def test_names_of_the_school_that_were_sent_elsewhere_are_put_back_and_no_other_line(laptop: Laptop) -> None:
    hosts = laptop.etc / "hosts"
    hosts.write_text("127.0.0.1 localhost\n6.6.6.6 wacht.school.test spel.test # mijn\n6.6.6.6 www.school.test\n")
    laptop.says = TOLD
    assert ("hosts", "6.6.6.6 wacht.school.test") in laptop.look()
    assert hosts.read_text() == "127.0.0.1 localhost\n6.6.6.6 spel.test\n"
    assert ("hosts", True) in laptop.told()
    assert ("hosts", "6.6.6.6 spel.test") in laptop.look(), "what a laptop calls a game is told, and stays"
    hosts.write_text("10.0.0.2 wacht.school.test\n")
    laptop.look()
    assert hosts.read_text() == "10.0.0.2 wacht.school.test\n"


def test_the_school_s_name_servers_go_before_those_that_were_there_at_first(laptop: Laptop) -> None:
    laptop.says = TOLD
    assert ("dns", "10.0.0.1") in laptop.look()
    assert (laptop.etc / "resolv.conf").read_text() == "nameserver 10.0.0.2\n"
    assert laptop.look() == []


def test_a_copy_that_was_not_believed_is_a_fact_about_the_device(laptop: Laptop) -> None:
    laptop.says = replace(TOLD, dns=(), refused=True)
    laptop.look()
    laptop.look()
    assert laptop.told() == [("copy", False)]
