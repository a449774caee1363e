"""How much is recognised: addresses (part one), on public test data and on our own corpora; words are in `words`.

    KLASWACHT_TEST_DATA=... .venv/bin/python -m bench.recognition [--write] [--rows even|odd]

With own lists alone: no feed is subscribed to. A name counts as recognised when a primary pupil's request for it in a
lesson would not be open by the rules that come with the product. `--write` keeps the table in `docs/recognition.md`;
`--rows` names the rows of a corpus that came out otherwise than its file says.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import words
from config import load
from config.feeds import v2fly
from config.feeds.lines import Tally
from policy.address import canonical, canonical_host, name_without_suffix, site_of
from policy.decide import decide
from policy.model import AccessRequest, Action, Decision, Principal, Role, Snapshot, Strength

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "docs" / "recognition.md"
CORPORA = ROOT / "tests" / "corpus"
LESSON = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PUPIL = Principal(Role.PUPIL, groups=("7",), strength=Strength.GROUP)
_MARKS = ("<!-- bench:recognition-1 -->", "<!-- /bench:recognition-1 -->")

V2FLY = {
    "social": ("category-social-media-!cn",),
    "social, China and Iran": ("category-social-media-cn", "category-social-media-ir"),
    "forums": ("category-forums",),
    "chat": ("category-communication",),
    "games": ("category-games-!cn",),
    "games, China": ("category-games-cn",),
    "AI": ("category-ai-!cn",),
    "AI, China and Russia": ("category-ai-cn", "category-ai-ru"),
    "VPN and ways around": ("category-vpnservices", "category-anticensorship", "category-proxy-tunnels"),
    "DNS over HTTPS": ("category-doh",),
    "remote control": ("category-remote-control",),
}


@dataclass(frozen=True)
class Row:
    """One line of the table. `sites` counts registrable domains."""

    what: str
    found: int
    of: int
    note: str = ""

    @property
    def share(self) -> str:
        return f"{100 * self.found / self.of:.1f} %" if self.of else "-"


class Guard:
    """The product as it comes, asked as a pupil of group 7 in a lesson."""

    def __init__(self) -> None:
        self.school = Snapshot(0, "bench", load.factory_policy(), load.knowledge())

    def asks(self, url: str) -> Decision:
        address = canonical(url if "://" in url else f"https://{url}/")
        hosts = (address.host,) if address else ()
        websocket = address is not None and address.scheme in ("ws", "wss")
        search = self.school.knowledge.engines.query(address) if address else None
        action = Action.SEARCH if search else Action.VISIT
        request = AccessRequest(
            action, PUPIL, hosts, address, websocket=websocket, search=search, unreadable=address is None
        )
        return decide(request, self.school, LESSON)


# --- corpora ---------------------------------------------------------------------------------------------------------


def corpus(name: str) -> Iterator[tuple[int, str, str]]:
    """Number (from 1), address and kind of each row of one of our corpora."""
    lines = (CORPORA / name).read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    for number, row in enumerate(rows, 1):
        yield number, row[0], row[1] if len(row) > 1 else ""


def corpora(guard: Guard, show: str | None) -> Iterator[Row]:
    for name, wanted, what in (
        ("hosts-closed.txt", False, "closed corpus: found"),
        ("hosts-open.txt", True, "open corpus: left open"),
    ):
        for half, odd in (("even", 0), ("odd", 1)):
            rows = [row for row in corpus(name) if row[0] % 2 == odd]
            wrong = [(number, url) for number, url, _ in rows if guard.asks(url).open is not wanted]
            if show == half:
                for number, url in wrong:
                    print(f"{name}:{number}: {url} {guard.asks(url).reason}", file=sys.stderr)
            yield Row(f"{what}, {half} rows", len(rows) - len(wrong), len(rows))


# --- v2fly -----------------------------------------------------------------------------------------------------------


def lists_of(folder: Path, names: Iterable[str]) -> list[str]:
    def lines(name: str) -> list[str] | None:
        path = folder / name
        return path.read_text("utf-8").splitlines() if path.is_file() else None

    return sorted({one for name in names for one in v2fly.names(lines, name, Tally())})


def categories(guard: Guard, data: Path) -> Iterator[Row]:
    for what, names in V2FLY.items():
        hosts = [host for host in lists_of(data / "domains-v2fly" / "data", names) if "." in host]
        found = sum(not guard.asks(f"https://{host}/").open for host in hosts)
        yield Row(f"v2fly {what}", found, len(hosts))


# --- addresses -------------------------------------------------------------------------------------------------------


def embedded(guard: Guard, data: Path) -> Row:
    rows = [json.loads(line) for line in (data / "url" / "chromium_embedded_url.jsonl").read_text("utf-8").splitlines()]
    right = 0
    for row in rows:
        address = canonical(row["url"])
        found = list(guard.school.knowledge.relays.fetched(address)) if address else []
        wanted = canonical(row["embedded"]) if row["embedded"] else None
        right += found[:1] == ([wanted] if wanted else [])
    return Row("Chromium's embedded-URL vectors", right, len(rows))


def whatwg(data: Path) -> Row:
    """Rows without a base, of the schemes that a browser asks a proxy for: the host, or that it is no address."""
    right = total = 0
    for row in json.loads((data / "url" / "urltestdata.json").read_text("utf-8")):
        if not isinstance(row, dict) or row.get("base"):
            continue
        if not row.get("failure") and row["protocol"] not in ("http:", "https:", "ws:", "wss:"):
            continue
        total += 1
        address = canonical(row["input"])
        if row.get("failure"):
            right += address is None
            continue
        wanted = canonical_host(row["hostname"])
        ports = {"http:": "80", "https:": "443", "ws:": "80", "wss:": "443"}
        port = int(row["port"] or ports[row["protocol"]])
        if address is None:
            # A name that no DNS can hold (`a..b`, longer than 253) is closed where a browser would try it.
            right += wanted is None
        else:
            same = (address.host, address.port, address.path, address.query)
            right += same == (wanted, port, row["pathname"], row["search"].removeprefix("?"))
    return Row("WHATWG urltestdata (web addresses without base)", right, total)


def idna(data: Path) -> Row:
    """The name as Unicode's test has it; what it refuses must be refused or be closed as it stands."""
    right = total = 0
    for row in json.loads((data / "url" / "IdnaTestV2.json").read_text("utf-8")):
        if not isinstance(row, dict) or not row["input"]:
            continue
        total += 1
        found = canonical_host(row["input"])
        wanted = row["output"]
        right += found is None if wanted is None else found == canonical_host(wanted) or _no_dns_name(wanted) == found
    return Row("IdnaTestV2", right, total)


