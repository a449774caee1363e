"""On PostgreSQL the proxy's role works as a proxy must, and cannot read who signs in to the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from policy.model import Effect, Group, Reason, Role
from store import StoreUnavailable, copies, open_later, open_store
from store.events import Event, What
from store.feed import Feed
from store.migrate import Chain
from store.roles import Roles, statements
from tests.cast import KNOWLEDGE, grant
from tests.store.cluster import Cluster
from tests.store.school import NOW, SCHOOL, settle

pytestmark = pytest.mark.postgres
GENEROUS = 40.0
ROLES = Roles()

type UrlOf = Callable[[str], str]


@pytest.fixture(scope="module")
def url_of(cluster: Cluster, key: Path) -> Iterator[UrlOf]:
    """Addresses of one database, by role; a school and an account are in it."""
    admin = cluster.new_database()
    name = admin.partition("@/")[2].partition("?")[0]
    for _ in range(2):
        with psycopg.connect(admin, autocommit=True) as raw:
            raw.execute(statements(name))

    def url(role: str) -> str:
        return admin.replace("postgres@", f"{role}@", 1)

    with closing(open_store(url(ROLES.desk), url(ROLES.accounts), key=key, migrate=True)) as store:
        settle(store)
        assert store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, NOW)
    yield url


def proxy_works(url: str, desk: str, key: Path) -> None:
    event = Event(What.BLOCKED, NOW, Effect.DENY, Reason.PLACE, host="social.com", group="7")
    with (
        closing(open_later(url, key=key)) as proxy,
        closing(open_store(desk, key=key)) as teacher,
        Feed(proxy, SCHOOL) as feed,
    ):
        before = feed.wait(GENEROUS)
        teacher.grants.add(SCHOOL, grant(f"of {before}"), NOW)
        assert feed.wait(GENEROUS, after=before) == before + 1
        assert proxy.snapshot(SCHOOL, KNOWLEDGE, NOW).state.grants
        last = proxy.events.last_id(SCHOOL)
        proxy.events.add_batch(SCHOOL, [event], NOW)
        assert proxy.events.last_id(SCHOOL) > last
        proxy.incidents.report(SCHOOL, "social.com", NOW, note="iets", group="7")


def refused(url: str, *sql: str) -> None:
    for one in sql:
        with psycopg.connect(url) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(one)


def test_the_proxy_does_its_work_and_hears_of_changes(url_of: UrlOf, key: Path) -> None:
    proxy_works(url_of(ROLES.proxy), url_of(ROLES.desk), key)


def test_the_proxy_cannot_read_staff_accounts_nor_change_what_the_database_keeps(url_of: UrlOf) -> None:
    refused(
        url_of(ROLES.proxy),
        "SELECT * FROM accounts.accounts",
        "SELECT * FROM accounts.sessions",
        "INSERT INTO accounts.accounts DEFAULT VALUES",
        "TRUNCATE audit",
        "DROP TRIGGER audit_stays ON audit",
        "CREATE TABLE mine (x int)",
        "CREATE SCHEMA mine",
        f"SET ROLE {ROLES.accounts}",
    )
    with psycopg.connect(url_of(ROLES.proxy)) as raw, pytest.raises(psycopg.errors.CheckViolation):
        raw.execute("DELETE FROM audit")


def test_the_role_of_the_accounts_reads_no_pupils(url_of: UrlOf) -> None:
    refused(url_of(ROLES.accounts), "SELECT * FROM public.people", "SELECT * FROM public.events")
    refused(url_of(ROLES.desk), "SELECT * FROM accounts.accounts")


def test_after_a_backup_was_put_back_the_proxy_still_works(url_of: UrlOf, tmp_path: Path, key: Path) -> None:
    desk, accounts = url_of(ROLES.desk), url_of(ROLES.accounts)
    for chain, url in ((Chain.MAIN, desk), (Chain.ACCOUNTS, accounts)):
        dump = tmp_path / chain.value
        copies.copy(url, chain, dump)
        copies.put_dump(url, chain, dump, f"aside_{chain.value}")
    with closing(open_store(desk, accounts, key=key, migrate=True)) as store:
        store.people.put_group(SCHOOL, Group("8", "Groep 8"), "cor", NOW)
    proxy_works(url_of(ROLES.proxy), desk, key)
    refused(url_of(ROLES.proxy), "SELECT * FROM accounts.accounts", "SELECT * FROM aside_accounts.accounts")


def test_a_name_that_is_none_is_refused() -> None:
    for name in ("x; DROP DATABASE y", "", "Groot", 'a"b'):
        with pytest.raises(StoreUnavailable, match="no name"):
            statements(name)
        with pytest.raises(StoreUnavailable, match="no name"):
            statements("klaswacht", Roles(proxy=name))
