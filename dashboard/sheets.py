"""The one way in which a list leaves the school: a CSV as a download, with an entry in the audit trail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from flask import Response

from dashboard.auth import house, visitor, words
from dashboard.cells import BOM, as_csv

_PLAIN = re.compile(r"[^a-z0-9]+")


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[str]], about: Sequence[str] = ()) -> Response:
    """A list as a download, `klaswacht-<name>-<today>.csv`; the audit gets `export.<name>` with the ids in `about`.

    `name` is a word of ours (small letters, figures, `-`), never something typed. Who may have which rows is asked by
    the caller, whose route says `fresh=True` where the rows have names. Nothing of it is kept by a browser.
    """
    at = house()
    now = at.clock()
    stem = _PLAIN.sub("-", name.casefold()).strip("-")
    text = as_csv(header, rows)
    at.desk.store.audit.add(at.desk.school, visitor().member.id, f"export.{stem}", now, about)
    answer = Response((BOM + text).encode("utf-8", "replace"), content_type="text/csv; charset=utf-8; header=present")
    day = words().local(now).date().isoformat()
    answer.headers["Content-Disposition"] = f'attachment; filename="klaswacht-{stem}-{day}.csv"'
    return answer
