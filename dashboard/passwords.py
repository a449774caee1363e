"""Passwords: what a good one is, and argon2id.

Parameters are RFC 9106's second recommendation (64 MiB, 3 passes, 4 lanes), the default of `argon2-cffi`. At most two
are computed at a time, so that a flood of sign-ins cannot take the machine's memory.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import Type, hash_secret_raw

from dashboard.guessable import own_characters

SHORTEST = 12
LONGEST = 128
_DIFFERENT_CHARACTERS = 5
_OWN_CHARACTERS = 6  # beside what others would try first
_HASHER = PasswordHasher()
_TURN = BoundedSemaphore(2)


def weakness(password: str, login: str, *about: str) -> str | None:
    """Why a new password is not good enough (`short`, `long`, `easy`), or None when it is.

    `about` are names that others know of whose it is: of the person and of the school.
    """
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    folded = password.casefold()
    if len(set(folded)) < _DIFFERENT_CHARACTERS or login.casefold() in folded or _in_a_row(folded):
        return "easy"
    return "easy" if own_characters(password, (login, *about)) < _OWN_CHARACTERS else None


def _in_a_row(text: str) -> bool:
    """Whether the text is one run of following characters, such as `abcdefghijkl` or `123456789012`."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps <= {1, -9} or steps <= {-1, 9}


def hashed(password: str) -> str:
    """The argon2id hash of a password, with its own salt."""
    with _TURN:
        return _HASHER.hash(password)


def matches(password: str, argon2id: str | None) -> bool:
    """Whether the password is the hashed one. Without a hash it costs the same time and is false."""
    with _TURN:
        try:
            return _HASHER.verify(argon2id or _nobodys(), password) and argon2id is not None
        except (Argon2Error, InvalidHashError):
            return False


def drawn(secret: str, salt: bytes) -> str:
    """The argon2id hash (hex) of a secret with a salt of the caller's: for what is looked up by its hash."""
    with _TURN:
        cost = (_HASHER.time_cost, _HASHER.memory_cost, _HASHER.parallelism)
        return hash_secret_raw(secret.encode("utf-8", "replace"), salt, *cost, 32, Type.ID).hex()


@cache
def _nobodys() -> str:
    """A hash that belongs to no account, so that an unknown name takes as long as a wrong password."""
    return _HASHER.hash("nobody has this password")


def prepare() -> None:
    """Do the slow part of a first sign-in with an unknown name now, so that it does not stand out."""
    _nobodys()
