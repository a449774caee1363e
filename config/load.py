"""School file and factory data to policy nouns: the door of this room.

`ConfigError` is the only error that a wrong file gives; its text is one line: `file:line: problem; hint`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from config.factory import category_names, factory_knowledge
from config.machine import placed
from config.read import MAX_BYTES, ConfigError, Document, quoted, read_yaml
from config.settings import Dhcp, Dns, Egress, Firewall, Listen, School, SchoolFile, Settings
from policy.match import Categories, Layers, within
from policy.model import DeviceClass, Knowledge, Policy, Term
from policy.ownwords import SHORTEST, own_term

if TYPE_CHECKING:
    from config.schema import SchoolFilePart, WordsPart

__all__ = [
    "ConfigError",
    "factory_policy",
    "knowledge",
    "parse_school",
    "protocol_names",
    "read_school",
    "write_template",
]

_ROOT = files("config")


def knowledge(settings: Settings | None = None, feeds: Categories | None = None) -> Knowledge:
    """Return the factory data, compiled once a process; with `settings`, its tunnels and own host are merged in.

    `feeds` are the school's subscriptions (`config.feeds.opened.FeedIndex`), asked beside the factory lists.
    """
    base = factory_knowledge()
    settings = settings or Settings()
    milder = replace(base.engines, moderate=frozenset({"youtube"}))
    return replace(
        base,
        engines=milder if settings.youtube == "moderate" else base.engines,
        categories=base.categories if feeds is None else Layers((base.categories, feeds)),
        own_hosts=_own_hosts(base.own_hosts | {settings.listen.name}, settings.listen.pupils_host),
        tunnels={**base.tunnels, **settings.tunnels},
    )


def protocol_names() -> tuple[str, ...]:
    """Return the names of the protocols that come with the product, in alphabetical order."""
    return tuple(
        sorted(
            entry.name.removesuffix(".yaml")
            for entry in _ROOT.joinpath("protocols").iterdir()
            if entry.name.endswith(".yaml")
        )
    )


def factory_policy(protocol: str = "kalisto") -> Policy:
    """Return the policy of a school that says nothing but its protocol, with the template's timetable.

    Raises:
        ConfigError: there is no such protocol.
    """
    return parse_school(_template(protocol).encode(), "config/template/school.yaml").policy


def read_school(path: Path) -> SchoolFile:
    """Read and check a `school.yaml`, for this machine (`config.machine`).

    Raises:
        ConfigError: the file cannot be read or says something that cannot be.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "`klaswacht up` writes one" if isinstance(error, FileNotFoundError) else "look at its place and rights"
        raise ConfigError(
            str(path), 0, f"cannot be read: {(error.strerror or 'no reason given').lower()}", hint
        ) from None
    found = parse_school(data, str(path), path.parent)
    return replace(found, settings=placed(found.settings))


def parse_school(data: bytes, name: str = "school.yaml", folder: Path | None = None) -> SchoolFile:
    """Check the bytes of a `school.yaml`; `name` is for messages.

    Files that it names are sought in `folder`; without one they are not looked for.

    Raises:
        ConfigError: as `read_school`.
    """
    # pydantic takes a third of a second to come in; a laptop's agent never reads a school file.
    from config.complaints import checked
    from config.rulebook import all_rules, own_decisions_only, protocol_with_rules, rules_of
    from config.schema import SchoolFilePart
    from config.sign_in import sign_in_of
    from config.timetable import schedule_of
    from config.written import remainder

    document = read_yaml(data, name)
    part = checked(SchoolFilePart, document)
    _known_protocol(part.protocol, document)
    protocol, from_protocol = protocol_with_rules(part.protocol)
    own_decisions_only(part.rules, document)
    own = rules_of(part.rules, document, protocol, category_names() | part.lists.keys())
    policy = Policy(
        protocol=protocol,
        rules=all_rules(own, document, from_protocol),
        schedule=schedule_of(part.schedule, document),
        lists={category: tuple(dict.fromkeys(hosts)) for category, hosts in part.lists.items()},
        open_sites=tuple(dict.fromkeys(part.open_sites)),
        terms=tuple(_own_terms(part.words, document)),
        passed_words=tuple(dict.fromkeys(part.words.passed)),
        domains=tuple(dict.fromkeys(part.domains)),
        public=tuple(dict.fromkeys(part.public)),
        hold_unknown=part.hold_unknown,
        interns_permit=part.interns_permit,
        print_pages=part.print_pages,
    )
    settings = Settings(
        school=School(part.school.id, part.school.name),
        protocol=part.protocol,
        language=part.language,
        workers=part.workers,
        workers_mb=part.workers_mb,
        listen=_listen(part),
        egress=Egress(
            ports=tuple(dict.fromkeys(part.egress.ports)),
            hosts=dict(part.egress.hosts),
            trust=tuple(_trusted(part.egress.trust, document, folder)),
        ),
        dns=_dns(part),
        dhcp=Dhcp(tuple(map(Path, dict.fromkeys(part.dhcp.leases))), DeviceClass(part.dhcp.unregistered)),
        firewall=_firewall(part),
        sign_in=sign_in_of(part.sign_in, document, folder),
        tunnels=dict(part.tunnels),
        youtube=part.youtube,
        retention=part.retention.model_dump(),
    )
    _lists_make_sense(policy, settings, document)
    return SchoolFile(policy, settings, hashlib.sha256(data).hexdigest(), part.revision, remainder(document.value))


