"""`klaswacht up`: makes what is missing, takes the school's rules into force, and keeps the guard running."""

from __future__ import annotations

import logging
import shlex
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from cli import ca, extension, parts, places, ports, reload, school
from cli.backup.unpacking import forget_aside
from cli.backup_commands import undo_broken_off
from cli.example import closed_host
from cli.findings import Level, ca_findings
from cli.home import Home, Trouble, secret
from cli.keeping import Keeping
from cli.monitor import monitored
from cli.nightly import Nightly
from cli.parts import Part, Taken
from cli.supervisor import Supervisor, Task
from cli.vitals import Chores, Vitals
from cli.watch import Watch, signature
from config import load, pac
from config.settings import Listen, Settings
from config.texts import say
from dashboard.actions.accounts import Link
from policy.model import Knowledge
from proxy_addons.last_known import LastKnown
from proxy_addons.names.front import ANYBODY_PATH, KEYED_PATH
from store import Store, StoreUnavailable, open_later
from store.retention import Terms

_log = logging.getLogger(__name__)

_HOURLY = 3600.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is ready before the first process starts. `settings` has the port numbers that were taken.

    `places` are where the workers accept, one for each; `workers_by` says who chose how many: cores, file or flag.
    `broken` says why the database could not be used, where it could not; then `store` is one that may come later.
    """

    home: Home
    settings: Settings
    store: Store
    knowledge: Knowledge
    files: ca.CaFiles
    ports: dict[str, int]
    places: tuple[places.Place, ...]
    workers_by: str
    broken: str = ""

    @property
    def dashboard_url(self) -> str:
        """Where people go, without a slash at the end."""
        listen = self.settings.listen
        return f"https://{ports.bracketed(ports.reachable(listen.address))}:{listen.dashboard}"


def up(
    home: Home,
    *,
    take_file: bool = False,
    workers: int | None = None,
    monitor: str | None = None,
    part: Part = Part.ALL,
    beside: Sequence[Task] = (),
    more: Callable[[Prepared], Sequence[str]] = lambda _: (),
) -> int:
    """Run the guard until Ctrl-C or SIGTERM; the exit code is 0 when it stopped because it was asked to.

    `workers` goes before what `school.yaml` says. `monitor` is where machines that watch may ask (`cli.monitor`).
    `part` is `ALL` or `DESK`; the other one is `cli.proxy_part`. `beside` are processes to keep running as well, `more`
    gives lines to print under what to open (the playground).

    Raises:
        Trouble: something must be mended first.
    """
    home.prepare()
    with school.only_one(home):
        undone = undo_broken_off(home)
    if undone:
        _tell(undone)
    seen = signature(home.school_file)  # before it is read: a change from here on is one to look at
    with school.only_one(home), _prepared(home, take_file=take_file, workers=workers, part=part) as prepared:
        taken = Taken(home.path, prepared.ports, prepared.places, late=bool(prepared.broken))
        tasks = (*parts.tasks(taken, prepared.settings, part), *beside)
        with (
            Supervisor(tasks, on_renewed=lambda outcome: reload.note(home, outcome)) as supervisor,
            monitored(home, supervisor, monitor),
        ):
            kept = Chores()
            told = (prepared, kept, supervisor.stopping)
            chores = threading.Thread(target=_chores, args=told, name="chores", daemon=True)
            chores.start()
            vitals = Vitals(home, supervisor.children, kept, supervisor.stopping, apart=part is Part.DESK)
            vitals.start()
            _keeping(prepared, supervisor.stopping).start()
            nightly = Nightly(home, secret(home.forms_secret), supervisor.stopping)
            nightly.start()
            watch = Watch(home, prepared.store, None if prepared.broken else seen, supervisor.stopping, _tell)
            watch.start()
            healthy = supervisor.run(lambda: _announce(prepared, more))
        chores.join(5)
        nightly.join(5)
        watch.join(5)
        vitals.join(5)
        if not healthy:
            raise Trouble("a part of the guard did not start", "see the lines above, and `klaswacht doctor`")
        _tell(say("cli.up.stopped", prepared.settings.language))
    return 0


@contextmanager
def _prepared(home: Home, *, take_file: bool, workers: int | None = None, part: Part = Part.ALL) -> Iterator[Prepared]:
    now = datetime.now(UTC)
    wrote = _template(home)
    settings = school.read_file(home)[0].settings
    lang = settings.language
    if wrote:
        _tell(say("cli.up.made_file", lang, file=home.school_file))
    held = parts.hold(settings.listen, home.school_file, part)
    try:
        store, in_force, broken = _in_force(home, now, take_file=take_file)
    except Trouble:
        parts.release(held)
        raise
    try:
        numbers = ports.describe(held)
        settings = school.with_ports(in_force.settings, numbers)
        school.terms(settings)
        new_ca = not ca.CaFiles(home.ca_folder).engine.exists()
        files = ca.ensure_ca(home.ca_folder, settings.school.name, now)
        ca.ensure_dashboard(files, ca.own_names(settings.listen.address, settings.listen.name), now)
        secret(home.forms_secret)
        extension.published(home, settings)
        for notice in (*([say("cli.up.made_ca", lang, folder=home.ca_folder)] if new_ca else []), *in_force.notices):
            _tell(notice.rstrip())
        for found in ca_findings(home, now):
            if found.level is not Level.OK:
                _tell(say(f"cli.doctor.{found.code}", lang, **found.values))
        count = 0 if part is Part.DESK else workers or settings.workers or places.cores()
        chosen = "flag" if workers else "file" if settings.workers else "cores"
        knowledge = load.knowledge(settings)
        with places.opened(held, count) as taken:
            yield Prepared(home, settings, store, knowledge, files, numbers, taken, chosen, broken)
    except StoreUnavailable as error:
        raise Trouble(f"the database cannot be used: {error}", "see `klaswacht doctor`") from error
    finally:
        store.close()
        parts.release(held)


def _in_force(home: Home, now: datetime, *, take_file: bool) -> tuple[Store, school.InForce, str]:
    """The store and what is in force; where the database is broken a store that may come later, and what is wrong.

    A guard that has run before runs without it: by the rules that were in force last, closed where there are none.

    Raises:
        Trouble: there is nothing to run by.
    """
    try:
        school.still_there(home)
        store = school.opened(home)
    except Trouble as trouble:
        return _without_database(home, trouble, str(trouble.__cause__ or trouble.problem))
    try:
        return store, school.into_force(home, store, now, take_file=take_file), ""
    except StoreUnavailable as error:
        store.close()
        return _without_database(home, Trouble(f"the database cannot be used: {error}"), str(error))
    except BaseException:
        store.close()
        raise


def _without_database(home: Home, trouble: Trouble, why: str) -> tuple[Store, school.InForce, str]:
    if not home.good_file.exists():
        raise trouble
    settings, revision = school.good_settings(home), None
    kept = LastKnown(home.path, secret(home.forms_secret)).read(settings.school.id, load.knowledge(settings))
    lang = settings.language
    when = f"{kept[1].astimezone(school.AMSTERDAM):%d-%m-%Y %H:%M}" if kept else ""
    code = "cli.up.last_known" if kept else "cli.up.only_help"
    notice = say(code, lang, problem=why, **({"when": when} if kept else {}))
    return open_later(home.database_url, key=home.columns_key), school.InForce(settings, revision, (notice,)), why


def _keeping(prepared: Prepared, stopping: threading.Event) -> Keeping:
    home, school_id = prepared.home, prepared.settings.school.id
    file = LastKnown(home.path, secret(home.forms_secret))
    return Keeping(file, prepared.store, school_id, prepared.knowledge, stopping)


def _template(home: Home) -> bool:
    """Write the commented `school.yaml` when there is none; whether it was written."""
    if home.school_file.exists():
        return False
    try:
        load.write_template(home.school_file)
    except load.ConfigError as error:
        raise Trouble(str(error)) from error
    return True


def _chores(prepared: Prepared, told: Chores, stopping: threading.Event) -> None:
    """Every hour, from the start on: forget what is past its term, renew the dashboard's certificate in time."""
    kept = school.terms(prepared.settings)
    while not stopping.is_set():
        now = datetime.now(UTC)
        told.failed = bool(chore(prepared, kept, now))
        told.done = now
        stopping.wait(_HOURLY)


