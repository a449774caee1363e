"""Print jobs that wait for a teacher's yes: what a print server tells of them, and the answer to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.devices import OFFICE
from dashboard.actions.permission import code_of, end_of
from policy.authority import may_grant
from policy.decide import decide
from policy.model import AccessRequest, Action, Facet, Grant, Member, Principal, Reason, Role, Snapshot, Strength
from policy.printer import is_print_server, item_of
from store.print_jobs import JobState, WaitingJob


@dataclass(frozen=True, slots=True)
class Waits:
    """A job that waits, as a teacher sees it. `banned`: this pupil may not print at all now; `long`: over the cap."""

    job: WaitingJob
    banned: bool
    long: bool


def waits(snapshot: Snapshot, job: WaitingJob, now: datetime) -> Waits | None:
    """What there is to say of a job. None: its print server, or its pupil, is no more."""
    device, member = snapshot.devices.get(job.device), snapshot.people.get(job.person or "")
    if device is None or not is_print_server(device) or member is None:
        return None
    cap = snapshot.policy.print_pages
    over = bool(cap) and job.pages is not None and cap is not None and job.pages > cap
    return Waits(job, _banned(snapshot, member, now), over)


def say_yes(desk: Desk, who: Member, group: str, job_id: str, now: datetime) -> Outcome[Grant]:
    """Let one job through: a permission for that job alone, to the end of the lesson at the latest."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    snapshot, job = desk.snapshot(now), _waiting(desk, group, job_id)
    member = snapshot.people.get(job.person or "") if job is not None else None
    if job is None or member is None or member.role is not Role.PUPIL:
        return refused("print_gone")
    if _banned(snapshot, member, now):
        return refused("print_banned")
    end = end_of(snapshot, group, None, now)
    if end is None:
        return refused("no_lesson")
    people, items = frozenset({member.id}), (item_of(job.id),)
    wish = Grant("", now, end, who.role, who.id, people=people, facets=frozenset({Facet.PRINT}), items=items)
    verdict = may_grant(who, wish, snapshot, now)
    if not verdict.allowed or verdict.grant is None:
        return refused(code_of(verdict))
    written = desk.store.print_jobs.say_yes(desk.school, job.id, verdict.grant, now)
    return done("print_yes", written) if written is not None else refused("print_gone")


def say_no(desk: Desk, who: Member, group: str, job_id: str, now: datetime) -> Outcome[None]:
    """Let one job be dropped."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    job = _waiting(desk, group, job_id)
    said = job is not None and desk.store.print_jobs.say_no(desk.school, job.id, who.id, now)
    return done("print_no") if said else refused("print_gone")


def name_account(desk: Desk, who: Member, account: str, person: str, now: datetime) -> Outcome[None]:
    """Say whose a name is that came with a print job and that nobody knew."""
    if who.role not in OFFICE:
        return refused("role")
    member = desk.snapshot(now).people.get(person)
    if member is None or member.role is not Role.PUPIL or not account.strip():
        return refused("print_account")
    desk.store.print_accounts.put(desk.school, {person: account}, who.id, now)
    return done("print_account")


def _waiting(desk: Desk, group: str, job_id: str) -> WaitingJob | None:
    """The job, if it waits and is of a pupil of this group."""
    job = desk.store.print_jobs.get(desk.school, job_id)
    return job if job is not None and job.group == group and job.state is JobState.WAITS else None


def _banned(snapshot: Snapshot, member: Member, now: datetime) -> bool:
    """Whether this pupil may not print now: a name on a job proves nobody, but a teacher's yes would."""
    sure = Principal(member.role, member.id, member.groups, strength=Strength.PROVED)
    return decide(AccessRequest(Action.PRINT, sure), snapshot, now).reason is Reason.SANCTION
