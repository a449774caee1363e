"""The shape of a school file and of a rule, as pydantic models: what keys there are and what each may say."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from config.part import Part
from config.read import quoted
from config.schema_firewall import FirewallPart
from config.schema_sign_in import SignInPart
from config.schema_timetable import Timetable
from config.settings import RETENTION_DAYS, pupils_beside
from config.words import (
    ActionWord,
    AddressPort,
    BoundWord,
    ClauseKindWord,
    DeviceWord,
    EffectWord,
    FacetWord,
    GateWord,
    HoldsWord,
    Host,
    HostPort,
    Id,
    IpAddress,
    Ipv4Address,
    Kind,
    Language,
    LeaseFile,
    LiftableWord,
    ListenPort,
    MeansWord,
    Media,
    NameServer,
    Network,
    PersonalType,
    Port,
    Program,
    RoleWord,
    Slug,
    Text,
    wrong,
)
from policy.address import is_ip
from policy.model import Action, ClauseKind, Effect, Facet, HoldsIn, LiftableBy, Role

# --- rules ---------------------------------------------------------------------------------------------------------


class BasisPart(Part):
    """Why a rule exists; exactly one of the first five. `default` and `safety` are for the factory's own rules."""

    clause: Id | None = None
    decided: date | None = None
    law: Text | None = None
    safety: Text | None = None
    default: Text | None = None
    note: Text = ""

    @model_validator(mode="after")
    def _just_one(self) -> BasisPart:
        given = [name for name in ("clause", "decided", "law", "safety", "default") if getattr(self, name) is not None]
        if len(given) != 1:
            raise wrong(
                "a basis is one of `clause`, `decided`, `law`" + (f", not {len(given)} of them" if given else ""),
                "for a decision of the school write `basis: {decided: 2026-09-01, note: why}`",
            )
        return self


class RulePart(Part):
    """One rule as it is written in a file; see `policy.model.Rule` for what the words mean."""

    id: Slug
    basis: BasisPart
    facet: FacetWord | None = None
    gate: GateWord | None = None
    effect: EffectWord = Effect.DENY
    roles: list[RoleWord] = [Role.PUPIL]
    groups: list[Id] = []
    holds_in: HoldsWord = HoldsIn.SCHOOL_HOURS
    liftable_by: LiftableWord = LiftableBy.TEACHER
    categories: list[Slug] = []
    sites: list[Host] = []
    actions: list[ActionWord] = []
    media: list[Media] = []
    kinds: list[Kind] = []
    apps: list[Program] = []
    types: list[PersonalType] = []
    devices: list[DeviceWord] = []
    consent: bool = False
    second_thought: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> RulePart:
        speaks = self.facet or self.gate
        if speaks is None or (self.facet is not None and self.gate is not None):
            raise wrong(f"rule {quoted(self.id)} needs one of `facet` and `gate`", "write `facet: place` for sites")
        needs, may = _TARGETS[speaks.value]
        given = [key for key in _TARGET_KEYS if getattr(self, key)]
        for key in given:
            if key not in needs + may:
                raise wrong(f"{quoted(key)} means nothing for {quoted(speaks)}", f"remove {quoted(key)}", at=key)
        if needs and not set(given) & set(needs):
            raise wrong(
                f"rule {quoted(self.id)} says nothing about what it is for",
                "add " + " or ".join(quoted(key) for key in needs),
            )
        if self.media and Action.UPLOAD not in self.actions:
            raise wrong("`media` is for uploads only", "add `upload` to `actions`", at="media")
        if not self.roles:
            raise wrong("`roles` is empty", "write `roles: [pupil]`", at="roles")
        if self.consent and (self.liftable_by is LiftableBy.NOBODY or self.effect is Effect.ALLOW):
            raise wrong("`consent` is for a rule that somebody can lift", "remove `consent`", at="consent")
        if self.second_thought and self.effect is not Effect.HOLD:
            raise wrong("`second_thought` releases what is held", "write `effect: hold`", at="second_thought")
        if self.second_thought and self.facet is Facet.PLACE and Role.PUPIL in self.roles:
            # On a pupil's device it would be asked of nobody, and so open the place.
            raise wrong("a reminder at a place is for staff", "leave `pupil` out of `roles`", at="roles")
        return self


