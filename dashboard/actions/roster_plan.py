"""What a list of people would change at school: worked out first and shown, done after. Pure.

A row is somebody who is there already by the number or id in it, else by the exact name within the group, else by a
name that only one person has. Who is meant is never guessed: two who might be it make a row that somebody must mend.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from dashboard.actions.roster_columns import Entry, one_line
from policy.model import Group, Role
from policy.printer import account_of
from store.people import Person

LONGEST_NAME = 80
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_ROLES: Mapping[Role, str] = {
    Role.PUPIL: "pupil student leerling kind",
    Role.TEACHER: "teacher leerkracht leraar docent groepsleerkracht juf meester",
    Role.STAFF: "staff aide medewerker onderwijsassistent klassenassistent ondersteuner conciërge ib intern_begeleider",
    Role.INTERN: "intern stagiair stagiaire studentteacher",
}
_ROLE = {word: role for role, words in _ROLES.items() for word in words.split()}
# Who decides about others is given that by a person, one at a time, never by a file.
_BY_HAND_WORDS = (
    "administrator districtadministrator siteadministrator sysadmin principal coordinator coördinator directie"
    " directeur management counselor counsellor vertrouwenspersoon schoolleider proctor"
)
_BY_HAND = frozenset(_BY_HAND_WORDS.split())
_NOT_HERE = frozenset(("guardian", "parent", "relative", "ouder", "verzorger"))
_MOST_GROUPS = 40  # that one file may make: more is a wrong column
_GROUP_WORD = re.compile(r"^(?:groepen|groep|gr\.?|group|klas|class)\s*(?=\S)")
_BETWEEN = re.compile(r"\s*[,;|&+]\s*|\s+en\s+")


@dataclass(frozen=True, slots=True)
class School:
    """The school as it is: lasting and temporary groups, everybody, and login to person id (closed accounts too).

    `accounts` are pupils' accounts on the school's computers (`store.print_accounts`), by account.
    """

    id: str
    groups: tuple[Group, ...]
    persons: tuple[Person, ...]
    logins: Mapping[str, str]
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """What the coordinator ticked: make the groups that are not there; let go of pupils who are not in the file."""

    make_groups: bool = False
    let_go: bool = False


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be taken over. `code` says why; `said` are the values of that sentence."""

    entry: Entry
    code: str
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody who is there, as the file has them."""

    before: Person
    after: Person


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen, every entry once: new, changed, same, skipped or bad.

    `logins` is by new person id, `accounts` by pupil id: where the file has another one than we know. `absent` are
    pupils of the file's groups who are not in it; they are in `gone` when that was ticked and no row is bad. `unknown`
    are the names of groups that the school does not have.
    """

    new: tuple[Person, ...] = ()
    changed: tuple[Changed, ...] = ()
    same: tuple[Person, ...] = ()
    skipped: tuple[Entry, ...] = ()
    bad: tuple[Bad, ...] = ()
    absent: tuple[Person, ...] = ()
    gone: tuple[Person, ...] = ()
    groups: tuple[Group, ...] = ()
    unknown: tuple[str, ...] = ()
    logins: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether there is something to take over."""
        return bool(self.new or self.changed or self.gone or self.groups or self.accounts)

    @property
    def mark(self) -> str:
        """The same for two plans that do the same: what was looked at is what is done."""
        names = (sorted(self.logins.items()), sorted(self.accounts.items()))
        told = (self.new, self.changed, self.gone, self.groups, names)
        return sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Wanted:
    entry: Entry
    role: Role
    groups: tuple[str, ...]


def make_plan(entries: Sequence[Entry], school: School, options: Options, salt: str) -> Plan:
    """What taking over `entries` would do. `salt` makes the ids of new people whose row has no number of its own."""
    known = _known_groups(school.groups)
    made: dict[str, Group] = {}
    unknown: dict[str, str] = {}
    wanted: list[_Wanted] = []
    bad: list[Bad] = []
    skipped: list[Entry] = []
    for entry in entries:
        role = _ROLE.get(_role_word(entry.role)) if entry.role else Role.PUPIL
        if not entry.fault and (entry.left or _role_word(entry.role) in _NOT_HERE):
            skipped.append(entry)
            continue
        inside, missing = _groups_of(entry.group, known | {name: one.id for name, one in made.items()})
        unknown = {_group_word(name): name for name in missing} | unknown
        if missing and options.make_groups and len(unknown) <= _MOST_GROUPS:
            for name in missing:
                made[_group_word(name)] = _new_group(name, {*known.values(), *(one.id for one in made.values())})
            inside, missing = _groups_of(entry.group, known | {name: one.id for name, one in made.items()})
        fault = _fault(entry, role, inside, missing)
        if fault is None and role is not None:
            wanted.append(_Wanted(entry, role, inside))
        elif fault is not None:
            bad.append(fault)
    matched, doubtful = _match(wanted, school)
    bad += doubtful
    plan = _outcome(matched, school, salt)
    bad = sorted((*bad, *plan.bad), key=lambda one: one.entry.line)
    listed = {group for one, _ in matched if one.role is Role.PUPIL for group in one.groups}
    seen = {person.id for _, person in matched if person is not None}
    absent = tuple(
        person
        for person in school.persons
        if person.role is Role.PUPIL and person.id not in seen and listed.intersection(person.groups)
    )
    used = {group for person in (*plan.new, *(one.after for one in plan.changed)) for group in person.groups}
    return replace(
        plan,
        skipped=tuple(skipped),
        bad=tuple(bad),
        absent=absent,
        # A child whose row has a slip of the pen must not lose what is kept of it.
        gone=absent if options.let_go and not bad else (),
        groups=tuple(group for group in made.values() if group.id in used),
        unknown=tuple(unknown.values()),
    )


def _fault(entry: Entry, role: Role | None, inside: tuple[str, ...], missing: tuple[str, ...]) -> Bad | None:
    if entry.fault:
        return Bad(entry, entry.fault)
    if not any(sign.isalpha() for sign in entry.name):
        return Bad(entry, "no_name")
    if len(entry.name) > LONGEST_NAME:
        return Bad(entry, "long_name")
    if any(sign == "\ufffd" or unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cn", "Cs") for sign in entry.name):
        return Bad(entry, "signs")
    if role is None:
        return Bad(entry, "by_hand" if _role_word(entry.role) in _BY_HAND else "role", {"role": entry.role[:40]})
    if missing:
        return Bad(entry, "group", {"group": missing[0][:40]})
    if role is Role.PUPIL and not inside:
        return Bad(entry, "no_group")
    return None


def _role_word(role: str) -> str:
    return re.sub(r"\s+", "_", role.strip().casefold())


def _group_word(name: str) -> str:
    """How a group is called in files: without the word for group, white and capitals; `07` is `7`, `4-5` is `4/5`."""
    word = re.sub(r"\s+", "", _GROUP_WORD.sub("", one_line(name).casefold()))
    return re.sub(r"[-–]", "/", word.lstrip("0") or word)


def _known_groups(groups: Iterable[Group]) -> dict[str, str]:
    """Word to group id: by name, by code, and by year where only one group has it alone."""
    lasting = [group for group in groups if group.until is None]
    alone = Counter(group.years[0] for group in lasting if len(group.years) == 1)
    found = {str(group.years[0]): group.id for group in lasting if len(group.years) == 1 and alone[group.years[0]] == 1}
    return found | {_group_word(group.name): group.id for group in lasting} | {_group_word(g.id): g.id for g in lasting}


def _groups_of(written: str, known: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids of the groups in a cell, and the words in it that are no group of the school."""
    if not written:
        return (), ()
    if (whole := known.get(_group_word(written))) is not None:
        return (whole,), ()
    words = [word for word in _BETWEEN.split(written) if word.strip()]
    inside = [known[_group_word(word)] for word in words if _group_word(word) in known]
    return tuple(dict.fromkeys(inside)), tuple(word for word in words if _group_word(word) not in known)


