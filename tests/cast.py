"""One named cast for all tests: a small school, its people, and the moments of one Monday."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from policy.lookalike import Protected
from policy.match import HostIndex
from policy.model import (
    AccessRequest,
    Action,
    Basis,
    BasisKind,
    Clause,
    Closure,
    Device,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    Grant,
    Group,
    HoldsIn,
    Knowledge,
    LiftableBy,
    Member,
    PeriodKind,
    Policy,
    Principal,
    Protocol,
    Role,
    Rule,
    Schedule,
    Search,
    Slot,
    Snapshot,
    State,
    Strength,
    Term,
)
from policy.namewords import NameWord, NameWords
from policy.relays import Relay, Relays
from policy.search import Engine, Engines
from policy.services import Place, Service, Services
from policy.terms import Lexicon

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def at(clock: str, day: str = "2026-11-23") -> datetime:
    """A moment of a day (a Monday unless told), by Amsterdam's clock, as UTC."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=AMSTERDAM).astimezone(UTC)


LESSON, BREAK, EVENING = at("09:00"), at("10:20"), at("19:00")

SAM = Member("sam", Role.PUPIL, ("7",))  # group 7, parents agreed
NOOR = Member("noor", Role.PUPIL, ("7",))  # group 7, parents did not agree
BO = Member("bo", Role.PUPIL, ("8",))  # the other group
ANJA = Member("anja", Role.TEACHER, ("7",))  # teacher of 7
BRAM = Member("bram", Role.TEACHER, ("8",))  # teacher of 8
RIA = Member("ria", Role.MANAGEMENT)
COR = Member("cor", Role.COORDINATOR)
IRIS = Member("iris", Role.INTERN, ("7",))
PEOPLE = {member.id: member for member in (SAM, NOOR, BO, ANJA, BRAM, RIA, COR, IRIS)}

_DAY = (
    Slot(PeriodKind.LESSON, time(8, 30), time(10, 15), "ochtend"),
    Slot(PeriodKind.BREAK, time(10, 15), time(10, 30), "pauze"),
    Slot(PeriodKind.LESSON, time(10, 30), time(14, 0), "middag"),
)
SCHEDULE = Schedule(
    days=dict.fromkeys(range(5), _DAY),
    closures=(Closure(date(2026, 12, 19), date(2027, 1, 3), "kerst"),),
)

PUPILS = frozenset({Role.PUPIL})
EVERYBODY = frozenset(Role)
CLAUSE = Basis(BasisKind.CLAUSE, clause="school.1")
DECISION = Basis(BasisKind.SCHOOL, decided=date(2026, 9, 1))
FLOOR = Basis(BasisKind.SAFETY)


def rule(name: str, **changes: object) -> Rule:
    """A rule for pupils in school hours, liftable by a teacher, unless told."""
    base = Rule(name, CLAUSE, LiftableBy.TEACHER, HoldsIn.SCHOOL_HOURS, PUPILS, Effect.DENY)
    return replace(base, **changes)


FLOOR_RULE = rule(
    "floor",
    basis=FLOOR,
    liftable_by=LiftableBy.NOBODY,
    holds_in=HoldsIn.AT_SCHOOL,
    roles=EVERYBODY,
    gate=Gate.LOCKED,
    categories=frozenset({"adult", "bypass"}),
)
SOCIAL = rule("social", facet=Facet.PLACE, categories=frozenset({"social"}))
CHAT_PLACE = rule("chat-place", facet=Facet.PLACE, categories=frozenset({"chat"}), liftable_by=LiftableBy.NOBODY)
CHAT = rule("chat", facet=Facet.ACTION, actions=frozenset({Action.CHAT}), liftable_by=LiftableBy.NOBODY)
WORDS = rule("words", facet=Facet.WORDS, kinds=frozenset({"coarse", "aggression"}))
TEXT = rule(
    "text",
    facet=Facet.WORDS,
    kinds=frozenset({"coarse"}),
    actions=frozenset({Action.POST, Action.SUBMIT}),
    effect=Effect.HOLD,
    second_thought=True,
)
PERSONAL = rule("personal", facet=Facet.PERSONAL, types=frozenset({"phone", "bsn"}), effect=Effect.HOLD)
GAMES = rule("games", facet=Facet.PLACE, categories=frozenset({"games"}), basis=DECISION)
VIDEO = rule("video", facet=Facet.PLACE, categories=frozenset({"video"}), basis=DECISION)
STAFF_SOCIAL = rule(
    "staff-social",
    facet=Facet.PLACE,
    categories=frozenset({"social"}),
    roles=frozenset({Role.INTERN}),
    liftable_by=LiftableBy.MANAGEMENT,
)
GAME_APP = rule("game-app", facet=Facet.APP, apps=frozenset({"games"}))
NO_COMPUTER = rule("no-computer", gate=Gate.BREAK, holds_in=HoldsIn.BREAK, liftable_by=LiftableBy.NOBODY)
RULES = (FLOOR_RULE, SOCIAL, CHAT_PLACE, CHAT, WORDS, TEXT, PERSONAL, GAMES, VIDEO, STAFF_SOCIAL, GAME_APP)