_TARGET_KEYS = ("categories", "sites", "actions", "media", "kinds", "apps", "types", "devices")
_TARGETS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "place": (("categories", "sites"), ()),
    "action": (("actions",), ("media", "categories", "sites")),
    "words": (("kinds",), ("actions",)),
    "app": (("apps",), ()),
    "print": ((), ()),
    "personal": ((), ("types", "categories", "sites")),
    "connect": (("devices",), ()),
    "locked": (("categories", "sites", "apps"), ()),
    "break": ((), ()),
}


# --- the factory's files -------------------------------------------------------------------------------------------


class ClausePart(Part):
    """One article of a protocol in our own words, for an adult and for a child."""

    id: Id
    article: Text
    binds: Annotated[list[BoundWord], Field(min_length=1)]
    kind: ClauseKindWord
    means: list[MeansWord] = []
    why: Text = ""
    adult: Text
    child: Text

    @model_validator(mode="after")
    def _says_how(self) -> ClausePart:
        if self.kind is ClauseKind.SUPPORTED and not self.means:
            raise wrong(f"clause {quoted(self.id)} does not say what supports it", "add `means: [...]`", at="kind")
        if self.kind is ClauseKind.HUMAN and not self.why:
            raise wrong(f"clause {quoted(self.id)} does not say why it is for people", "add `why: ...`", at="kind")
        return self


class ProtocolPart(Part):
    """One protocol: whose published text it follows, its clauses, and the rules drawn from them."""

    id: Slug
    school: Text
    title: Text
    source: Text
    clauses: list[ClausePart]
    rules: list[RulePart]


class DefaultsPart(Part):
    """The rules for every school."""

    rules: list[RulePart]


# --- the school ----------------------------------------------------------------------------------------------------


class SchoolPart(Part):
    """Which school this is."""

    id: Id = "school"
    name: Text = "Onze school"


class ListenPart(Part):
    """Where the guard listens; port 0 takes any free port (of `dns` and `page`: none)."""

    address: IpAddress = "127.0.0.1"
    proxy: ListenPort = 8080
    keyed: ListenPort = 8081
    dashboard: ListenPort = 8443
    name: Host = "klaswacht.internal"
    groups: dict[Id, ListenPort] = {}
    transparent: ListenPort = 0
    balancers: list[Network] = []
    dns: ListenPort = 0
    page: ListenPort = 0
    pupils: Host | None = None
    reach: list[Host] = []

    @model_validator(mode="after")
    def _all_differ(self) -> ListenPart:
        ports = {"proxy": self.proxy, "keyed": self.keyed, "dashboard": self.dashboard}
        ports["transparent"] = self.transparent
        ports |= {"dns": self.dns, "page": self.page}
        seen: dict[int, str] = {}
        for name, port in [*ports.items(), *((f"groups.{group}", port) for group, port in self.groups.items())]:
            if port and port in seen:
                at = name.partition(".")[0]
                raise wrong(f"port `{port}` is used for `{seen[port]}` and `{name}`", "choose another port", at=at)
            seen[port] = name
        return self

    @model_validator(mode="after")
    def _pupils_have_a_host_of_their_own(self) -> ListenPart:
        pupils = self.pupils or pupils_beside(self.name)
        own = "write another name, like `wacht.klaswacht.internal`"
        if is_ip(pupils):
            raise wrong(f"{quoted(pupils)} is not a name", "addresses go into `reach`", at="pupils")
        if pupils == self.name:
            raise wrong(f"{quoted(pupils)} is the dashboard's own name", own, at="pupils")
        if pupils.startswith("vertel."):
            raise wrong(f"{quoted(pupils)} is where pupils tell what happened", own, at="pupils")
        for one in self.reach:
            if not is_ip(one) and not _WRITTEN.fullmatch(one):
                raise wrong(f"{quoted(one)} cannot stand in a PAC file", "use letters, digits, `-` and `.`", at="reach")
            if is_ip(one) and (ip_address(one).is_unspecified or ip_address(one).is_multicast):
                raise wrong(f"{quoted(one)} is not the address of one computer", "write its own address", at="reach")
        return self


class EgressPart(Part):
    """Where the guard itself may connect to."""

    ports: list[Port] = [80, 443]
    hosts: dict[HostPort, AddressPort] = {}
    trust: list[Text] = []


