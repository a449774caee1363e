"""All that `decide` needs, read in one transaction: rows and revision belong together."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from secrets import token_bytes

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Knowledge, Policy, Snapshot, State
from policy.roster import Roster
from store.counsel import read_counsel
from store.db import Database, Pulse, StoreUnavailable
from store.devices import read_devices, read_leases
from store.emergencies import read_emergencies
from store.grants import read_grants
from store.measures import PAUSE, RAIN, read_agreements, read_care, read_sanctions, read_spans
from store.people import read_consents, read_group_consents, read_groups, read_members, read_pupils
from store.policies import current_number, read_policy
from store.print_accounts import read_accounts
from store.proposals import read_proposed
from store.tables import schools


def read_pulse(connection: Connection, school: str) -> Pulse:
    """Both counters; zeros for a school that nothing was written of."""
    row = connection.execute(sa.select(schools.c.revision, schools.c.activity).where(schools.c.school_id == school))
    found = row.first()
    return Pulse(0, 0) if found is None else Pulse(found.revision, found.activity)


class Snapshots:
    """Makes snapshots. Keeps the last policy read of each school (a numbered one never changes), and its last roster.

    The rosters' salt is random and of this process, so that no hash of a child's name means anything elsewhere.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._policies: dict[str, tuple[int, Policy]] = {}
        self._salt = token_bytes(32)
        self._rosters: dict[str, tuple[bytes, Roster]] = {}

    def read(self, school: str, knowledge: Knowledge, now: datetime) -> Snapshot:
        """The snapshot; raises `StoreUnavailable` when the school has no policy, or one this program cannot read."""
        with self._database.read() as connection:
            revision = read_pulse(connection, school).revision
            policy = self._policy(connection, school)
            return Snapshot(
                revision=revision,
                school=school,
                policy=policy,
                knowledge=knowledge,
                groups=read_groups(connection, school),
                people=read_members(connection, school),
                devices=read_devices(connection, school),
                state=_state(connection, school, now),
                proposed=read_proposed(connection, school) if policy.hold_unknown else {},
                roster=self._roster(connection, school),
                inbox=read_counsel(connection, school),
                accounts=read_accounts(connection, school),
            )

    def _roster(self, connection: Connection, school: str) -> Roster:
        """The roster, made again only when the pupils' names are others than last time; the names are not kept."""
        pupils = read_pupils(connection, school)
        mark = blake2b(repr(pupils).encode("utf-8", "surrogatepass"), key=self._salt).digest()
        kept = self._rosters.get(school)
        if kept is not None and kept[0] == mark:
            return kept[1]
        roster = Roster.of(((name, ()) for name in pupils), self._salt)
        self._rosters[school] = (mark, roster)
        return roster

    def _policy(self, connection: Connection, school: str) -> Policy:
        number = current_number(connection, school)
        if not number:
            raise StoreUnavailable(f"school `{school}` has no policy yet; import its `school.yaml` first")
        kept = self._policies.get(school)
        if kept is not None and kept[0] == number:
            return kept[1]
        try:
            policy = read_policy(connection, school, number)
        except ValueError as error:
            raise StoreUnavailable(
                f"policy `{number}` of school `{school}` cannot be read by this program; import its `school.yaml` again"
            ) from error
        self._policies[school] = (number, policy)
        return policy


def _state(connection: Connection, school: str, now: datetime) -> State:
    spans = read_spans(connection, school, now)
    return State(
        grants=read_grants(connection, school, now),
        sanctions=read_sanctions(connection, school, now),
        consents=read_consents(connection, school, now),
        care=read_care(connection, school),
        agreements=read_agreements(connection, school, now),
        pauses=spans[PAUSE],
        rainy=spans[RAIN],
        leases=read_leases(connection, school, now),
        consented_groups=read_group_consents(connection, school, now),
        emergencies=read_emergencies(connection, school, now),
    )
