"""What a provider signed about who came in (id_token), judged to the letter: OpenID Connect Core 1.0, 3.1.3.7.

Pure: keys, nonce and the clock are handed in. Whatever is not as it must be is `Rejected`, with a code for the log.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import JoseError

from config.settings import Provider

ALGORITHMS = ("RS256", "ES256")
"""What may have signed; never `none`, and nothing that is made with a secret that we know as well."""

LEEWAY = timedelta(minutes=2)
_LARGEST = 16 * 1024
_SMALLEST_RSA = 2048  # bits (RFC 7518, 3.3)
_TWICE = frozenset({"https://refeds.org/profile/mfa"})

type Keys = Mapping[str, jwk.RSAKey | jwk.ECKey]


class Rejected(Exception):
    """An id_token that does not count; the one argument is a code for the log, nothing of what was in it."""


class UnknownKey(Rejected):
    """It was signed by a key that is not among the ones that we have."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who came in. `subject` is the provider's own name for the person, `address` what may be compared once.

    `twice`: the provider itself asked for a second factor. `proved` is when the person last proved to be there (UTC).
    """

    issuer: str
    subject: str
    address: str
    twice: bool = False
    proved: datetime | None = None


def usable_keys(document: object) -> Keys:
    """The keys of a JWKS (RFC 7517) that may sign, by their id; what is odd or for something else is left out."""
    found: dict[str, jwk.RSAKey | jwk.ECKey] = {}
    listed = document.get("keys") if isinstance(document, dict) else None
    for raw in listed if isinstance(listed, list) else ():
        if not isinstance(raw, dict) or raw.get("use", "sig") != "sig" or raw.get("alg", "RS256") not in ALGORITHMS:
            continue
        kid = raw.get("kid", "")
        try:
            if raw.get("kty") == "RSA":
                rsa = jwk.RSAKey.import_key(raw)
                if rsa.public_key.key_size >= _SMALLEST_RSA and isinstance(kid, str):
                    found[kid] = rsa
            elif raw.get("kty") == "EC" and raw.get("crv") == "P-256" and isinstance(kid, str):
                found[kid] = jwk.ECKey.import_key(raw)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


def judged(token: str, keys: Keys, provider: Provider, nonce: str, now: datetime) -> Claims:
    """Who came in, according to a token that is right in everything.

    Raises:
        UnknownKey: none of `keys` is the one that it names.
        Rejected: something is not as it must be.
    """
    claims = _signed(token, keys)
    _for_us(claims, provider)
    _in_time(claims, now)
    given = claims.get("nonce")
    if not isinstance(given, str) or not nonce or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise Rejected("nonce")
    match provider.way:
        case "google":
            subject, address = _google(claims, provider)
        case "microsoft":
            subject, address = _microsoft(claims, provider)
        case _:
            subject, address = _other(claims, provider)
    return Claims(provider.issuer, subject, address, _twice(claims, provider), _moment(claims.get("auth_time")))


def _signed(token: str, keys: Keys) -> Mapping[str, Any]:
    if len(token) > _LARGEST:
        raise Rejected("size")

    def key(obj: Any) -> jwk.RSAKey | jwk.ECKey:
        header = obj.headers()
        if header.get("alg") not in ALGORITHMS or "crit" in header:
            raise Rejected("algorithm")
        kid = header.get("kid")
        if kid is None and len(keys) == 1:
            return next(iter(keys.values()))
        if not isinstance(kid, str) or kid not in keys:
            raise UnknownKey("key")
        found = keys[kid]
        if (header["alg"] == "RS256") != isinstance(found, jwk.RSAKey):
            raise Rejected("algorithm")
        return found

    try:
        return jwt.decode(token, key, algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError, TypeError, KeyError):
        raise Rejected("signature") from None


def _for_us(claims: Mapping[str, Any], provider: Provider) -> None:
    """Said by this provider, to this program and to nobody else."""
    if claims.get("iss") != provider.issuer:
        raise Rejected("issuer")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in named:
        raise Rejected("audience")
    if claims.get("azp", provider.client_id) != provider.client_id or (len(named) > 1 and "azp" not in claims):
        raise Rejected("party")


def _in_time(claims: Mapping[str, Any], now: datetime) -> None:
    expires, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
    if expires is None or now >= expires + LEEWAY:
        raise Rejected("expired")
    if issued is None or issued > now + LEEWAY:
        raise Rejected("issued")
    if "nbf" in claims:
        begins = _moment(claims["nbf"])
        if begins is None or begins > now + LEEWAY:
            raise Rejected("early")


def _google(claims: Mapping[str, Any], provider: Provider) -> tuple[str, str]:
    """`hd` is the Workspace that the account is of; an address alone may be a private account's."""
    if claims.get("hd") != provider.domain:
        raise Rejected("domain")
    if claims.get("email_verified") is not True:
        raise Rejected("unverified")
    return _name(claims, "sub"), _address(claims, "email")


def _microsoft(claims: Mapping[str, Any], provider: Provider) -> tuple[str, str]:
    """`oid` is the person in the tenant, whatever program asks. `email` can be anybody's and is not looked at.

    A guest of the tenant comes with an address of elsewhere, so it is compared with nothing.
    """
    if claims.get("tid") != provider.tenant:
        raise Rejected("tenant")
    guest = claims.get("idp", provider.issuer) != provider.issuer or claims.get("acct") == 1
    return _name(claims, "oid"), "" if guest else _address(claims, "preferred_username")


def _other(claims: Mapping[str, Any], provider: Provider) -> tuple[str, str]:
    address = _address(claims, "email")
    if address.rpartition("@")[2].casefold() != provider.domain:
        raise Rejected("domain")
    if claims.get("email_verified") is not True:
        raise Rejected("unverified")
    return _name(claims, "sub"), address


def _name(claims: Mapping[str, Any], key: str) -> str:
    name = claims.get(key)
    if not isinstance(name, str) or not 0 < len(name) <= 255 or not name.isprintable():
        raise Rejected("subject")
    return name


def _address(claims: Mapping[str, Any], key: str) -> str:
    address = claims.get(key)
    sound = isinstance(address, str) and address.count("@") == 1 and len(address) <= 254 and address.isprintable()
    return address if sound and isinstance(address, str) else ""


def _twice(claims: Mapping[str, Any], provider: Provider) -> bool:
    """Whether the provider asked for a second factor itself (RFC 8176: `mfa`). Google says nothing about it."""
    means = claims.get("amr")
    named = isinstance(means, list) and "mfa" in means
    return provider.way != "google" and (named or str(claims.get("acr")) in _TWICE)


def _moment(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
