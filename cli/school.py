"""The school's rules into force: from `school.yaml` to a numbered revision, and what to do when that cannot be."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cli.home import Home, Trouble, write_private
from cli.revisions import say_number
from config import load
from config.changes import changes
from config.private_folder import mode_in
from config.settings import SchoolFile, Settings
from config.texts import say
from dashboard.actions import accounts as account_actions
from dashboard.actions import kept
from dashboard.actions.desk import Desk
from dashboard.actions.revisions import Outcome, Taken, other_settings, renew, take
from policy.model import Knowledge, Policy, Role
from proxy_addons.last_known import NAME as LAST_KNOWN
from proxy_addons.queue_file import QUEUES
from store import Store, StoreUnavailable, open_store
from store.accounts import AccountState
from store.policies import PolicyRevision
from store.retention import Refused, Terms

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
COORDINATOR = "coordinator"
"""The login of the first account."""
_PROXY_LOCK = "proxy.lock"
_DIFFERENCE = 40  # lines that are shown


@dataclass(frozen=True, slots=True)
class InForce:
    """What the guard runs by: the settings, the numbered policy, and sentences that a person must see first.

    `revision` is None where the database cannot be read.
    """

    settings: Settings
    revision: PolicyRevision | None
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


@contextmanager
def proxy_here(home: Home) -> Iterator[None]:
    """Say, to who would put a backup back, that a proxy as a service of its own runs on what is here.

    Raises:
        Trouble: a backup is being put back, or another proxy runs.
    """
    try:
        (home.path / QUEUES).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Trouble(f"cannot make `{home.path / QUEUES}` ({error.strerror})", "see `deploy/install.sh`") from error
    with _held(home.path / QUEUES / _PROXY_LOCK) as alone:
        if not alone:
            raise Trouble("another proxy runs here, or a backup is being put back", "look again in a minute")
        yield


@contextmanager
def proxy_away(home: Home) -> Iterator[None]:
    """Keep a proxy that is a service of its own from starting meanwhile.

    Raises:
        Trouble: it runs.
    """
    if not (home.path / QUEUES).is_dir():
        yield
        return
    with _held(home.path / QUEUES / _PROXY_LOCK) as alone:
        if not alone:
            raise Trouble("the proxy's service runs on what is here", "stop it first: systemctl stop klaswacht-proxy")
        yield


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Hold a file that two users share, by its group; False where somebody else holds it."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_CREAT, 0o640)
    except OSError as error:
        raise Trouble(f"cannot open `{path}` ({error.strerror})", "see `deploy/install.sh`") from error
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(number)


def no_restore(home: Home) -> None:
    """Look that no restore was left halfway.

    Raises:
        Trouble: one was; what is here is neither the old school nor the new one.
    """
    if home.restore_plan.exists():
        raise Trouble(
            f"a restore in `{home.path}` was broken off and must be undone first",
            "start `klaswacht up` (that undoes it), or `klaswacht restore` again",
        )


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
        Trouble: it cannot be used, or is one that a restore was broken off in.
    """
    no_restore(home)
    try:
        return open_store(home.database_url, home.accounts_url, key=home.columns_key, migrate=migrate)
    except StoreUnavailable as error:
        raise Trouble(f"the database cannot be used: {error}", "see `klaswacht doctor`") from error


def still_there(home: Home) -> None:
    """Look that the database of a guard that has run before was not emptied or taken away.

    Raises:
        Trouble: it was. A new one in its place would know no pupil and no ban, and nobody would be told.
    """
    url = home.database_url
    if not url.startswith("sqlite:///") or not (home.path / LAST_KNOWN).exists():
        return
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists() or path.stat().st_size == 0:
        raise Trouble(
            f"the database `{path}` is empty or gone",
            f"put it back with `klaswacht restore`, or, to begin anew, remove `{home.path / LAST_KNOWN}`",
        )


