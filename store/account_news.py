"""What happened to somebody's account and is told to them at their next page. In the accounts' database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from store.account_tables import account_news as table
from store.db import Database
from store.ids import new_id


class What(StrEnum):
    """What happened."""

    SIGNED_IN = "signed-in"
    WRONG_CODES = "wrong-codes"
    FACTOR_RESET = "factor-reset"
    SIGNED_OUT = "signed-out"


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell. `browser` is a kind of browser as `Session.browser`."""

    id: str
    at: datetime
    what: What
    browser: str = ""


@dataclass(frozen=True, slots=True)
class AccountNews:
    """The news of every account of every school in the accounts' database."""

    database: Database

    def add(
        self, school: str, account_id: str, what: What, now: datetime, *, browser: str = "", session: str = ""
    ) -> None:
        """Something to tell the person, but not in the `session` (its id) that did it."""
        row = {"id": new_id(), "account_id": account_id, "at": now, "what": what.value}
        with self.database.write(school) as change:
            change.execute(sa.insert(table).values(school_id=school, browser=browser, session=session, **row))

    def of(self, school: str, account_id: str, session: str = "") -> tuple[News, ...]:
        """What is to be told in this session, oldest first."""
        mine = sa.and_(table.c.school_id == school, table.c.account_id == account_id)
        wish = sa.select(table).where(mine, sa.or_(table.c.session == "", table.c.session != session))
        with self.database.read() as connection:
            rows = connection.execute(wish.order_by(table.c.at)).all()
        return tuple(News(row.id, row.at, What(row.what), row.browser) for row in rows)

    def seen(self, school: str, account_id: str, news_id: str, session: str = "") -> bool:
        """The person saw it in `session`; it is gone, with what was told there before it. False: it was gone."""
        mine = sa.and_(table.c.school_id == school, table.c.account_id == account_id)
        told = sa.and_(mine, sa.or_(table.c.session == "", table.c.session != session))
        with self.database.write(school) as change:
            newest = change.execute(sa.select(table.c.at).where(told, table.c.id == news_id)).scalar()
            if newest is None:
                return False
            change.execute(sa.delete(table).where(told, table.c.at <= newest))
        return True
