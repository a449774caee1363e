"""Opening a database: the first time, again, together, a wrong one, a locked one."""

from __future__ import annotations

import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from config.private_folder import columns_key
from policy.codec import policy_to_dict
from policy.model import Group, ReportKind, ReportTo, Sanction, SanctionTarget
from store import Store, StoreUnavailable, account_tables, open_later, open_store
from store.columns import NAMES, metadata
from store.feed import Feed
from store.migrate import HEADS, SCRIPTS, Chain
from store.seals import NAME
from store.tables import policies
from tests.cast import KNOWLEDGE, POLICY, grant
from tests.store.before import unseal
from tests.store.cluster import Cluster
from tests.store.conftest import Place
from tests.store.school import NOW, SCHOOL, settle

ROOT = Path(__file__).parents[2]


def test_a_second_start_keeps_everything(tmp_path: Path) -> None:
    files = (str(tmp_path / "var" / "klaswacht.db"), str(tmp_path / "var" / "accounts.db"))
    first = open_store(*files, key=columns_key(tmp_path), migrate=True)
    settle(first)
    snapshot = first.snapshot(SCHOOL, KNOWLEDGE, NOW)
    first.close()
    for migrate in (True, False):
        again = open_store(*files, key=columns_key(tmp_path), migrate=migrate)
        assert again.snapshot(SCHOOL, KNOWLEDGE, NOW) == snapshot
        again.check()
        again.close()


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    key = columns_key(tmp_path)
    store = open_store(str(tmp_path / "klaswacht.db"), str(tmp_path / "accounts.db"), key=key, migrate=True)
    settle(store)
    files = [key, *(path for path in tmp_path.iterdir() if path.is_file())]
    assert len(files) >= 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store.close()


def test_a_sqlite_file_is_in_wal_mode_with_foreign_keys_and_wiping(store: Store) -> None:
    if not store.database.sqlite:
        with store.database.read() as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"
        return
    with store.database.read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "secure_delete", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 1,
        "secure_delete": 1,
        "busy_timeout": 3000,
    }


def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, *_: name not in {"accounts", NAME}}
        )
        assert compare_metadata(context, metadata) == []
    accounts = store._accounts_database
    assert accounts is not None
    expected = account_tables.metadata
    if accounts.sqlite:
        expected = sa.MetaData(naming_convention=NAMES)
        for table in account_tables.metadata.tables.values():
            table.to_metadata(expected, schema=None, referred_schema_fn=lambda *_: sa.schema.BLANK_SCHEMA)
    with accounts.engine.connect() as connection:
        options = {
            "include_schemas": not accounts.sqlite,
            "version_table_schema": None if accounts.sqlite else "accounts",
            "include_name": lambda name, kind, _: (
                name != NAME and (kind != "schema" or name == (None if accounts.sqlite else "accounts"))
            ),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, expected) == []


@pytest.mark.parametrize("module", ["store.columns", "store.tables", "store.event_tables"])
def test_whoever_asks_for_the_tables_gets_all_of_them(module: str) -> None:
    script = f"from {module} import metadata; print(*sorted(metadata.tables))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted(metadata.tables)
    assert {"people", "policies", "events", "audit"} <= metadata.tables.keys()


@pytest.mark.parametrize("chain", Chain)
def test_the_program_knows_its_newest_migration(chain: Chain) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("version_locations", str(SCRIPTS / chain.value))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEADS[chain]]


def test_every_table_says_of_which_school_a_row_is() -> None:
    for table in (*metadata.tables.values(), *account_tables.metadata.tables.values()):
        assert not table.c.school_id.nullable, table.name


def test_staff_accounts_are_in_a_database_of_their_own(store: Store, place: Place) -> None:
    main = {table.name for table in metadata.tables.values()}
    own = {table.name for table in account_tables.metadata.tables.values()}
    if place.kind == "sqlite":
        with sqlite3.connect(place.url) as raw:
            found = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        raw.close()
    else:
        with psycopg.connect(place.url) as raw_pg:
            rows = raw_pg.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        found = {row[0] for row in rows}
    assert main <= found
    assert not own & found


def test_a_process_that_did_not_open_the_accounts_is_told_so(place: Place) -> None:
    store = open_store(place.url, key=place.key)
    with pytest.raises(StoreUnavailable, match="`accounts_url`"):
        _ = store.accounts
    store.close()


def test_one_file_for_both_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="a file of their own"):
        open_store(str(tmp_path / "a.db"), str(tmp_path / "a.db"), key=columns_key(tmp_path), migrate=True)


def test_a_database_that_is_not_there_is_one_clear_line(tmp_path: Path, cluster: Cluster) -> None:
    key = columns_key(tmp_path)
    with pytest.raises(StoreUnavailable, match="klaswacht up"):
        open_store(str(tmp_path / "none.db"), key=key)
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="no database can be made"):
        open_store(str(tmp_path / "file" / "none.db"), key=key, migrate=True)
    with pytest.raises(StoreUnavailable, match="`nothing` at `/nowhere`"):
        open_store("postgresql://postgres@/nothing?host=/nowhere", key=key, migrate=True)
    with pytest.raises(StoreUnavailable, match="does not exist"):
        open_store(cluster.url("nothing"), key=key, migrate=True)
    with pytest.raises(StoreUnavailable, match="kind `mysql`"):
        open_store("mysql://somewhere/x", key=key)
    assert not key.exists(), "of nothing that was made"


