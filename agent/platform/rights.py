"""Doing something with the rights of the person who sits at the device, and with no right of the service itself."""

from __future__ import annotations

import pwd
from pathlib import Path

_SETUID = 1 << 7  # CAP_SETUID, capabilities(7)


def may_act_for_others() -> bool:
    """Whether the system lets the agent start something as another account: root, or a service that was given that."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return False
    return any(int(line.split()[1], 16) & _SETUID for line in lines if line.startswith("CapEff:"))


def as_account(account: pwd.struct_passwd | None, command: list[str]) -> list[str]:
    """Return the command as this account runs it (None: as who we are), without any right of the service.

    Rights that a service was given stay when it becomes another account that is not root; a program of a pupil's
    session must never get them. `setpriv` is of util-linux, which every distribution has.
    """
    if account is None:
        return command
    who = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return ["setpriv", *who, "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--", *command]
