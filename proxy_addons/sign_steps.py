"""The steps of a pupil who signs in: code, name, own pictures or the teacher's word; being in, and being done.

All of it asks the store, in a thread. Every form is signed for the computer that got it, and from the second step on
for the group, that very code and that very pupil: it is of no use at another computer, for another pupil or after a new
code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.schedule import zone_of
from proxy_addons.facts import Answer, Exchange
from proxy_addons.identity import Spot
from proxy_addons.live import Live
from proxy_addons.sending import FormTokens
from proxy_addons.sign_pages import SignPages, Way, first_names
from proxy_addons.waiting import see_other
from store import Store
from store.class_codes import ClassCode, No
from store.people import Person
from store.pictures import LENGTH, PICTURES
from store.sign_ins import SignIn, SignInState

_LIFE = 15 * 60  # seconds that a form of ours may lie open
_LATELY = timedelta(minutes=5)
_NOTES = frozenset({"chosen"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for these pages: from which computer, at which spot, when, and what was filled in."""

    exchange: Exchange
    spot: Spot
    way: Way
    lang: str
    now: datetime
    form: dict[str, str]

    @property
    def place(self) -> str:
        """What tells this computer apart, for signing and for counting."""
        return f"{self.spot.device}|{self.spot.address}"


class SignSteps:
    """Answers one step. May raise `StoreUnavailable`."""

    def __init__(self, store: Store, school: str, live: Live, pages: SignPages, secret: bytes) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._pages = pages
        self._forms = FormTokens(secret, "sign|", _LIFE)

    # --- what is shown -----------------------------------------------------------------------------------------------

    def show(self, visit: Visit) -> Answer:
        """The page for how it stands at this computer now."""
        newest = self._newest(visit)
        if "anders" not in visit.form and newest is not None:
            if newest.state is SignInState.IN:
                return self._inside(visit, newest)
            if newest.state is SignInState.WAITS:
                name, token = self._name(newest), self._sign(visit, "form")
                return self._pages.waits(visit.lang, visit.way, token, name, newest.number)
        refused = newest is not None and newest.state is SignInState.REFUSED and visit.now - newest.at < _LATELY
        return self._code(visit, "refused" if refused and "anders" not in visit.form else "")

    def _code(self, visit: Visit, note: str = "", status: int = 200) -> Answer:
        return self._pages.code(visit.lang, visit.way, self._sign(visit, "form"), note, status)

    def _inside(self, visit: Visit, one: SignIn) -> Answer:
        snapshot = self._live.snapshot
        zone = zone_of(snapshot.policy.schedule.zone if snapshot is not None else "Europe/Amsterdam")
        until = f"{one.ends.astimezone(zone):%H:%M}"
        told = visit.form.get("ja", "")
        if "plaatjes" in visit.form and one.by is not None:
            return self._choosing(visit, one, (), ())
        return self._pages.inside(
            visit.lang,
            visit.way,
            self._sign(visit, "form"),
            self._name(one),
            until,
            may_choose=one.by is not None,
            note=told if told in _NOTES else "",
        )

    # --- what is sent ------------------------------------------------------------------------------------------------

    def take(self, visit: Visit) -> Answer:
        """What was sent with one of our forms."""
        step = visit.form.get("stap", "")
        if step == "code":
            return self._typed(visit)
        if step == "klaar":
            return self._leave(visit)
        if step in ("naam", "plaatjes", "opnieuw"):
            return self._named(visit, step)
        return self._code(visit, "old", 403)

    def _typed(self, visit: Visit) -> Answer:
        """The digits of the board."""
        if not self._signed(visit, "form"):
            return self._code(visit, "old", 403)
        place, codes = visit.place, self._store.class_codes
        found = codes.fits(self._school, _digits(visit.form.get("code", "")), visit.spot.group, place, visit.now)
        if isinstance(found, No):
            return self._code(visit, found.value, 429 if found is No.TOO_MANY else 403)
        return self._names(visit, found)

    def _names(self, visit: Visit, code: ClassCode) -> Answer:
        """Who is in here is not among them; who is in elsewhere is: that computer is left with it."""
        newest = self._newest(visit)
        here = newest.person if newest is not None and newest.state is SignInState.IN else None
        roster = self._store.people.roster(self._school, code.group)
        names = [one for one in first_names(roster) if one[0] != here]
        snapshot = self._live.snapshot
        group = snapshot.groups[code.group].name if snapshot and code.group in snapshot.groups else ""
        token = self._sign(visit, "names", code)
        return self._pages.names(visit.lang, visit.way, token, group, {"groep": code.group}, names)

    def _named(self, visit: Visit, step: str) -> Answer:
        """A step of somebody who had the code (`naam`, `plaatjes`), or who chooses new pictures while being in."""
        newest = self._newest(visit)
        if visit.form.get("doel") in ("first", "second"):
            return self._chosen(visit, newest, again=step == "opnieuw")
        group, wanted = visit.form.get("groep", ""), visit.form.get("wie", "")
        code = self._store.class_codes.of(self._school, group, visit.now)
        purpose = "names" if step == "naam" else f"pictures {wanted}"
        if code is None or visit.spot.group not in (None, group) or not self._signed(visit, purpose, code):
            return self._code(visit, "old", 403)
        roster = self._store.people.roster(self._school, group)
        person = next((one for one in roster if one.id == wanted), None)
        if person is None:
            return self._code(visit, "old", 403)
        if step == "naam":
            return self._pictures_or_ask(visit, code, person, newest)
        if step == "opnieuw":
            asks = visit.form.get("doe") == "vraag"
            return self._ask(visit, code, person) if asks else self._pictures(visit, code, person, ())
        return self._picked(visit, code, person)

    def _pictures_or_ask(self, visit: Visit, code: ClassCode, person: Person, newest: SignIn | None) -> Answer:
        """On to the own pictures. Who has none asks the teacher, and so does who comes where somebody else is in at
        an address: that may be one computer, or a class behind one.
        """
        state = self._store.pictures.states(self._school, [person.id]).get(person.id)
        other = newest is not None and newest.state is SignInState.IN and newest.person != person.id
        if state is None or state.locked or (other and not visit.spot.device):
            return self._ask(visit, code, person)
        return self._pictures(visit, code, person, ())

    def _pictures(
        self, visit: Visit, code: ClassCode, person: Person, chosen: tuple[str, ...], note: str = ""
    ) -> Answer:
        token = self._sign(visit, f"pictures {person.id}", code)
        carried = {"groep": code.group, "wie": person.id, "gekozen": ",".join(chosen)}
        name = self._called(person)
        return self._pages.pictures(visit.lang, visit.way, token, "own", name, carried, len(chosen), note)

    def _picked(self, visit: Visit, code: ClassCode, person: Person) -> Answer:
        chosen = _chosen_in(visit.form)
        if chosen is None:
            return self._pictures(visit, code, person, ())
        if len(chosen) < LENGTH:
            return self._pictures(visit, code, person, chosen)
        if not self._store.pictures.fit(self._school, person.id, chosen, visit.place, visit.now):
            state = self._store.pictures.states(self._school, [person.id]).get(person.id)
            if state is None or state.locked:
                return self._ask(visit, code, person)
            return self._pictures(visit, code, person, (), "pictures")
        if self._store.sign_ins.enter(self._school, _wish(visit, code, person.id), visit.now) is None:
            return self._ask(visit, code, person)
        return see_other(visit.way.to())

    def _ask(self, visit: Visit, code: ClassCode, person: Person) -> Answer:
        made = self._store.sign_ins.ask(self._school, _wish(visit, code, person.id), visit.now)
        return self._code(visit, "old", 403) if made is None else see_other(visit.way.to(wacht="1"))

    def _leave(self, visit: Visit) -> Answer:
        if not self._signed(visit, "form"):
            return self._code(visit, "old", 403)
        self._store.sign_ins.leave(self._school, visit.spot.device, visit.spot.address, visit.now)
        return self._pages.out(visit.lang, visit.way)

    # --- own pictures ------------------------------------------------------------------------------------------------

    def _choosing(
        self, visit: Visit, one: SignIn, first: tuple[str, ...], chosen: tuple[str, ...], note: str = ""
    ) -> Answer:
        """Three pictures of the pupil's own, and with `first` the same once more."""
        token = self._sign(visit, f"choose {one.id}")
        task = "second" if first else "first"
        carried = {"doel": task, "eerst": ",".join(first), "gekozen": ",".join(chosen)}
        name = self._name(one)
        return self._pages.pictures(visit.lang, visit.way, token, task, name, carried, len(chosen), note)

    def _chosen(self, visit: Visit, newest: SignIn | None, *, again: bool) -> Answer:
        """What was tapped while choosing. Only whom a teacher let in chooses: nobody else is known to be that child."""
        if newest is None or newest.state is not SignInState.IN or newest.by is None:
            return see_other(visit.way.to())
        if not self._signed(visit, f"choose {newest.id}"):
            return see_other(visit.way.to())
        first, chosen = _listed(visit.form.get("eerst", "")), _chosen_in(visit.form)
        if again or chosen is None or (visit.form.get("doel") == "second" and len(first) != LENGTH):
            return self._choosing(visit, newest, (), ())
        if len(chosen) < LENGTH:
            return self._choosing(visit, newest, first, chosen)
        if len(set(chosen)) == 1:
            return self._choosing(visit, newest, (), (), "same")
        if not first:
            return self._choosing(visit, newest, chosen, ())
        if chosen != first:
            return self._choosing(visit, newest, (), (), "different")
        self._store.pictures.choose(self._school, newest.person, chosen, newest.person, visit.now)
        return see_other(visit.way.to(ja="chosen"))

    # --- small things ------------------------------------------------------------------------------------------------

    def _newest(self, visit: Visit) -> SignIn | None:
        """What happened here last in the lesson that runs."""
        here = self._store.sign_ins.here(self._school, visit.spot.device, visit.spot.address, visit.now)
        return next(iter(here), None)

    def _sign(self, visit: Visit, purpose: str, code: ClassCode | None = None) -> str:
        return self._forms.make(visit.exchange.peer.address, _purpose(visit, purpose, code))

    def _signed(self, visit: Visit, purpose: str, code: ClassCode | None = None) -> bool:
        token = visit.form.get("token", "")
        return self._forms.fits(token, visit.exchange.peer.address, _purpose(visit, purpose, code))

    def _name(self, one: SignIn) -> str:
        person = self._store.people.person(self._school, one.person)
        return "" if person is None else self._called(person)

    def _called(self, person: Person) -> str:
        """The first name, by itself: on its own screen nobody takes a child for its namesake."""
        return first_names([person])[0][1]


def _purpose(visit: Visit, purpose: str, code: ClassCode | None) -> str:
    of = "" if code is None else f"{code.group}|{code.code}|{code.until.timestamp()}"
    return f"{visit.place}|{of}|{purpose}"


def _wish(visit: Visit, code: ClassCode, person: str) -> SignIn:
    spot = visit.spot
    waits = SignInState.WAITS
    return SignIn("", code.group, person, spot.device, spot.address, waits, spot.most, visit.now, code.until)


def _digits(typed: str) -> str:
    """What was typed, without spaces and the like."""
    return "".join(sign for sign in typed[:20] if sign.isalnum())


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one for one in text[:200].split(",") if one in PICTURES)[:LENGTH]


def _chosen_in(form: dict[str, str]) -> tuple[str, ...] | None:
    """The pictures so far with the one that was tapped; None: none was."""
    tapped = form.get("plaatje", "")
    before = _listed(form.get("gekozen", ""))
    return (*before[: LENGTH - 1], tapped) if tapped in PICTURES else None
