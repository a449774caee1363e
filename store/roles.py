"""Who may what on PostgreSQL: a role for the desk, one for the staff accounts, and one for the proxy.

The proxy's role reads and writes the school's own tables, and has no door to the schema of the accounts. The desk's
owns the database; it makes the tables, and whatever it makes later (also when a backup is put back) the proxy may use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from store.db import StoreUnavailable

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_USE = "SELECT, INSERT, UPDATE, DELETE"


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of the three roles."""

    desk: str = "klaswacht_desk"
    accounts: str = "klaswacht_accounts"
    proxy: str = "klaswacht_proxy"


def statements(database: str, roles: Roles | None = None) -> str:
    """The SQL by which whoever keeps the server makes the three roles in `database`; running it again is harmless.

    No password is in it. Raises `StoreUnavailable`: a name is none.
    """
    roles = roles or Roles()
    names = (roles.desk, roles.accounts, roles.proxy)
    for name in (database, *names):
        if not _NAME.fullmatch(name):
            raise StoreUnavailable(f"`{name}` is no name for a database or a role: small letters, digits and `_`")
    everybody = ", ".join(names)
    later = f"ALTER DEFAULT PRIVILEGES FOR ROLE {roles.desk} GRANT"
    return "\n".join((
        *(_made(name) for name in names),
        f"ALTER DATABASE {database} OWNER TO {roles.desk};",
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;",
        f"GRANT CONNECT ON DATABASE {database} TO {everybody};",
        f"GRANT CREATE ON DATABASE {database} TO {roles.accounts};",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;",
        f"GRANT USAGE ON SCHEMA public TO {roles.proxy};",
        f"GRANT {_USE} ON ALL TABLES IN SCHEMA public TO {roles.proxy};",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {roles.proxy};",
        f"{later} USAGE ON SCHEMAS TO {roles.proxy};",
        f"{later} {_USE} ON TABLES TO {roles.proxy};",
        f"{later} USAGE ON SEQUENCES TO {roles.proxy};",
        "",
    ))  # fmt: skip


def _made(name: str) -> str:
    there = f"SELECT FROM pg_roles WHERE rolname = '{name}'"
    return f"DO $$ BEGIN IF NOT EXISTS ({there}) THEN CREATE ROLE {name} LOGIN; END IF; END $$;"