def chore(prepared: Prepared, kept: Terms, now: datetime) -> tuple[str, ...]:
    """One round of chores; which failed. That is told, keeps nothing else from being done, and is tried again."""
    settings = prepared.settings

    def renew() -> None:
        names = ca.own_names(settings.listen.address, settings.listen.name)
        if ca.ensure_dashboard(prepared.files, names, now):
            _log.warning("the dashboard's certificate was renewed")

    def forget() -> None:
        if not prepared.broken:
            prepared.store.purge(settings.school.id, now, kept)
            return
        with closing(school.opened(prepared.home, migrate=False)) as store:  # it may be well again, accounts and all
            store.purge(settings.school.id, now, kept)

    failed: list[str] = []
    for name, do in (
        ("forgetting what is past its term", forget),
        ("renewing the dashboard's certificate", renew),
        ("forgetting what restores kept aside", lambda: forget_aside(prepared.home, now)),
    ):
        try:
            do()
        except Exception as error:  # whatever it is, the next round must come
            _log.error("%s failed and is tried again in an hour: %s", name, error)
            failed.append(name)
    return tuple(failed)


def _announce(prepared: Prepared, more: Callable[[Prepared], Sequence[str]]) -> None:
    """Say what to open, once everything listens."""
    now = datetime.now(UTC)
    if prepared.broken:
        _tell("\n".join(_addresses(prepared)).rstrip() + "\n")
        return
    if not prepared.places:  # a service: what it says is kept in a log, and the link is for one person
        _tell("\n".join([*_addresses(prepared), "", *_try(prepared, now)]).rstrip() + "\n")
        return
    desk = school.desk_for(prepared.store, prepared.knowledge, prepared.settings)
    link = school.coordinator_link(desk, now)
    lines = [*_addresses(prepared), "", *_link(prepared, link), *_try(prepared, now), *more(prepared)]
    _tell("\n".join(lines).rstrip() + "\n")


