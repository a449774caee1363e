"""The firewall of a box that all of a school's traffic goes through, as nftables reads it: `school.yaml` to text.

Who is in no list gets nowhere, and of pupils' traffic only what is led to the guard gets anywhere. What is written for
IPv4 is written for IPv6 by the same line here (`_both`), so that neither can be forgotten.

Refused is what a device should hear of at once: a browser whose QUIC is refused takes https in the same second, where
silence makes it wait. TCP hears a reset. UDP hears `port-unreachable`, the one answer that every system hands to the
program (Windows hands on no other); the rest hears that it is forbidden. Silence is for who has another's address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from ipaddress import ip_address, ip_network
from pathlib import Path

from cli.home import Trouble
from config.schema_firewall import LOOSEST_FIRST
from config.settings import Listen, Settings
from config.texts import say

TABLE = "klaswacht"
STUN = "3478, 5349, 19302-19309"
"""Ports of STUN and TURN: the registered ones (RFC 8489, RFC 8656) and those of Google's servers."""

_FAMILIES = (("ip", 4), ("ip6", 6))
_ERRORS = "destination-unreachable, time-exceeded, parameter-problem"
_REFUSED = {"tcp": "counter reject with tcp reset", "udp": "counter reject with icmpx port-unreachable"}


def ruleset(settings: Settings, file: Path, lang: str | None = None) -> str:
    """The rules as text, with comments in `lang` (else the school's language). `file` is named in messages.

    Loading it twice gives the same: table, sets and rules are replaced in one transaction.

    Raises:
        Trouble: no networks are named, or the guard does not listen where it would be led to.
    """
    lang = lang or settings.language
    _can_be_made(settings, file, lang)
    blocks = (_sets, _wire, _lead, _lead_pupils, _input, _input_pupils, _forward, _out, _refuse)
    lines = [
        "#!/usr/sbin/nft -f",
        *_comment("header", lang, indent=""),
        "",
        f"table inet {TABLE}",
        f"delete table inet {TABLE}",
        f"table inet {TABLE} {{",
    ]
    for number, block in enumerate(blocks):
        lines.extend([""] if number else [])
        lines.extend(f"\t{line}" if line else "" for line in block(settings, lang))
    return "\n".join((*lines, "}", ""))


def _can_be_made(settings: Settings, file: Path, lang: str) -> None:
    firewall, address = settings.firewall, settings.listen.address

    def trouble(code: str, **values: object) -> Trouble:
        problem = say(f"firewall.{code}", lang, **values)
        return Trouble(problem, say(f"firewall.{code}_remedy", lang, file=file))

    if not firewall.pupils:
        raise trouble("no_pupils")
    listens = ip_address(address)
    if listens.is_loopback:
        raise trouble("not_reached", address=address)
    for kind in ("pupils", "names_only"):
        for network in getattr(firewall, kind):
            every = address == "::"  # takes IPv4 too
            if not every and ip_network(network).version != listens.version:
                raise trouble("other_family", network=network, kind=kind, address=address)


# --- writing ---------------------------------------------------------------------------------------------------------


def _comment(code: str, lang: str, indent: str = "\t") -> Iterator[str]:
    for line in say(f"firewall.{code}", lang).splitlines():
        yield f"{indent}# {line}"


def _both(rule: str) -> Iterator[str]:
    """One rule for both families: `IP` stands for `ip` and `ip6`, `@name` for that family's set."""
    for ip, number in _FAMILIES:
        words = (f"{word}{number}" if word.startswith("@") else ip if word == "IP" else word for word in rule.split())
        yield "\t" + " ".join(words)


type _Lines = Callable[[Settings, str], Iterator[str]]


def _chain(hook: str = "") -> Callable[[_Lines], _Lines]:
    """Put around lines the chain that is called as their function is."""

    def around(lines: _Lines) -> _Lines:
        @wraps(lines)
        def whole(settings: Settings, lang: str) -> Iterator[str]:
            yield f"chain {lines.__name__.removeprefix('_')} {{"
            if hook:
                yield f"\ttype {hook}"
            yield from lines(settings, lang)
            yield "}"

        return whole

    return around


