"""What pupils ask their teacher, answered with one tap."""

from __future__ import annotations

from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import Wish, give
from policy.match import suffixes
from policy.model import Grant, Member, Snapshot
from store.incidents import Ask, AskState

LONGEST_ANSWER = 200
_WAITING = frozenset({AskState.OPEN, AskState.LATER})


def say_yes(
    desk: Desk,
    who: Member,
    group: str,
    ask_id: str,
    now: datetime,
    *,
    minutes: int | None = None,
    text: str = "",
    confirmed: bool = False,
) -> Outcome[Grant]:
    """Give what was asked, to the pupil when known and else to the group, and answer, in one transaction.

    As with every permission, whom the parents' consent leaves out is told first (`confirmed`).
    """
    wish = wish_of(desk, who, group, ask_id, now, minutes=minutes, confirmed=confirmed)
    if wish is None:
        return refused("answered")
    outcome = give(desk, who, wish, now, asked=ask_id, answer=_line(text))
    return Outcome(True, "dash.done.answered_yes", outcome.value) if outcome.ok else outcome


def wish_of(
    desk: Desk,
    who: Member,
    group: str,
    ask_id: str,
    now: datetime,
    *,
    minutes: int | None = None,
    confirmed: bool = False,
) -> Wish | None:
    """The permission that a request asks for; None: it was answered, or is not for this group."""
    ask = _waiting(desk, who, group, ask_id, now)
    if ask is None:
        return None
    pupil = ask.wish.person
    return Wish(
        group=group,
        site=listed_name(desk.snapshot(now), ask.wish.host, ask.wish.category),
        people=frozenset({pupil}) if pupil else frozenset(),
        whole_group=pupil is None,
        minutes=minutes,
        facet=ask.wish.facet,
        kinds=ask.wish.kinds,
        confirmed=confirmed,
    )


def say_no(
    desk: Desk, who: Member, group: str, ask_id: str, now: datetime, *, text: str = "", later: bool = False
) -> Outcome[Ask]:
    """Answer no, or later: the request then stays on the screen."""
    if _waiting(desk, who, group, ask_id, now) is None:
        return refused("answered")
    state = AskState.LATER if later else AskState.NO
    answered = desk.store.incidents.answer(desk.school, ask_id, state, who.id, now, text=_line(text))
    if answered is None:
        return refused("answered")
    return done("answered_later" if later else "answered_no", answered)


def listed_name(snapshot: Snapshot, host: str, category: str | None) -> str:
    """The name that made a host fall in its category: a yes to `chat.example.org` opens what is listed, no more.

    A host that is in no list is opened by its own name (with what is below it), without `www.`.
    """
    found = ""
    for name in suffixes(host):
        kinds = snapshot.knowledge.categories.categories(name) | snapshot.own_lists.categories(name)
        if category in kinds or (category is None and kinds):
            found = name
    return found or (host.removeprefix("www.") if host.count(".") > 1 else host)


def _waiting(desk: Desk, who: Member, group: str, ask_id: str, now: datetime) -> Ask | None:
    """The request, if it waits, is this group's, and `who` may act for the group."""
    ask = desk.store.incidents.get_ask(desk.school, ask_id) if desk.may_act_for(who, group, now) else None
    return ask if ask is not None and ask.wish.group == group and ask.state in _WAITING else None


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_ANSWER]
