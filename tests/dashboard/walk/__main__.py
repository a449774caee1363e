"""`python -m tests.dashboard.walk [--write]`: shows, or writes, the table of routes; and the terms in the handbook."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from config.private_folder import columns_key
from config.settings import Settings
from dashboard import close_app, create_app
from store import open_store
from tests.cast import KNOWLEDGE
from tests.dashboard.walk import papers, routes


def main() -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        store = open_store(str(home / "k.db"), str(home / "a.db"), key=columns_key(home), migrate=True)
        app = create_app(store, KNOWLEDGE, "school", Settings())
        text = routes.page(app)
        close_app(app)
        store.close()
    if "--write" in sys.argv[1:]:
        routes.PAGE.write_text(text, "utf-8")
        papers.PAGE.write_text(papers.written(), "utf-8")
    else:
        print(text)


main()
