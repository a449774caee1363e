"""A form of the guard on a page of its own: what is refused of a request before anything of it is looked at.

On another site's host it leads to the guard's own one: no script of that site gets to see what is typed.
"""

from __future__ import annotations

from dataclasses import replace

from policy.model import Address
from proxy_addons.answers import elsewhere, json_answer
from proxy_addons.behind import MOST_SENT, fields_of
from proxy_addons.facts import Answer, Exchange

OPEN_FOR = 15 * 60
"""Seconds that a form may lie open."""
_ALONE = ("Cross-Origin-Opener-Policy", "same-origin")


def form_of(exchange: Exchange, address: Address, home: str, path: str) -> Answer | dict[str, str] | None:
    """Return the fields that were sent, None where the page itself is asked for, or the answer to what is neither.

    `home` is the guard's own host for pupils (empty: it has none), `path` where the page is on it.
    """
    method = exchange.method.upper()
    if exchange.headers.get("sec-fetch-dest", "document") != "document":
        return json_answer({}, 403)
    if home and address.host != home:
        return elsewhere(f"{address.scheme}://{home}{path}") if method == "GET" else json_answer({}, 403)
    if method == "GET":
        return None
    if method != "POST":
        return json_answer({}, 405)
    if exchange.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return json_answer({}, 403)
    body = exchange.body
    form = fields_of(body.decode("utf-8", "replace")) if body is not None and len(body) <= MOST_SENT else None
    return json_answer({}, 413) if form is None else form


def alone(answer: Answer) -> Answer:
    """Return the same, out of reach of a page of its host that opened it: no script fills in what a child tells."""
    return replace(answer, headers=(*answer.headers, _ALONE))
