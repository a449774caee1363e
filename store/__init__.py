"""What lasts: rows and revisions in SQLite (WAL) or PostgreSQL, with the same code and the same answers.

Open it in every process after forking: `open_store(url, accounts_url=None, migrate=False) -> Store` (`store.opened`).
`url` is a path, `sqlite:///path` or `postgresql://...`. Every call takes `school: str`; the clock is always an argument
(`now`, aware UTC). Each change is one transaction: rows, audit, revision + 1, wake-up. A database that cannot be
reached, or is locked for more than some seconds, raises `StoreUnavailable`; "no" is a value. After `*` by name only.
`open_later(url) -> Store` asks nothing of the database yet: for what must run without it, and uses it once it is well.

Store
    snapshot(school, knowledge, now) -> Snapshot          revision(school) -> int        pulse(school) -> Pulse
    purge(school, now, terms=None) -> Counts              check() -> None                close()
    .people .grants .measures .notes .policies .events .incidents .signals .proposals .devices .registers .photos
    .audit .accounts (raises when not opened)
people: put_group(school, group, by, now) remove_group(school, group_id, by, now) groups(school)
    put_people(school, persons, by, now) remove_person(school, person_id, by, now) person(school, id)
    persons(school, role=None) roster(school, group_id)
    set_consent(school, person_id, agreed, by, now) -> bool     consents(school, now) -> {person: bool}
    set_consents(school, {person: agreed or None}, by, now) -> int
    set_group_consent(school, group_id, agreed, by, now) -> bool   group_consents(school, now) -> {group: GroupConsent}
grants: add(school, grant, now, *, answers=None, answer="") -> Grant   extend(school, id, end, by, now) -> Grant | None
    revoke(school, id, by, now) -> Grant | None     live(school, now, groups=None)     get(school, id)
measures: add_sanction(school, sanction, now, *, reason="") lift_sanction(school, id, by, now) sanctions(school, now)
    lift_for_now(school, id, end, by, now) withdraw_sanction(school, id, by, now)
    imposed(school, person=None) -> (Imposed, ...)     reasons(school, now) -> {ban: reason}
    add_care(school, care, by, now) review_care(school, id, review, by, now) end_care(school, id, by, now) care(school)
    start_agreement(school, agreement, now, *, stop=()) stop_agreement(school, id, by, now) agreements(school, now)
    pause(school, span, now) resume(school, group, by, now) pauses(school, now)
    rain(school, span, now) dry(school, group, by, now) rainy(school, now)
notes: add(school, person, kind, text, by, now, *, sanction=None) -> Note | None     remove(school, id, by, now)
    get(school, id)     about(school, person)     written(school, by)     (pupils only; wakes nobody)
policies: add(school, policy, origin, who, now, *, based_on=None, written=None) -> PolicyRevision | None
    current(school) get(school, number) history(school, limit=50) entries(school, limit=None)
events: add_batch(school, events, now, *, counts=(), lost=0) -> int    since(school, after, groups=None, limit=200)
    last_id(school) latest(school, groups=None, limit=50)  note(school, id, text, by, now)  counts(school, since)
    lost(school, since)
incidents: ask(school, wish, now) -> Ask | None   asks(school, groups, states=(OPEN, LATER)) get_ask(school, id)
    answer(school, id, state, by, now, *, text="", grant=None) -> Ask | None
    report(school, host, now, *, ...) -> Report   reports(school, groups, unseen=True)   see_report(school, id, by, now)
signals: add_batch(school, signals) -> int    newest(school, limit=500)    see(school, id, by, now)   (wakes nobody)
proposals: suggest(school, likeness, now, *, hold=False) -> bool   open(school)   get(school, host)
    decide(school, host, kept, by, now) -> Proposal | None
devices: put(school, device, by, now) remove(school, id, by, now) get(school, id) registered(school)
    seen(school, {device_id: when}) make_code(school, device_id, by, now) -> Code | None
    enrol(school, code, now) -> Enrolled | None
    lease(school, lease, now) -> bool   end_lease(school, device_id, by, now)   leases(school, now)
registers: add(school, entry, by, now) -> Entry | None   assign(school, id, person, group, by, now)
    remove(school, id, by, now)     get(school, id)     entries(school, register=None)     (wakes nobody)
photos: answer(school, {person: answer or None}, by, now) -> int     answers(school)     (wakes nobody)
audit: add(school, who, what, now, targets=()) entries(school, after=0, limit=200, who=None, what=())
accounts (`store.accounts`): add find get accounts set_password set_state set_role | make_link peek_link use_link
    (`store.sessions`): open_session session close_session close_sessions | attempt tries failed cleared
Feed(store, school) (`store.feed`): wait(timeout, after=None) -> revision   wait_pulse(timeout, after) -> Pulse  close()
retention (`store.retention`): shorten({name: days}) -> Terms | Refused
"""

from store.db import StoreUnavailable
from store.opened import Store, open_later, open_store

__all__ = ["Store", "StoreUnavailable", "open_later", "open_store"]
