"""The second factor: setting it up, using it once, ten recovery codes, and a colleague who takes it away.

The rules and why they are so: `docs/decisions/0031-second-factor.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from dashboard import passwords, totp
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.seal import Seal
from policy.model import Member, Role
from store.account_news import What
from store.accounts import Account
from store.ids import new_code, typed
from store.sessions import FREE_TRIES

REQUIRED = frozenset({Role.COORDINATOR, Role.MANAGEMENT, Role.COUNSELLOR})
OFFICE = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
CODES = 10
_SHORT = 9  # signs of half a recovery code's length and more are no six digits


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands: since when its second factor counts (UTC; None: it has none), and recovery codes left."""

    since: datetime | None
    codes: int
    required: bool


@dataclass(frozen=True, slots=True)
class Proposed:
    """A secret that waits for its first code: to photograph (`address`) and to type over (`typed`)."""

    address: str
    typed: str


def is_required(desk: Desk, role: Role) -> bool:
    """Whether somebody of this role must have one."""
    return role in REQUIRED and desk.settings.sign_in.second_factor == "required"


def has_one(desk: Desk, account: Account) -> bool:
    """Whether the account has a second factor that counts."""
    found = desk.store.second_factors.of(desk.school, account.id)
    return found is not None and found.confirmed is not None


def standing(desk: Desk, account: Account) -> Standing:
    """How the account stands."""
    found = desk.store.second_factors.of(desk.school, account.id)
    left = desk.store.second_factors.codes_left(desk.school, account.id)
    return Standing(found.confirmed if found else None, left, is_required(desk, account.role))


def propose(desk: Desk, seal: Seal, account: Account, now: datetime) -> Outcome[Proposed]:
    """A new secret; the one that counts now counts on until the new one's first code."""
    secret = totp.new_secret()
    if not desk.store.second_factors.propose(desk.school, account.id, seal.close(secret, _whose(desk, account)), now):
        return refused("gone")
    return done("seen", _proposed(desk, account, secret))


def proposed(desk: Desk, seal: Seal, account: Account) -> Proposed | None:
    """The secret that waits, if one does."""
    found = desk.store.second_factors.of(desk.school, account.id)
    secret = seal.open(found.waiting, _whose(desk, account)) if found and found.waiting else None
    return None if secret is None else _proposed(desk, account, secret)


def confirm(desk: Desk, seal: Seal, account: Account, code: str, now: datetime) -> Outcome[tuple[str, ...]]:
    """The first code of the secret that waits; the value is the new recovery codes, told once."""
    if not desk.store.accounts.attempt(desk.school, _key(account), now).allowed:
        return refused("wait")
    found = desk.store.second_factors.of(desk.school, account.id)
    secret = seal.open(found.waiting, _whose(desk, account)) if found and found.waiting else None
    if found is None or found.waiting is None or secret is None:
        return refused("factor_again")
    step = totp.step_of(secret, code, now)
    if step is None:
        return refused("factor_code")
    if not desk.store.second_factors.confirm(desk.school, account.id, found.waiting, step, now):
        return refused("factor_again")
    desk.store.accounts.cleared(desk.school, _key(account))
    desk.store.audit.add(desk.school, account.person, "second_factor.set", now)
    return new_codes(desk, account, now)


def new_codes(desk: Desk, account: Account, now: datetime) -> Outcome[tuple[str, ...]]:
    """Ten new recovery codes, told once; the older ones stop working."""
    made = tuple(f"{new_code()}-{new_code()[:4]}" for _ in range(CODES))
    hashes = [_hash(desk, account, code) for code in made]
    if not desk.store.second_factors.put_codes(desk.school, account.id, hashes):
        return refused("gone")
    desk.store.audit.add(desk.school, account.person, "recovery_codes.make", now)
    return done("factor_set", made)


def check(desk: Desk, seal: Seal, account: Account, code: str, now: datetime, *, browser: str = "") -> Outcome[None]:
    """Use up a code of the app, or a recovery code. Ten tries, and then one waits: whichever sign-in they are of.

    `browser` is the id of a browser that signed in before; its tries are counted apart, as with passwords.
    """
    accounts, key = desk.store.accounts, _key(account, browser)
    before = accounts.attempt(desk.school, key, now)
    if not before.allowed:
        return refused("wait")
    if not (_app_code(desk, seal, account, code, now) or _recovery_code(desk, account, code, now)):
        if before.failed + 1 == FREE_TRIES:
            desk.store.account_news.add(desk.school, account.id, What.WRONG_CODES, now)
        return refused("factor_code")
    accounts.cleared(desk.school, key)
    return done("signed_in")


def switch_off(desk: Desk, account: Account, now: datetime) -> Outcome[None]:
    """Do without one again, for whom it is not required."""
    if is_required(desk, account.role):
        return refused("factor_required")
    if not desk.store.second_factors.remove(desk.school, account.id):
        return refused("gone")
    desk.store.audit.add(desk.school, account.person, "second_factor.off", now)
    return done("factor_off")


def reset(desk: Desk, who: Member, person: str, now: datetime) -> Outcome[None]:
    """A colleague lost their phone: take the second factor away. Never one's own; the person is told."""
    if who.role not in OFFICE or person == who.id:
        return refused("role")
    mine = [one for one in desk.store.accounts.accounts(desk.school) if one.person == person]
    taken = [account for account in mine if take_away(desk, account, who.id, now)]
    return done("factor_reset") if taken else refused("factor_none")


def take_away(desk: Desk, account: Account, by: str, now: datetime) -> bool:
    """Take an account's second factor away, end its sessions, and tell the person. False: there was none."""
    if not desk.store.second_factors.remove(desk.school, account.id):
        return False
    desk.store.accounts.close_sessions(desk.school, account.id, now)
    desk.store.accounts.cleared(desk.school, _key(account))
    desk.store.account_news.add(desk.school, account.id, What.FACTOR_RESET, now)
    desk.store.audit.add(desk.school, by, "second_factor.reset", now, (account.person,))
    return True


def _app_code(desk: Desk, seal: Seal, account: Account, code: str, now: datetime) -> bool:
    found = desk.store.second_factors.of(desk.school, account.id)
    secret = seal.open(found.secret, _whose(desk, account)) if found and found.secret else None
    step = totp.step_of(secret, code, now) if secret else None
    return step is not None and desk.store.second_factors.use_step(desk.school, account.id, step)


def _recovery_code(desk: Desk, account: Account, code: str, now: datetime) -> bool:
    if len(typed(code)) < _SHORT:
        return False
    if not desk.store.second_factors.use_code(desk.school, account.id, _hash(desk, account, code), now):
        return False
    desk.store.audit.add(desk.school, account.person, "recovery_code.use", now)
    return True


def _proposed(desk: Desk, account: Account, secret: bytes) -> Proposed:
    return Proposed(totp.address(secret, "Klaswacht", account.login), totp.typed_over(secret))


def _whose(desk: Desk, account: Account) -> str:
    return f"{desk.school}:{account.id}"


def _key(account: Account, browser: str = "") -> str:
    return f"second:{account.id}#{browser}"


def _hash(desk: Desk, account: Account, code: str) -> str:
    """A slow hash: twelve signs are few enough to try them all on a stolen database (ASVS 5.0, 6.5.2)."""
    salt = sha256(f"recovery:{_whose(desk, account)}".encode()).digest()
    return passwords.drawn(typed(code)[:40], salt)
