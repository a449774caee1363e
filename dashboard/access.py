"""Who may use which route. Every route says so itself; an app with a route that does not, refuses to start.

A group's id in a path is a second question, asked of `policy.authority.may_act_for` by the view: a route that is open
to teachers is not open to every teacher for every group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from policy.model import Role

_MARK = "klaswacht_access"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in: everybody, a device with its own key (the view checks it), or the named roles.

    `fresh`: only who proved a moment ago to be who they say (a step up), for what leaves the school or weighs on a
    child.
    """

    everybody: bool = False
    by_key: bool = False
    roles: frozenset[Role] = field(default_factory=frozenset)
    fresh: bool = False

    def allows(self, role: Role | None) -> bool:
        """Whether somebody with `role` (None: not signed in) may use the route."""
        return self.everybody or self.by_key or (role is not None and role in self.roles)


PUBLIC = Access(everybody=True)
KEYED = Access(by_key=True)
SIGNED_IN = frozenset(Role)
# An intern only where the school chose so, for its own groups; every view asks `Desk.may_act_for` as well.
CLASS_STAFF = frozenset({Role.TEACHER, Role.INTERN, Role.COORDINATOR, Role.MANAGEMENT})
OFFICE = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
# A substitute is a teacher for one day: of the lesson, and of nothing that the school keeps of its pupils.
_LESSON = "/les/"
_SUBSTITUTES_OWN = frozenset(
    {"signin.leave", "signin.board", "reports.form", "reports.tell", "standing_in.welcome", "leaving.page"}
)
# Letting others in, and pictures that open a child's own place, last longer than her day.
_LASTING = ("substitute.", "signing.pictures", "signing.change_pictures")


def _declare[F: Callable[..., Any]](access: Access) -> Callable[[F], F]:
    def mark(view: F) -> F:
        setattr(view, _MARK, access)
        return view

    return mark


def public[F: Callable[..., Any]](view: F) -> F:
    """Open to everybody, signed in or not."""
    return _declare(PUBLIC)(view)


def keyed[F: Callable[..., Any]](view: F) -> F:
    """For devices: no session and no form token; the view itself checks the device's key."""
    return _declare(KEYED)(view)


def for_roles[F: Callable[..., Any]](roles: frozenset[Role], *, fresh: bool = False) -> Callable[[F], F]:
    """Only for people who are signed in and have one of `roles`; `fresh`: who proved it a moment ago."""
    return _declare(Access(roles=roles, fresh=fresh))


def open_to_substitutes(endpoint: str, rule: str) -> bool:
    """Whether a substitute may use the route `rule` at all, besides what its roles and its group say.

    What is not named here is closed: notes, the pupil's file, bans and proposals, the photo register, Beheer.
    """
    if endpoint in _SUBSTITUTES_OWN:
        return True
    return rule.startswith(_LESSON) and not endpoint.startswith(_LASTING)


def access_of(app: Flask, endpoint: str) -> Access | None:
    """What `endpoint` declared, or None when it declared nothing (nobody may use it)."""
    found = getattr(app.view_functions.get(endpoint), _MARK, None)
    return found if isinstance(found, Access) else None


def matrix(app: Flask) -> Mapping[str, Access]:
    """Every endpoint of the route map with what it declared.

    Raises:
        LookupError: a route declares nothing.
    """
    declared: dict[str, Access] = {}
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access is None:
            raise LookupError(f"route `{rule.rule}` does not say who may use it; mark its view with `dashboard.access`")
        declared[rule.endpoint] = access
    return declared
