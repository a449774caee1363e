"""What the export needs to know of one school and one group, out of its settings and the factory's lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from config import pac
from config.factory import HELP, category_hosts
from config.settings import Listen, Settings

SCHEMES = ("javascript", "data", "view-source", "file", "filesystem")
"""Kinds of address that no network sees: what such a page shows is in the address, or on the device already.

Not `blob`: Chromium passes it by (seen in `tests/e2e/test_managed_browsers.py`).
"""
MOST_CLOSED = 1000 - len(SCHEMES)
"""Hosts in a URLBlocklist, beside the schemes (Google: at most 1000 entries are taken from the Admin console)."""
FLOOR = ("adult", "illegal", "malware", "bypass")
"""The kinds of the safety floor, what weighs most first: the list is cut at its end."""
TEST_SITE = "klaswacht-proef.test"
"""The site of the self-test, which must reach the guard."""
_HTTP = 80


class NotPossibleError(Exception):
    """An export cannot be made; `code` is a sentence of `chromebook.no.*` with these `values`."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class Extension:
    """The companion extension: its id (32 letters) and where a browser asks for updates (http or https)."""

    id: str
    update_url: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One school and one group as its Chromebooks must know it.

    `ways` are host and port of the guard, the preferred one first; `certificates` are the CAs to trust (DER), the one
    that signs first. `closed` are the hosts of the safety floor that fit, `left_out` how many did not. `warnings` are
    sentences of `chromebook.warning.*` about what the coordinator should mend.
    """

    school: str
    name: str
    group: str
    pages: str
    pac_url: str
    ways: tuple[tuple[str, int], ...]
    tell_url: str
    certificates: tuple[bytes, ...]
    closed: tuple[str, ...]
    left_out: int
    open: tuple[str, ...]
    strict_youtube: bool
    printing: bool
    extension: Extension | None
    tunnels: tuple[str, ...]
    warnings: tuple[str, ...]

    def with_extension(self, extension: Extension) -> Facts:
        """The same with the companion extension."""
        warnings = tuple(one for one in self.warnings if one != "no_extension")
        return replace(self, extension=extension, warnings=warnings)

    @property
    def test_url(self) -> str:
        """The self-test on the device."""
        return f"{self.pages}/test"


def facts(
    settings: Settings,
    group: str,
    certificates: Iterable[bytes],
    extension: Extension | None = None,
    *,
    printing: bool = False,
) -> Facts:
    """Gather what holds for a group. `certificates` are PEM files of the CA, the one that signs first.

    Raises:
        NotPossibleError: the group has no port of its own, nobody says where devices find the guard, or there is no CA.
    """
    listen = settings.listen
    if not listen.groups.get(group):
        known = ", ".join(name for name, port in listen.groups.items() if port)
        raise NotPossibleError("group" if known else "no_groups", group=group, known=known)
    if not listen.page:
        raise NotPossibleError("no_page")
    authorities = tuple(_der(certificates))
    if not authorities:
        raise NotPossibleError("no_ca")
    hosts = _hosts(listen)
    pages = f"http://{pac.written(hosts[0])}" + ("" if listen.page == _HTTP else f":{listen.page}")
    closed, left_out = floor()
    warnings = ["loopback"] if all(_is_loopback(host) for host in hosts) else []
    warnings += ["no_extension"] if extension is None else []
    warnings += ["next_ca"] if len(authorities) > 1 else []
    return Facts(
        settings.school.name,
        listen.name,
        group,
        pages,
        f"{pages}{pac.path(group)}",
        tuple((host, listen.groups[group]) for host in hosts),
        f"https://vertel.{listen.name}/",
        authorities,
        closed,
        left_out,
        (*dict.fromkeys((listen.pupils_host, f"vertel.{listen.name}", TEST_SITE, *category_hosts(HELP))),),
        settings.youtube == "strict",
        printing,
        extension,
        tuple(sorted(settings.tunnels)),
        tuple(warnings),
    )


def floor() -> tuple[tuple[str, ...], int]:
    """The hosts that stay closed when no proxy is there, at most `MOST_CLOSED`, and how many were left out.

    Bare addresses do not go: a school's network may have the same ones, and names are what a child types.
    """
    hosts = [host for kind in FLOOR for host in category_hosts(kind)]
    named = list(dict.fromkeys(host for host in hosts if _is_name(host) and not _is_test(host)))
    return tuple(named[:MOST_CLOSED]), max(0, len(named) - MOST_CLOSED)


def _hosts(listen: Listen) -> tuple[str, ...]:
    """By which names or addresses devices reach the guard."""
    if listen.reach:
        hosts = tuple(host for host in listen.reach if pac.written(host) is not None)
    else:
        hosts = () if ip_address(listen.address).is_unspecified else (listen.address,)
    if not hosts:
        raise NotPossibleError("no_reach")
    return hosts


def _der(files: Iterable[bytes]) -> list[bytes]:
    """The certificates in PEM files, each once; nothing else that a file holds comes along."""
    try:
        found = [one for file in files for one in x509.load_pem_x509_certificates(file)]
    except ValueError as error:
        raise NotPossibleError("no_ca") from error
    return list(dict.fromkeys(one.public_bytes(Encoding.DER) for one in found))


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _is_test(host: str) -> bool:
    return host == TEST_SITE or host.endswith(f".{TEST_SITE}")


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (not _is_name(host) and ip_address(host).is_loopback)