def _addresses(prepared: Prepared) -> Iterator[str]:
    settings, lang = prepared.settings, prepared.settings.language
    listen = settings.listen
    yield ""
    yield say("cli.up.running", lang, school=settings.school.name, protocol=settings.protocol)
    yield ""
    address = ports.bracketed(listen.address)
    rows = [(say("cli.up.proxy", lang), f"{address}:{listen.proxy}")]
    rows.append((say("cli.up.keyed", lang), f"{address}:{listen.keyed}"))
    rows.extend((say("cli.up.group", lang, group=group), f"{address}:{port}") for group, port in listen.groups.items())
    if listen.dns:
        rows.append((say("cli.up.dns", lang), f"{address}:{listen.dns}"))
    rows.extend(_pac_addresses(listen, lang))
    rows.append((say("cli.up.dashboard", lang), f"{prepared.dashboard_url}/"))
    rows.append((say("cli.up.ca", lang), str(prepared.files.public)))
    rows.append((say("cli.up.file", lang), str(prepared.home.school_file)))
    if prepared.places:
        rows.append((say("workers.row", lang), say(f"workers.{prepared.workers_by}", lang, count=len(prepared.places))))
    wide = max(len(name) for name, _ in rows)
    for name, value in rows:
        yield f"  {name:<{wide}}  {value}"


def _pac_addresses(listen: Listen, lang: str) -> Iterator[tuple[str, str]]:
    """Where devices find the proxy: an address a group, one for devices with a key, one for all others."""
    if not listen.page:
        return
    base = ports.pages_url(listen)
    yield from ((say("cli.up.pac_group", lang, group=group), f"{base}{pac.path(group)}") for group in listen.groups)
    yield say("cli.up.pac_keyed", lang), f"{base}{KEYED_PATH}"
    yield say("cli.up.pac", lang), f"{base}{ANYBODY_PATH}"


def _link(prepared: Prepared, link: Link | None) -> Iterator[str]:
    if link is None:
        return
    until = f"{link.until.astimezone(school.AMSTERDAM):%d-%m-%Y %H:%M}"
    yield say("cli.up.link", prepared.settings.language, login=link.login, until=until).rstrip()
    yield f"  {prepared.dashboard_url}/wachtwoord/{link.token}"
    yield ""


def _try(prepared: Prepared, now: datetime) -> Iterator[str]:
    """Two commands that show the page of a closed site; its origin is not contacted, so they need no internet."""
    lang, listen = prepared.settings.language, prepared.settings.listen
    host = closed_host(prepared.store.snapshot(prepared.settings.school.id, prepared.knowledge, now), now)
    if host is None:
        yield say("cli.up.nothing_closed", lang)
        return
    yield say("cli.up.try", lang).rstrip()
    proxy = f"http://{ports.bracketed(ports.reachable(listen.address))}:{listen.proxy}"
    yield f"  curl --proxy {proxy} http://{host}/"
    yield f"  curl --proxy {proxy} --cacert {shlex.quote(str(prepared.files.public))} https://{host}/"


def _tell(text: str) -> None:
    print(text, flush=True)
