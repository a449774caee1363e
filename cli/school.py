"""The school's rules into force: from `school.yaml` to a numbered revision, and what to do when that cannot be."""

from __future__ import annotations

import difflib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from cli.home import Home, Trouble, write_private
from config import load
from config.settings import SchoolFile, Settings
from config.texts import say
from dashboard.actions import accounts as account_actions
from dashboard.actions.desk import Desk
from policy import codec
from policy.model import Knowledge, Policy, Role
from store import Store, StoreUnavailable, open_store
from store.accounts import AccountState
from store.policies import PolicyRevision
from store.retention import Refused, Terms, shorten

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
COORDINATOR = "coordinator"
"""The login of the first account."""
_FILE_ORIGIN = re.compile(r"[0-9a-f]{64}")  # the digest of a school file
_DIFFERENCE = 40  # lines that are shown


@dataclass(frozen=True, slots=True)
class InForce:
    """What the guard runs by: the settings, the numbered policy, and sentences that a person must see first."""

    settings: Settings
    revision: PolicyRevision
    notices: tuple[str, ...] = ()


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the home folder for this process.

    Raises:
        Trouble: another guard runs in it.
    """
    with home.lock_file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise Trouble(
                f"Klaswacht is running in `{home.path}` already (process {lock.read().strip() or 'unknown'})",
                "stop that one first, or name another folder with KLASWACHT_HOME",
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def running(home: Home) -> bool:
    """Whether a guard runs in the home folder now."""
    try:
        with home.lock_file.open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
    except OSError:
        pass
    return False


def read_file(home: Home) -> tuple[SchoolFile, load.ConfigError | None]:
    """The school's file; when it is wrong, the last one that was right, with the complaint.

    Raises:
        Trouble: it is wrong and there was never one that was right.
    """
    try:
        return load.read_school(home.school_file), None
    except load.ConfigError as error:
        if not home.good_file.exists():
            raise Trouble(str(error)) from error
        try:
            return load.read_school(home.good_file), error
        except load.ConfigError as worse:
            raise Trouble(str(error)) from worse


def opened(home: Home, *, migrate: bool = True) -> Store:
    """The school's database, accounts included.

    Raises:
        Trouble: it cannot be used.
    """
    try:
        return open_store(home.database_url, home.accounts_url, migrate=migrate)
    except StoreUnavailable as error:
        raise Trouble(f"the database cannot be used: {error}", "see `klaswacht doctor`") from error


def into_force(home: Home, store: Store, now: datetime, *, take_file: bool = False) -> InForce:
    """Take `school.yaml` over as a numbered revision when it says something new.

    What was changed elsewhere since the last file is kept, and the file waits, unless `take_file`. A wrong file changes
    nothing: what was in force stays so, and a notice says so.

    Raises:
        Trouble: there is nothing to run by.
    """
    file, complaint = read_file(home)
    settings = file.settings
    school, lang = settings.school.id, settings.language
    current = store.policies.current(school)
    if complaint is not None:
        if current is None:
            raise Trouble(str(complaint)) from complaint
        when = f"{current.when.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
        notice = say("cli.up.kept_rules", lang, problem=complaint, when=when, number=current.number)
        return InForce(settings, current, (notice,))
    if current is not None and not take_file and not _FILE_ORIGIN.fullmatch(current.origin):
        difference = _difference(current.policy, file.policy)
        notice = say("cli.up.moved_rules", lang, number=current.number, file=home.school_file, difference=difference)
        return InForce(_keep(home, file), current, (notice,) if difference else ())
    based_on = current.number if current else 0
    taken = store.policies.add(school, file.policy, file.digest, "school.yaml", now, based_on=based_on)
    if taken is None:
        raise Trouble("the rules are being changed by another program at this moment", "start again")
    _keep(home, file)
    fresh = current is None or taken.number != current.number
    notice = say("cli.up.new_rules", lang, file=home.school_file, number=taken.number)
    return InForce(settings, taken, (notice,) if fresh else ())


def coordinator_link(desk: Desk, now: datetime) -> account_actions.Link | None:
    """A one-time link for the first coordinator, as long as no coordinator has ever set a password; else None."""
    accounts = desk.store.accounts.accounts(desk.school)
    mine = [account for account in accounts if account.role is Role.COORDINATOR]
    if any(account.state is AccountState.ACTIVE for account in mine):
        return None
    waiting = [account.login for account in mine if account.state is AccountState.NEW]
    login = waiting[0] if waiting else COORDINATOR
    return account_actions.first_coordinator(desk, "Coördinator", login, now).value


def terms(settings: Settings) -> Terms:
    """How long what is kept, by the school's own wishes.

    Raises:
        Trouble: a wish is longer than may be.
    """
    wished = settings.retention
    wishes = {name: wished[name] for name in ("blocked", "noted", "reports", "signals", "audit") if name in wished}
    wishes["asks"] = wished["requests"]
    # Bans and grants share a family of rows, so the shorter wish holds for both.
    wishes["measures"] = min(wished["bans"], wished["grants"])
    found = shorten(wishes)
    if isinstance(found, Refused):
        raise Trouble(f"`retention.{found.name}` is {found.wished} days", f"at most {found.longest} days may be kept")
    return found


def desk_for(store: Store, knowledge: Knowledge, settings: Settings) -> Desk:
    """The desk of this installation's school."""
    return Desk(store, knowledge, settings.school.id, settings)


def _keep(home: Home, file: SchoolFile) -> Settings:
    """Keep the bytes that were right for the processes, and for a day on which the file is wrong."""
    write_private(home.good_file, home.school_file.read_bytes())
    return file.settings


def _difference(old: Policy, new: Policy) -> str:
    sides = [json.dumps(codec.policy_to_dict(one), indent=1, ensure_ascii=False, sort_keys=True) for one in (old, new)]
    lines = [
        line
        for line in difflib.unified_diff(sides[0].splitlines(), sides[1].splitlines(), lineterm="", n=2)
        if not line.startswith(("---", "+++"))
    ]
    rest = [f"... ({len(lines) - _DIFFERENCE} more lines)"] if len(lines) > _DIFFERENCE else []
    return "\n".join(lines[:_DIFFERENCE] + rest)


def with_ports(settings: Settings, ports: dict[str, int]) -> Settings:
    """The settings with the port numbers that were really taken: `proxy`, `keyed`, `dashboard`, `group:<id>`."""
    listen = settings.listen
    taken = replace(
        listen,
        proxy=ports["proxy"],
        keyed=ports["keyed"],
        dashboard=ports["dashboard"],
        groups={group: ports[f"group:{group}"] for group in listen.groups},
    )
    return replace(settings, listen=taken)
