"""`klaswacht doctor`: looks at everything the guard stands on and says what to do about what is not right.

It changes nothing, and works with the guard running or not. Every finding is a code of `cli.doctor` with its values.
"""

from __future__ import annotations

import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dns.exception
import dns.message
import dns.query
import dns.rcode

from agent import printed
from agent.cups import Cups
from agent.print_rules import faults
from cli import ports
from cli.findings import Finding, Level, backup_findings, ca_findings, clock_findings, disk_findings
from cli.home import Home, Trouble
from cli.now import still_waiting
from cli.school import running
from cli.subscribed import ailing
from config import load, pac
from config.settings import Listen, SchoolFile, Settings
from config.texts import say
from proxy_addons.names.front import UNKNOWN_GROUP
from store import StoreUnavailable, open_store

_SQLITE = "sqlite:///"
_DNS_PATIENCE = 4.0  # seconds
_KNOWN_NAME = "www.rijksoverheid.nl"  # asked for its address only, never contacted
_OWN_PATIENCE = 2.0  # seconds that the guard itself gets
_WEEK = timedelta(days=7)


def examine(home: Home, now: datetime | None = None) -> tuple[list[Finding], str]:
    """Everything found, and the language of the school."""
    moment = now or datetime.now(UTC)
    findings = [*_python(), *_home(home)]
    file, told = _file(home)
    findings.extend(told)
    settings = file.settings if file else Settings()
    findings.extend(_ports(home, settings.listen))
    findings.extend(_pac(home, settings, moment))
    findings.extend(_holidays(file, moment))
    findings.extend(clock_findings(home, moment))
    findings.extend(_zone())
    findings.extend(ca_findings(home, moment))
    findings.extend(_database(home, settings, moment))
    findings.extend(Finding(Level(level), code, values) for level, code, values in ailing(home, moment))
    findings.extend(disk_findings(home))
    findings.extend(backup_findings(home, moment))
    findings.extend(printing_findings(settings.language))
    findings.extend(_dns())
    return findings, settings.language


def render(findings: list[Finding], lang: str) -> tuple[str, bool]:
    """The lines for a person, and whether anything failed."""
    lines = [f"{one.level.value:<4}  {say(f'cli.doctor.{one.code}', lang, **one.values)}" for one in findings]
    fails = sum(one.level is Level.FAIL for one in findings)
    warns = sum(one.level is Level.WARN for one in findings)
    summary = "summary" if fails or warns else "summary_ok"
    lines.append(say(f"cli.doctor.{summary}", lang, fails=fails, warns=warns))
    return "\n".join(lines), bool(fails)


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = sys.version_info[:2] >= (3, 13)
    yield Finding(Level.OK if fits else Level.FAIL, "python" if fits else "python_old", {"version": version})


def _home(home: Home) -> Iterator[Finding]:
    values: dict[str, object] = {"path": home.path}
    if not home.path.exists():
        yield Finding(Level.WARN, "home_missing", values)
        return
    try:
        home.prepare()
    except Trouble as trouble:
        yield Finding(Level.FAIL, "broken", {"problem": trouble})
        return
    mode = home.path.stat().st_mode
    # Where whoever installed it shares it with the proxy's user, by setgid (config/private_folder.py), the group reads.
    open_to_others = stat.S_IMODE(mode) & (0o027 if mode & stat.S_ISGID else 0o077)
    yield Finding(Level.WARN if open_to_others else Level.OK, "home_open" if open_to_others else "home", values)


def _file(home: Home) -> tuple[SchoolFile | None, list[Finding]]:
    path = home.school_file
    if not path.exists():
        return None, [Finding(Level.WARN, "file_missing", {"file": path})]
    try:
        file = load.read_school(path)
    except load.ConfigError as error:
        return None, [Finding(Level.FAIL, "broken", {"problem": error})]
    return file, [Finding(Level.OK, "file", {"file": path, "protocol": file.settings.protocol})]


def _holidays(file: SchoolFile | None, now: datetime) -> Iterator[Finding]:
    """Days off that the school must look at: until then they are school days, and the rules hold."""
    if file is None:
        return
    waiting = still_waiting(file.policy.schedule, now.date())
    if waiting:
        names = ", ".join(dict.fromkeys(one.name for one in waiting))
        yield Finding(Level.WARN, "holidays_waiting", {"names": names})


def _ports(home: Home, listen: Listen) -> Iterator[Finding]:
    ours = running(home)
    numbers = {"listen.proxy": listen.proxy, "listen.keyed": listen.keyed, "listen.dashboard": listen.dashboard}
    numbers |= {f"listen.groups.{group}": port for group, port in listen.groups.items()}
    numbers |= {"listen.transparent": listen.transparent} if listen.transparent else {}
    numbers |= {f"listen.{name}": port for name, port in (("dns", listen.dns), ("page", listen.page)) if port}
    for setting, port in numbers.items():
        values: dict[str, object] = {"port": port, "setting": setting, "file": home.school_file}
        if port == 0:
            yield Finding(Level.OK, "port_any", values)
        elif ours and setting == "listen.dns":
            yield _names(listen)
        elif ours:
            good = ports.answers(listen.address, port)
            yield Finding(Level.OK if good else Level.FAIL, "port_ours" if good else "port_silent", values)
        else:
            free = ports.is_free(listen.address, port) and (setting != "listen.dns" or _free_for_datagrams(listen))
            yield Finding(Level.OK if free else Level.FAIL, "port_free" if free else "port_taken", values)


