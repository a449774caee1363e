"""Safe search for pupils: what a request to a search engine must say, whatever the child or its browser wrote.

Set is exactly once what makes the engine safe; all else of the query stays byte for byte what it was. Cookies that
switch it off are replaced too where an engine has such a cookie, although the field in the address wins there.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from policy.match import covers
from policy.model import AccessRequest, Address, DeviceClass, Principal, Role, Snapshot

ACCOUNTS = "X-GoogApps-Allowed-Domains"
"""With it Google lets nobody in but by an account of these domains (Google Workspace help, answer 1668854)."""
_GOOGLE = "google.com"
_NAME_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


@dataclass(frozen=True, slots=True)
class Safe:
    """What to change in a request. `path_and_query` None leaves the address alone.

    `headers` and `cookies` are set, in place of any of that name; `fields` are set in a form that is posted there, and
    `drop` taken out of it (`safe_query` does both).
    """

    path_and_query: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()


def protected(who: Principal) -> bool:
    """Whether safe search is forced: for a pupil, and for anybody on a pupil's device."""
    if who.device_class is DeviceClass.INFRASTRUCTURE:
        return False
    return who.role is Role.PUPIL or who.device_class is DeviceClass.PUPIL


def is_protected(request: AccessRequest | None) -> bool:
    """The same of whoever asks; of a question that nobody knows it is."""
    return request is None or protected(request.who)


def safe_form(address: Address, who: Principal, snapshot: Snapshot, hosts: tuple[str, ...] = ()) -> Safe | None:
    """What a request for this address must be changed to, or None when it can go as it is.

    `hosts` are the other names in play: a server that answers for many may go by any of them.
    """
    if not protected(who):
        return None
    engines, names = snapshot.knowledge.engines, dict.fromkeys((address.host, *hosts))
    modes = [mode for name in names for mode in engines.safe_at(address, name)]
    domains = next((found for name in names if (found := allowed_domains(name, snapshot))), "")
    if not modes and not domains:
        return None
    fields = tuple(dict(pair for mode in modes for pair in mode.params).items())
    drop = tuple(dict.fromkeys(name for mode in modes for name in mode.drop))
    headers = dict(pair for mode in modes for pair in mode.headers)
    if domains:
        headers[ACCOUNTS] = domains
    query = safe_query(address.query, fields, drop)
    changed = None if query == address.query else f"{address.path}?{query}"
    cookies = tuple(dict(pair for mode in modes for pair in mode.cookies).items())
    if changed is None and not headers and not cookies and not fields:
        return None
    return Safe(changed, tuple(headers.items()), cookies, fields, drop)


def safe_query(query: str, fields: tuple[tuple[str, str], ...], drop: tuple[str, ...] = ()) -> str:
    """A query or form with each of `fields` in it exactly once; the other fields stay as they are, in their order."""
    ours = frozenset((*(name for name, _ in fields), *drop))
    wanted = [f"{quote(name)}={quote(value)}" for name, value in fields]
    pieces = query.split("&") if query else []
    if sorted(piece for piece in pieces if _name(piece) in ours) == sorted(wanted):
        return query
    return "&".join((*(piece for piece in pieces if _name(piece) not in ours), *wanted))


def _name(piece: str) -> str:
    """The name of a field as a server reads it: `%53AFE[]` is `safe`."""
    name = piece.partition("=")[0]
    return (unquote_plus(name) if "%" in name or "+" in name else name).strip(" \t\r\n\0").lower().partition("[")[0]


def allowed_domains(host: str, snapshot: Snapshot) -> str:
    """The domains whose Google accounts may be used here; empty when that is not limited."""
    if not snapshot.policy.domains or not covers(_GOOGLE, host):
        return ""
    return ",".join(domain for domain in snapshot.policy.domains if domain and _NAME_SIGNS.issuperset(domain.lower()))
