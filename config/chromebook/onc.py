"""Open Network Configuration: the school's CA, and the proxy on the cable (chromium, components/onc/docs/onc_spec.md).

A wireless network is not in it: its name and password are in the Admin console already, and a password in a file that
goes around by mail is one that everybody has. There the PAC address is typed at the network.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any
from uuid import UUID

from config.chromebook.school import Facts
from config.texts import say


def configuration(facts: Facts, lang: str) -> dict[str, Any]:
    """The whole file as plain values; the same school and group give the same ids, so that a new one replaces it."""
    certificates = [
        {"GUID": _guid(der), "Type": "Authority", "TrustBits": ["Web"], "X509": b64encode(der).decode()}
        for der in facts.certificates
    ]
    network = {
        "GUID": _guid(f"{facts.name} ethernet {facts.group}".encode()),
        "Name": say("chromebook.network", lang, group=facts.group),
        "Type": "Ethernet",
        "Ethernet": {"Authentication": "None"},
        "ProxySettings": {"Type": "PAC", "PAC": facts.pac_url},
    }
    return {"Type": "UnencryptedConfiguration", "Certificates": certificates, "NetworkConfigurations": [network]}


def _guid(of: bytes) -> str:
    return f"{{{UUID(bytes=sha256(of).digest()[:16])}}}"
