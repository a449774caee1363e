"""What is asked and what is answered: the access request and the decision with its trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from policy.model.vocabulary import Action, BasisKind, DeviceClass, Effect, LiftableBy, Reason, Role, Strength
from policy.model.words import Hit


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, from which device, and how sure that is. `groups` is empty when no group is known.

    `at` is the network address where only that tells who sits there (else empty): for asking again, and never kept. It
    makes nobody another asker.
    """

    role: Role
    person: str | None = None
    groups: tuple[str, ...] = ()
    device: str | None = None
    device_class: DeviceClass = DeviceClass.PUPIL
    strength: Strength = Strength.NONE
    at: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Address:
    """One canonical address; made only by `policy.address`. `site` is the registrable domain (or the IP itself)."""

    scheme: str
    host: str
    port: int
    path: str
    query: str
    site: str
    is_ip: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A query typed into a search engine. `engine` is an id of `config/engines`, or `unknown`."""

    engine: str
    text: str


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One question, of the same type for CONNECT, SNI, HTTP, WebSocket, DNS, an app and a print job.

    `hosts` holds every name in play (URL, CONNECT target, SNI, Host or :authority), canonical and without doubles;
    all must be open. `navigation` is false for what a page loads by itself. `unreadable` is set when a name in play
    could not be made canonical: doubt is a deny. `relay` names the kind of web proxy that the request's headers give
    away (empty: none).
    Of what is sent out only findings are here, never the text: `personal` the kinds of personal data in it
    (`policy.personal`), `said` the terms of the lexicon. `released` says that the child thought again and holds a fresh
    one-time token for this device and host. `asker` is the host of the page that loads this by itself, where a browser
    says it (empty: nobody knows). `job` is the item (`policy.printer.item_of`) of the print job that this is about.
    """

    action: Action
    who: Principal
    hosts: tuple[str, ...] = ()
    address: Address | None = None
    navigation: bool = True
    websocket: bool = False
    search: Search | None = None
    media: frozenset[str] = frozenset()
    app: str | None = None
    unreadable: bool = False
    relay: str = ""
    personal: frozenset[str] = frozenset()
    said: tuple[Hit, ...] = ()
    released: bool = False
    asker: str = ""
    job: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace: the gate or facet (or `default`), what it said, and what it looked at."""

    at: str
    said: str
    rule: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and all of its grounds. Constant until `valid_until` (None: no known end) for one snapshot.

    `host` is the name in play, or inside the address, that the answer is about. `instead` is an address that is open
    in place of a denied one: the single item that was permitted, by itself.
    """

    effect: Effect
    reason: Reason
    category: str | None = None
    types: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    basis: BasisKind | None = None
    liftable_by: LiftableBy | None = None
    valid_until: datetime | None = None
    grants: tuple[str, ...] = ()
    host: str | None = None
    instead: str | None = None
    trace: tuple[Step, ...] = ()

    @property
    def open(self) -> bool:
        """Whether the thing asked for may go on."""
        return self.effect is Effect.ALLOW
