"""The shape of `sign_in` in a school file: how staff sign in to the dashboard, and with whose accounts."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema

from config.part import Part
from config.read import quoted
from config.words import Host, Text, wrong

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_EVERYBODYS = ("common", "organizations", "consumers")
_WHERE_TENANT = "look it up in Entra, at Overview: it is called tenant id"


def _tenant(value: Any) -> str:
    """The id of one Entra tenant; what stands for everybody's is refused."""
    text = str(value).strip().lower()
    if text in _EVERYBODYS:
        raise wrong(
            f"{quoted(text)} lets in accounts of every organisation", f"write the school's own; {_WHERE_TENANT}"
        )
    if not _GUID.match(text):
        raise wrong(f"{quoted(value)} is not the id of a tenant", _WHERE_TENANT)
    return text


def _issuer(value: Any) -> str:
    """The address of a provider, to the letter as it calls itself in what it signs."""
    text = str(value).strip()
    example = "write it as the provider does, like `https://inloggen.school.nl`"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong(f"{quoted(text)} is not an address", example) from None
    if parts.scheme != "https":
        raise wrong(f"{quoted(text)} does not start with `https://`", example)
    odd = parts.query or parts.fragment or parts.username is not None or not text.isascii() or not text.isprintable()
    if odd or not parts.hostname or parts.netloc != parts.netloc.lower() or port == 0 or len(text) > 300 or " " in text:
        raise wrong(f"{quoted(text)} is not the address of a provider", example)
    return text


Tenant = Annotated[
    str,
    BeforeValidator(_tenant),
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"}),
]
Issuer = Annotated[
    str,
    BeforeValidator(_issuer),
    WithJsonSchema({"type": "string", "pattern": r"^https://[^\s?#@]+$", "examples": ["https://inloggen.school.nl"]}),
]


class GooglePart(Part):
    """Google Workspace: only accounts of `domain`."""

    client_id: Text
    client_secret_file: Text
    domain: Host


class MicrosoftPart(Part):
    """Microsoft Entra: only accounts of `tenant`."""

    client_id: Text
    client_secret_file: Text
    tenant: Tenant


class OidcPart(Part):
    """Any other OpenID provider: only e-mail addresses of `domain` that it has checked."""

    name: Text
    issuer: Issuer
    client_id: Text
    client_secret_file: Text
    domain: Host


class SignInPart(Part):
    """How staff sign in. `second_factor`: whether coordinator, management and counsellors must have one.

    The others say whose sign-in staff may use; without them it is only the passwords here.
    """

    second_factor: Literal["required", "optional"] = "required"
    google: GooglePart | None = None
    microsoft: MicrosoftPart | None = None
    oidc: OidcPart | None = None
