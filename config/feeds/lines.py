"""The text forms of a feed, a line at a time: names out, and a tally of what was taken and skipped and why.

Every reader is a generator over lines, works in linear time and never raises, whatever the bytes. A name means itself
and everything below it, also where a form (a hosts file, `full:`) can only say one name: children reach the rest of the
same site over the names beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import BinaryIO

from policy.address import canonical_host

LONGEST_LINE = 4096  # characters; longer ones are skipped
MOST_EXCEPTIONS = 200_000
_BLOCK = 1 << 18
_PLAIN = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*").fullmatch
_HOST = re.compile(r"[a-z0-9_.:-]+").fullmatch
_LONGEST_NAME = 253
_NOWHERE = frozenset({"", "#", "0.0.0.0", "127.0.0.1", "::", "::1", "0", "255.255.255.255", "fe80::1%lo0"})
_OURSELVES = frozenset(
    {"localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0"}
    | {f"ip6-{name}" for name in ("localhost", "loopback", "localnet", "mcastprefix")}
    | {f"ip6-all{name}" for name in ("nodes", "routers", "hosts")}
)


@dataclass(slots=True)
class Tally:
    """What a feed held: names taken, lines skipped by reason, and the names that it takes out again (exceptions)."""

    taken: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    exceptions: set[str] = field(default_factory=set)

    def skip(self, reason: str) -> None:
        """Count a line that gave no name."""
        self.skipped[reason] += 1

    def except_for(self, name: str) -> None:
        """Remember a name that the feed takes out again."""
        if len(self.exceptions) < MOST_EXCEPTIONS:
            self.exceptions.add(name)
        else:
            self.skip("exception")


def lines_of(file: BinaryIO, tally: Tally) -> Iterator[str]:
    """The lines of a file without their ends; bytes that are no UTF-8 become U+FFFD, overlong lines are skipped."""
    rest, dropping = b"", False
    while block := file.read(_BLOCK):
        whole, end, rest = (rest + block.replace(b"\r", b"\n")).rpartition(b"\n")
        if end:
            found = whole.decode("utf-8", "replace").split("\n")
            if dropping:
                del found[0]
                dropping = False
            for line in found:
                if len(line) <= LONGEST_LINE:
                    yield line
                else:
                    tally.skip("too_long")
        if len(rest) > LONGEST_LINE * 4:
            rest = b""
            if not dropping:
                tally.skip("too_long")
                dropping = True
    if rest and not dropping:
        line = rest.decode("utf-8", "replace")
        if len(line) <= LONGEST_LINE:
            yield line
        else:
            tally.skip("too_long")


def name_of(text: str) -> str | None:
    """The canonical host in `text` (`policy.address.canonical_host`), or None when it is none that a list can mean."""
    if len(text) <= _LONGEST_NAME and _PLAIN(text) and "xn--" not in text:
        return text  # canonical as it stands; a test holds this to `canonical_host`
    if len(text) > LONGEST_LINE:
        return None
    name = canonical_host(text)
    return name if name is not None and _HOST(name) else None


def _take(text: str, tally: Tally) -> str | None:
    """The name in `text`, counted; `*.x` and `.x` are x."""
    name = name_of(text.removeprefix("*").removeprefix("."))
    if name is None:
        tally.skip("range" if _is_range(text) else "no_name")
    else:
        tally.taken += 1
    return name


def _is_range(text: str) -> bool:
    address, slash, bits = text.partition("/")
    return bool(slash) and bits.isdigit() and _is_address(address)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def domains(lines: Iterable[str], tally: Tally) -> Iterator[str]:
    """One name a line, also as `*.x` or `.x`; `#`, `;`, `!` and `//` begin a comment."""
    for raw in lines:
        line = raw.strip()
        if _PLAIN(line) and len(line) <= _LONGEST_NAME and "xn--" not in line:
            tally.taken += 1
            yield line
            continue
        if not line or line.startswith(("#", ";", "!", "//")):
            continue
        name = _take(line.split(" #", 1)[0].split("\t#", 1)[0].rstrip(), tally)
        if name is not None:
            yield name


def hosts(lines: Iterable[str], tally: Tally) -> Iterator[str]:
    """`0.0.0.0 name name ...`; a line that leads to another machine is no block and is skipped."""
    for raw in lines:
        words = raw.partition("#")[0].split()
        if not words:
            continue
        if words[0] not in _NOWHERE:
            tally.skip("redirect" if _is_address(words[0]) else "no_name")
            continue
        for word in words[1:]:
            if word.lower() in _OURSELVES:
                tally.skip("own_machine")
                continue
            name = _take(word, tally)
            if name is not None:
                yield name


_DNSMASQ = re.compile(r"(local|address|server)=/([^\s]*)/([^/\s]*)(?:\s.*)?\Z").match


def dnsmasq(lines: Iterable[str], tally: Tally) -> Iterator[str]:
    """`local=/x/`, `server=/x/`, `address=/x/0.0.0.0`; `server=/x/#` takes x out again; other options are skipped."""
    for raw in lines:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _DNSMASQ(line)
        if not found:
            tally.skip("other_rule")
            continue
        kind, names, target = found.groups()
        for text in names.split("/"):
            if kind == "server" and target == "#":
                _except(text, tally)
            elif target in _NOWHERE and not (kind != "address" and target):
                name = _take(text, tally)
                if name is not None:
                    yield name
            else:
                tally.skip("redirect")


def _except(text: str, tally: Tally) -> None:
    name = name_of(text.removeprefix("*").removeprefix("."))
    if name is None:
        tally.skip("no_name")
    else:
        tally.except_for(name)


_COSMETIC = re.compile(r"#[@?$%]{0,3}#|\$\$|\$@\$").search
_WHOLE_SITE = frozenset({"all", "document", "doc", "important"})
_NAME_RULE = re.compile(r"(@@)?\|\|([^/^$|]+)\^?(?:\|)?(?:\$(.*))?\Z").match


def adblock(lines: Iterable[str], tally: Tally) -> Iterator[str]:
    """`||x^` and `@@||x^`, with no options or such as mean everything; bare names too. The rest is for browsers."""
    for raw in lines:
        line = raw.strip()
        if not line or line.startswith(("!", "[")) or line == "#" or line.startswith("# "):
            continue
        if _COSMETIC(line):
            tally.skip("cosmetic")
            continue
        found = _NAME_RULE(line)
        if not found:
            yield from _bare(line, tally)
            continue
        exception, text, options = found.groups()
        if options is not None and not _WHOLE_SITE.issuperset(options.lower().split(",")):
            tally.skip("options")
        elif "^" not in line and not exception:
            tally.skip("pattern")  # `||x` alone is the beginning of a name
        elif "*" in text.removeprefix("*."):
            tally.skip("pattern")
        elif exception:
            _except(text, tally)
        else:
            name = _take(text, tally)
            if name is not None:
                yield name


def _bare(line: str, tally: Tally) -> Iterator[str]:
    """A line of a browser's list that is no `||` rule: a bare name or a hosts line, as lists for DNS have them."""
    if line.startswith("#"):
        return
    words = line.split()
    if len(words) > 1 and words[0] in _NOWHERE:
        yield from hosts((line,), tally)
    elif _PLAIN(line):
        tally.taken += 1
        yield line
    else:
        tally.skip("path" if "/" in line else "pattern")


