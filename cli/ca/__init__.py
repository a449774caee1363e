"""The school's certificate authority: its own root or an intermediate that it was given, and its renewal.

What is inspected carries certificates that the engine makes on the fly with this CA; devices trust it because the
school installed `klaswacht-ca.crt` on them. Its key never leaves the home folder.
"""

from cli.ca.files import Authority, CaFiles, load_ca, signing
from cli.ca.issuing import RENEW, ensure_ca, ensure_dashboard, own_names
from cli.ca.making import CA_LIFE, LEAF_LIFE

__all__ = [
    "CA_LIFE",
    "LEAF_LIFE",
    "RENEW",
    "Authority",
    "CaFiles",
    "ensure_ca",
    "ensure_dashboard",
    "load_ca",
    "own_names",
    "signing",
]