def test_something_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "klaswacht.db").write_bytes(b"this is a letter to the parents, not a database. " * 50)
    with pytest.raises(StoreUnavailable, match="not a database"):
        open_store(str(tmp_path / "klaswacht.db"), key=columns_key(tmp_path), migrate=True)


def test_an_empty_database_is_not_used_before_it_is_made(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "klaswacht.db").close()
    (tmp_path / "klaswacht.db").touch()
    with pytest.raises(StoreUnavailable, match="version `empty`"):
        open_store(str(tmp_path / "klaswacht.db"), key=columns_key(tmp_path))


def test_a_database_of_a_newer_program_is_left_alone(store: Store, place: Place) -> None:
    version = sa.table("alembic_version", sa.column("version_num", sa.String))
    try:
        with store.database.write(SCHOOL) as change:
            change.execute(sa.update(version).values(version_num="9999"))
        with pytest.raises(StoreUnavailable, match="newer program"):
            place.open(migrate=True)
        with pytest.raises(StoreUnavailable, match="version `9999`"):
            place.open()
    finally:
        with store.database.write(SCHOOL) as change:
            change.execute(sa.update(version).values(version_num=HEADS[Chain.MAIN]))


def _directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _old(file: Path) -> None:
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0000'")
        raw.commit()


@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        _directory,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"no database\n" * 1000),
        _old,
    ],
    ids=["gone", "directory", "empty", "garbage", "old"],
)
def test_a_store_that_is_opened_for_later_works_once_the_database_does(
    spoil: Callable[[Path], object], tmp_path: Path
) -> None:
    file, good = tmp_path / "klaswacht.db", tmp_path / "good.db"
    open_store(str(good), key=columns_key(tmp_path), migrate=True).close()
    shutil.copy(good, file)
    spoil(file)
    store = open_later(str(file), key=columns_key(tmp_path))
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=re.escape(str(file))):
            store.revision(SCHOOL)
        with pytest.raises(StoreUnavailable):
            store.people.put_group(SCHOOL, Group("7", "Groep 7", (7,)), "cor", NOW)
        with Feed(store, SCHOOL) as feed:
            feed.wait(0.2)
            assert not feed.healthy
    assert file.exists() == (spoil is not Path.unlink), "not ours to make"
    if file.is_dir():
        file.rmdir()
    good.replace(file)
    store.people.put_group(SCHOOL, Group("7", "Groep 7", (7,)), "cor", NOW)
    assert store.revision(SCHOOL) == 1
    store.close()


ADDED = {
    "grants": ("roles",),
    "sanctions": ("reason", "lifted"),
    "reports": ("kind", "audience"),
    "agreements": ("test",),
    "audit": ("link",),
    "devices": ("public_key", "prints"),  # of 0008 and 0010
}
NEW_TABLES = (
    *("notes", "registers", "photo_permissions", "group_consents"),
    *("notices", "refusals"),  # of 0005
    *("prepared", "ban_proposals", "class_codes", "picture_passwords", "sign_in_tries"),  # of 0006
    "sign_ins",
    *("emergencies", "emergency_codes", "self_tests"),  # of 0007
    *("audit_cuts", "tallies", "counsel"),
    "bindings",  # of 0009
    *("print_accounts", "print_jobs"),  # of 0010
)