class DnsPart(Part):
    """How names are looked up for devices whose name server the guard is."""

    upstream: list[NameServer] = []
    zones: dict[Host, Annotated[list[NameServer], Field(min_length=1)]] = {}
    answer_with: Ipv4Address | None = None


class DhcpPart(Part):
    """What the school's DHCP servers tell of the devices on its network."""

    leases: Annotated[list[LeaseFile], Field(max_length=8)] = []
    unregistered: Literal["phone", "unknown"] = "phone"


class TermPart(Part):
    """A search word of the school's own; `part`: also inside a longer word. `severity` as in `policy.model.Term`."""

    text: Text
    kind: Kind
    part: bool = False
    severity: Annotated[int, Field(ge=1, le=3)] = 2


class WordsPart(Part):
    """What the school adds to the lexicon, and what it lets pass."""

    terms: list[TermPart] = []
    passed: list[Text] = []


def _days(most: int) -> Any:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise wrong(f"{quoted(value)} is not a number of days from 1 to {most}", "it can only be made shorter")
        return value

    return BeforeValidator(check)


class RetentionPart(Part):
    """Days that rows are kept."""

    blocked: Annotated[int, _days(RETENTION_DAYS["blocked"])] = RETENTION_DAYS["blocked"]
    noted: Annotated[int, _days(RETENTION_DAYS["noted"])] = RETENTION_DAYS["noted"]
    requests: Annotated[int, _days(RETENTION_DAYS["requests"])] = RETENTION_DAYS["requests"]
    reports: Annotated[int, _days(RETENTION_DAYS["reports"])] = RETENTION_DAYS["reports"]
    signals: Annotated[int, _days(RETENTION_DAYS["signals"])] = RETENTION_DAYS["signals"]
    bans: Annotated[int, _days(RETENTION_DAYS["bans"])] = RETENTION_DAYS["bans"]
    grants: Annotated[int, _days(RETENTION_DAYS["grants"])] = RETENTION_DAYS["grants"]
    audit: Annotated[int, _days(RETENTION_DAYS["audit"])] = RETENTION_DAYS["audit"]


class SchoolFilePart(Part):
    """A whole `school.yaml`. `revision` says which numbered rules it was written out from."""

    school: SchoolPart = SchoolPart()
    protocol: Slug
    language: Language = "nl"
    workers: Annotated[int, Field(ge=1, le=16)] | None = None
    workers_mb: Annotated[int, Field(ge=1, le=100_000)] = 350
    listen: ListenPart = ListenPart()
    egress: EgressPart = EgressPart()
    dns: DnsPart = DnsPart()
    dhcp: DhcpPart = DhcpPart()
    firewall: FirewallPart = FirewallPart()
    sign_in: SignInPart = SignInPart()
    schedule: Timetable
    lists: dict[Slug, list[Host]] = {}
    open_sites: list[Host] = []
    tunnels: dict[Host, Text] = {}
    youtube: Literal["strict", "moderate"] = "strict"
    words: WordsPart = WordsPart()
    domains: list[Host] = []
    public: list[Text] = []
    hold_unknown: bool = False
    interns_permit: bool = False
    print_pages: Annotated[int, Field(ge=0, le=1000)] | None = None
    rules: list[RulePart] = []
    retention: RetentionPart = RetentionPart()
    revision: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _names_are_found_somewhere(self) -> SchoolFilePart:
        listen, dns = self.listen, self.dns
        if not listen.dns:
            return self
        if not dns.upstream:
            raise wrong("`listen.dns` is on, but no server is named", "write `dns: {upstream: [...]}`", at="listen")
        if dns.answer_with is None and not _is_one_ipv4(listen.address):
            problem = f"from `listen.address` {quoted(listen.address)} nobody can tell where a closed name should lead"
            raise wrong(problem, "write this computer's address as `answer_with` in `dns`", at="dns")
        own = {f"{address}:{listen.dns}" for address in (listen.address, dns.answer_with)}
        for server in (*dns.upstream, *(one for servers in dns.zones.values() for one in servers)):
            if server in own:
                raise wrong(f"{quoted(server)} is the guard itself", "name the server that it should ask", at="dns")
        return self


_WRITTEN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")  # a host as `config.pac` writes it


def _is_one_ipv4(address: str) -> bool:
    found = ip_address(address)
    return found.version == 4 and not found.is_unspecified
