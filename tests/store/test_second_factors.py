"""A second factor counts from its first code, each step and each recovery code is used once, and old ones are gone."""

from __future__ import annotations

import threading
from datetime import timedelta

from store import Store
from store.account_news import What
from store.accounts import Account, AccountState, Purpose
from tests.store.school import NOW, SCHOOL
from tests.store.test_accounts import HASH, teacher

DAY = timedelta(days=1)


def confirmed(store: Store, account: Account, sealed: str = "sealed") -> None:
    assert store.second_factors.propose(SCHOOL, account.id, sealed, NOW)
    assert store.second_factors.confirm(SCHOOL, account.id, sealed, 100, NOW)


def test_it_counts_from_its_first_code_and_the_old_one_until_then(store: Store) -> None:
    account = teacher(store)
    assert store.second_factors.of(SCHOOL, account.id) is None
    store.second_factors.propose(SCHOOL, account.id, "first", NOW)
    found = store.second_factors.of(SCHOOL, account.id)
    assert found and (found.secret, found.waiting, found.confirmed) == (None, "first", None)
    assert store.second_factors.confirmed(SCHOOL) == frozenset()
    assert store.second_factors.confirm(SCHOOL, account.id, "first", 100, NOW)
    assert not store.second_factors.confirm(SCHOOL, account.id, "first", 101, NOW), "only once"
    store.second_factors.propose(SCHOOL, account.id, "second", NOW + DAY)
    found = store.second_factors.of(SCHOOL, account.id)
    assert found and (found.secret, found.waiting, found.confirmed, found.step) == ("first", "second", NOW, 100)
    assert not store.second_factors.confirm(SCHOOL, account.id, "third", 101, NOW)
    assert store.second_factors.confirmed(SCHOOL) == {account.id}
    assert store.second_factors.confirmed("other") == frozenset()
    assert not store.second_factors.propose(SCHOOL, "unknown", "x", NOW)
    assert not store.second_factors.propose("other", account.id, "x", NOW)


def test_of_many_who_use_one_step_or_one_code_at_the_same_moment_one_gets_in(store: Store) -> None:
    account = teacher(store)
    confirmed(store, account)
    store.second_factors.put_codes(SCHOOL, account.id, ["a", "b"])
    steps: list[bool] = []
    codes: list[bool] = []
    users = [
        threading.Thread(target=lambda: steps.append(store.second_factors.use_step(SCHOOL, account.id, 101)))
        for _ in range(4)
    ]
    users += [
        threading.Thread(target=lambda: codes.append(store.second_factors.use_code(SCHOOL, account.id, "a", NOW)))
        for _ in range(4)
    ]
    for user in users:
        user.start()
    for user in users:
        user.join(20)
    assert (sorted(steps), sorted(codes)) == ([False, False, False, True], [False, False, False, True])
    assert not store.second_factors.use_step(SCHOOL, account.id, 100), "nor an earlier step"
    assert store.second_factors.codes_left(SCHOOL, account.id) == 1


def test_a_code_is_of_one_account_in_one_school(store: Store) -> None:
    account = teacher(store)
    store.second_factors.put_codes(SCHOOL, account.id, ["a"])
    assert not store.second_factors.use_code("other", account.id, "a", NOW)
    assert not store.second_factors.use_code(SCHOOL, "somebody", "a", NOW)
    assert not store.second_factors.put_codes(SCHOOL, "unknown", ["c"])
    store.second_factors.put_codes(SCHOOL, account.id, ["b"])
    assert not store.second_factors.use_code(SCHOOL, account.id, "a", NOW), "the new ones take their place"
    assert store.second_factors.use_code(SCHOOL, account.id, "b", NOW)


def test_no_session_opens_past_a_second_factor_that_was_not_asked(store: Store) -> None:
    account = teacher(store)
    store.second_factors.propose(SCHOOL, account.id, "sealed", NOW)
    assert store.accounts.open_session(SCHOOL, account.id, NOW), "one that still waits is none"
    assert store.second_factors.confirm(SCHOOL, account.id, "sealed", 100, NOW)
    assert store.accounts.open_session(SCHOOL, account.id, NOW) is None
    token = store.accounts.open_session(SCHOOL, account.id, NOW, second=True, way="oidc", browser="Chrome|ChromeOS")
    assert token
    found = store.accounts.session(SCHOOL, token, NOW)
    assert found and (found.proved, found.second, found.way, found.browser) == (NOW, NOW, "oidc", "Chrome|ChromeOS")
    assert store.second_factors.remove(SCHOOL, account.id)
    assert not store.second_factors.remove(SCHOOL, account.id)
    assert store.accounts.open_session(SCHOOL, account.id, NOW)


