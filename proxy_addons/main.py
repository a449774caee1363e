"""The simple mode: stock mitmproxy with the same rules, for one process and no set-up.

    KLASWACHT_HOME=./var mitmdump -s proxy_addons/main.py --listen-port 8080

Everything is intercepted (no raw tunnels), everything is asked of the same gate and answered the same way.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# mitmproxy puts this file's own folder on the path, where our modules would be found by the wrong names.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mitmproxy import connection, ctx, exceptions
from mitmproxy.addonmanager import Loader
from mitmproxy.proxy.server import ConnectionHandler

from config import load as school_files
from proxy_addons.authority import answer_nothing, foreign, our_way
from proxy_addons.blocking import Blocking
from proxy_addons.connections import Connections
from proxy_addons.egress import Egress
from proxy_addons.engine import ALWAYS, quiet, replace_error_pages
from proxy_addons.entrances import GreetOriginFirst
from proxy_addons.facts import Peer
from proxy_addons.failsafe import Failsafe
from proxy_addons.faults import told_by
from proxy_addons.hooks import HOOKS, Hooks
from proxy_addons.mended import mend
from proxy_addons.runner import Composed, compose, follow_lists, watcher
from proxy_addons.tunnel import cut

_log = logging.getLogger(__name__)


class Simple:
    """The addon. A hook of `Hooks` is an attribute here, wrapped so that an exception in it blocks."""

    def __init__(self, home: Path) -> None:
        self._composed = compose(prepare(home), migrate=True)
        _first_policy(self._composed, home)
        config, gate = self._composed.config, self._composed.gate
        self._failsafe = Failsafe(gate, config.help_hosts)
        self._connections = Connections(self._failsafe.standing)
        self._failsafe.attach(self._connections)
        self._egress = Egress(config.ports, config.hosts, config.own, config.own_names, safe=config.safe_names)
        self._unknown = watcher(self._composed)
        self._set: dict[str, Any] = {}
        hooks = Hooks(self._failsafe, self._connections, self._egress, self._unknown)
        self._client_connected = hooks.client_connected
        blocking = Blocking(self._failsafe)
        for name in HOOKS:
            function = self._arrive if name == "client_connected" else getattr(hooks, name)
            setattr(self, name, blocking.guard(name, function))

    def load(self, loader: Loader) -> None:
        """Take mitmproxy's options over before the first connection.

        Raises:
            SystemExit: one was set under which our promises do not hold; then nothing may be carried at all.
        """
        wrong = list(foreign(ctx.options, self._composed.config.trust))
        if wrong:
            sys.stderr.write(f"klaswacht: {_refusal(wrong)}\n")
            raise SystemExit(1)
        our_way()
        answer_nothing(ctx.master.addons.get("tlsconfig"))
        options: dict[str, Any] = dict(ALWAYS)
        confdir = self._composed.config.confdir
        if (confdir / "mitmproxy-ca.pem").exists():
            options["confdir"] = str(confdir)
        if self._composed.config.trust is not None:
            options["ssl_verify_upstream_trusted_ca"] = str(self._composed.config.trust)
        for name, value in (("flow_detail", 0), ("termlog_verbosity", "error"), ("onboarding", False)):
            if name in ctx.options:
                options[name] = value  # no line on the screen about who visits what
        ctx.options.update(**options)
        self._set = options
        replace_error_pages(self._failsafe)
        mend()
        quiet()

    def configure(self, updated: set[str]) -> None:
        """Refuse a change of what was set, while it runs.

        Raises:
            OptionsError: mitmproxy then takes the change back.
        """
        wrong = {name for name, value in self._set.items() if getattr(ctx.options, name) != value}
        wrong.update(foreign(ctx.options, self._composed.config.trust))
        if wrong:
            raise exceptions.OptionsError(_refusal(sorted(wrong)))

    async def running(self) -> None:
        """Load the rules; until they are there nothing is open but help."""
        self._egress.install(asyncio.get_running_loop())
        told_by(asyncio.get_running_loop())
        self._composed.gate.live.on_change(self._connections.changed)
        self._composed.gate.following.on_move(self._connections.moved)
        ctx.master.addons.add(GreetOriginFirst(self._connections, self._egress))
        await self._composed.gate.start()
        follow_lists(self._composed)

    async def done(self) -> None:
        """Stop following the rules."""
        self._connections.stop()
        await self._unknown.stop()
        self._composed.feeds.stop()
        await self._composed.gate.stop()
        self._composed.store.close()

    def _arrive(self, client: connection.Client) -> None:
        """Make the line that the doorway would have made."""
        peer = Peer(client.id, str(client.peername[0]), int(client.sockname[1]))
        self._connections.open(peer, lambda: self._end(client.id))
        self._client_connected(client)

    def _end(self, client_id: str) -> None:
        handler = ctx.master.addons.get("proxyserver").connections.get(client_id)
        if handler is not None:
            ender(handler)()


def ender(handler: ConnectionHandler) -> Callable[[], None]:
    """How to end a connection that mitmproxy carries: drop what is still to be sent, then cancel as its timeout does.

    `ConnectionHandler.transports` and the task in it are not public (see `on_timeout` in `mitmproxy.proxy.server`).
    """

    def end() -> None:
        # Servers first: nothing more may arrive for a client that is being closed.
        for io in sorted(handler.transports.items(), key=lambda item: item[0] is handler.client):
            writer = io[1].writer
            if isinstance(writer, asyncio.StreamWriter):
                cut(writer.transport)
            if io[1].handler is not None:
                io[1].handler.cancel("permission ended")

    return end


def _refusal(names: list[str]) -> str:
    options = ", ".join(f"`{name}`" for name in names)
    return f"with the option {options} of mitmproxy the guard cannot keep its promises; leave it as it was"


def prepare(home: Path) -> Path:
    """Make a home folder with a first `school.yaml` where there is none."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (home / "school.yaml").exists():
        school_files.write_template(home / "school.yaml")
    (home / "ca").mkdir(mode=0o700, exist_ok=True)
    return home


def _first_policy(composed: Composed, home: Path) -> None:
    """Take `school.yaml` into force where nothing ever was."""
    school, policies = composed.settings.school.id, composed.store.policies
    if policies.current(school) is None:
        file = school_files.read_school(home / "school.yaml")
        now = composed.gate.live.clock()
        policies.add(school, file.policy, file.digest, "school.yaml", now, based_on=0, written=file.written)


def _addons() -> list[Any]:
    home = Path(os.environ.get("KLASWACHT_HOME") or "var").expanduser().absolute()
    return [Simple(home)]


# Only mitmproxy's script loader gives a module this name; an import from elsewhere starts nothing.
addons = _addons() if __name__.startswith("__mitmproxy_script__") else []
