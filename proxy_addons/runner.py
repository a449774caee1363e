"""A proxy worker: composes asking side and engine, listens on ports that it shares with its brothers, drains on TERM.

python -m proxy_addons.runner --home DIR [--ready-fd N] [--port proxy=8080 ...]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from config import load
from config.feeds.opened import FeedIndex
from config.private_folder import columns_key, database_url, handed
from config.settings import Listen, Settings
from policy.model import Knowledge
from proxy_addons.connections import Connections
from proxy_addons.doorway import Doorway
from proxy_addons.draining import Stop, drain
from proxy_addons.egress import Egress, SafeNames, own_names, own_places, trust_bundle
from proxy_addons.engine import CA_FILE, Engine, beside, quiet
from proxy_addons.failsafe import Asking, Failsafe
from proxy_addons.faults import told_by
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.handed import REPLACES, Handed, Listening, bound, obey
from proxy_addons.loops import Loops
from proxy_addons.measured import Tell, door_of, rules_of, tell_on
from proxy_addons.names.front import place_of
from proxy_addons.unknown import Unknown
from store import Store, StoreUnavailable, open_later, open_store

_log = logging.getLogger(__name__)

_BACKLOG = 1024
_YOUNG = 10_000  # new objects before the collector looks among them; what a connection leaves behind goes by itself


class Changing(Protocol):
    """What tells that the answers may have changed (`proxy_addons.live.Live`)."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have `callback` called on the event loop after each change."""


@dataclass(frozen=True, slots=True)
class RunnerConfig:
    """What the engine side runs by. `listen` are addresses and ports (0: any free one), `own` and `own_names` are never
    connected to.

    `safe_names` knows under which name a search engine is always safe. `grace` is how many seconds open connections get
    when the worker stops. `transparent` are listened on as well, for what a firewall leads there; `balancers` are the
    addresses and networks that say for whom they connect, `school` its own networks. By `secret` the workers of one
    guard know what they sent.
    """

    listen: tuple[tuple[str, int], ...]
    confdir: Path
    ports: tuple[int, ...] = (80, 443)
    hosts: Mapping[str, str] = field(default_factory=dict)
    trust: Path | None = None
    own: tuple[tuple[str, int], ...] = ()
    own_names: frozenset[str] = frozenset()
    help_hosts: frozenset[str] = frozenset()
    safe_names: SafeNames | None = None
    grace: float = 2.0
    transparent: tuple[tuple[str, int], ...] = ()
    balancers: tuple[str, ...] = ()
    school: tuple[str, ...] = ()
    secret: bytes = field(default_factory=lambda: os.urandom(32))


@dataclass(frozen=True, slots=True)
class Composed:
    """A worker's parts before they run."""

    settings: Settings
    knowledge: Knowledge
    feeds: FeedIndex
    store: Store
    gate: Gate
    config: RunnerConfig


