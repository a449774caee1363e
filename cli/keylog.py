"""No process of the guard writes down the keys of its connections, whoever asks for it in the environment."""

from __future__ import annotations

import os

KEY_LOGS = ("SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE")
"""Who has such a file and a recording of the network reads everything that the children sent."""


def forget_key_logs() -> None:
    """Take them out of the environment, of this process and of all that it starts.

    Before anything is imported that looks: `mitmproxy.net.tls` does so once, when it is loaded
    (`proxy_addons.authority` takes it back where it was loaded by others), and Python with every new context.
    """
    for name in KEY_LOGS:
        os.environ.pop(name, None)
