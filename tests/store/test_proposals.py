"""A site that looks like something is proposed once, by its host alone, and stays decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from policy.codec import snapshot_from_dict, snapshot_to_dict
from policy.projection import project
from store import Store
from store.event_tables import proposals
from store.proposals import MOST_OPEN, Likeness, ProposalState
from tests.cast import KNOWLEDGE, POLICY, at
from tests.store.school import NOW, SCHOOL, settle

DAY = timedelta(days=1)
NEW = Likeness("nieuw-net.example", "social", 6.5, ("follow", "profile"))


def test_a_site_is_proposed_once_and_counted(store: Store) -> None:
    assert store.proposals.suggest(SCHOOL, NEW, NOW)
    assert not store.proposals.suggest(SCHOOL, replace(NEW, score=5.0, reasons=("follow",)), at("09:10"))
    (found,) = store.proposals.open(SCHOOL)
    assert (found.host, found.kind, found.score, found.reasons) == (NEW.host, "social", 6.5, ("follow", "profile"))
    assert (found.times, found.first_seen, found.last_seen) == (2, NOW, at("09:10"))
    assert store.proposals.open("other") == ()
    assert store.proposals.get(SCHOOL, NEW.host) == found


def test_the_highest_score_says_what_it_looks_like(store: Store) -> None:
    store.proposals.suggest(SCHOOL, NEW, NOW)
    store.proposals.suggest(SCHOOL, replace(NEW, kind="chat", score=9.0, reasons=("strangers",)), NOW)
    (found,) = store.proposals.open(SCHOOL)
    assert (found.kind, found.score, found.reasons) == ("chat", 9.0, ("strangers",))


def test_what_was_dismissed_is_never_proposed_again(store: Store) -> None:
    store.proposals.suggest(SCHOOL, NEW, NOW)
    dismissed = store.proposals.decide(SCHOOL, NEW.host, False, "cor", at("09:05"))
    assert dismissed is not None
    assert (dismissed.state, dismissed.by, dismissed.decided) == (ProposalState.DISMISSED, "cor", at("09:05"))
    assert not store.proposals.suggest(SCHOOL, replace(NEW, score=99.0), at("09:10"))
    assert store.proposals.open(SCHOOL) == ()
    again = store.proposals.get(SCHOOL, NEW.host)
    assert again is not None and (again.score, again.state) == (6.5, ProposalState.DISMISSED)


def test_of_two_coordinators_one_decides(store: Store) -> None:
    store.proposals.suggest(SCHOOL, NEW, NOW)
    assert store.proposals.decide(SCHOOL, NEW.host, True, "cor", NOW) is not None
    assert store.proposals.decide(SCHOOL, NEW.host, False, "dirk", NOW) is None
    assert store.proposals.decide(SCHOOL, "unknown.example", True, "cor", NOW) is None
    assert [(one.who, one.what, one.targets) for one in store.audit.entries(SCHOOL)] == [
        ("cor", "proposal.kept", (NEW.host,))
    ]


def test_a_new_one_is_seen_on_the_live_screen_and_moves_no_rules(store: Store) -> None:
    before = store.pulse(SCHOOL)
    store.proposals.suggest(SCHOOL, NEW, NOW)
    after = store.pulse(SCHOOL)
    assert (after.revision, after.activity) == (before.revision, before.activity + 1)
    store.proposals.suggest(SCHOOL, NEW, NOW)
    assert store.pulse(SCHOOL) == after, "seen again is no news"


def test_a_school_that_waits_for_the_coordinator_has_it_in_the_snapshot(store: Store) -> None:
    settle(store)
    store.proposals.suggest(SCHOOL, NEW, NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).proposed == {}
    store.policies.add(SCHOOL, replace(POLICY, hold_unknown=True), "dashboard", "cor", NOW)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).proposed == {NEW.host: "social"}
    before = store.revision(SCHOOL)
    assert store.proposals.suggest(SCHOOL, replace(NEW, host="b.example", kind="chat"), NOW, hold=True)
    assert store.revision(SCHOOL) == before + 1, "workers hear of it"
    assert store.proposals.decide(SCHOOL, NEW.host, False, "cor", NOW)
    assert store.revision(SCHOOL) == before + 2
    snapshot = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
    assert snapshot.proposed == {"b.example": "chat"}
    assert snapshot_from_dict(snapshot_to_dict(snapshot), KNOWLEDGE).proposed == {"b.example": "chat"}
    assert project(snapshot, "chroom-1", NOW).proposed == {"b.example": "chat"}


def test_a_site_cannot_fill_the_table(store: Store) -> None:
    rows = [
        {
            "school_id": SCHOOL,
            "host": f"s{n}.example",
            "kind": "chat",
            "score": 5.0,
            "reasons": [],
            "first_seen": NOW,
            "last_seen": NOW,
            "times": 1,
            "state": "open",
        }
        for n in range(MOST_OPEN)
    ]
    with store.database.write(SCHOOL) as change:
        change.execute(sa.insert(proposals), rows)
    assert not store.proposals.suggest(SCHOOL, NEW, NOW)
    assert store.proposals.decide(SCHOOL, "s0.example", False, "cor", NOW)
    assert store.proposals.suggest(SCHOOL, NEW, NOW)


def test_only_a_bare_host_is_written(store: Store) -> None:
    assert not store.proposals.suggest(SCHOOL, replace(NEW, host="x.example/pad?q=geheim"), NOW)
    with pytest.raises(sa.exc.IntegrityError), store.database.write(SCHOOL) as change:
        change.execute(
            sa.insert(proposals).values(
                school_id=SCHOOL,
                host="x.example/pad",
                kind="chat",
                score=1.0,
                reasons=[],
                first_seen=NOW,
                last_seen=NOW,
                times=1,
                state="open",
            )
        )
    assert not {"person_id", "device_id", "group_id"} & set(proposals.c.keys())


def test_what_waits_goes_after_90_days_and_what_was_decided_after_a_year(store: Store) -> None:
    store.proposals.suggest(SCHOOL, NEW, NOW)
    store.proposals.suggest(SCHOOL, replace(NEW, host="weg.example"), NOW)
    store.proposals.decide(SCHOOL, "weg.example", False, "cor", NOW)
    assert store.purge(SCHOOL, NOW + 90 * DAY).proposals == 0
    assert store.purge(SCHOOL, NOW + 91 * DAY).proposals == 1
    assert store.proposals.open(SCHOOL) == ()
    assert store.purge(SCHOOL, NOW + 365 * DAY).proposals == 0
    assert store.purge(SCHOOL, NOW + 366 * DAY).proposals == 1
