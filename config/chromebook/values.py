"""The policies of Chrome for a group, as plain values; and which of them go to whom."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from config.chromebook import onc
from config.chromebook.data import Scope, System, policies
from config.chromebook.school import SCHEMES, Facts
from config.texts import say

_OFF_INCOGNITO = 1
_NO_ONE_MANAGES = 2
_NO_DEVELOPER_TOOLS = 2
_YOUTUBE_MODERATE, _YOUTUBE_STRICT = 1, 2


def all_values(facts: Facts, lang: str) -> dict[str, Any]:
    """Every policy of the export, whatever runs it, in the order of the page."""
    chosen = _network(facts, lang) | _browsing(facts) | _printing(facts) | _extensions(facts) | _bookmarks(facts, lang)
    return {name: chosen[name] for name in policies() if name in chosen}


def of_system(values: dict[str, Any], system: System, scope: Scope | None = None) -> dict[str, Any]:
    """Those that a Chrome on that system knows; of one scope, or of both."""
    known = policies()
    return {
        name: value
        for name, value in values.items()
        if system in known[name].on and (scope is None or known[name].scope is scope)
    }


def _network(facts: Facts, lang: str) -> dict[str, Any]:
    return {
        "ProxySettings": {"ProxyMode": "pac_script", "ProxyPacUrl": facts.pac_url, "ProxyPacMandatory": True},
        "QuicAllowed": False,
        "DnsOverHttpsMode": "off",
        "EncryptedClientHelloEnabled": False,
        "SSLErrorOverrideAllowed": False,
        "CACertificateManagementAllowed": _NO_ONE_MANAGES,
        "CACertificates": [b64encode(der).decode() for der in facts.certificates],
        "OpenNetworkConfiguration": json.dumps(onc.configuration(facts, lang), ensure_ascii=False),
        "CaptivePortalAuthenticationIgnoresProxy": False,
    }


def _browsing(facts: Facts) -> dict[str, Any]:
    return {
        "IncognitoModeAvailability": _OFF_INCOGNITO,
        "DeviceGuestModeEnabled": False,
        "BrowserGuestModeEnabled": False,
        "DeveloperToolsAvailability": _NO_DEVELOPER_TOOLS,
        "URLBlocklist": [*(f"{scheme}:*" for scheme in SCHEMES), *facts.closed],
        "URLAllowlist": list(facts.open),
        "ForceGoogleSafeSearch": True,
        "ForceYouTubeRestrict": _YOUTUBE_STRICT if facts.strict_youtube else _YOUTUBE_MODERATE,
    }


def _printing(facts: Facts) -> dict[str, Any]:
    """Without printing by permission nothing is printed; with it, a job says whose it is (only to IPPS queues)."""
    told = {"PrintingSendUsernameAndFilenameEnabled": True} if facts.printing else {}
    return {"PrintingEnabled": facts.printing, "UserPrintersAllowed": False, **told}


def _extensions(facts: Facts) -> dict[str, Any]:
    if facts.extension is None:
        return {"ExtensionInstallBlocklist": ["*"]}
    return {
        "ExtensionInstallBlocklist": ["*"],
        "ExtensionInstallAllowlist": [facts.extension.id],
        "ExtensionInstallForcelist": [f"{facts.extension.id};{facts.extension.update_url}"],
        # The lists cannot say that the button is always in sight.
        "ExtensionSettings": {
            facts.extension.id: {
                "installation_mode": "force_installed",
                "update_url": facts.extension.update_url,
                "toolbar_pin": "force_pinned",
            }
        },
    }


def _bookmarks(facts: Facts, lang: str) -> dict[str, Any]:
    return {"ManagedBookmarks": bookmarks(facts, lang), "BookmarkBarEnabled": True}


def bookmarks(facts: Facts, lang: str) -> list[dict[str, str]]:
    """The bookmarks that nobody takes away; Firefox reads the same."""
    return [
        {"toplevel_name": facts.school},
        {"name": say("chromebook.bookmark", lang), "url": facts.tell_url},
    ]
