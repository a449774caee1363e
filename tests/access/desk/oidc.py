"""Which account of school is whose, and the sign-in page after each refusal of one."""

from __future__ import annotations

from tests.access.state import State

_PAGE = "/beheer/schoolaccounts"

STATES: tuple[State, ...] = (
    *(
        State("signin.page", f"/inloggen?nee={code}", about=code.replace("_", "-"))
        for code in ("oidc_nobody", "oidc_again", "oidc_away")
    ),
    State("school_accounts.page", _PAGE, "coordinator"),
    State("school_accounts.page", _PAGE, "directie", "empty"),
    State("school_accounts.page", f"{_PAGE}?invullen=1", "coordinator", about="proposed"),
    State("school_accounts.page", f"{_PAGE}?ja=oidc_unlinked", "coordinator", about="done"),
    State("school_accounts.page", _PAGE, "coordinator", board=True),
    State("proving.page", "/opnieuw?nee=oidc_not_anew", "anja", about="not-anew"),
)
NO_PAGE: dict[str, str] = {
    "oidc.start": "leads to the provider",
    "oidc.again": "leads to the provider",
    "oidc.back": "leads to another page",
}
