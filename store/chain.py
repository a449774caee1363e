"""Each row of the audit trail carries a hash over itself and over the row before it.

Who changes, adds or takes away a row in the middle breaks every link after it. It is no signature: who may write to the
database could make the whole chain anew. So the newest link is shown and goes out with every export; a school that kept
an older one can compare. `docs/decisions/0037-numbers-and-trail.md` says why it stops there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from store.columns import EPOCH


def link_of(before: str | None, school: str, who: str, what: str, when: datetime, targets: Sequence[str]) -> str:
    """The link (64 hex digits) of a row after one with the link `before`; None: it is the first."""
    moment = round((when - EPOCH).total_seconds() * 1_000_000)
    row = json.dumps([before or "", school, who, what, moment, list(targets)], ensure_ascii=True)
    return sha256(row.encode()).hexdigest()