def _free_for_datagrams(listen: Listen) -> bool:
    try:
        ports.probe_datagrams(listen.address, listen.dns, "listen.dns", Path())
    except Trouble:
        return False
    return True


def _names(listen: Listen) -> Finding:
    """Whether the running guard answers names, over UDP as devices ask: its own name needs no other server."""
    asked = dns.message.make_query(listen.name, "A")
    try:
        found = dns.query.udp(asked, ports.reachable(listen.address), _OWN_PATIENCE, listen.dns)
        good = found.rcode() == dns.rcode.NOERROR and ports.answers(listen.address, listen.dns)
    except (OSError, dns.exception.DNSException):
        good = False
    return Finding(Level.OK if good else Level.FAIL, "names_ours" if good else "names_silent", {"port": listen.dns})


def _pac(home: Home, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Where the PAC files are, and whether devices ask for one of a group that is not there."""
    if not settings.listen.page:
        return
    yield Finding(Level.OK, "pac", {"address": f"{ports.pages_url(settings.listen)}{pac.path('...')}"})
    times = _pac_of_no_group(home, settings.school.id, now - _WEEK)
    if times:
        yield Finding(Level.WARN, "pac_unknown", {"times": times})


def _pac_of_no_group(home: Home, school: str, since: datetime) -> int:
    """How often a PAC file was asked for of a group that does not exist; 0 when the database cannot say."""
    if home.database_url.startswith(_SQLITE) and not Path(home.database_url.removeprefix(_SQLITE)).exists():
        return 0
    try:
        store = open_store(home.database_url, home.accounts_url, key=home.columns_key)
        try:
            counted = store.events.counts(school, since)
        finally:
            store.close()
    except StoreUnavailable:  # told with the database
        return 0
    return sum(one.n for one in counted if one.category == UNKNOWN_GROUP)


def _zone() -> Iterator[Finding]:
    try:
        ZoneInfo("Europe/Amsterdam")
    except ZoneInfoNotFoundError:
        yield Finding(Level.FAIL, "zone_missing")
    else:
        yield Finding(Level.OK, "zone")


def _database(home: Home, settings: Settings, now: datetime) -> Iterator[Finding]:
    url = home.database_url
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        yield Finding(Level.WARN, "database_missing")
        return
    try:
        store = open_store(url, home.accounts_url, key=home.columns_key)
        try:
            store.check()
            current = store.policies.current(settings.school.id)
            notices = store.notices.standing(settings.school.id, now)
        finally:
            store.close()
    except StoreUnavailable as error:
        yield Finding(Level.FAIL, "database_broken", {"problem": error})
        return
    if current is None:
        yield Finding(Level.FAIL, "database_empty")
    else:
        yield Finding(Level.OK, "database", {"number": current.number})
    for one in notices:  # what the workers of the running guard have noticed
        said = {part: say(f"dash.storing.{one.kind}.{part}", settings.language) for part in ("title", "remedy")}
        yield Finding(Level.WARN, "notice", {"since": f"{one.since.astimezone():%H:%M}", **said})


def printing_findings(lang: str, home: Path = printed.HOME) -> Iterator[Finding]:
    """Whether pupils can print around the guard; nothing where this computer is no print server."""
    setting = printed.read_setting(home)
    if setting is None:
        return
    found = list(faults(Cups(Path(setting.socket)), setting))
    if not found:
        yield Finding(Level.OK, "printing", {"pupils": setting.pupils, "real": setting.real})
    for code, values in found:
        level = Level.WARN if code in {"silent", "stopped", "refuses"} else Level.FAIL
        yield Finding(level, "printing_fault", {"problem": say(f"printing.fault.{code}", lang, **values)})
    # What this cannot see is said, always.
    yield Finding(Level.WARN, "printing_around", {"problem": say("printing.around", lang)})


def _dns() -> Iterator[Finding]:
    """Only a warning: the guard itself works without the internet, and says so to whoever asks for a site."""
    problem = _within(_DNS_PATIENCE, lambda: socket.getaddrinfo(_KNOWN_NAME, 443, type=socket.SOCK_STREAM))
    if problem is None:
        yield Finding(Level.OK, "dns")
    else:
        yield Finding(Level.WARN, "dns_none", {"problem": problem})


def _within(seconds: float, call: Callable[[], object]) -> str | None:
    """Do `call` on a thread that is not waited for longer than `seconds`; what went wrong, or None."""
    problem: list[str | None] = [f"no answer in {seconds:.0f} s"]

    def run() -> None:
        try:
            call()
            problem[0] = None
        except OSError as error:
            problem[0] = error.strerror or str(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return problem[0]
