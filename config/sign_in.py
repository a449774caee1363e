"""`sign_in` of a school file to settings: what is known of Google and Microsoft, and the secrets' files looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from config.read import Document
from config.schema_sign_in import GooglePart, MicrosoftPart, OidcPart, SignInPart
from config.secret_file import NoSecret, of_the_service, read_secret
from config.settings import Provider, SignIn

_GOOGLE = "https://accounts.google.com"
_GOOGLE_HOSTS = frozenset({"accounts.google.com:443", "oauth2.googleapis.com:443", "www.googleapis.com:443"})
_MICROSOFT = "https://login.microsoftonline.com/{tenant}/v2.0"
_MICROSOFT_HOSTS = frozenset({"login.microsoftonline.com:443"})


def sign_in_of(part: SignInPart, document: Document, folder: Path | None) -> SignIn:
    """The settings. Files of secrets are sought in `folder`; without one they are not looked for.

    Raises:
        ConfigError: a secret's file is not there, or others may read it.
    """
    found = SignIn(part.second_factor, tuple(_providers(part, folder or Path())))
    if folder is not None:
        for provider in found.providers:
            _usable(provider, document)
    return found


def _providers(part: SignInPart, folder: Path) -> Iterator[Provider]:
    if part.google:
        yield _google(part.google, folder)
    if part.microsoft:
        yield _microsoft(part.microsoft, folder)
    if part.oidc:
        yield _other(part.oidc, folder)


def _google(part: GooglePart, folder: Path) -> Provider:
    secret = (folder / part.client_secret_file).absolute()
    return Provider("google", "Google", _GOOGLE, part.client_id, secret, _GOOGLE_HOSTS, domain=part.domain)


def _microsoft(part: MicrosoftPart, folder: Path) -> Provider:
    issuer = _MICROSOFT.format(tenant=part.tenant)
    secret = (folder / part.client_secret_file).absolute()
    return Provider("microsoft", "Microsoft", issuer, part.client_id, secret, _MICROSOFT_HOSTS, tenant=part.tenant)


def _other(part: OidcPart, folder: Path) -> Provider:
    at = urlsplit(part.issuer)
    hosts = frozenset({f"{at.hostname}:{at.port or 443}"})
    secret = (folder / part.client_secret_file).absolute()
    return Provider("oidc", part.name, part.issuer, part.client_id, secret, hosts, domain=part.domain)


def _usable(provider: Provider, document: Document) -> None:
    if of_the_service(provider.secret_file):
        return  # there while the service runs, for the service alone
    try:
        read_secret(provider.secret_file)
    except NoSecret as no:
        raise document.error(("sign_in", provider.way, "client_secret_file"), no.problem, no.hint) from None
