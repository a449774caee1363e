"""`klaswacht haproxy`: the configuration of a HAProxy before two or more nodes, made of `school.yaml`.

It only passes connections on (TCP) and says for whom (PROXY protocol v2); what is in them it cannot see. A device goes
to the same node as long as that is there. A node without workers or without rules gets nobody; one that only lost the
database keeps its devices, for it goes on with its last rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

import typer

from cli.home import Home, Trouble
from cli.ports import bracketed
from config import load
from config.settings import Listen, Settings
from config.texts import say
from proxy_addons.crowd import PER_ADDRESS

MONITOR = 9464
HEALTH = "/readyz?exclude=store"
_NEW = 1500  # new connections of one address in ten seconds: a whole group behind one address that begins at once
_ROOM = 20_000  # connections at a time, all together
_LONGEST = "1h"  # silence on one connection; the nodes have shorter bounds of their own


@dataclass(frozen=True, slots=True)
class Node:
    """One machine with the proxy on it."""

    name: str
    address: str


def haproxy(
    node: Annotated[list[str], typer.Option("--node", help="NAME=ADDRESS of a machine with the proxy; at least two.")],
    bind: Annotated[str, typer.Option("--bind", help="The address at which devices find the guard.")] = "*",
    monitor: Annotated[
        int, typer.Option("--monitor", min=1, max=65535, help="The port of `klaswacht up --monitor` on each node.")
    ] = MONITOR,
    lang: Annotated[str | None, typer.Option("--lang", help="Language of the comments; else the school's.")] = None,
) -> None:
    """Print a configuration for HAProxy before two nodes or more; nothing is loaded."""
    try:
        settings = load.read_school(Home.here().school_file).settings
    except load.ConfigError as error:
        raise Trouble(str(error)) from error
    language = lang or settings.language
    typer.echo(configuration(settings, nodes(node, language), bind=bind, monitor=monitor, lang=language), nl=False)


def nodes(given: Sequence[str], lang: str) -> tuple[Node, ...]:
    """The nodes as they were typed (`NAME=ADDRESS`).

    Raises:
        Trouble: one cannot be read, two are the same, or there are fewer than two.
    """
    found = tuple(_node(one, lang) for one in given)
    if len({one.name for one in found}) < len(found) or len({one.address for one in found}) < len(found):
        raise Trouble(say("haproxy.twice", lang), say("haproxy.twice_remedy", lang))
    if len(found) < 2:
        raise Trouble(say("haproxy.too_few", lang), say("haproxy.node_remedy", lang))
    return found


def _node(given: str, lang: str) -> Node:
    name, _, address = given.partition("=")
    try:
        known = str(ip_address(address.strip("[]")))
    except ValueError:
        known = ""
    if not known or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise Trouble(say("haproxy.no_node", lang, given=given), say("haproxy.node_remedy", lang))
    return Node(name, known)


def ports(listen: Listen) -> dict[str, int]:
    """What devices reach through a balancer, by name. Names, pages by http and led traffic cannot."""
    named = {"proxy": listen.proxy, "keyed": listen.keyed}
    named |= {f"group-{group}": port for group, port in listen.groups.items()}
    return {name: port for name, port in named.items() if port}


def configuration(settings: Settings, of: Iterable[Node], *, bind: str, monitor: int, lang: str) -> str:
    """The whole file, with comments in `lang`.

    Raises:
        Trouble: the nodes would not believe a balancer, or `bind` is no address.
    """
    if not settings.listen.balancers:
        raise Trouble(say("haproxy.not_believed", lang), say("haproxy.not_believed_remedy", lang))
    if bind != "*":
        try:
            bind = bracketed(str(ip_address(bind.strip("[]"))))
        except ValueError as error:
            raise Trouble(say("haproxy.no_bind", lang, given=bind)) from error
    known = tuple(of)
    lines = [*_comment("header", lang), *_global(lang), *_sources(lang)]
    for name, port in ports(settings.listen).items():
        lines += _listen(name, port, known, bind, monitor)
    return "\n".join((*lines, ""))


def _comment(code: str, lang: str, indent: str = "") -> Iterator[str]:
    yield from (f"{indent}# {line}" for line in say(f"haproxy.{code}", lang).splitlines())


def _global(lang: str) -> Iterator[str]:
    yield from (
        "global",
        "    user haproxy",
        "    group haproxy",
        f"    maxconn {_ROOM}",
        "",
        "defaults",
        "    mode tcp",
    )
    yield from _comment("no_log", lang, "    ")
    yield "    no log"
    yield f"    maxconn {_ROOM}"
    yield from ("    option dontlognull", "    option clitcpka", "    option srvtcpka")
    yield from _comment("killed", lang, "    ")
    yield from ("    timeout connect 1s", "    retries 3", "    option redispatch 1", "    timeout queue 3s")
    yield from (f"    timeout client {_LONGEST}", f"    timeout server {_LONGEST}")
    yield from ("    timeout client-fin 30s", "    timeout server-fin 30s", "    timeout check 1s")
    yield from _comment("sticky", lang, "    ")
    yield from ("    balance source", "    hash-type consistent")
    yield from _comment("health", lang, "    ")
    yield "    option httpchk"
    yield f"    http-check send meth GET uri {HEALTH} ver HTTP/1.1 hdr Host monitor hdr Connection close"
    yield from ("    http-check expect status 200", "")


def _sources(lang: str) -> Iterator[str]:
    yield from _comment("sources", lang)
    yield "backend sources"
    yield "    stick-table type ipv6 size 100k expire 10m store conn_cur,conn_rate(10s)"


def _listen(name: str, port: int, of: Iterable[Node], bind: str, monitor: int) -> Iterator[str]:
    yield from ("", f"listen {name}", f"    bind {bind}:{port}")
    yield "    tcp-request connection track-sc0 src table sources"
    yield f"    tcp-request connection reject if {{ sc0_conn_cur gt {PER_ADDRESS} }}"
    yield f"    tcp-request connection reject if {{ sc0_conn_rate gt {_NEW} }}"
    for one in of:
        checked = f"check port {monitor} inter 500ms fastinter 250ms fall 2 rise 2 on-marked-down shutdown-sessions"
        yield f"    server {one.name} {bracketed(one.address)}:{port} send-proxy-v2 {checked}"