def _new_group(name: str, taken: Iterable[str]) -> Group:
    word = unicodedata.normalize("NFKD", _group_word(name)).encode("ascii", "ignore").decode()
    code = re.sub(r"[^a-z0-9]+", "-", word).strip("-")[:32] or "groep"
    while code in taken:
        code += "-2"
    years = tuple(sorted({int(one) for one in re.findall(r"\d+", name) if len(one) < 3 and 1 <= int(one) <= 8}))
    title = one_line(name)[:LONGEST_NAME]
    return Group(code, f"Groep {title}" if title[:1].isdigit() else title, years)


def _match(wanted: Sequence[_Wanted], school: School) -> tuple[list[tuple[_Wanted, Person | None]], list[Bad]]:
    """Every row with who it is (None: somebody new), and the rows of which that cannot be said."""
    by_id = {person.id: person for person in school.persons}
    found: dict[int, Person] = {}
    bad: list[Bad] = []
    lines: dict[object, int] = {}
    rest: list[_Wanted] = []
    for one in wanted:
        own: object = one.entry.key or (one.role is Role.PUPIL, one.entry.name.casefold(), frozenset(one.groups))
        if (first := lines.setdefault(own, one.entry.line)) != one.entry.line:
            bad.append(Bad(one.entry, "twice", {"line": str(first)}))
            continue
        person = by_id.get(one.entry.key) or by_id.get(_id_of(one, school.id)) if one.entry.key else None
        if person is None and one.role is not Role.PUPIL and one.entry.login:
            person = by_id.get(school.logins.get(one.entry.login.casefold(), ""))
        if person is not None and (person.role is Role.PUPIL) is not (one.role is Role.PUPIL):
            bad.append(Bad(one.entry, "other_role", {"name": person.name}))
        elif person is not None:
            found[one.entry.line] = person
        else:
            rest.append(one)
    for close in (True, False):
        rest = _by_name(rest, school, found, bad, close=close)
    lost = {one.entry.line for one in bad}
    return [(one, found.get(one.entry.line)) for one in wanted if one.entry.line not in lost], bad


