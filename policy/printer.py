"""Print jobs as the policy knows them: the one job that a yes is about, and whose account a name on a job is."""

from __future__ import annotations

import re

from policy.model import Device, DeviceClass, Facet, Grant, Member, Role, Snapshot

_JOB = re.compile(r"print:[0-9A-Za-z-]{1,64}")


def item_of(uuid: str) -> str:
    """Return how a grant names one print job (`Grant.items`), by the UUID that its print server gave it."""
    return f"print:{uuid}"


def is_job(item: str) -> bool:
    """Whether an item of a grant is one print job."""
    return _JOB.fullmatch(item) is not None


def for_one_job(grant: Grant) -> bool:
    """Whether a grant is a yes to single print jobs, and opens nothing else."""
    return grant.facets == {Facet.PRINT} and bool(grant.items)


def account_of(name: str) -> str:
    """Return the account in a name as computers send it: `SCHOOL\\Sam.B`, `sam.b@school.nl` and `sam.b` are one."""
    return name.rpartition("\\")[2].partition("@")[0].strip().casefold()


def pupil_named(snapshot: Snapshot, name: str) -> Member | None:
    """Return the pupil whose account or id this name is. None: nobody knows; a name makes nobody more than a pupil."""
    person = snapshot.accounts.get(account_of(name), name)
    member = snapshot.people.get(person) or snapshot.people.get(person.casefold())
    return member if member is not None and member.role is Role.PUPIL else None


def is_print_server(device: Device) -> bool:
    """Whether the register says that pupils' print jobs wait at this device: a machine, nobody's laptop."""
    return device.prints and device.kind is DeviceClass.INFRASTRUCTURE
