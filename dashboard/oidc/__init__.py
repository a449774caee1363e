"""Signing in with an account elsewhere (OpenID Connect Core 1.0): authorization code flow with PKCE.

`wire` is the way out to a provider and no further, `provider` asks it (Authlib), `id_token` judges what it signed,
`trip` is what a browser carries while it is away. Who that is at school is `dashboard.actions.oidc`.
"""

from dashboard.oidc.id_token import Claims, Rejected
from dashboard.oidc.provider import Asked, Desks, ProviderDesk
from dashboard.oidc.trip import Trip, Trips
from dashboard.oidc.wire import Away

__all__ = ["Asked", "Away", "Claims", "Desks", "ProviderDesk", "Rejected", "Trip", "Trips"]