def into_force(home: Home, store: Store, now: datetime, *, take_file: bool = False, running: bool = False) -> InForce:
    """Take `school.yaml` over as a numbered revision when it says something new.

    What was changed elsewhere since the last file is kept, and the file waits, unless `take_file`. A wrong file changes
    nothing: what was in force stays so, and a notice says so. `running`: the guard's processes have their settings
    already, so only the rules are taken and a notice says which settings wait.

    Raises:
        Trouble: there is nothing to run by.
    """
    file, complaint = read_file(home)
    lang = file.settings.language
    settings = good_settings(home) if running else file.settings
    school = settings.school.id
    if complaint is not None:
        current = store.policies.current(school)
        if current is None:
            raise Trouble(str(complaint)) from complaint
        when = f"{current.when.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
        notice = say("cli.up.kept_rules", lang, problem=complaint, when=when, number=current.number)
        return InForce(settings, renew(store, school, current, now), (notice,))
    taken = take(store, school, file, "school.yaml", now, own=True, force=take_file)
    current = taken.current
    if taken.outcome is Outcome.RACED:
        raise Trouble("the rules are being changed by another program at this moment", "start again")
    # Kept before the file gets its new number: then it is still what was read.
    about_settings = settings_told(home, file, running=running)
    notices = (*_rules_told(home, taken, file, lang), *about_settings)
    if taken.outcome in {Outcome.OLDER, Outcome.MOVED}:
        current = renew(store, school, current, now)
    return InForce(settings, current, notices)


def _rules_told(home: Home, taken: Taken, file: SchoolFile, lang: str) -> Iterator[str]:
    values: dict[str, object] = {"file": home.school_file, "number": taken.current.number}
    if taken.outcome is Outcome.TAKEN:
        yield say("cli.up.new_rules", lang, **values)
        if say_number(home.school_file, taken.current.number):
            yield say("policy.says_number", lang, **values)
    if taken.outcome is Outcome.OLDER:
        yield say("policy.same_rules", lang, base=taken.base, **values)
    if taken.outcome is Outcome.MOVED:
        yield say("cli.up.moved_rules", lang, difference=difference(taken.current.policy, file.policy, lang), **values)


def difference(old: Policy, new: Policy, lang: str) -> str:
    """What `new` would change, a line each, not more than a screen."""
    lines = [f"  - {line}" for line in changes(old, new, lang)] or [f"  - {say('policy.change.nothing', lang)}"]
    rest = [f"  {say('policy.change.more', lang, count=len(lines) - _DIFFERENCE)}"] if len(lines) > _DIFFERENCE else []
    return "\n".join(lines[:_DIFFERENCE] + rest)


def good_settings(home: Home) -> Settings:
    """What the guard's processes run by.

    Raises:
        Trouble: there was never a file that was right.
    """
    try:
        return load.read_school(home.good_file).settings
    except load.ConfigError as error:
        raise Trouble(str(error)) from error


def settings_told(home: Home, file: SchoolFile, *, running: bool) -> tuple[str, ...]:
    """Keep the school's file as the good one; while the guard runs only when its settings are the same ones.

    A process that starts again meanwhile must find the settings of its neighbours.
    """
    waiting = other_settings(good_settings(home), file.settings) if running else ()
    if waiting:
        lang = file.settings.language
        return (say("policy.settings_wait", lang, file=home.school_file, names=", ".join(waiting)),)
    _keep(home, file)
    return ()


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
    found = kept.terms(settings)
    if isinstance(found, Refused):
        raise Trouble(f"`retention.{found.name}` is {found.wished} days", f"at most {found.longest} days may be kept")
    return found


def desk_for(store: Store, knowledge: Knowledge, settings: Settings) -> Desk:
    """The desk of this installation's school."""
    return Desk(store, knowledge, settings.school.id, settings)


def _keep(home: Home, file: SchoolFile) -> None:
    """Keep the bytes that were right for the processes, and for a day on which the file is wrong."""
    with contextlib.suppress(OSError):
        data = home.school_file.read_bytes()
        # Written to again since it was read: then the next look at it keeps what it says.
        if hashlib.sha256(data).hexdigest() == file.digest or not home.good_file.exists():
            write_private(home.good_file, data, mode_in(home.path))


def with_ports(settings: Settings, ports: dict[str, int]) -> Settings:
    """The settings with the port numbers that were really taken: `proxy`, `keyed`, `dashboard`, `group:<id>`."""
    listen = settings.listen
    taken = replace(
        listen,
        proxy=ports.get("proxy", listen.proxy),
        keyed=ports.get("keyed", listen.keyed),
        dashboard=ports.get("dashboard", listen.dashboard),
        transparent=ports.get("transparent", listen.transparent),
        groups={group: ports.get(f"group:{group}", port) for group, port in listen.groups.items()},
    )
    return replace(settings, listen=taken)
