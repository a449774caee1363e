"""What lasts: rows and revisions in SQLite (WAL) or PostgreSQL, with the same code and the same answers.

Open it in every process after forking: `open_store(url, accounts_url=None, key=file, migrate=False) -> Store`
(`store.opened`). `url` is a path, `sqlite:///path` or `postgresql://...`; names and texts open with the key in `file`
only. Every call takes `school: str`; the clock is always an argument (`now`, aware UTC). Each change is one
transaction: rows, audit, revision + 1, wake-up. A database that cannot be reached, or is locked for more than some
seconds, raises `StoreUnavailable`; "no" is a value. After `*` by name only. `open_later(url, key=file) -> Store` asks
nothing of the database yet: for what must run without it, and uses it once it is well.

Store
    snapshot(school, knowledge, now) -> Snapshot          revision(school) -> int        pulse(school) -> Pulse
    kept(school, now, terms=None) -> (Standing, ...)      purge(school, now, terms=None) -> Counts
    check() -> None                close()
    .people .grants .measures .notes .ban_proposals .policies .prepared .events .incidents .signals .proposals .notices
    .refusals .devices .bindings .print_jobs .print_accounts .self_tests .registers .photos .class_codes .pictures
    .sign_ins .emergencies .audit .privacy
    .accounts .day_codes .identities .second_factors .account_news (raise when not opened)
people: put_group(school, group, by, now) remove_group(school, group_id, by, now) groups(school)
    put_people(school, persons, by, now) remove_person(school, person_id, by, now) person(school, id)
    persons(school, role=None) roster(school, group_id) exchange(school, new_groups, persons, gone, by, now, what="...")
    set_consent(school, person_id, agreed, by, now) -> bool     consents(school, now) -> {person: bool}
    set_consents(school, {person: agreed or None}, by, now) -> int
    set_group_consent(school, group_id, agreed, by, now) -> bool   group_consents(school, now) -> {group: GroupConsent}
grants: add(school, grant, now) -> Grant   say_yes(school, ask_id, grant, now, text="") -> Grant | None
    extend(school, id, end, by, now) -> Grant | None
    revoke(school, id, by, now) -> Grant | None     live(school, now, groups=None)     get(school, id)
measures: add_sanction(school, sanction, now, *, reason="") lift_sanction(school, id, by, now) sanctions(school, now)
    lift_for_now(school, id, end, by, now) withdraw_sanction(school, id, by, now)
    imposed(school, person=None) -> (Imposed, ...)     reasons(school, now) -> {ban: reason}
    add_care(school, care, by, now) review_care(school, id, review, by, now) end_care(school, id, by, now) care(school)
    start_agreement(school, agreement, now, *, stop=()) stop_agreement(school, id, by, now) agreements(school, now)
    move_agreement(school, id, start, end, by, now) cancel_agreement(school, id, by, now) (planned ones)
    pause(school, span, now) resume(school, group, by, now) pauses(school, now)
    rain(school, span, now) dry(school, group, by, now) rainy(school, now)
notes: add(school, person, kind, text, by, now, *, sanction=None) -> Note | None     remove(school, id, by, now)
    get(school, id)     about(school, person)     written(school, by)     (pupils only; wakes nobody)
ban_proposals: add(school, person, on, lasts, reason, by, now) -> BanProposal | None   get(school, id)
    decide(school, id, state, by, now, *, answer="") -> BanProposal | None   waiting(school) written(school, by)
    about(school, person)     (in no snapshot)
policies: add(school, policy, origin, who, now, *, based_on=None, written=None) -> PolicyRevision | None
    current(school) get(school, number) history(school, limit=50) entries(school, limit=None)
prepared: add(school, prepared, now) -> Prepared     change(school, prepared, by, now) -> Prepared | None
    remove(school, id, by, now) -> bool   used(school, id, now)   get(school, id)   on_shelf(school, kind=None)
events: add_batch(school, events, now, *, counts=(), lost=0) -> int    since(school, after, groups=None, limit=200)
    last_id(school) latest(school, groups=None, limit=50)  note(school, id, text, by, now)  counts(school, since)
    of_devices(school, since)   turned_away(school, since)   lost(school, since)
incidents: ask(school, wish, now) -> Ask | None   asks(school, groups, states=(OPEN, LATER)) get_ask(school, id)
    answer(school, id, state, by, now, *, text="", grant=None) -> Ask | None
    report(school, host, now, *, ...) -> Report   reports(school, groups, unseen=True)   see_report(school, id, by, now)
signals: add_batch(school, signals) -> int    newest(school, limit=500)    see(school, id, by, now)   (wakes nobody)
proposals: suggest(school, likeness, now, *, hold=False) -> bool   open(school)   get(school, host)
    decide(school, host, kept, by, now) -> Proposal | None
notices: tell(school, worker, {kind: since}, now)   standing(school, now)   past(school, since, now)
refusals: suggest(school, refusal, now) -> bool   settle(school, device) -> bool   open(school, now)
    decide(school, host, listed, by, now) -> Kept | None
devices: put(school, device, by, now) put_all(school, devices, by, now) remove(school, id, by, now) get(school, id)
    registered(school)   seen(school, {device_id: when})   last_seen(school, ids) -> {id: when}
    make_code(school, device_id, by, now) -> Code | None     of_code(school, code, now) -> device_id | None
    enrol(school, code, now, public_key=) -> Enrolled | None (spends the code)
    lease(school, lease, now) -> bool   end_lease(school, device_id, by, now)   leases(school, now)
bindings: beat(school, device, address, signed, now, day) -> (Bound, ...) | None     of(school, device)
    live(school, now) -> (Bound, ...)   (wakes nobody)
print_jobs: tell(school, device, jobs) -> refused ids   waiting(school, groups)   unknown(school)   get(school, id)
    say_yes(school, id, grant, now) -> Grant | None     say_no(school, id, by, now) -> bool
print_accounts: put(school, {person: account}, by, now) -> int     all(school) -> {account: person}
self_tests: saw(school, device_id or "", probe, good, now)   newest(school) -> (Tested, ...)     (wakes nobody)
emergencies: start(school, end, by, way, now) -> Emergency   adopt(school, emergency, now) -> bool
    stop(school, by, now) -> bool   settle(school, now) -> int   current(school, now)   past(school, limit=20)
    make_code(school, by, now) -> str   code(school) -> Code | None   fits(school, code, now) -> Fit
registers: add(school, entry, by, now) -> Entry | None   assign(school, id, person, group, by, now)
    remove(school, id, by, now)     get(school, id)     entries(school, register=None)     (wakes nobody)
class_codes: open(school, group, until, by, now) -> ClassCode | None   close(school, group, by, now)
    of(school, group, now)   fits(school, code, group, place, now) -> ClassCode | No
pictures: states(school, persons) -> {person: PictureState}   choose(school, person, pictures, by, now)
    forget(school, person, by, now)   fit(school, person, pictures, place, now) -> bool   unlock(school, person)
sign_ins: ask(school, sign_in, now) enter(school, sign_in, now) confirm(school, id, group, by, now) refuse(...)
    stop(school, id, group, now) leave(school, device, address, now) -> SignIn | None
    here(school, device, address, now) of_group(school, group, now) -> (SignIn, ...)
photos: answer(school, {person: answer or None}, by, now) -> int     answers(school)     (wakes nobody)
audit: add(school, who, what, now, targets=()) entries(school, after=0, limit=200, who=None, what=())
    wanted(school, wanted, *, start=0, limit=None)  how_many(school, wanted)  used(school)  proof(school) -> Proof
counsel: on(school) -> Since | None   switch_on(school, by, now) -> bool   switch_off(school, by, now) -> bool
tallies: since(school, first, now) -> (Tally, ...)   (a day, a group, a kind; the purge keeps them)
privacy: export(school, pupil, by, now) -> Export | None    erase(school, pupil, by, now) -> Erased | None
accounts (`store.accounts`): add add_for_a_day find get accounts set_password set_state set_role
    | make_link peek_link use_link
    (`store.sessions`): open_session session close_session close_sessions | attempt tries failed cleared
day_codes: make(school, group, start, until, by, now) -> code   take(school, code, now) -> DayCode | None
    handed(school, id, account, now) standing(school, group, now) get(school, id) again(school, id, now)
    end(school, id, now) over(school, now) -> persons   persons_before(school, before) -> persons
identities: account_of(school, issuer, subject)   expected(school, address)   links(school)   addresses(school)
    expect(school, account, address, now) -> bool   link(school, issuer, subject, address, now) -> account | None
    unlink(school, account, now) -> int
Feed(store, school) (`store.feed`): wait(timeout, after=None) -> revision   wait_pulse(timeout, after) -> Pulse  close()
retention (`store.retention`): shorten({name: days}) -> Terms | Refused
"""

from store.db import StoreUnavailable
from store.opened import Store, open_later, open_store

__all__ = ["Store", "StoreUnavailable", "open_later", "open_store"]
