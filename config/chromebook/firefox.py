"""The same for Firefox: `policies.json`, for laptops that have one (`distribution/`, or `/etc/firefox/policies/`)."""

from __future__ import annotations

from typing import Any

from config.chromebook.school import Facts
from config.chromebook.values import bookmarks

CA_FILE = "klaswacht-ca.crt"
"""Firefox on Linux looks for it in /usr/lib/mozilla/certificates, on Windows in Mozilla\\Certificates of AppData."""


def policies_file(facts: Facts, lang: str, certificate: str = CA_FILE) -> dict[str, Any]:
    """The whole file as plain values. `certificate` is the file of the CA: a name in Firefox's folder, or a path."""
    return {
        "policies": {
            "Proxy": {"Mode": "autoConfig", "AutoConfigURL": facts.pac_url, "Locked": True},
            "DNSOverHTTPS": {"Enabled": False, "Locked": True},
            "DisableEncryptedClientHello": True,
            "Certificates": {"ImportEnterpriseRoots": True, "Install": [certificate]},
            "DisableSecurityBypass": {"InvalidCertificate": True, "SafeBrowsing": True},
            "DisablePrivateBrowsing": True,
            "DisableDeveloperTools": True,
            "BlockAboutConfig": True,
            "BlockAboutProfiles": True,
            "DisableSafeMode": True,
            "WebsiteFilter": {
                "Block": ["file:///*", *(f"*://*.{host}/*" for host in facts.closed)],
                "Exceptions": [f"*://*.{host}/*" for host in facts.open],
            },
            "ExtensionSettings": {"*": {"installation_mode": "blocked"}},
            "ManagedBookmarks": bookmarks(facts, lang),
            "DisplayBookmarksToolbar": "always",
            "PrintingEnabled": facts.printing,
            "Preferences": {
                # Without its proxy Firefox would go on directly.
                "network.proxy.failover_direct": {"Value": False, "Status": "locked"},
                "network.http.http3.enable": {"Value": False, "Status": "locked"},
            },
        }
    }
