"""`klaswacht demo`: makes the playground in a folder of its own, and runs the real guard in front of pretend sites."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cli import ports as held_ports
from cli import school as running_school
from cli.demo.browser import Profile, find_chromium, make_profile
from cli.demo.certs import Papers, make_papers
from cli.demo.school import PASSWORD, STAFF, Place, all_names, pupils, school_file, seed
from cli.demo.sites import Ports
from cli.home import Home
from cli.supervisor import Task
from cli.up import Prepared, up
from config import load
from config.texts import say

FOLDER = "speeltuin"
_LOOPBACK = "127.0.0.1"
_START = "https://onzeschool.test/"
_AS = "Noor"  # the pupil whose key is printed


def demo(home: Home) -> int:
    """Run the playground in `home/speeltuin` until Ctrl-C; the exit code of the guard.

    It may run beside a real guard: where a usual port is taken, any free one is used.

    Raises:
        Trouble: something must be mended first.
    """
    place = Home(home.path / FOLDER)
    place.prepare()
    papers = make_papers(place.path / "sites", all_names(), datetime.now(UTC))
    with _two_ports(place) as ports:
        fill(place, papers, ports, _free(Place()))
        sites = Task("pretend sites", (sys.executable, "-m", "cli.demo.sites", str(papers.ca.parent), *_told(ports)))
        return up(place, take_file=True, beside=(sites,), more=lambda prepared: _lines(prepared, papers))


def fill(home: Home, papers: Papers, ports: Ports, place: Place, more: Sequence[str] = ()) -> None:
    """Write the playground's `school.yaml` into `home` and its people into the database; may be repeated.

    `more` is for `school_file`. Raises `Trouble` when the database cannot be used.
    """
    home.school_file.write_text(school_file(ports, papers.ca, place, more))
    settings = load.read_school(home.school_file).settings
    store = running_school.opened(home)
    try:
        now = datetime.now(UTC)
        seed(running_school.desk_for(store, load.knowledge(settings), settings), now)
    finally:
        store.close()


@contextlib.contextmanager
def _two_ports(home: Home) -> Iterator[Ports]:
    """Two free ports for the sites, kept ours for as long as the playground runs."""
    with contextlib.ExitStack() as stack:
        taken = [held_ports.hold(_LOOPBACK, 0, "listen", home.school_file) for _ in range(2)]
        for one in taken:
            stack.callback(one.release)
        yield Ports(*(one.number for one in taken))


def _told(ports: Ports) -> tuple[str, str]:
    return str(ports.tls), str(ports.plain)


def _free(place: Place) -> Place:
    """The usual ports where they are free, any other where they are not."""

    def or_any(number: int) -> int:
        return number if held_ports.is_free(_LOOPBACK, number) else 0

    return Place(
        or_any(place.proxy),
        or_any(place.keyed),
        or_any(place.dashboard),
        {group: or_any(number) for group, number in place.groups.items()},
    )


def _lines(prepared: Prepared, papers: Papers) -> list[str]:
    """What to open and to type, for a person."""
    lang, listen = prepared.settings.language, prepared.settings.listen
    authorities = {"klaswacht": prepared.files.public, FOLDER: papers.ca}

    def browser(name: str) -> Profile:
        return make_profile(prepared.home.path / "browsers" / name, authorities)

    noor = next(one for one in pupils() if one.name == _AS)
    juf = next(one for one in STAFF if noor.group in one.groups)
    others = ", ".join(one.login for one in STAFF if one is not juf)
    named, group = (f"{_LOOPBACK}:{port}" for port in (listen.keyed, listen.groups[noor.group]))
    return [
        "",
        say("demo.head", lang),
        "",
        say("demo.pupil", lang).rstrip(),
        f"   {browser('leerling').command(_START, group)}",
        say("demo.pupil_named", lang, name=noor.name, device=noor.device, key=noor.key).rstrip(),
        f"   {browser(noor.name.lower()).command(_START, named)}",
        say("demo.teacher", lang).rstrip(),
        f"   {browser('juf').command(f'{prepared.dashboard_url}/')}",
        f"   {say('demo.teacher_sign_in', lang, login=juf.login, password=PASSWORD)}",
        f"   {say('demo.others', lang, logins=others)}",
        *([] if find_chromium() else [f"   {say('demo.no_browser', lang)}"]),
        "",
        say("demo.try", lang).rstrip(),
        say("demo.unsafe", lang).rstrip(),
    ]
