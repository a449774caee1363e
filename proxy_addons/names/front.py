"""What the guard itself serves under the pupils' host: the PAC files, the CA's certificate, and a small page.

It stands apart from the staff's dashboard and never leads there. It is answered on the page listener and inside the
proxy, in every state of the rules: without them too.

A browser that gets no PAC file goes out directly, so here a PAC address is never unknown: what names no group leads to
the plain proxy port, where a device of which nothing is known has the strictest rules for pupils, with a friendly page
(the port that asks for a key would be a password prompt that nobody at school can explain). It is counted for `doctor`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from config import pac, private_folder
from config.settings import Settings
from config.texts import say
from policy.address import canonical, is_ip
from policy.model import Address
from proxy_addons.answers import elsewhere
from proxy_addons.behind import PREFIX, is_own
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange
from proxy_addons.faults import told
from proxy_addons.live import Live
from proxy_addons.names.handing import PACKAGE, UPDATES, handed
from proxy_addons.promising import MINE, RULES
from proxy_addons.signing import LABEL as SIGN_IN

_log = logging.getLogger(__name__)

CA_FILE = "klaswacht-ca.crt"
CA_PATH = f"/{CA_FILE}"
NEXT_CA_FILE = "klaswacht-ca-next.crt"
"""What devices must trust as well while another CA waits to sign (`klaswacht ca rotate`)."""
KEYED_PATH = "/sleutel.pac"
"""Not below `/pac/`, so that no group can have its name."""
ANYBODY_PATH = "/proxy.pac"
"""For devices of which nothing is known."""
_ANYBODY = frozenset({ANYBODY_PATH, "/wpad.dat"})  # the second is what devices ask for that find a proxy by themselves
UNKNOWN_GROUP = "pac-group"
"""The kind under which is counted that a PAC file was asked for of a group that does not exist."""

_FRESH = ("Cache-Control", "private, max-age=60")
_SAFE = ("X-Content-Type-Options", "nosniff")
_NO_STORE = ("Cache-Control", "no-store")
_PLAIN_HTTP = 80


@dataclass(frozen=True, slots=True)
class Place:
    """Where devices find the guard. `name` is the dashboard's host, `pupils` the one of these pages.

    `reach` and `address` are as in `Listen`, ports as they were really taken; `certificate` is the CA's, PEM. `home` is
    where the companion extension is published.
    """

    name: str
    pupils: str
    address: str
    proxy: int
    keyed: int
    page: int = 0
    groups: Mapping[str, int] = field(default_factory=dict)
    reach: tuple[str, ...] = ()
    certificate: Path | None = None
    home: Path | None = None


def place_of(settings: Settings, home: Path) -> Place:
    """The place that settings (with the ports that were taken) and a home folder tell of."""
    listen = settings.listen
    return Place(
        listen.name,
        listen.pupils_host,
        listen.address,
        listen.proxy,
        listen.keyed,
        listen.page,
        dict(listen.groups),
        listen.reach,
        private_folder.handed(CA_FILE) or home / "ca" / CA_FILE,
        home,
    )


class Front:
    """Answers for the pupils' host. `count` hears, by kind, of what the coordinator should know."""

    def __init__(self, place: Place | None, pages: Pages, live: Live, count: Callable[[str], None]) -> None:
        self._place = place
        self._pages = pages
        self._live = live
        self._count = count
        self._near = frozenset() if place is None else frozenset(_plain(one) for one in (*place.reach, place.address))

    def at(self, host: str | None) -> bool:
        """Whether a host as an engine saw it, with or without a port, is the pupils' host in its usual spelling.

        Asked for every connection; in an odd spelling it is the guard's own host like any other, and leads nowhere.
        """
        if self._place is None or host is None:
            return False
        return host.partition(":")[0].rstrip(".").lower() == self._place.pupils

    def begun(self, exchange: Exchange) -> bool:
        """Whether an exchange inside the proxy is for these pages, however broken the rest is. Never raises."""
        try:
            return self.about(canonical(exchange.url))
        except Exception:
            return False

    def about(self, address: Address | None) -> bool:
        """Whether an address is one of these pages, asked for inside the proxy."""
        if self._place is None or address is None or is_own(address):
            return False
        return address.host == self._place.pupils or self._is_near(self._place, address)

    def serves(self, exchange: Exchange, reached: str) -> bool:
        """The same on the page listener; `reached` is the address of this machine that the device connected to."""
        address = canonical(exchange.url)
        if address is None or is_own(address):
            return False
        return self.about(address) or (is_ip(address.host) and _plain(address.host) == _plain(reached))

    def _is_near(self, place: Place, address: Address) -> bool:
        """Whether it is another name of this machine, which may be the dashboard's too: only at these pages' port."""
        here = address.host in self._near and address.host != place.name
        return here and address.scheme == "http" and address.port == (place.page or _PLAIN_HTTP)

    def answer(self, exchange: Exchange, reached: str = "") -> Answer:
        """The answer to an exchange for these pages; a PAC file whatever breaks."""
        path = _path(exchange)
        if exchange.method.upper() not in ("GET", "HEAD"):
            return Answer(405, (("Allow", "GET, HEAD"), _NO_STORE), b"")
        if _is_pac(path):
            return self._pac(path, reached)
        if path == CA_PATH:
            return self._certificate(exchange)
        if path == f"/{NEXT_CA_FILE}" and (waits := self._next()) is not None:
            return self._certificate(exchange, waits)
        if path in (UPDATES, PACKAGE) and self._place is not None and self._place.home is not None:
            address = canonical(exchange.url)
            given = handed(path, _base(address), self._place.home) if address is not None else None
            return given if given is not None else self._page(exchange, 404)
        if path.strip("/") in (MINE, RULES, "test", "nood", "toestel"):  # who asks is known on the guard's own path
            return elsewhere(f"{PREFIX}/{path.strip('/')}")
        if path.strip("/") == SIGN_IN and self._place is not None:  # where a device with a key is asked for it
            scheme = exchange.url.partition("://")[0]
            return elsewhere(f"{scheme}://{SIGN_IN}.{self._place.name}/")
        return self._page(exchange, 200 if path == "/" else 404)

    # --- PAC ---------------------------------------------------------------------------------------------------------

    def _pac(self, path: str, reached: str) -> Answer:
        port, note = self._place.proxy if self._place is not None else 0, "anybody"
        group = ""
        try:
            if self._place is not None:
                port, note, group = self._way(self._place, path)
            line = say(f"front.pac.{note}", self._pages.language, group=group)
        except Exception as error:
            _log.error("a PAC file could not be chosen, the strictest was given: %s", told(error))
            line = ""
        text = pac.script(((host, port) for host in self._hosts(reached)), line)
        return Answer(200, (("Content-Type", pac.MEDIA_TYPE), _FRESH, _SAFE), text.encode("ascii"))

    def _way(self, place: Place, path: str) -> tuple[int, str, str]:
        """The port that a PAC file leads to, what it says of itself, and the group."""
        if path == KEYED_PATH:
            return place.keyed, "keyed", ""
        if path in _ANYBODY:
            return place.proxy, "anybody", ""
        group = path.removeprefix("/pac/").removesuffix(".pac") if path.startswith("/pac/") else ""
        if group in place.groups:
            return place.groups[group], "group", group
        snapshot = self._live.snapshot
        if snapshot is None:
            return place.proxy, "no_rules", ""
        if group in snapshot.groups:
            return place.proxy, "no_port", group
        self._count(UNKNOWN_GROUP)
        return place.proxy, "unknown", ""

    def _hosts(self, reached: str) -> Iterator[str]:
        """By which names or addresses devices reach the guard."""
        if self._place is None:
            return
        if self._place.reach:
            yield from self._place.reach
        elif not ip_address(self._place.address).is_unspecified:
            yield self._place.address
        elif reached and pac.written(reached) is not None:
            yield reached
        else:  # asked for inside the proxy, where nobody knows by which address it was reached
            yield self._place.pupils

    # --- certificate and page ----------------------------------------------------------------------------------------

    def _next(self) -> Path | None:
        """The certificate of a CA that waits to sign; None when none does."""
        if self._place is None or self._place.certificate is None:
            return None
        waits = self._place.certificate.with_name(NEXT_CA_FILE)
        return waits if waits.exists() else None

    def _certificate(self, exchange: Exchange, file: Path | None = None) -> Answer:
        """The CA's certificate as PEM: read and written again, so that nothing else that a file holds comes along."""
        file = file or (self._place.certificate if self._place is not None else None)
        try:
            if file is None:
                raise FileNotFoundError
            found = x509.load_pem_x509_certificates(file.read_bytes())
        except (OSError, ValueError) as error:
            _log.error("the CA's certificate could not be read: %s", told(error))
            return self._pages.failed(exchange)
        headers = (
            ("Content-Type", "application/x-x509-ca-cert"),
            ("Content-Disposition", f'attachment; filename="{file.name}"'),
            _NO_STORE,
            _SAFE,
        )
        return Answer(200, headers, b"".join(one.public_bytes(Encoding.PEM) for one in found))

    def _page(self, exchange: Exchange, status: int) -> Answer:
        address, place = canonical(exchange.url), self._place
        here = "" if address is None or place is None else _base(address)
        group = "7" if place is None else next(iter(place.groups), "7")
        return self._pages.page(
            status,
            "front.html",
            self._pages.lang(exchange),
            "page.front.title",
            "front",
            "sky",
            lost=status == 404,
            fixed="" if place is None else f"vertel.{place.name}",
            certificate=CA_PATH,
            group=group,
            pac=f"{here}{pac.path(group)}",
        )


def _is_pac(path: str) -> bool:
    return path in _ANYBODY or path.endswith(".pac") or path == "/pac" or path.startswith("/pac/")


def _path(exchange: Exchange) -> str:
    """The path of an exchange's address as it was meant, without query."""
    address = canonical(exchange.url)
    return unquote(address.path) if address is not None else "/"


def _base(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    usual = address.port == {"http": _PLAIN_HTTP, "https": 443}.get(address.scheme)
    return f"{address.scheme}://{host}" + ("" if usual else f":{address.port}")


def _plain(host: str) -> str:
    """One spelling of a host or address."""
    return (pac.written(host.partition("%")[0]) or host).strip("[]")