async def serve(
    config: RunnerConfig,
    gate: Asking,
    live: Changing,
    stop: asyncio.Event,
    on_ready: Callable[[tuple[int, ...]], None] = lambda _: None,
    unknown: Unknown | None = None,
    handed: Handed | None = None,
    beat: Callable[[Doorway], Awaitable[None]] | None = None,
) -> None:
    """Listen until `stop` is set. `on_ready` gets the ports, in the order of `config.listen` and of `transparent`.

    `unknown` looks at pages.

    `handed` are the sockets of the supervisor; what it did not give is opened here. `beat` runs beside it all, and
    tells how it goes.

    Raises `OSError` when an address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    told_by(loop)
    failsafe = Failsafe(gate, config.help_hosts)
    connections = Connections(failsafe.standing)
    failsafe.attach(connections)
    places = (*config.listen, *config.transparent)
    given = [handed.socket_at(host, port) if handed else None for host, port in places]
    sockets = [known or bound(*place) for known, place in zip(given, places, strict=True)]
    taken = tuple(int(one.getsockname()[1]) for one in sockets)
    through = frozenset(taken[len(config.listen) :])
    own = (*config.own, *((host, port) for (host, _), port in zip(places, taken, strict=True)))
    loops = Loops(config.secret)
    egress = Egress(config.ports, config.hosts, own, config.own_names, safe=config.safe_names, loops=loops)
    egress.install(loop)
    engine = Engine(config.confdir, config.trust, failsafe, connections, egress, unknown)
    doorway = Doorway(failsafe, connections, egress, engine.carry, config.balancers, config.school)
    live.on_change(connections.changed)
    if isinstance(gate, Gate):
        gate.following.on_move(connections.moved)
    await engine.running()
    listening = Listening(lambda port: doorway.make_through if port in through else doorway.make, _BACKLOG)
    await listening.open(handed.own if handed else None, sockets)
    word = asyncio.create_task(obey(handed, listening, stop)) if handed else None
    beating = asyncio.ensure_future(beat(doorway)) if beat else None
    try:
        gc.collect()
        gc.freeze()  # what was loaded stays; the collector need not walk it again and again
        gc.set_threshold(_YOUNG, 20, 20)
        on_ready(taken)
        await stop.wait()
    finally:
        await listening.close_all()
        for known, one in zip(given, sockets, strict=True):
            if known is None:
                one.close()
        await drain(connections, lambda: doorway.inside, stop, config.grace)
        for task in filter(None, (word, beating)):
            task.cancel()
        connections.stop()
        await engine.done()


# --- composition -----------------------------------------------------------------------------------------------------


def compose(home: Path, ports: Mapping[str, int] | None = None, *, migrate: bool = False) -> Composed:
    """Put a worker together from a home folder: what `school.yaml` says, the school's database (never the accounts).

    The database may be gone or broken: a worker without it keeps help open, and takes the rules when it is back. With
    `migrate` it is made and must work.

    `ports` are the port numbers that were really taken: `proxy`, `keyed`, `dashboard`, `transparent`,
    `group:<id>`.

    Raises `ConfigError`, `StoreUnavailable` or `OSError`.
    """
    good = home / ".school.in-force.yaml"
    file = load.read_school(good if good.exists() else home / "school.yaml")
    settings = file.settings
    if ports:
        settings = replace(settings, listen=_with_ports(settings.listen, ports))
    feeds = FeedIndex(home)
    knowledge = load.knowledge(settings, feeds)
    url = database_url(home)
    key = columns_key(home)
    store = open_store(url, key=key, migrate=True) if migrate else open_later(url, key=key)
    listen = settings.listen
    given = handed(CA_FILE)  # then there is no other way to it
    ca = beside(given) if given is not None else home / "ca"
    options = Options(
        school=settings.school.id,
        language=settings.language,
        keyed_ports=frozenset({listen.keyed}),
        group_ports={port: group for group, port in listen.groups.items()},
        place=place_of(settings, home),
        retention=settings.retention,
        home=home,
        rules=file.policy,
        dhcp=settings.dhcp,
    )
    secret = handed("forms") or home / "secrets" / "forms"
    if secret.exists():
        options = replace(options, secret=secret.read_bytes())
    config = RunnerConfig(
        listen=tuple((listen.address, port) for port in (listen.proxy, listen.keyed, *listen.groups.values())),
        confdir=ca,
        ports=settings.egress.ports,
        hosts=settings.egress.hosts,
        trust=trust_bundle(Path(os.environ.get("RUNTIME_DIRECTORY") or home / "ca"), settings.egress.trust),
        own=own_places(listen),
        own_names=own_names(listen),
        help_hosts=knowledge.help_hosts,
        safe_names=knowledge.engines,
        transparent=((listen.address, listen.transparent),) if listen.transparent else (),
        balancers=listen.balancers,
        school=settings.firewall.school,
        secret=options.secret,
    )
    return Composed(settings, knowledge, feeds, store, open_gate(store, knowledge, options), config)


def run_worker(
    home: Path,
    ports: Mapping[str, int] | None = None,
    ready: Callable[[], None] = lambda: None,
    tell: Tell = lambda _: None,
) -> int:
    """Run one worker until SIGTERM or SIGINT; the exit code.

    `ready` is called once it listens, `tell` every second with what it counted.
    """
    os.environ.pop("SSLKEYLOGFILE", None)  # whoever set it, no key of a child's connection is written down
    os.environ.pop("MITMPROXY_SSLKEYLOGFILE", None)
    quiet()
    try:
        composed = compose(home, ports)
        if not (composed.config.confdir / CA_FILE).exists():
            return _stop(f"there is no CA in `{composed.config.confdir}`; start the guard with `klaswacht up`")
        asyncio.run(_work(composed, ready, tell))
    except (load.ConfigError, StoreUnavailable, OSError) as error:
        return _stop(f"the proxy cannot start: {error}")
    return 0


async def _work(composed: Composed, ready: Callable[[], None], tell: Tell) -> None:
    gate, stop = composed.gate, Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.within, composed.config.grace)
    unknown = watcher(composed)
    try:
        await gate.start()
        if REPLACES in os.environ and gate.live.degraded:
            raise StoreUnavailable("the rules cannot be read, and the worker that has them must stay")
        follow_lists(composed)

        def beat(doorway: Doorway) -> Awaitable[None]:
            return tell_on(tell, lambda: {**rules_of(gate), **door_of(doorway)})

        await serve(composed.config, gate, gate.live, stop, lambda _: ready(), unknown, Handed.here(), beat)
    finally:
        await unknown.stop()
        composed.feeds.stop()
        await gate.stop()
        composed.store.close()


def watcher(composed: Composed) -> Unknown:
    """What looks at sites that nobody lists."""
    return Unknown(composed.store, composed.settings.school.id, composed.gate.live)


def follow_lists(composed: Composed) -> None:
    """Follow the school's feeds; when they change, what is open is asked again. Call it on the event loop."""
    loop, live = asyncio.get_running_loop(), composed.gate.live
    composed.gate.outcomes.watch.lists = lambda: not composed.feeds.problem

    def swapped() -> None:
        loop.call_soon_threadsafe(live.lists_changed)

    composed.feeds.follow(swapped)