def _ports(numbers: Iterable[int]) -> str:
    return "{ " + ", ".join(str(number) for number in sorted({*numbers} - {0})) + " }"


def _to(listen: Listen, port: int) -> str:
    """Lead to a port of the guard, at the address on which it listens."""
    address = ip_address(listen.address)
    if address.is_unspecified:
        return f"redirect to :{port}"
    return f"dnat ip to {address}:{port}" if address.version == 4 else f"dnat ip6 to [{address}]:{port}"


def _for_pupils(listen: Listen) -> tuple[int, ...]:
    """The ports (tcp) that a pupil's device may look for by itself."""
    return (listen.proxy, listen.keyed, *listen.groups.values(), listen.page, listen.dns)


def _servers(settings: Settings) -> tuple[str, ...]:
    """The name servers that pupils may ask: those that the school names, where the guard itself looks up nothing."""
    if settings.listen.dns:
        return ()
    dns = settings.dns
    named = (*dns.upstream, *(one for servers in dns.zones.values() for one in servers))
    return tuple(one.removesuffix(":53").strip("[]") for one in dict.fromkeys(named) if one.endswith(":53"))


# --- the blocks ------------------------------------------------------------------------------------------------------


def _sets(settings: Settings, lang: str) -> Iterator[str]:
    yield from _comment("sets", lang, indent="")
    named = {kind: getattr(settings.firewall, kind) for kind in LOOSEST_FIRST}
    named["balancers"] = settings.listen.balancers
    named["servers"] = _servers(settings)
    for name, networks in named.items():
        for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
            mine = [network for network in networks if ip_network(network).version == version]
            elements = f" elements = {{ {', '.join(mine)} }};" if mine else ""
            yield f"set {name}{version} {{ type {kind}; flags interval; auto-merge;{elements} }}"


@_chain("filter hook prerouting priority raw; policy accept;")
def _wire(settings: Settings, lang: str) -> Iterator[str]:
    yield '\tiifname "lo" accept'
    yield from _comment("wire", lang)
    for kind in LOOSEST_FIRST:
        yield from _both(f"IP saddr @{kind} fib saddr . iif oif missing counter drop")


@_chain("nat hook prerouting priority dstnat; policy accept;")
def _lead(settings: Settings, lang: str) -> Iterator[str]:
    yield from _comment("lead", lang)
    yield '\tiifname "lo" accept'
    for kind in ("infrastructure", "staff"):
        yield from _both(f"IP saddr @{kind} accept")
    for kind in ("names_only", "pupils"):
        yield from _both(f"IP saddr @{kind} jump lead_pupils")
    yield "\tip6 saddr fe80::/10 jump lead_pupils"


@_chain()
def _lead_pupils(settings: Settings, lang: str) -> Iterator[str]:
    listen = settings.listen
    if listen.dns:
        yield from _comment("lead_names", lang)
        for protocol in ("udp", "tcp"):
            yield f"\t{protocol} dport 53 counter {_to(listen, listen.dns)}"
    yield from _both("IP daddr @infrastructure accept")
    yield from _comment("lead_time", lang)
    yield f"\tudp dport 123 counter {_to(listen, 123)}"
    if listen.page:
        yield from _comment("lead_page", lang)
        yield f"\tfib daddr type local tcp dport 80 counter {_to(listen, listen.page)}"
    # Without our CA an encrypted page would only teach children to click a warning away.
    yield from _both("IP saddr @names_only fib daddr type local accept")
    if listen.transparent and listen.dns:
        yield f"\tfib daddr type local tcp dport 443 counter {_to(listen, listen.transparent)}"
    yield "\tfib daddr type local accept"
    if listen.transparent:
        yield from _comment("lead_web", lang)
        yield from _both("IP saddr @names_only tcp dport 443 accept")
        yield f"\ttcp dport {{ 80, 443 }} counter {_to(listen, listen.transparent)}"


