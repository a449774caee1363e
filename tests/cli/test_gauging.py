"""Counts of several processes together: they only rise, whoever dies."""

from __future__ import annotations

from cli.gauging import Sums


def test_what_two_processes_counted_is_added() -> None:
    sums = Sums()
    sums.heard({}, {"requests.deny": 2})
    sums.heard({}, {"requests.deny": 3})
    assert sums.all() == {"requests.deny": 5}


def test_a_count_does_not_go_down_when_the_process_that_counted_begins_anew() -> None:
    sums = Sums()
    sums.heard({}, {"requests.deny": 7})
    sums.heard({"requests.deny": 7}, {"requests.deny": 9})
    sums.heard({}, {"requests.deny": 1})
    assert sums.all() == {"requests.deny": 10}


def test_what_stands_is_not_added_up() -> None:
    sums = Sums()
    sums.heard({}, {"now.connections": 4})
    assert sums.all() == {}
