"""What a print server tells of the jobs that wait at it: read strictly, and looked up again here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policy.model import Device, Snapshot
from policy.printer import account_of, pupil_named
from store.print_accounts import LONGEST
from store.print_jobs import WaitingJob

_OLDEST = timedelta(days=7)
_CLOCKS_DIFFER = timedelta(minutes=1)


class ToldJob(BaseModel):
    """One job as an agent tells it (`agent.print_round`). There is no place for a title."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$")]
    user: Annotated[str, StringConstraints(max_length=120)]
    pages: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    counted: bool = False
    colour: bool | None = None
    at: AwareDatetime
    gone: AwareDatetime | None = None


def read_job(given: object, device: Device, snapshot: Snapshot, now: datetime) -> WaitingJob | None:
    """Return a job that waits at `device`, or None where it cannot be one.

    Whose it is, is looked up here; of a name that is nobody's the name is kept, for the coordinator to say who it is.
    """
    try:
        told = ToldJob.model_validate(given)
    except ValidationError:
        return None
    if told.at > now + _CLOCKS_DIFFER or now - told.at > _OLDEST:
        return None
    member = pupil_named(snapshot, told.user)
    name = "".join(letter for letter in account_of(told.user) if letter.isprintable())[:LONGEST]
    return WaitingJob(
        id=told.id,
        device=device.id,
        at=min(told.at.astimezone(UTC), now),
        person=member.id if member else None,
        group=member.groups[0] if member and member.groups else None,
        account="" if member else name,
        pages=told.pages,
        counted=told.counted,
        colour=told.colour,
        gone=told.gone.astimezone(UTC) if told.gone else None,
    )
