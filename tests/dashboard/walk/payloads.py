"""Texts that try to be more than text: our own, and those of others when `KLASWACHT_TEST_DATA` names them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from store import account_tables, tables
from store.columns import Sealed, Words
from tests.access.school import Standing

SUM = "1787569"  # 1337 * 1337: a template that was evaluated says so
MARKUP = (
    '"><kwxss-a kwxss=1 onmouseover=kwxss()>',
    "'><script>kwxss()</script>",
    "<img src=x onerror=kwxss()>",
    "javascript:kwxss()//https://x.nl",
    '" onfocus=kwxss() autofocus kwxss="',
    "' onfocus=kwxss() autofocus kwxss='",
    "` onfocus=kwxss() kwxss=`",
    " onfocus=kwxss() kwxss=1",
    "</textarea><kwxss>",
    "</title></option></select><kwxss>",
    "</script></style></noscript><kwxss>",
    "<!-- --!><kwxss>",
    "]]><kwxss>",
    "{{1337*1337}}{% include 'kwxss' %}${1337*1337}<%=1337*1337%>#{1337*1337}",
    "<svg/onload=kwxss()><math><mtext></form><form><mglyph><style></math><kwxss>",
    '<a href="javascript:kwxss()">x</a>',
    "&lt;kwxss&gt;&#60;kwxss&#62;&#x3c;kwxss>",
    "\u2028<kwxss>\u202e<kwxss>\u0000<kwxss>",
    "<\u0000kwxss>\uff1ckwxss\uff1e<k\u0000wxss>",
    "<base href=//elders.nl><kwxss>",
    '<meta http-equiv=refresh content="0;url=//elders.nl"><kwxss>',
    "<form action=//elders.nl><button formaction=//elders.nl><kwxss>",
    "x\r\nSet-Cookie: kwxss=1\r\nLocation: //elders.nl\r\n\r\n<kwxss>",
    "<iframe srcdoc='<kwxss>'><object data=//elders.nl><embed src=//elders.nl>",
    '<div hx-get="//elders.nl" hx-trigger=load hx-on:click=kwxss() kwxss>',
    "%3Ckwxss%3E %22%3E%3Ckwxss%3E",
    "+ADw-kwxss+AD4-",
    "\U0001f600<kwxss>\u200b<kwxss>",
)
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    '=HYPERLINK("https://elders.nl")',
    "\uff1d1+1",
)

FREE = frozenset(
    [
        "events.host",
        "events.thing",
        "events.note",
        "asks.host",
        "asks.line",
        "reports.host",
        "reports.note",
        "proposals.host",
        "refusals.name",
        "groups.name",
        "people.name",
        "devices.name",
        "registers.name",
        "registers.place",
        "registers.note",
        "notes.text",
        "grants.goal",
        "sanctions.reason",
        "agreements.goal",
        "prepared.name",
        "ban_proposals.reason",
        "ban_proposals.answer",
        "bindings.address",
        "sign_ins.address",
        "print_jobs.account",
        "print_accounts.account",
        "policies.origin",
        "policies.who",
        "sessions.browser",
        "account_news.browser",
        "expected_addresses.address",
        "identities.issuer",
        "identities.subject",
    ]
)
"""The columns that hold what a person typed, or what came by over the network."""


def naughty(folder: Path) -> list[str]:
    """The strings of the big list of naughty strings."""
    return [one for one in json.loads((folder / "naughty-strings" / "blns.json").read_text("utf-8")) if one.strip()]


def write_everywhere(school: Standing, make: Callable[[int], str]) -> int:
    """Put a text in every free column of every row, past all checks of the dashboard; how many."""
    made = 0
    store = school.store
    for number in range(5):  # what is in the audit trail stays as it is: rows of it are only added
        store.audit.add(school.school, make(number), "sign-in", school.now, (make(number),))
    for database, metadata in ((store.database, tables.metadata), (store.accounts.database, account_tables.metadata)):
        with database.write(school.school) as change:
            if database.sqlite:  # a host with markup is refused by the table itself; here it is in there all the same
                change.connection.exec_driver_sql("PRAGMA ignore_check_constraints = 1")
            for table in metadata.sorted_tables:
                for column in (one for one in table.c if f"{table.name}.{one.name}" in FREE):
                    keys = list(table.primary_key.columns)
                    asked = sa.select(*keys).where(table.c.school_id == school.school)
                    for row in change.execute(asked.where(column.is_not(None)).order_by(*keys)).all():
                        where = sa.and_(*(key == value for key, value in zip(keys, row, strict=True)))
                        change.execute(sa.update(table).where(where).values({column: make(made)}))
                        made += 1
            if database.sqlite:
                change.connection.exec_driver_sql("PRAGMA ignore_check_constraints = 0")
    return made


def texts_of(metadata: sa.MetaData) -> frozenset[str]:
    """Every column that holds text (no tree of JSON), sealed or not, as `table.column`."""
    return frozenset(
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, sa.String | Words | Sealed)
    )