def test_half_a_sign_in_goes_when_the_password_or_the_role_or_the_account_does(store: Store) -> None:
    account = teacher(store)

    def half() -> str:
        made = store.accounts.make_link(SCHOOL, account.id, Purpose.SECOND_FACTOR, NOW)
        assert made
        return made

    first, second = half(), half()
    assert store.accounts.peek_link(SCHOOL, first, Purpose.SECOND_FACTOR, NOW) == account, "two may be under way"
    assert store.accounts.peek_link(SCHOOL, first, Purpose.SECOND_FACTOR_OIDC, NOW) is None
    assert store.accounts.peek_link(SCHOOL, first, Purpose.SET_PASSWORD, NOW) is None
    assert store.accounts.use_link(SCHOOL, second, Purpose.SECOND_FACTOR, NOW) == account
    assert store.accounts.use_link(SCHOOL, second, Purpose.SECOND_FACTOR, NOW) is None
    link = store.accounts.make_link(SCHOOL, account.id, Purpose.SET_PASSWORD, NOW)
    assert link
    store.accounts.set_password(SCHOOL, account.id, HASH, NOW)
    assert store.accounts.peek_link(SCHOOL, first, Purpose.SECOND_FACTOR, NOW) is None
    assert store.accounts.peek_link(SCHOOL, link, Purpose.SET_PASSWORD, NOW), "that one is for something else"
    third = half()
    store.accounts.set_state(SCHOOL, account.id, AccountState.CLOSED, NOW)
    assert store.accounts.peek_link(SCHOOL, third, Purpose.SECOND_FACTOR, NOW) is None


def test_a_session_under_a_new_token_ends_all_others(store: Store) -> None:
    account = teacher(store)
    old, other = (store.accounts.open_session(SCHOOL, account.id, NOW) for _ in range(2))
    assert old and other
    later = NOW + timedelta(minutes=20)
    new = store.accounts.renew_session(SCHOOL, old, later, second=True)
    assert new
    found = store.accounts.session(SCHOOL, new, later)
    assert found and (found.start, found.proved, found.second) == (NOW, later, later)
    assert [store.accounts.session(SCHOOL, one, later) for one in (old, other)] == [None, None]
    assert store.accounts.renew_session(SCHOOL, old, later) is None
    assert store.accounts.prove(SCHOOL, new, later + timedelta(minutes=1), second=False)
    assert not store.accounts.prove(SCHOOL, old, later, second=False)


def test_one_sees_live_sessions_only_and_ends_ones_own(store: Store) -> None:
    account = teacher(store)
    first, second = (store.accounts.open_session(SCHOOL, account.id, NOW, browser=name) for name in ("a|", "b|"))
    assert first and second
    later = NOW + timedelta(minutes=20)
    store.accounts.session(SCHOOL, second, later)
    listed = store.accounts.sessions(SCHOOL, account, later)
    assert [one.browser for one in listed] == ["b|", "a|"]
    assert first not in str(listed) and second not in str(listed)
    assert [one.browser for one in store.accounts.sessions(SCHOOL, account, NOW + timedelta(minutes=31))] == ["b|"]
    assert not store.accounts.close_one(SCHOOL, "somebody", listed[1].id, later)
    assert not store.accounts.close_one("other", account.id, listed[1].id, later)
    assert store.accounts.close_one(SCHOOL, account.id, listed[1].id, later)
    assert store.accounts.session(SCHOOL, first, later) is None
    third = store.accounts.open_session(SCHOOL, account.id, later)
    assert third
    assert store.accounts.close_sessions(SCHOOL, account.id, later, but=listed[0].id) == 1
    assert store.accounts.session(SCHOOL, second, later)


def test_news_is_told_to_its_account_and_not_in_the_session_that_made_it(store: Store) -> None:
    account = teacher(store)
    store.account_news.add(SCHOOL, account.id, What.SIGNED_IN, NOW, browser="Chrome|ChromeOS", session="x")
    store.account_news.add(SCHOOL, account.id, What.FACTOR_RESET, NOW + DAY)
    first, second = store.account_news.of(SCHOOL, account.id, "y")
    assert (first.what, first.browser, second.what) == (What.SIGNED_IN, "Chrome|ChromeOS", What.FACTOR_RESET)
    assert store.account_news.of(SCHOOL, account.id, "x") == (second,)
    assert store.account_news.of("other", account.id) == ()
    assert not store.account_news.seen(SCHOOL, "somebody", first.id)
    assert store.account_news.seen(SCHOOL, account.id, first.id)
    assert store.account_news.of(SCHOOL, account.id) == (second,)
    store.account_news.add(SCHOOL, account.id, What.SIGNED_IN, NOW, session="thief")
    assert store.account_news.seen(SCHOOL, account.id, second.id, "thief")
    (left,) = store.account_news.of(SCHOOL, account.id)
    assert left.what is What.SIGNED_IN, "who did it does not take away that it is told"


def test_what_was_never_confirmed_or_is_used_up_or_read_no_more_is_forgotten(store: Store) -> None:
    account = teacher(store)
    store.second_factors.propose(SCHOOL, account.id, "sealed", NOW)
    assert store.purge(SCHOOL, NOW + DAY).sessions == 0
    assert store.purge(SCHOOL, NOW + DAY + timedelta(seconds=1)).sessions == 1
    assert store.second_factors.of(SCHOOL, account.id) is None
    confirmed(store, account)
    store.second_factors.propose(SCHOOL, account.id, "another", NOW)
    store.second_factors.put_codes(SCHOOL, account.id, ["a", "b"])
    store.second_factors.use_code(SCHOOL, account.id, "a", NOW)
    store.account_news.add(SCHOOL, account.id, What.SIGNED_OUT, NOW)
    assert store.purge(SCHOOL, NOW + 30 * DAY).sessions == 0
    assert store.purge(SCHOOL, NOW + 30 * DAY + timedelta(seconds=1)).sessions == 2
    found = store.second_factors.of(SCHOOL, account.id)
    assert found and (found.secret, found.waiting) == ("sealed", None), "what counts stays"
    assert store.second_factors.codes_left(SCHOOL, account.id) == 1
    assert store.account_news.of(SCHOOL, account.id) == ()