def _no_dns_name(name: str) -> str | None:
    """None: what DNS cannot hold is no host to us, where the test has one (empty labels, more than 253 letters)."""
    bare = name.removesuffix(".")
    return None if not bare or ".." in name or name.startswith(".") or len(bare) > 253 else name


def suffixes(data: Path) -> Row:
    right = total = 0
    for line in (data / "public-suffix" / "tests" / "tests.txt").read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("//"):
            continue
        name, wanted = line.split()
        total += 1
        host = None if name == "null" or name.startswith(".") else canonical_host(name)
        site = site_of(host) if host and name_without_suffix(host) else None
        right += site == (None if wanted == "null" else canonical_host(wanted))
    return Row("public suffix tests", right, total)


# --- report ----------------------------------------------------------------------------------------------------------


def table(rows: Iterable[Row], guard: Guard) -> str:
    known = guard.school.knowledge
    names = len(known.categories)
    lines = [
        f"{datetime.now(UTC):%d %B %Y}. Own lists alone: {names} names, {len(known.services.services)} services, "
        f"{len(known.relays.relays)} kinds of relay; no feed.",
        "",
        "| what | right | of | share |",
        "|---|---|---|---|",
        *(f"| {row.what} | {row.found} | {row.of} | {row.share} |" for row in rows),
    ]
    return "\n".join(lines)


def main() -> int:
    """Print the table; with `--write` keep it."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    reader.add_argument("--write", action="store_true")
    reader.add_argument("--rows", choices=("even", "odd"))
    options = reader.parse_args()
    guard = Guard()
    rows = list(corpora(guard, options.rows))
    data = os.environ.get("KLASWACHT_TEST_DATA")
    if data:
        folder = Path(data)
        rows += categories(guard, folder)
        rows += [embedded(guard, folder), whatwg(folder), idna(folder), suffixes(folder)]
    else:
        print("KLASWACHT_TEST_DATA is not set: our own corpora alone", file=sys.stderr)
    parts = ((_MARKS, table(rows, guard)), (words.MARKS, words.tables(Path(data) if data else None, options.rows)))
    for marks, text in parts:
        print(text, end="\n\n")
        if options.write:
            keep(marks, text)
    return 0


def keep(marks: tuple[str, str], text: str) -> None:
    """Put a text between its marks in the report."""
    before, _, rest = REPORT.read_text("utf-8").partition(marks[0])
    after = rest.partition(marks[1])[2]
    REPORT.write_text(f"{before}{marks[0]}\n{text}\n{marks[1]}{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