def _by_name(
    rows: Sequence[_Wanted], school: School, found: dict[int, Person], bad: list[Bad], *, close: bool
) -> list[_Wanted]:
    """Those of `rows` whose name nobody has who is still free; `close`: within the group (pupils only)."""
    taken = {person.id for person in found.values()}
    free: dict[tuple[bool, str], list[Person]] = {}
    for person in school.persons:
        if person.id not in taken:
            free.setdefault((person.role is Role.PUPIL, one_line(person.name).casefold()), []).append(person)
    left: list[_Wanted] = []
    asked: dict[str, list[_Wanted]] = {}
    for one in rows:
        same = [
            person
            for person in free.get((one.role is Role.PUPIL, one.entry.name.casefold()), [])
            if not close or set(one.groups).intersection(person.groups)
        ]
        if not same:
            left.append(one)
        elif len(same) > 1:
            bad.append(Bad(one.entry, "which", {"ids": ", ".join(person.id for person in same[:5])}))
        else:
            asked.setdefault(same[0].id, []).append(one)
            found[one.entry.line] = same[0]
    for several in asked.values():
        if len(several) > 1:  # two rows, each with a number of its own, and one person whose number nobody knows
            for one in several:
                person = found.pop(one.entry.line)
                bad.append(Bad(one.entry, "which", {"ids": person.id}))
    return left


def _id_of(one: _Wanted, school: str, salt: str = "") -> str:
    """The id of somebody new: by the number in the file, so that the same number is the same person next year.

    The number itself is not kept.
    """
    told = f"{school}|{one.entry.key}" if one.entry.key else f"{school}|{salt}|{one.entry.line}"
    front = "p" if one.role is Role.PUPIL else "s"
    return f"{front}-{sha256(told.encode('utf-8', 'backslashreplace')).hexdigest()[:12]}"


def _outcome(matched: Sequence[tuple[_Wanted, Person | None]], school: School, salt: str) -> Plan:
    until = {group.id for group in school.groups if group.until is not None}
    new: list[Person] = []
    changed: list[Changed] = []
    same: list[Person] = []
    bad: list[Bad] = []
    logins: dict[str, str] = {}
    taken = set(school.logins)
    for one, person in matched:
        if person is None:
            made = Person(_id_of(one, school.id, salt), one.role, one.entry.name, one.groups)
            if one.role is not Role.PUPIL:
                login = _login(one.entry, taken)
                if not login:
                    bad.append(Bad(one.entry, "login", {"login": one.entry.login[:40]}))
                    continue
                logins[made.id] = login
                taken.add(login)
            new.append(made)
            continue
        # A temporary group is no business of the school's administration; of staff an empty cell says nothing.
        kept = tuple(group for group in person.groups if group in until)
        groups = (*one.groups, *kept) if one.groups else person.groups
        after = replace(person, name=one.entry.name, groups=groups)
        if after.name == person.name and set(after.groups) == set(person.groups):
            same.append(person)
        else:
            changed.append(Changed(person, after))
    accounts = _accounts(matched, school, salt)
    return Plan(tuple(new), tuple(changed), tuple(same), bad=tuple(bad), logins=logins, accounts=accounts)


def _accounts(matched: Sequence[tuple[_Wanted, Person | None]], school: School, salt: str) -> dict[str, str]:
    """Pupil id to the account in the file, where we know another one; an account of two pupils is nobody's."""
    known = {person: account for account, person in school.accounts.items()}
    told = {
        (_id_of(one, school.id, salt) if person is None else person.id): account_of(one.entry.login)
        for one, person in matched
        if one.role is Role.PUPIL and one.entry.login
    }
    often = Counter(told.values())
    return {who: account for who, account in told.items() if often[account] == 1 and known.get(who) != account}


def _login(entry: Entry, taken: Iterable[str]) -> str:
    """The name to sign in with: the file's own, which must be free, else one made of the name."""
    if entry.login:
        written = entry.login.casefold()
        return written if LOGIN.fullmatch(written) and written not in taken else ""
    ascii_name = unicodedata.normalize("NFKD", entry.name.casefold()).encode("ascii", "ignore").decode()
    parts = re.findall(r"[a-z0-9]+", ascii_name) or ["medewerker"]
    stem = (parts[0] if len(parts[0]) > 1 else "-".join(parts))[:32]
    stem = stem if len(stem) > 1 else f"{stem}1"
    options = (stem, f"{stem}.{parts[-1]}"[:38], *(f"{stem}{number}" for number in range(2, 100)))
    return next((one for one in options if one not in taken and LOGIN.fullmatch(one)), "")