def _with_ports(listen: Listen, ports: Mapping[str, int]) -> Listen:
    return replace(
        listen,
        proxy=ports.get("proxy", listen.proxy),
        keyed=ports.get("keyed", listen.keyed),
        dashboard=ports.get("dashboard", listen.dashboard),
        transparent=ports.get("transparent", listen.transparent),
        groups={group: ports.get(f"group:{group}", port) for group, port in listen.groups.items()},
    )


def _stop(line: str) -> int:
    sys.stderr.write(f"klaswacht: {line}\n")
    return 1


def main(arguments: Iterable[str] | None = None) -> int:
    """Run a worker by command line."""
    parser = argparse.ArgumentParser(prog="proxy_addons.runner", description="One proxy worker of Klaswacht.")
    parser.add_argument("--home", type=Path, required=True, help="the home folder")
    parser.add_argument("--ready-fd", type=int, help="a file descriptor that gets a line `ready` once it listens")
    parser.add_argument("--port", action="append", default=[], help="a port that was taken, as `proxy=8080`")
    given = parser.parse_args(None if arguments is None else list(arguments))
    ports = {name: int(number) for name, _, number in (text.partition("=") for text in given.port)}
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")

    def ready() -> None:
        if given.ready_fd is not None:
            with os.fdopen(given.ready_fd, "wb") as pipe:
                pipe.write(b"ready\n")

    return run_worker(given.home, ports, ready)


if __name__ == "__main__":
    sys.exit(main())
