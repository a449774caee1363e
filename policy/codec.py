"""Nouns to versioned plain dicts (JSON-ready) and back. Sets come out sorted, so that equal nouns give equal text.

Reading is by pydantic against the nouns' own types; anything that does not fit raises `ValueError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from pydantic import TypeAdapter

from policy.model import (
    AccessRequest,
    Decision,
    Device,
    Grant,
    Group,
    Knowledge,
    Member,
    Policy,
    Snapshot,
    State,
)

VERSION = 1
Plain = dict[str, Any]


def policy_to_dict(policy: Policy) -> Plain:
    """A policy as a plain dict."""
    return _write(policy)


def policy_from_dict(plain: Mapping[str, Any]) -> Policy:
    """The policy in a plain dict; `ValueError` when it is none or of another version."""
    return _read(Policy, plain)


def state_to_dict(state: State) -> Plain:
    """A state as a plain dict."""
    return _write(state)


def state_from_dict(plain: Mapping[str, Any]) -> State:
    """The state in a plain dict; `ValueError` when it is none or of another version."""
    return _read(State, plain)


def grant_to_dict(grant: Grant) -> Plain:
    """A grant as a plain dict."""
    return _write(grant)


def grant_from_dict(plain: Mapping[str, Any]) -> Grant:
    """The grant in a plain dict; `ValueError` when it is none or of another version."""
    return _read(Grant, plain)


def request_to_dict(request: AccessRequest) -> Plain:
    """An access request as a plain dict."""
    return _write(request)


def request_from_dict(plain: Mapping[str, Any]) -> AccessRequest:
    """The access request in a plain dict; `ValueError` when it is none or of another version."""
    return _read(AccessRequest, plain)


def decision_to_dict(decision: Decision) -> Plain:
    """A decision as a plain dict."""
    return _write(decision)


def decision_from_dict(plain: Mapping[str, Any]) -> Decision:
    """The decision in a plain dict; `ValueError` when it is none or of another version."""
    return _read(Decision, plain)


def snapshot_to_dict(snapshot: Snapshot) -> Plain:
    """A snapshot as a plain dict, without its knowledge (which every program has of its own) and roster."""
    plain = _mapping(snapshot, leave=("knowledge", "roster"))
    return {"v": VERSION, **plain}


def snapshot_from_dict(plain: Mapping[str, Any], knowledge: Knowledge) -> Snapshot:
    """The snapshot in a plain dict, with this program's knowledge; `ValueError` when it is none."""
    body = _body(plain)
    try:
        return Snapshot(
            revision=int(body["revision"]),
            school=str(body["school"]),
            policy=_adapter(Policy).validate_python(body["policy"]),
            knowledge=knowledge,
            groups=_adapter(dict[str, Group]).validate_python(body["groups"]),
            people=_adapter(dict[str, Member]).validate_python(body["people"]),
            devices=_adapter(dict[str, Device]).validate_python(body["devices"]),
            state=_adapter(State).validate_python(body["state"]),
            proposed=_adapter(dict[str, str]).validate_python(body.get("proposed", {})),
            inbox=bool(body.get("inbox", False)),
            accounts=_adapter(dict[str, str]).validate_python(body.get("accounts", {})),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"this is no snapshot: {error!r}") from error


def _write(noun: Any) -> Plain:
    return {"v": VERSION, **_mapping(noun)}


def _read[T](kind: type[T], plain: Mapping[str, Any]) -> T:
    found: T = _adapter(kind).validate_python(_body(plain))
    return found


def _body(plain: Mapping[str, Any]) -> Plain:
    if plain.get("v") != VERSION:
        raise ValueError(f"version `{plain.get('v')}` cannot be read here, only `{VERSION}`")
    return {name: value for name, value in plain.items() if name != "v"}


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """The reader of a type, made once: building one costs milliseconds."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _mapping(noun: Any, leave: tuple[str, ...] = ()) -> Plain:
    return {f.name: _plain(getattr(noun, f.name)) for f in fields(noun) if f.name not in leave}


def _plain(value: Any) -> Any:
    """One value as JSON has it."""
    match value:
        case Enum():
            return value.value
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case Set():
            return sorted(_plain(item) for item in value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return _mapping(value)
        case _:
            return value