@_chain("filter hook input priority filter; policy accept;")
def _input(settings: Settings, lang: str) -> Iterator[str]:
    listen = settings.listen
    yield from _comment("input", lang)
    yield '\tiifname "lo" accept'
    yield "\tct direction reply accept"
    for kind in ("infrastructure", "staff"):
        yield from _both(f"IP saddr @{kind} accept")
    if listen.balancers:
        yield from _both(f"IP saddr @balancers tcp dport {_ports((listen.proxy, listen.keyed))} accept")
    for kind in ("names_only", "pupils"):
        yield from _both(f"IP saddr @{kind} jump input_pupils")
    yield "\tip6 saddr fe80::/10 jump input_pupils"
    yield from _comment("input_strangers", lang)
    every = (*_for_pupils(listen), listen.transparent, listen.dashboard)
    yield f"\ttcp dport {_ports(every)} {_REFUSED['tcp']}"
    if listen.dns:
        yield f"\tudp dport {listen.dns} counter drop"


@_chain()
def _input_pupils(settings: Settings, lang: str) -> Iterator[str]:
    listen = settings.listen
    yield from _comment("input_pupils", lang)
    yield f"\ticmp type {{ echo-request, {_ERRORS} }} accept"
    yield f"\ticmpv6 type {{ echo-request, packet-too-big, {_ERRORS} }} accept"
    # A link is not there without these; a router's word is heeded only where the box is told to.
    around = "nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert"
    yield f"\ticmpv6 type {{ {around}, mld-listener-query, mld-listener-report, mld2-listener-report }} accept"
    yield "\tudp dport { 67, 123, 547 } accept"
    yield "\tudp sport 547 udp dport 546 accept"
    if listen.dns:
        yield f"\tudp dport {listen.dns} accept"
    yield f"\ttcp dport {_ports(_for_pupils(listen))} accept"
    if listen.transparent:
        yield f"\ttcp dport {listen.transparent} ct status dnat accept"
    if settings.firewall.dashboard_for_pupils:
        yield f"\ttcp dport {listen.dashboard} accept"
    yield "\tgoto refuse"


@_chain("filter hook forward priority filter; policy drop;")
def _forward(settings: Settings, lang: str) -> Iterator[str]:
    yield from _comment("forward", lang)
    yield "\tct direction reply ct state established accept"
    yield "\tmeta l4proto { icmp, ipv6-icmp } ct state related accept"
    for kind in ("infrastructure", "staff"):
        yield from _both(f"IP saddr @{kind} accept")
    yield from _comment("out_https", lang)
    yield from _both("IP saddr @names_only tcp dport 443 accept")
    for kind in ("names_only", "pupils"):
        yield from _both(f"IP saddr @{kind} goto out")
    # An answer to an address that is made up would go out into the world.
    yield "\tfib saddr . iif oif missing counter drop"
    yield "\tgoto refuse"


@_chain()
def _out(settings: Settings, lang: str) -> Iterator[str]:
    yield from _comment("out", lang)
    yield from _comment("out_quic", lang)
    yield f"\tudp dport 443 {_REFUSED['udp']}"
    for code, ports in (("out_dot", "853"), ("out_stun", f"{{ {STUN} }}")):
        yield from _comment(code, lang)
        for protocol, refused in _REFUSED.items():
            yield f"\t{protocol} dport {ports} {refused}"
    if _servers(settings):
        yield from _comment("out_servers", lang)
        for protocol in ("udp", "tcp"):
            yield from _both(f"IP daddr @servers {protocol} dport 53 accept")
    yield from _comment("out_school", lang)
    yield from _both("IP daddr @infrastructure accept")
    yield "\tgoto refuse"


@_chain()
def _refuse(settings: Settings, lang: str) -> Iterator[str]:
    yield from _comment("refuse", lang)
    yield "\tmeta pkttype != host drop"  # nobody answers what is said to all
    for protocol, refused in _REFUSED.items():
        yield f"\tmeta l4proto {protocol} {refused}"
    yield "\tcounter reject with icmpx admin-prohibited"