def rpz(lines: Iterable[str], tally: Tally) -> Iterator[str]:
    """A response policy zone: `x CNAME .`; `rpz-passthru.` takes x out again; triggers on addresses are skipped."""
    origin = ""
    for raw in lines:
        words = raw.partition(";")[0].split()
        if len(words) > 1 and words[0].upper() == "$ORIGIN":
            origin = "." + words[1].strip(".").lower()
        upper = [word.upper() for word in words]
        if "CNAME" not in upper[1:-1] or raw[:1].isspace():
            if words and not words[0].startswith(("$", "@")) and not {"SOA", "NS"} & set(upper):
                tally.skip("other_rule")
            continue
        text, target = words[0], words[-1].lower()
        text = text[:-1].lower().removesuffix(origin) if text.endswith(".") and origin else text.removesuffix(".")
        if ".rpz-" in text.lower():
            tally.skip("other_rule")
        elif target == "rpz-passthru.":
            _except(text, tally)
        elif target in (".", "*.", "rpz-drop."):
            name = _take(text, tally)
            if name is not None:
                yield name
        else:
            tally.skip("redirect")


LINE_FORMS: dict[str, Callable[[Iterable[str], Tally], Iterator[str]]] = {
    "domains": domains,
    "hosts": hosts,
    "dnsmasq": dnsmasq,
    "adblock": adblock,
    "rpz": rpz,
}
"""Every form that is one file of lines, by its name."""

_SIGNS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("adblock", re.compile(r"(?:@@)?\|\||\[(?:Adblock|uBlock)|!|.*#[@?]?#", re.IGNORECASE).match),
    ("dnsmasq", re.compile(r"(?:local|address|server)=/").match),
    ("v2fly", re.compile(r"(?:domain|full|keyword|regexp|include):").match),
    ("rpz", re.compile(r"\$(?:TTL|ORIGIN)\b|\S+\s+(?:\d+\s+)?(?:IN\s+)?(?:CNAME|SOA)\s", re.IGNORECASE).match),
    ("hosts", re.compile(r"[0-9a-f.:%lo]+\s+\S", re.IGNORECASE).match),
    ("domains", re.compile(r"(?:\*?\.)?[^\s/:|=$\\,;<>\"{}()]+\.[^\s./:|=$\\,;<>\"{}()]+\.?(?:\s+#.*)?\Z").match),
)


def form_of(sample: Iterable[str]) -> str | None:
    """Which form these first lines have (`v2fly` is one too), by what most of them look like; None: nobody can tell."""
    votes: Counter[str] = Counter()
    for raw in sample:
        line = raw.strip()[:500]
        if not line or (line.startswith("#") and "##" not in line):
            continue
        for form, is_one in _SIGNS:
            if is_one(line):
                votes[form] += 1
                break
        else:
            votes["?"] += 1
    best = votes.most_common(1)
    return best[0][0] if best and best[0][0] != "?" else None