PROTOCOL = Protocol(
    "school",
    "De Proefschool",
    "Proefprotocol",
    "made up for tests",
    (Clause("school.1", "1", EVERYBODY, "Alleen met toestemming.", "Dit mag alleen als je juf het goed vindt."),),
)
POLICY = Policy(PROTOCOL, RULES, SCHEDULE, lists={"games": ("eigenspel.nl",)}, open_sites=("open-social.nl",))

KNOWLEDGE = Knowledge(
    categories=HostIndex.of(
        {
            "social": ("social.com", "x.com", "open-social.nl"),
            "chat": ("chat.com",),
            "adult": ("adult.com",),
            "bypass": ("vpn.com",),
            "games": ("games.com",),
            "video": ("film.com", "fi.lm", "filmcdn.com"),
            "education": ("leren.nl",),
        }
    ),
    engines=Engines(
        (Engine("zoek", ("zoek.nl",), ("/s",), ("q",)), Engine("google", ("google.*",), ("/search",), ("q",)))
    ),
    lexicon=Lexicon(
        (
            Term("kut", "coarse", "kut"),
            Term("moord", "aggression", "vermoord", part=True),
            Term("dood", "help", "ik wil dood", severity=3),
        )
    ),
    services=Services(
        (
            Service(
                "film",
                "Film",
                "video",
                ("film.com", "fi.lm"),
                ("filmcdn.com",),
                ("shared.net",),
                (
                    (Action.CHAT, Place(paths=("/live_chat",))),
                    (Action.POST, Place(paths=("/comment",), sends=True)),
                    (Action.UPLOAD, Place(hosts=("upload.film.com",))),
                    (Action.LIVE, Place(paths=("/@*/live",))),
                ),
                (Place(paths=("/embed/{item}",)), Place(paths=("/watch",), query="v"), Place(("fi.lm",), ("/{item}",))),
                (Place(hosts=("filmcdn.com",)), Place(paths=("/player",))),
                "https://film.com/embed/{item}",
            ),
        )
    ),
    relays=Relays(
        (
            Relay("translate", ("translate.google.*",), query=("u",)),
            Relay("translated", ("*.translate.goog",), name=True),
            Relay("archive", ("archive.org",), paths=("/web/*/{url}",), with_query=True),
        )
    ),
    protected=Protected.of(("basispoort.nl", "social.com")),
    names=NameWords(
        (
            NameWord("games", parts=("unblocked",)),
            NameWord("games", words=("arcade", "games"), own_pages=True),
            NameWord("bypass", starts=("vpn",), ends=("vpn",)),
        ),
        ("pages.example",),
        ("view",),
        ("oplicht",),
    ),
    help_hosts=frozenset({"kindertelefoon.nl"}),
    system_hosts=frozenset({"tijd.system.com"}),
    own_hosts=frozenset({"wacht.school"}),
    apps={"minecraft": "games"},
    learning=frozenset({"education"}),
)

SNAPSHOT = Snapshot(
    revision=1,
    school="school",
    policy=POLICY,
    knowledge=KNOWLEDGE,
    groups={"7": Group("7", "Groep 7", (7,)), "8": Group("8", "Groep 8", (8,))},
    people=PEOPLE,
    devices={"chroom-1": Device("chroom-1", "Chromebook 1", DeviceClass.PUPIL, "7", "sam")},
    state=State(consents={"sam": True, "noor": False}),
)


def with_state(**changes: object) -> Snapshot:
    """The school with something going on."""
    return replace(SNAPSHOT, state=replace(SNAPSHOT.state, **changes))


def with_rules(*rules: Rule) -> Snapshot:
    """The school with other rules."""
    return replace(SNAPSHOT, policy=replace(POLICY, rules=rules))


def pupil(person: str | None = "sam", group: str = "7", strength: Strength = Strength.PROVED) -> Principal:
    """A pupil as the guard knows one."""
    return Principal(Role.PUPIL, person, (group,), strength=strength)


STRANGER = Principal(Role.PUPIL, device_class=DeviceClass.UNKNOWN)


def visit(*hosts: str, who: Principal | None = None, **changes: object) -> AccessRequest:
    """Somebody (Sam, unless told) opens a page."""
    return replace(AccessRequest(Action.VISIT, who or pupil(), hosts), **changes)


def search(text: str, who: Principal | None = None) -> AccessRequest:
    """Somebody searches."""
    return AccessRequest(Action.SEARCH, who or pupil(), ("zoek.nl",), search=Search("zoek", text))


def grant(name: str = "g", **changes: object) -> Grant:
    """A permission for group 7 by its teacher from 8:45 to 9:30."""
    base = Grant(name, at("08:45"), at("09:30"), Role.TEACHER, "anja", frozenset({"7"}))
    return replace(base, **changes)


def noon_zone(now: datetime) -> str:
    """The zone where it is about noon: a lesson of all day lasts hours yet, whenever the tests run."""
    return f"Etc/GMT{now.astimezone(UTC).hour - 12:+d}"
