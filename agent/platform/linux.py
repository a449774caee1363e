"""A friendly note on a Linux screen, by the first way that works: desktop notification, small window, terminal."""

from __future__ import annotations

import html
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.platform.rights import as_account, may_act_for_others

_SECONDS_ON_SCREEN = 20
_PATIENCE = 0.5
_LONGEST_ASK = 5.0
_LONGEST = 400


def show(title: str, body: str, user: str) -> str | None:
    """Show a note to `user` and return the name of the way it went, or None where no way works. Never raises.

    An agent that runs as a service shows it in the session of the user, with the user's own rights.
    """
    title, body = _plain(title), _plain(body)
    environment = _session(user)
    for command in _ways(title, body, environment):
        tool = shutil.which(command[0])
        if tool and _start([tool, *command[1:]], environment, user):
            return command[0]
    return None


def proxy_settings(user: str, home: Path) -> dict[str, str] | None:
    """Return the proxy settings of a GNOME desktop: schema and key (with a dot) to its value as GVariant text.

    None where it cannot be asked now.
    """
    if shutil.which("gsettings") is None:
        return {}
    said = _ask(["gsettings", "list-recursively", _PROXY], user, home)
    if said is None:
        return None
    words = (line.split(" ", 2) for line in said.splitlines())
    return {f"{one[0]}.{one[1]}": one[2] for one in words if len(one) == 3 and one[0].startswith(_PROXY)}


def desktop_changed(home: Path) -> tuple[int, ...]:
    """Return when the settings of a desktop were last written, cheaply: while it is the same, they are the same."""
    found = []
    for name in _DESKTOP_FILES:
        try:
            found.append((home / name).stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)


def set_proxy(user: str, home: Path | None, name: str, value: str) -> bool:
    """Set one such setting in the session of the user; False where that does not work."""
    schema, _, key = name.rpartition(".")
    return schema.startswith(_PROXY) and _ask(["gsettings", "set", schema, key, value], user, home) is not None


_PROXY = "org.gnome.system.proxy"
_DESKTOP_FILES = (".config/dconf/user", ".config/glib-2.0/settings/keyfile")


def _ask(command: list[str], user: str, home: Path | None) -> str | None:
    """Run a tool in the session of the user and return what it says; None where it fails."""
    tool = shutil.which(command[0])
    if tool is None:
        return None
    account = _other_account(user)
    environment = _session(user) | ({"HOME": str(home)} if home else {})
    try:
        done = subprocess.run(  # noqa: S603 - a fixed tool, no shell
            as_account(account, [tool, *command[1:]]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=_LONGEST_ASK,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return None if done.returncode else done.stdout.decode("utf-8", "replace")


def _ways(title: str, body: str, environment: Mapping[str, str]) -> Iterator[list[str]]:
    screen = bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    if environment.get("DBUS_SESSION_BUS_ADDRESS"):
        # The body of a desktop notification may hold mark-up.
        expire = f"--expire-time={_SECONDS_ON_SCREEN * 1000}"
        yield ["notify-send", "--app-name=Klaswacht", expire, "--", title, html.escape(body)]
    if screen:
        yield [
            "zenity",
            "--info",
            "--no-markup",
            f"--timeout={_SECONDS_ON_SCREEN}",
            f"--title={title}",
            f"--text={body}",
        ]
    if environment.get("DISPLAY"):
        yield ["xmessage", "-center", "-timeout", str(_SECONDS_ON_SCREEN), "-title", title, f"{title}\n\n{body}\n"]
    yield ["wall", f"{title}\n{body}"]


def _start(command: list[str], environment: Mapping[str, str], user: str) -> bool:
    """Start it; it worked when it ended well or is still on the screen after a moment."""
    account = _other_account(user)
    try:
        running = subprocess.Popen(  # noqa: S603 - a fixed list of tools, no shell, texts of our own
            as_account(account, command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        code: int = running.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        return True
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return code == 0


def _session(user: str) -> dict[str, str]:
    """Return the environment of the user's session: our own, or what is known of another's."""
    environment = {name: value for name, value in os.environ.items() if name in _PASSED}
    account = _other_account(user)
    if account is None:
        return environment
    run = Path("/run/user") / str(account.pw_uid)
    environment.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
    environment["XDG_RUNTIME_DIR"] = str(run)
    environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
    if (run / "bus").exists():
        environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={run / 'bus'}"
    return environment


_PASSED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR"}
    | {"DBUS_SESSION_BUS_ADDRESS", "GSETTINGS_BACKEND"}
)


def _other_account(user: str) -> pwd.struct_passwd | None:
    """Return the account of `user` where the agent is a service that may act for it."""
    if not may_act_for_others():
        return None
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        return None
    return account if account.pw_uid not in {0, os.geteuid()} else None


def _plain(text: str) -> str:
    kept = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
    return kept[:_LONGEST]
