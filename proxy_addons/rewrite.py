"""What a pupil's request to a search engine must be changed to before it goes on.

`policy.safe` says what an engine must hear; here it meets a real exchange, and the form that it may send. The engine
side applies it (`heads.rewritten`).
"""

from __future__ import annotations

from policy.model import AccessRequest, Snapshot
from policy.safe import safe_form, safe_query
from proxy_addons.facts import Exchange, Rewrite

_FORM = "application/x-www-form-urlencoded"


def rewrite_of(exchange: Exchange, request: AccessRequest, snapshot: Snapshot | None) -> Rewrite | None:
    """What an exchange that passes must be changed to first, or None when it can go as it is."""
    if snapshot is None or request.address is None:
        return None
    safe = safe_form(request.address, request.who, snapshot, request.hosts)
    if safe is None:
        return None
    body = None
    if safe.fields and exchange.body and is_form(exchange):
        # Latin-1 there and back keeps every byte that is not ours.
        body = safe_query(exchange.body.decode("latin-1"), safe.fields, safe.drop).encode("latin-1")
    return Rewrite(safe.path_and_query, safe.headers, safe.cookies, None if body == exchange.body else body)


def is_form(exchange: Exchange) -> bool:
    """Whether a form is posted that can be read as it is."""
    headers = exchange.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == _FORM and headers.get("content-encoding", "identity").strip().lower() in ("", "identity")
