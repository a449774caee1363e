"""The process for names and for the guard's own pages: composes them from a home folder, and runs until told to stop.

Either may be off: a school whose devices all have the proxy needs the pages only. It knows no mitmproxy. One process is
enough: the system shares what comes by UDP among several without looking at who asks.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from config import load
from config.feeds.opened import FeedIndex
from config.private_folder import columns_key, database_url, handed
from config.settings import Settings
from proxy_addons.crowd import admitting
from proxy_addons.egress import Egress
from proxy_addons.faults import told_by
from proxy_addons.gate import Gate, Options, open_gate
from proxy_addons.identity import Identity
from proxy_addons.measured import Tell, rules_of, tell_on
from proxy_addons.names.front import place_of
from proxy_addons.names.judge import Judge
from proxy_addons.names.page import PageServer
from proxy_addons.names.resolve import Names, Place
from proxy_addons.names.server import Server
from proxy_addons.names.upstream import Upstream, server_of
from store import Store, StoreUnavailable, open_later

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Composed:
    """The process's parts before they run."""

    settings: Settings
    feeds: FeedIndex
    store: Store
    gate: Gate


def compose(home: Path, ports: Mapping[str, int] | None = None) -> Composed:
    """Put the process together. The database may be gone: then only help is found, until it is back.

    `ports` are the port numbers that were really taken: `dns`, `page`, `dashboard`, and those that a PAC file tells:
    `proxy`, `keyed` and `group:<id>`.

    Raises `ConfigError` or `OSError`.
    """
    good = home / ".school.in-force.yaml"
    file = load.read_school(good if good.exists() else home / "school.yaml")
    settings = file.settings
    listen, taken = settings.listen, ports or {}
    listen = replace(
        listen,
        dns=taken.get("dns", listen.dns),
        page=taken.get("page", listen.page),
        dashboard=taken.get("dashboard", listen.dashboard),
        proxy=taken.get("proxy", listen.proxy),
        keyed=taken.get("keyed", listen.keyed),
        groups={group: taken.get(f"group:{group}", port) for group, port in listen.groups.items()},
    )
    settings = replace(settings, listen=listen)
    feeds = FeedIndex(home)
    knowledge = load.knowledge(settings, feeds)
    store = open_later(database_url(home), key=columns_key(home))
    options = Options(
        school=settings.school.id,
        language=settings.language,
        place=place_of(settings, home),
        retention=settings.retention,
        home=home,
        rules=file.policy,
        dhcp=settings.dhcp,
        holds_beats=False,
    )
    secret = handed("forms") or home / "secrets" / "forms"
    if secret.exists():
        options = replace(options, secret=secret.read_bytes())
    return Composed(settings, feeds, store, open_gate(store, knowledge, options))


def names_of(settings: Settings, gate: Gate) -> tuple[Names, Upstream]:
    """What answers questions, and what it asks others with."""
    listen = settings.listen
    mapped = dict(_mapped(settings))
    upstream = Upstream(
        [server_of(one) for one in settings.dns.upstream],
        {zone: [server_of(one) for one in servers] for zone, servers in settings.dns.zones.items()},
        [server_of(name)[0] for name in settings.egress.hosts],
        Egress().literal_open,
    )
    place = Place(settings.dns.answer_with or listen.address, listen.dns, mapped)
    who = Identity(None, gate.leases, settings.dhcp.unregistered, gate.following.places)
    return Names(Judge(gate.live, who, gate.recorder), upstream, place), upstream


def _mapped(settings: Settings) -> list[tuple[str, tuple[str, ...]]]:
    """Names that the school maps to an address at the very port that they are asked for: that a device can use too."""
    found: dict[str, set[str]] = {}
    for name, to in settings.egress.hosts.items():
        (host, port), (address, real) = server_of(name), server_of(to)
        if port == real:
            found.setdefault(host, set()).add(str(ip_address(address)))
    return [(host, tuple(sorted(addresses))) for host, addresses in found.items()]


async def serve(
    composed: Composed,
    stop: asyncio.Event,
    ready: Callable[[], None] = lambda: None,
    tell: Tell = lambda _: None,
) -> None:
    """Answer until `stop` is set. Raises `OSError` when a port cannot be had.

    `tell` hears every second that the loop turns.
    """
    listen, gate = composed.settings.listen, composed.gate
    names, upstream = names_of(composed.settings, gate) if listen.dns else (None, None)
    admit = admitting(composed.settings.firewall.school)
    server = Server(names, admit=admit) if names is not None else None
    page = PageServer(gate, f"https://{listen.name}:{listen.dashboard}/", admit)
    loop = asyncio.get_running_loop()
    told_by(loop)
    beating: asyncio.Task[None] | None = None
    try:
        await gate.start()
        composed.feeds.follow(_on(loop, gate.live.lists_changed))
        if server is not None:
            await server.start(listen.address, listen.dns)
        if listen.page:
            page.start(listen.address, listen.page)
        gc.collect()
        gc.freeze()  # what was loaded stays; the collector need not walk it again and again
        ready()
        beating = asyncio.create_task(tell_on(tell, lambda: rules_of(gate)))
        await stop.wait()
    finally:
        if beating is not None:
            beating.cancel()
        if server is not None:
            await server.stop()
        await page.stop()
        if upstream is not None:
            await upstream.stop()
        composed.feeds.stop()
        await gate.stop()
        composed.store.close()


def _on(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> Callable[[], None]:
    """`call` from another thread, on the loop."""

    def over() -> None:
        loop.call_soon_threadsafe(call)

    return over


def run_names(
    home: Path,
    ports: Mapping[str, int] | None = None,
    ready: Callable[[], None] = lambda: None,
    tell: Tell = lambda _: None,
) -> int:
    """Run until SIGTERM or SIGINT; the exit code. `ready` is called once it listens, `tell` every second."""
    logging.getLogger("tornado").setLevel(logging.CRITICAL)  # it writes addresses of pages into the log
    try:
        asyncio.run(_work(compose(home, ports), ready, tell))
    except (load.ConfigError, StoreUnavailable, OSError) as error:
        sys.stderr.write(f"klaswacht: names and pages cannot be answered: {error}\n")
        return 1
    return 0


async def _work(composed: Composed, ready: Callable[[], None], tell: Tell) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(composed, stop, ready, tell)
