"""A home folder with a small school in it, for tests of backups."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from cli import ca
from cli.backup.locks import Private
from cli.home import Home, secret
from config import load
from config.feeds.subscriptions import Lists, Subscription
from policy.model import Role, Sanction, SanctionTarget
from store import Store, open_store
from tests.cast import at, grant
from tests.store.school import NOW, SCHOOL, settle

KEY = Private.made()


def school_at(folder: Path) -> Home:
    """A home with everything that a guard makes in one, and the cast in its database."""
    home = Home(folder)
    home.prepare()
    load.write_template(home.school_file)
    shutil.copyfile(home.school_file, home.good_file)
    for path in (home.forms_secret, home.seal_key, home.answers_key):
        secret(path)
    (home.path / "secrets" / "google").write_text("geheim-van-google\n")
    (home.path / "secrets" / "google").chmod(0o600)
    files = ca.ensure_ca(home.ca_folder, "De Regenboog", NOW)
    ca.ensure_dashboard(files, ca.own_names("127.0.0.1", ""), NOW)
    lists = Lists(home.path)
    with lists.alone():
        lists.put(Subscription("games", "https://lists.example/games.txt", "games"))
        (lists.folder / "games.names").write_text("spel.example\n")
        (lists.folder / "index").write_text("index-1.names")
    with closing(open_store(home.database_url, home.accounts_url, key=home.columns_key, migrate=True)) as store:
        fill(store)
    return home


def opened_store(home: Home) -> closing[Store]:
    """The home's database, until the end of a `with`."""
    return closing(open_store(home.database_url, home.accounts_url, key=home.columns_key))


def fill(store: Store) -> None:
    settle(store)
    store.grants.add(SCHOOL, grant("g"), NOW)
    store.measures.add_sanction(
        SCHOOL, Sanction("ban", "bo", SanctionTarget.PHONE, NOW, NOW + timedelta(days=2), "bram"), NOW
    )
    account = store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, NOW)
    assert account is not None
    store.accounts.set_password(SCHOOL, account.id, "$argon2id$v=19$m=65536,t=3,p=4$c29t$Rdes", NOW)


LATER = at("09:10")
