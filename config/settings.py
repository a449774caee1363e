"""Frozen nouns of what a school sets about the running of the guard (not its rules: those are `policy.model.Policy`).

Made by `config.load.read_school`; every value is checked there. Light to import: no YAML, no pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from policy.model import DeviceClass, Policy

RETENTION_DAYS: Mapping[str, int] = MappingProxyType(
    {"blocked": 14, "noted": 90, "requests": 30, "reports": 30, "signals": 30, "bans": 365, "grants": 365, "audit": 365}
)
"""Days that each kind of row is kept; a school may only lower them."""


@dataclass(frozen=True, slots=True)
class School:
    """Which school this is; `id` is the key in every table, `name` is for screens."""

    id: str = "school"
    name: str = "Onze school"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the guard listens. `proxy` knows a device by its address range, `keyed` asks for a device key (407).

    `groups` maps a group id to a listener port of its own. `name` is the host name of the dashboard, which
    devices reach directly: the guard itself never connects to its own addresses. All ports differ.
    `transparent` takes what a firewall leads to it from devices that know of no proxy (0: not at all). `balancers` are
    the addresses and networks that must say for whom they connect (PROXY protocol); nobody else may.
    `dns` is where names are looked up and `page` where the guard's own pages are (http): that of a closed site for who
    looks up names here, the PAC files and the certificate; 0: not at all. `pupils` is the host name of those pages
    (empty: `wacht.` before `name`, see `pupils_host`); it never leads to the dashboard. `reach` are the names or
    addresses by which devices reach this guard and its brothers, the preferred one first (empty: `address`).
    """

    address: str = "127.0.0.1"
    proxy: int = 8080
    keyed: int = 8081
    dashboard: int = 8443
    name: str = "klaswacht.internal"
    groups: Mapping[str, int] = field(default_factory=dict)
    transparent: int = 0
    balancers: tuple[str, ...] = ()
    dns: int = 0
    page: int = 0
    pupils: str = ""
    reach: tuple[str, ...] = ()

    @property
    def pupils_host(self) -> str:
        """The host name of the guard's own pages for pupils, apart from the dashboard's."""
        return self.pupils or pupils_beside(self.name)


def pupils_beside(name: str) -> str:
    """The pupils' host where the school names none: one label before the dashboard's `name`, as `vertel.` is."""
    return f"wacht.{name}" if name[-1:].isalpha() and ":" not in name else PUPILS


PUPILS = "wacht.klaswacht.internal"
"""The pupils' host of a guard whose dashboard has no name but an address."""


@dataclass(frozen=True, slots=True)
class Dns:
    """How names are looked up for devices whose name server the guard is.

    `upstream` are the servers that are asked, as `address:port`; `zones` maps a zone of the school's own to its
    servers. `answer_with` is the guard's IPv4 address as devices see it (empty: `listen.address`): what a closed name
    leads to.
    """

    upstream: tuple[str, ...] = ()
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answer_with: str = ""


@dataclass(frozen=True, slots=True)
class Dhcp:
    """What the school's DHCP servers tell of the devices on its network.

    `leases` are their lease files (dnsmasq's, or Kea's CSV), absolute. `unregistered` is what a device counts as that
    has an address from them and is not in the register: a phone, or only unknown. Without files nothing is told.
    """

    leases: tuple[Path, ...] = ()
    unregistered: DeviceClass = DeviceClass.PHONE


@dataclass(frozen=True, slots=True)
class Egress:
    """Where the guard itself may connect to.

    `hosts` maps `host:port` to the `address:port` that the guard uses for it (intranet, playground); `trust` are extra
    CA files (PEM), absolute.
    """

    ports: tuple[int, ...] = (80, 443)
    hosts: Mapping[str, str] = field(default_factory=dict)
    trust: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Firewall:
    """Whose networks are whose, as addresses and networks: what `klaswacht firewall` makes its rules from.

    `pupils` are led to the guard and get no further. `names_only` are devices without our CA: only what they look up
    and plain http are led to it. `staff` goes its own way, `infrastructure` (printers, the school's servers) too, and
    pupils may reach it. `dashboard_for_pupils`: their laptops have the agent, which talks to the dashboard's port.
    """

    pupils: tuple[str, ...] = ()
    names_only: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    infrastructure: tuple[str, ...] = ()
    dashboard_for_pupils: bool = False

    @property
    def school(self) -> tuple[str, ...]:
        """Every network that is the school's own, also one with addresses of the whole world (IPv6 of a provider)."""
        return (*self.pupils, *self.names_only, *self.staff, *self.infrastructure)


@dataclass(frozen=True, slots=True)
class Provider:
    """A sign-in of others (OpenID Connect) that staff may use. `way` is its word in addresses: google, microsoft, oidc.

    `name` is on the button. Only accounts of `domain` (Google, others) or of `tenant` (Microsoft) count. The secret is
    in `secret_file` (absolute) and nowhere else: `config.secret_file` reads it when it is needed. `hosts` are the only
    `host:port` that are asked for anything.
    """

    way: str
    name: str
    issuer: str
    client_id: str
    secret_file: Path
    hosts: frozenset[str]
    domain: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How staff sign in to the dashboard.

    `second_factor` is `required` or `optional`: whether coordinator, management and counsellors must have one.
    `providers` are whose accounts they may use besides their passwords here.
    """

    second_factor: str = "required"
    providers: tuple[Provider, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in `school.yaml` that is not a rule. `tunnels` are the school's own additions: host to reason.

    `youtube` is `strict` or `moderate`: how much YouTube leaves out for pupils, where it is open.

    `retention` has every key of `RETENTION_DAYS`, in days. `workers` is None for as many as there are cores;
    `workers_mb` is by how much a worker may grow, in MB of its own, before a fresh one takes over.
    """

    school: School = field(default_factory=School)
    protocol: str = "kalisto"
    language: str = "nl"
    workers: int | None = None
    workers_mb: int = 350
    listen: Listen = field(default_factory=Listen)
    egress: Egress = field(default_factory=Egress)
    dns: Dns = field(default_factory=Dns)
    dhcp: Dhcp = field(default_factory=Dhcp)
    firewall: Firewall = field(default_factory=Firewall)
    sign_in: SignIn = field(default_factory=SignIn)
    tunnels: Mapping[str, str] = field(default_factory=dict)
    youtube: str = "strict"
    retention: Mapping[str, int] = field(default_factory=lambda: dict(RETENTION_DAYS))


@dataclass(frozen=True, slots=True)
class SchoolFile:
    """One read `school.yaml`: the policy it makes, the settings, and the hex SHA-256 of its bytes.

    `revision` is the number of the rules that it was made from (0: it does not say), `written` what of it cannot be
    told from the policy (`config.written.remainder`).
    """

    policy: Policy
    settings: Settings
    digest: str
    revision: int = 0
    written: str = ""
