"""What is usual around a laptop, by what the school says."""

from __future__ import annotations

import pytest

from agent.surroundings import Surroundings
from agent.usual import Told, by_school, told_by

GUARD = {"host": "wacht.school.test", "proxies": [["10.0.0.2", 8080]], "dns": ["10.0.0.2"], "reach": True, "page": 80}
TOLD = Told(
    frozenset({"10.0.0.2", "wacht.school.test"}), ("10.0.0.2",), frozenset({"wacht.school.test"}), (), sure=True
)


def test_the_school_s_word_is_read_and_without_another_host_the_guard_is_beside_the_dashboard() -> None:
    assert told_by(GUARD, "10.0.0.2:8443") == TOLD
    beside = told_by(
        {"host": "wacht.school.test", "proxies": [["", 8080]]}, "klaswacht.school.test:8443", ("les.test",)
    )
    assert beside is not None
    assert (beside.hosts, beside.sure) == (frozenset({"klaswacht.school.test", "wacht.school.test"}), False)
    assert beside.leads_away("6.6.6.6 klaswacht.school.test")
    assert beside.leads_away("6.6.6.6 www.les.test")
    assert not beside.leads_away("6.6.6.6 elders.test")


@pytest.mark.parametrize("guard", [None, [], "x", 7])
def test_what_is_no_word_of_the_school_is_none(guard: object) -> None:
    assert told_by(guard, "x:1") is None
    assert by_school(Surroundings(dns=("9.9.9.9",)), None).dns == ("9.9.9.9",)


@pytest.mark.parametrize(
    "guard", [{}, {"proxies": 7, "dns": "x"}, {"proxies": [7, [], [7]], "dns": [7, "a.test"], "host": 7}]
)
def test_what_is_strange_in_it_says_nothing(guard: object) -> None:
    assert told_by(guard, "10.0.0.9:1") == Told()


def test_what_was_wrong_before_the_laptop_came_is_wrong_still() -> None:
    seen = Surroundings(
        dns=("9.9.9.9",),
        proxies=(
            ("/etc/environment http_proxy", "http://10.0.0.2:8080"),
            ("/etc/environment https_proxy", "http://elders.test:3128"),
            ("/etc/environment no_proxy", "localhost"),
            ("gnome org.gnome.system.proxy.http.host", "'elders.test'"),
            ("gnome org.gnome.system.proxy.http.port", "8080"),
        ),
    )
    usual = by_school(seen, TOLD)
    assert usual.dns == ("10.0.0.2",)
    assert dict(usual.proxies) == {
        "/etc/environment http_proxy": "http://10.0.0.2:8080",
        "/etc/environment no_proxy": "localhost",
        "gnome org.gnome.system.proxy.http.host": "''",
        "gnome org.gnome.system.proxy.http.port": "8080",
    }


@pytest.mark.parametrize(
    "dns", [("127.0.0.53",), ("10.0.0.2", "10.0.0.3")], ids=["asks for the device", "the school's"]
)
def test_name_servers_that_may_be_the_school_s_stay(dns: tuple[str, ...]) -> None:
    assert by_school(Surroundings(dns=dns), TOLD).dns == dns


def test_where_the_school_did_not_say_how_it_is_reached_no_proxy_is_taken_away() -> None:
    seen = Surroundings(proxies=(("/etc/environment http_proxy", "http://wacht:3128"),))
    assert by_school(seen, Told(hosts=frozenset({"10.0.0.2"}))) == seen