def _as_it_was_before_the_five_protocols(store: Store) -> None:
    """Take away what 0004 added, and from the kept rules the words that no older program wrote."""
    body = policy_to_dict(POLICY)
    for clause in body["protocol"]["clauses"]:
        del clause["kind"], clause["means"], clause["why"]
    for one in body["rules"]:
        del one["devices"]
    for name in ("specials", "waiting", "holidays_until"):
        del body["schedule"][name]
    del body["interns_permit"]
    with store.database.engine.connect() as connection:
        connection.execution_options(klaswacht_write=True)
        with connection.begin():
            connection.execute(sa.update(policies).values(body=body))
            if store.database.sqlite:
                connection.exec_driver_sql("DROP TRIGGER audit_stays")
            else:
                connection.exec_driver_sql("DROP FUNCTION audit_stays, audit_cut CASCADE")
            for table in NEW_TABLES:
                connection.exec_driver_sql(f"DROP TABLE {table}")
            for table, columns in ADDED.items():
                for column in columns:
                    connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_rows_of_before_the_five_protocols_are_read_as_they_were_meant(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    urls = (str(tmp_path / "klaswacht.db"), str(tmp_path / "accounts.db"))
    if kind == "postgresql":
        urls = (request.getfixturevalue("cluster").new_database(),) * 2
    store = open_store(*urls, key=columns_key(tmp_path), migrate=True)
    settle(store)
    store.grants.add(SCHOOL, grant("g", sites=("social.com",)), NOW)
    ban = Sanction("b", "sam", SanctionTarget.CHROMEBOOK, NOW, NOW + timedelta(days=1), "ria")
    store.measures.add_sanction(SCHOOL, ban, NOW)
    store.incidents.report(SCHOOL, "social.com", NOW, note="iets", group="7")
    code = store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    assert code is not None and store.devices.enrol(SCHOOL, code.code, NOW, "public")
    before = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
    unseal(*urls, columns_key(tmp_path))
    _as_it_was_before_the_five_protocols(store)
    store.close()
    store = open_store(*urls, key=columns_key(tmp_path), migrate=True)
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW) == before
    # The network still knows the device by the key of then; its agent enrols again.
    assert before.devices["chroom-1"].key_hash
    assert store.devices.public_key(SCHOOL, "chroom-1") is None
    assert store.measures.reasons(SCHOOL, NOW) == {"b": ""}
    (told,) = store.incidents.reports(SCHOOL, ["7"])
    assert (told.kind, told.audience) == (ReportKind.SAW, ReportTo.TEACHER)
    assert store.measures.lift_for_now(SCHOOL, "b", NOW + timedelta(hours=1), "ria", NOW)
    assert store.people.set_group_consent(SCHOOL, "8", True, "cor", NOW)
    store.close()


STARTER = """
import sys
from pathlib import Path
from store import open_store
print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1], sys.argv[2], key=Path(sys.argv[3]), migrate=True, patience=30).close()
"""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_two_programs_that_start_together_make_one_database(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    urls = (str(tmp_path / "klaswacht.db"), str(tmp_path / "accounts.db"))
    if kind == "postgresql":
        urls = (request.getfixturevalue("cluster").new_database(),) * 2
    command = [sys.executable, "-c", STARTER, *urls, str(columns_key(tmp_path))]
    starters = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for starter in starters:
        assert starter.stdout and starter.stdout.readline() == "ready\n"
    for starter in starters:
        assert starter.stdin
        starter.stdin.write("go\n")
        starter.stdin.flush()
    for starter in starters:
        _, errors = starter.communicate(timeout=90)
        assert starter.returncode == 0, errors
    store = open_store(*urls, key=columns_key(tmp_path))
    store.check()
    store.close()


LOCKER = """
import sqlite3, sys
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
"""


@pytest.mark.evasion("S14")
def test_a_database_that_another_process_holds_is_unavailable_and_not_a_hang(place: Place) -> None:
    store = place.open(patience=0.5)
    settle(store)
    if place.kind == "sqlite":
        command = [sys.executable, "-c", LOCKER, place.url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as locker:
            assert locker.stdin and locker.stdout and locker.stdout.readline() == "locked\n"
            assert_unavailable(store)
            locker.stdin.write("\n")
            locker.stdin.flush()
            assert locker.wait(20) == 0
    else:
        with psycopg.connect(place.url) as raw:
            raw.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
            start = time.monotonic()
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                store.grants.add(SCHOOL, grant("g"), NOW)
            assert time.monotonic() - start < 5
    # And afterwards it just works.
    store.grants.add(SCHOOL, grant("g"), NOW)
    assert len(store.snapshot(SCHOOL, KNOWLEDGE, NOW).state.grants) == 1
    store.close()


def assert_unavailable(store: Store) -> None:
    start = time.monotonic()
    with pytest.raises(StoreUnavailable, match="locked"):
        store.grants.add(SCHOOL, grant("g"), NOW)
    with pytest.raises(StoreUnavailable, match="locked"):
        store.check()
    assert time.monotonic() - start < 5, "the other process would hold it much longer"
    # Readers are not in the way of a writer and the other way round: that is what WAL is for.
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).state.grants == ()


@pytest.mark.evasion("S14")
@pytest.mark.postgres
@pytest.mark.full
def test_a_stopped_server_is_unavailable_and_comes_back(cluster: Cluster, postgresql_url: str, key: Path) -> None:
    store = open_store(postgresql_url, key=key)
    school = "another school of its own"
    store.people.groups(school)
    cluster.stop()
    try:
        with pytest.raises(StoreUnavailable):
            store.people.groups(school)
        with pytest.raises(StoreUnavailable):
            store.check()
    finally:
        cluster.start()
    assert store.people.groups(school) == ()
    store.check()
    store.close()


def test_an_error_never_repeats_what_a_pupil_wrote(store: Store) -> None:
    from store.event_tables import asks
    from store.incidents import Wish, _ask_row

    row = _ask_row(SCHOOL, Wish("social.com", "project", line="geheim van Sam"), NOW)
    with store.database.write(SCHOOL) as change:
        change.execute(asks.insert().values(**row))
    with pytest.raises(sa.exc.IntegrityError) as caught, store.database.write(SCHOOL) as change:
        change.execute(asks.insert().values(**row))
    assert "geheim van Sam" not in str(caught.value)
