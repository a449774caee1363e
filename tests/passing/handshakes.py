"""Rows about TLS and addresses, before anything is asked."""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import replace

from tests.passing.asking import OK, answers
from tests.passing.client import Client1
from tests.passing.guards import SIXTH, UNSEEN, Way
from tests.passing.rows import Seen, came, row
from tests.passing.site import Site

IN_TLS = ("tunnel", "inspected", "mitmdump")


@row("alpn", columns=IN_TLS, quick=True)
def alpn(way: Way, site: Site) -> Seen:
    """Which protocol is agreed on, by what is offered."""
    agreed = []
    for offered in (("h2", "http/1.1"), ("http/1.1",), ("h2",), ()):
        with contextlib.closing(way.tls(*offered)) as sock:
            agreed.append(sock.selected_alpn_protocol())
    return {"agreed": agreed}


@row("resumed", columns=IN_TLS)
def resumed(way: Way, site: Site) -> Seen:
    """A second connection goes on with the first one's session."""
    context = ssl.create_default_context(cafile=str(way.ca.crt))
    with contextlib.closing(Client1(context.wrap_socket(way.socket(), server_hostname=way.name))) as client:
        client.send(way.head(b"GET", b"/"))
        first = client.answer()
        session = client.sock.session
    again = context.wrap_socket(way.socket(), server_hostname=way.name, session=session)
    with contextlib.closing(Client1(again)) as client:
        client.send(way.head(b"GET", b"/"))
        return {"answers": [came(first), came(client.answer())], "resumed": again.session_reused}


@row("goodbye-tls", columns=IN_TLS)
def goodbye(way: Way, site: Site) -> Seen:
    """An orderly end of TLS, so that a client knows that nothing was cut off."""
    site.script1 = answers(OK + b"Connection: close\r\n\r\nall of it", keep=False)
    with contextlib.closing(Client1(way.tls("http/1.1", suppress_ragged_eofs=False))) as client:
        client.send(way.head(b"GET", b"/"))
        got = client.answer()
        return {"answer": came(got), "orderly": client.over()}


@row("ipv6", columns=("inspected", "mitmdump"))
def ipv6(way: Way, site: Site) -> Seen:
    """The site is on an IPv6 address."""
    there = replace(way, name=SIXTH) if way.guard is not None and way.name != UNSEEN else way
    with there.first() as client:
        client.send(there.head(b"GET", b"/"))
        return {"answer": came(client.answer())}
