"""`klaswacht up`: makes what is missing, takes the school's rules into force, and keeps the guard running."""

from __future__ import annotations

import json
import logging
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli import ca, places, ports, reload, school
from cli.doctor import Level, ca_findings
from cli.example import closed_host
from cli.growth import MIB
from cli.home import Home, Trouble, secret
from cli.metrics import Watched
from cli.monitor import Asked, Monitor, place_of
from cli.nightly import Nightly
from cli.supervisor import Supervisor, Task
from cli.vitals import Chores, Vitals, VitalsFile
from cli.watch import Watch, signature
from config import load
from config.settings import Listen, Settings
from config.texts import say
from dashboard.actions.accounts import Link
from policy.model import Knowledge
from proxy_addons.names.front import ANYBODY_PATH, KEYED_PATH, pac_path
from store import Store, StoreUnavailable
from store.retention import Terms

_log = logging.getLogger(__name__)

_HOURLY = 3600.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is ready before the first process starts. `settings` has the port numbers that were taken.

    `places` are where the workers accept, one for each; `workers_by` says who chose how many: cores, file or flag.
    """

    home: Home
    settings: Settings
    store: Store
    knowledge: Knowledge
    files: ca.CaFiles
    ports: dict[str, int]
    places: tuple[places.Place, ...]
    workers_by: str

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
    beside: Sequence[Task] = (),
    more: Callable[[Prepared], Sequence[str]] = lambda _: (),
) -> int:
    """Run the guard until Ctrl-C or SIGTERM; the exit code is 0 when it stopped because it was asked to.

    `workers` goes before what `school.yaml` says. `monitor` is where machines that watch may ask (`cli.monitor`).
    `beside` are processes to keep running as well, `more` gives lines to print under what to open (the playground).

    Raises:
        Trouble: something must be mended first.
    """
    home.prepare()
    seen = signature(home.school_file)  # before it is read: a change from here on is one to look at
    with school.only_one(home), _prepared(home, take_file=take_file, workers=workers) as prepared:
        tasks = (*_tasks(prepared), *beside)
        with (
            Supervisor(tasks, on_renewed=lambda outcome: reload.note(home, outcome)) as supervisor,
            _monitored(home, supervisor, monitor),
        ):
            kept = Chores()
            told = (prepared, kept, supervisor.stopping)
            chores = threading.Thread(target=_chores, args=told, name="chores", daemon=True)
            chores.start()
            vitals = Vitals(home, supervisor.children, kept, supervisor.stopping)
            vitals.start()
            nightly = Nightly(home, secret(home.forms_secret), supervisor.stopping)
            nightly.start()
            watch = Watch(home, prepared.store, seen, supervisor.stopping, _tell)
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
def _monitored(home: Home, supervisor: Supervisor, monitor: str | None) -> Iterator[None]:
    """Answer machines that watch, where that was asked for."""
    if monitor is None:
        yield
        return
    watched = Watched(lambda: supervisor.children, supervisor.sums, VitalsFile(home.path).told)
    door = Monitor(place_of(monitor), Asked(supervisor, watched))
    address, port = door.server_address[:2]
    _tell(f"http://{ports.bracketed(str(address))}:{port}/readyz")
    try:
        yield
    finally:
        door.end()


@contextmanager
def _prepared(home: Home, *, take_file: bool, workers: int | None = None) -> Iterator[Prepared]:
    now = datetime.now(UTC)
    wrote = _template(home)
    settings = school.read_file(home)[0].settings
    lang = settings.language
    if wrote:
        _tell(say("cli.up.made_file", lang, file=home.school_file))
    held = _hold(settings.listen, home.school_file)
    try:
        store = school.opened(home)
    except Trouble:
        _release(held)
        raise
    try:
        in_force = school.into_force(home, store, now, take_file=take_file)
        numbers = ports.describe(held)
        settings = school.with_ports(in_force.settings, numbers)
        school.terms(settings)
        new_ca = not ca.CaFiles(home.ca_folder).engine.exists()
        files = ca.ensure_ca(home.ca_folder, settings.school.name, now)
        ca.ensure_dashboard(files, ca.own_names(settings.listen.address, settings.listen.name), now)
        secret(home.forms_secret)
        for notice in (*([say("cli.up.made_ca", lang, folder=home.ca_folder)] if new_ca else []), *in_force.notices):
            _tell(notice.rstrip())
        for found in ca_findings(home, now):
            if found.level is not Level.OK:
                _tell(say(f"cli.doctor.{found.code}", lang, **found.values))
        count = workers or settings.workers or places.cores()
        chosen = "flag" if workers else "file" if settings.workers else "cores"
        knowledge = load.knowledge(settings)
        with places.opened(held, count) as taken:
            yield Prepared(home, settings, store, knowledge, files, numbers, taken, chosen)
    except StoreUnavailable as error:
        raise Trouble(f"the database cannot be used: {error}", "see `klaswacht doctor`") from error
    finally:
        store.close()
        _release(held)


def _template(home: Home) -> bool:
    """Write the commented `school.yaml` when there is none; whether it was written."""
    if home.school_file.exists():
        return False
    try:
        load.write_template(home.school_file)
    except load.ConfigError as error:
        raise Trouble(str(error)) from error
    return True


def _hold(listen: Listen, file: Path) -> dict[str, ports.Held]:
    wanted = {"proxy": listen.proxy, "keyed": listen.keyed, "dashboard": listen.dashboard}
    wanted |= {f"group:{group}": number for group, number in listen.groups.items()}
    if listen.transparent:
        wanted["transparent"] = listen.transparent
    wanted |= {name: number for name, number in (("dns", listen.dns), ("page", listen.page)) if number}
    held: dict[str, ports.Held] = {}
    try:
        if listen.dns:
            ports.probe_datagrams(listen.address, listen.dns, "listen.dns", file)
        for name, number in wanted.items():
            kind, _, group = name.partition(":")
            setting = f"listen.groups.{group}" if group else f"listen.{kind}"
            held[name] = ports.hold(listen.address, number, setting, file)
    except Trouble:
        _release(held)
        raise
    return held


def _release(held: dict[str, ports.Held]) -> None:
    for one in held.values():
        one.release()


def _tasks(prepared: Prepared) -> tuple[Task, ...]:
    """The processes: the proxy's workers, each with a place on the same ports, and the dashboard."""

    def command(kind: str) -> tuple[str, ...]:
        told = json.dumps(prepared.ports, separators=(",", ":"))
        return (sys.executable, "-m", "cli.worker", kind, str(prepared.home.path), told)

    def worker(number: int) -> Task:
        return Task(
            f"proxy {number + 1}",
            command("proxy"),
            places.told(prepared.places, number),
            places.descriptors(prepared.places),
            place=number,
            beside=True,
            most_growth=prepared.settings.workers_mb * MIB,
        )

    # The dashboard binds its port beside the one that is held, so two may run for a moment.
    dashboard = Task("dashboard", command("dashboard"), beside=True)
    listen = prepared.settings.listen
    names = (Task("dns" if listen.dns else "pages", command("dns")),) if listen.dns or listen.page else ()
    return (*(worker(number) for number in range(len(prepared.places))), dashboard, *names)


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

    failed: list[str] = []
    for name, do in (
        ("forgetting what is past its term", lambda: prepared.store.purge(settings.school.id, now, kept)),
        ("renewing the dashboard's certificate", renew),
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
    rows.append((say("workers.row", lang), say(f"workers.{prepared.workers_by}", lang, count=len(prepared.places))))
    wide = max(len(name) for name, _ in rows)
    for name, value in rows:
        yield f"  {name:<{wide}}  {value}"


def _pac_addresses(listen: Listen, lang: str) -> Iterator[tuple[str, str]]:
    """Where devices find the proxy: an address a group, one for devices with a key, one for all others."""
    if not listen.page:
        return
    base = ports.pages_url(listen)
    yield from ((say("cli.up.pac_group", lang, group=group), f"{base}{pac_path(group)}") for group in listen.groups)
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