def write_template(path: Path, protocol: str = "kalisto") -> None:
    """Write a commented `school.yaml` (comments in Dutch) that loads as it stands; an existing file is kept.

    Raises:
        ConfigError: there is no such protocol, the file exists, or the place cannot be written.
    """
    text = _template(protocol)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(str(path), 0, "the file is there already", "move it away first") from None
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise ConfigError(str(path), 0, f"cannot be written: {reason}", "look at its place and rights") from None


def _template(protocol: str) -> str:
    if protocol not in protocol_names():
        raise ConfigError("school.yaml", 0, *_no_protocol(protocol))
    text = _ROOT.joinpath("template", "school.yaml").read_text("utf-8")
    return re.sub(r"(?m)^protocol: .*$", f"protocol: {protocol}", text, count=1)


def _known_protocol(name: str, document: Document) -> None:
    if name not in protocol_names():
        raise document.error(("protocol",), *_no_protocol(name))


def _no_protocol(name: str) -> tuple[str, str]:
    from config.words import nearest

    return f"protocol {quoted(name)} does not exist", nearest(name, protocol_names())


def _own_terms(words: WordsPart, document: Document) -> Iterator[Term]:
    for number, part in enumerate(words.terms):
        term = own_term(part.text, part.kind, part=part.part, severity=part.severity)
        if term is None:
            raise document.error(
                ("words", "terms", number, "text"),
                f"{quoted(part.text)} has too few letters",
                f"write a word of at least {SHORTEST} letters",
            )
        yield term


def _own_hosts(known: frozenset[str], pupils: str) -> frozenset[str]:
    """The guard's own hosts, with their sub-domains: the pupils' is as a rule one of these."""
    return known if within(pupils, known) else known | {pupils}


def _listen(part: SchoolFilePart) -> Listen:
    listen = part.listen
    told = {"balancers": tuple(listen.balancers), "reach": tuple(dict.fromkeys(listen.reach))}
    return Listen(**listen.model_dump() | told | {"pupils": listen.pupils or ""})


def _dns(part: SchoolFilePart) -> Dns:
    return Dns(
        upstream=tuple(dict.fromkeys(part.dns.upstream)),
        zones={zone: tuple(dict.fromkeys(servers)) for zone, servers in part.dns.zones.items()},
        answer_with=part.dns.answer_with or "",
    )


def _firewall(part: SchoolFilePart) -> Firewall:
    told = part.firewall
    return Firewall(
        pupils=tuple(dict.fromkeys(told.pupils)),
        names_only=tuple(dict.fromkeys(told.names_only)),
        staff=tuple(dict.fromkeys(told.staff)),
        infrastructure=tuple(dict.fromkeys(told.infrastructure)),
        dashboard_for_pupils=told.dashboard_for_pupils,
    )


def _trusted(names: list[str], document: Document, folder: Path | None) -> Iterator[Path]:
    for number, name in enumerate(names):
        path = (folder or Path()) / name
        if folder is not None and not path.is_file():
            raise document.error(
                ("egress", "trust", number), f"file {quoted(name)} is not there", f"it is sought in {quoted(folder)}"
            )
        yield path.absolute()


def _lists_make_sense(policy: Policy, settings: Settings, document: Document) -> None:
    """Refuse what would silently do nothing or too much: a list no rule speaks of, an open site that stays locked."""
    from config.sense import nonsense

    for found in nonsense(policy, settings):
        raise document.error(found.where, found.problem, found.hint)
