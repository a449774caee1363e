"""A new CA beside the old one, and then in its place: `klaswacht ca rotate`, and an intermediate that was imported.

The order of writing makes every step one rename: before it the step was not taken, after it it was. What a command
that was killed in between leaves behind is tidied by `files.settled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.ca.files import Authority, CaFiles, authority, held, settled, signing, since, store
from cli.ca.making import common_name, new_ca
from cli.home import Trouble

WAIT = timedelta(days=14)
"""How long both certificates are with the devices before the new CA signs, and how long the old one can be taken back
before it is dropped: two weeks, in which every device was at school once (none is a school holiday, though)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A CA that does not sign: the next one, or the previous one. `since` it was made, imported or replaced."""

    authority: Authority
    since: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Which CA signs now, and which one waits to do so or did before."""

    signs: Authority
    next: Waiting | None = None
    previous: Waiting | None = None


def standing(files: CaFiles) -> Standing:
    """How it is now, without changing anything.

    Raises:
        Trouble: there is no CA, or a file is damaged.
    """
    now = signing(files)
    found: list[Waiting | None] = []
    for path in (files.next, files.previous):
        try:
            other = authority(path)
            found.append(None if other == now else Waiting(other, since(path)))
        except FileNotFoundError:
            found.append(None)
        except (OSError, ValueError) as error:
            raise Trouble(f"`{path}` cannot be read", "remove it") from error
    return Standing(now, *found)


def begin(files: CaFiles, school: str, now: datetime) -> Authority:
    """Make the next CA of `school` (its name) and publish it; the present one signs on.

    Raises:
        Trouble: a step before is not finished, or something cannot be read or written.
    """
    with held(files):
        settled(files)
        known = _nothing_pending(files)
        store(files.next, new_ca(school, now, frozenset({common_name(known.signs.certificate)})), now)
        settled(files)
        return authority(files.next)


def adopt(files: CaFiles, data: bytes, now: datetime) -> bool:
    """Take over a CA that was imported (`data` is key and certificates, as they are kept): as the next one, or, where
    there is none yet, as the one that signs. Returns whether it signs now.

    Raises:
        Trouble: it is there already, a step before is not finished, or something cannot be read or written.
    """
    with held(files):
        if not files.engine.exists() and not files.public.exists():
            store(files.engine, data, now)
            settled(files)
            return True
        settled(files)
        if files.engine.read_bytes() == data:
            raise Trouble("this CA signs already")
        _nothing_pending(files)
        store(files.next, data, now)
        settled(files)
        return False


def switch(files: CaFiles, now: datetime, *, at_once: bool = False) -> None:
    """Have the next CA sign from now on. With `at_once` before its time of waiting is over.

    Raises:
        Trouble: none waits, it waits not long enough, or something cannot be read or written.
    """
    with held(files):
        settled(files)
        known = standing(files)
        if known.next is None:
            raise Trouble("no CA waits to take over", "make one with `klaswacht ca rotate`, or `klaswacht ca import`")
        over = known.next.authority.certificate.not_valid_after_utc
        if over <= now:
            raise Trouble(f"the CA that waits ended on {over:%d-%m-%Y}", "drop it: klaswacht ca rotate --drop")
        if not at_once and known.next.authority.anchor != known.signs.anchor:
            _long_enough(
                known.next.since,
                now,
                "a device that does not trust the new CA yet would open no site after the switch",
                "klaswacht ca rotate --switch --now",
            )
        store(files.previous, files.engine.read_bytes(), now)
        files.next.replace(files.engine)
        settled(files)


def back(files: CaFiles, now: datetime) -> None:
    """Undo the switch: the previous CA signs again, the other one waits again.

    Raises:
        Trouble: there was no switch, or something cannot be read or written.
    """
    with held(files):
        settled(files)
        if standing(files).previous is None:
            raise Trouble("no CA signed before this one, or it was dropped")
        store(files.next, files.engine.read_bytes(), now)
        files.previous.replace(files.engine)
        settled(files)


def drop(files: CaFiles, now: datetime, *, at_once: bool = False) -> Authority:
    """Forget the CA that does not sign, with its key: the previous one, or before a switch the next one.

    Raises:
        Trouble: there is none, the switch was too short ago, or something cannot be read or written.
    """
    with held(files):
        settled(files)
        known = standing(files)
        gone = known.previous or known.next
        if gone is None:
            raise Trouble("there is no other CA than the one that signs")
        if gone is known.previous and not at_once:
            _long_enough(
                gone.since,
                now,
                "after this the switch cannot be undone",
                "klaswacht ca rotate --drop --now",
            )
        (files.previous if gone is known.previous else files.next).unlink()
        settled(files)
        return gone.authority


def _nothing_pending(files: CaFiles) -> Standing:
    known = standing(files)
    if known.next is not None:
        raise Trouble(
            f"a next CA waits already: `{common_name(known.next.authority.certificate)}`",
            "have it take over (klaswacht ca rotate --switch) or drop it (klaswacht ca rotate --drop)",
        )
    if known.previous is not None:
        raise Trouble(
            f"the previous CA is still there: `{common_name(known.previous.authority.certificate)}`",
            "drop it first: klaswacht ca rotate --drop",
        )
    return known


def _long_enough(began: datetime, now: datetime, why: str, sooner: str) -> None:
    """Raise `Trouble` when less than `WAIT` has passed since `began`."""
    if now - began < WAIT:
        raise Trouble(f"only since {began:%d-%m-%Y}, wait until {began + WAIT:%d-%m-%Y}: {why}", f"sooner: {sooner}")
