"""The enums: every word that a request, a rule or a decision is made of."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Role(StrEnum):
    """What somebody is at school."""

    PUPIL = "pupil"
    TEACHER = "teacher"
    INTERN = "intern"
    STAFF = "staff"
    COORDINATOR = "coordinator"
    MANAGEMENT = "management"
    COUNSELLOR = "counsellor"


class Bound(StrEnum):
    """Whom a clause binds: everybody's role, the parents, and the school as a whole."""

    PUPIL = "pupil"
    TEACHER = "teacher"
    INTERN = "intern"
    STAFF = "staff"
    COORDINATOR = "coordinator"
    MANAGEMENT = "management"
    COUNSELLOR = "counsellor"
    PARENT = "parent"
    SCHOOL = "school"


class ClauseKind(StrEnum):
    """What Klaswacht does with a clause: rules keep it, a screen, register or reminder helps, or it is for people.

    A rule that only makes somebody stop and think (`second_thought`) keeps nothing: its clause is supported.
    """

    ENFORCED = "enforced"
    SUPPORTED = "supported"
    HUMAN = "human"


class Means(StrEnum):
    """By what a clause is supported. Every one has a name in every language (`config/text`) and a place to find it."""

    ASK = "ask"
    AGREEMENT = "agreement"
    BAN = "ban"
    CONSENT = "consent"
    COUNSELLORS = "counsellors"
    EXPLAIN = "explain"
    GROUP_ACCOUNTS = "group-accounts"
    IDENTITY_LIST = "identity-list"
    NOTES = "notes"
    OFFICIAL_ACCOUNTS = "official-accounts"
    OPEN_MEANS = "open-means"
    PHOTO_PERMISSIONS = "photo-permissions"
    PHOTO_REMINDER = "photo-reminder"
    PREVIEW = "preview"
    REPORT = "report"
    RULES_PAGE = "rules-page"
    SECOND_THOUGHT = "second-thought"
    UNREAD_MAIL = "unread-mail"


class DeviceClass(StrEnum):
    """What kind of thing sits on the network; an unlisted device is `UNKNOWN` and treated as the strictest pupil."""

    PUPIL = "pupil"
    STAFF = "staff"
    DIGIBOARD = "digiboard"
    INFRASTRUCTURE = "infrastructure"
    PHONE = "phone"
    UNKNOWN = "unknown"


class Strength(IntEnum):
    """How sure the guard is of who is asking: nothing known, the group only, somebody said so, a key proved it."""

    NONE = 0
    GROUP = 1
    CLAIMED = 2
    PROVED = 3


class Action(StrEnum):
    """What is asked for."""

    VISIT = "visit"
    SEARCH = "search"
    CHAT = "chat"
    POST = "post"
    UPLOAD = "upload"
    LIVE = "live"
    SUBMIT = "submit"
    PRINT = "print"
    RUN = "run"
    CONNECT = "connect"


class Effect(StrEnum):
    """The answer. Strictness for combining facets: deny > hold > allow; help is a gate of its own."""

    ALLOW = "allow"
    DENY = "deny"
    HELP = "help"
    HOLD = "hold"


class PeriodKind(StrEnum):
    """What the clock says for a group."""

    LESSON = "lesson"
    BREAK = "break"
    OUTSIDE = "outside"


class HoldsIn(StrEnum):
    """When a rule speaks. `school hours` is lesson and break; `at school` is any time on the school's network."""

    LESSON = "lesson"
    BREAK = "break"
    SCHOOL_HOURS = "school hours"
    AT_SCHOOL = "at school"


class LiftableBy(StrEnum):
    """Whose permission lifts a rule."""

    TEACHER = "teacher"
    MANAGEMENT = "management"
    NOBODY = "nobody"


class BasisKind(StrEnum):
    """Why a rule exists at all."""

    CLAUSE = "clause"
    SCHOOL = "school"
    LAW = "law"
    SAFETY = "safety"


class Gate(StrEnum):
    """The gates in their order; the first that speaks ends the decision."""

    HELP = "help"
    OWN = "own"
    LOCKED = "locked"
    EMERGENCY = "emergency"
    CARE = "care"
    SANCTION = "sanction"
    PAUSE = "pause"
    BREAK = "break"
    AGREEMENT = "agreement"


class Facet(StrEnum):
    """The facets; all are asked and the strictest counts."""

    PLACE = "place"
    ACTION = "action"
    WORDS = "words"
    PERSONAL = "personal"
    PRINT = "print"
    APP = "app"
    CONNECT = "connect"


class Reason(StrEnum):
    """Why the answer is what it is. Every code has a sentence in every language (`config/text`). Only grows."""

    OPEN = "open"
    GRANTED = "granted"
    HELP = "help"
    HELP_HOST = "help_host"
    OWN = "own"
    SYSTEM = "system"
    INFRASTRUCTURE = "infrastructure"
    OUTSIDE = "outside"
    EMERGENCY = "emergency"
    CARE = "care"
    LOCKED = "locked"
    SANCTION = "sanction"
    PAUSE = "pause"
    BREAK = "break"
    AGREEMENT = "agreement"
    TEST = "test"
    PLACE = "place"
    CHAT = "chat"
    POST = "post"
    UPLOAD = "upload"
    LIVE = "live"
    ACTION = "action"
    WORDS = "words"
    TEXT = "text"
    APP = "app"
    PRINT = "print"
    PERSONAL = "personal"
    CONNECT = "connect"
    CONSENT = "consent"
    PHONE = "phone"
    REMINDER = "reminder"
    RELEASED = "released"
    UNREADABLE = "unreadable"
    FAILED = "failed"


class SanctionTarget(StrEnum):
    """What a ban is on."""

    CHROMEBOOK = "chromebook"
    PRINTER = "printer"
    PHONE = "phone"


class ReportKind(StrEnum):
    """What somebody tells by themselves. A report is never a violation."""

    SAW = "saw"
    BULLIED = "bullied"
    PICTURES = "pictures"
    OTHER = "other"


class ReportTo(StrEnum):
    """Who hears a report, by the choice of who tells it."""

    TEACHER = "teacher"
    MANAGEMENT = "management"
    COUNSELLOR = "counsellor"
