"""Addresses that a form sends to a site so that it fetches them: what the page of a web proxy asks for.

In the address they stand as well as in a body, and there `policy.unwrap` finds them; this is for the body. Not every
address that somebody sends is one to fetch, so only whole ones count: in a field that is called so, sent to a site that
nobody listed or to a known relay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote

from policy.model import Address
from policy.relays import Relays
from policy.unwrap import look_inside

_FIELDS = """
u uri url urls link href target targeturl target_url dest destination goto go open browse visit site website web page
address addr adres host hostname domain server proxy proxyurl proxy_url fetch src location input
"""
_NAMES = frozenset(_FIELDS.split())
_LONGEST = 8_192  # characters of a value
_MOST = 32  # values of one body


def fetched(address: Address, fields: Iterable[tuple[str, str]], relays: Relays, *, listed: bool) -> tuple[str, ...]:
    """The hosts that a site is asked to fetch by the fields of a body sent to `address`: names (a dot between the keys
    of JSON) and texts, both decoded.

    Of a site that is `listed` nothing is read unless it is a known relay. Never raises.
    """
    known = relays.known(address)
    names = {name for relay in known for name in relay.query} if known else _NAMES
    if listed and not known:
        return ()
    values = []
    for name, text in fields:
        value = text.strip()
        if not value or len(value) > _LONGEST or name.rpartition(".")[2].lower() not in names:
            continue
        if len(value.split()) == 1:
            values.append(value)
        if len(values) >= _MOST:
            break
    found: dict[str, None] = {}
    for value in values:
        asked = replace(address, path="/", query=f"u={quote(value, safe='')}")
        found |= dict.fromkeys(one.address.host for one in look_inside(asked, relays).found)
    return tuple(found)
