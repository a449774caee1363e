"""What CUPS must hold for printing by permission: its policies, its two queues, and what is wrong with them.

Which operation is whose is CUPS's own access control: a pupil who asks CUPS directly gets the same no.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.cups import Attributes, Cups, CupsError
from agent.printed import PrintSetting

PUPILS_POLICY, REAL_POLICY, SERVER_POLICY = "klaswacht-leerling", "klaswacht-echt", "klaswacht-server"
SCHEME = "klaswacht"
STOPPED, IDLE = 5, 3  # RFC 8011, 5.4.11
_BEGIN = "# klaswacht: begin (made by `klaswacht printing setup`; changed here it is lost at the next setup)"
_END = "# klaswacht: end"
_SEE = (
    "Get-Printer-Attributes Get-Jobs Get-Job-Attributes Get-Printer-Supported-Values Validate-Job CUPS-Get-Default "
    "CUPS-Get-Printers CUPS-Get-Classes CUPS-Get-PPD CUPS-Get-PPDs Create-Printer-Subscriptions Get-Subscriptions "
    "Get-Subscription-Attributes Renew-Subscription Cancel-Subscription Get-Notifications"
)
_SEND = "Create-Job Print-Job Send-Document Close-Job"
_GUARDED = (
    "CUPS-Get-Document Cancel-Jobs Purge-Jobs Hold-Job Release-Job Restart-Job Reprocess-Job Set-Job-Attributes "
    "Print-URI Send-URI CUPS-Move-Job Pause-Printer Resume-Printer Enable-Printer Disable-Printer Hold-New-Jobs "
    "Release-Held-New-Jobs CUPS-Create-Local-Printer CUPS-Add-Modify-Printer CUPS-Delete-Printer CUPS-Accept-Jobs "
    "CUPS-Reject-Jobs"
)
_CLASS = 0x1  # printer-type: a class of printers


def block(setting: PrintSetting) -> str:
    """Return our part of `cupsd.conf`.

    `DirtyCleanInterval 0`: a job and where it is are on the disk at once, not after half a minute. `DefaultPolicy`:
    what belongs to no queue is asked of it, and (CUPS 2.4) reading a document to count its pages is too, of whichever
    queue it is. It also keeps anybody from making a queue of their own to the printer (`CUPS-Create-Local-Printer`).
    """
    staff = " ".join(setting.staff)
    real_send = f"AuthType Default\n    Require user {setting.guard} {staff}\n    Order deny,allow"
    return "\n".join(
        (
            _BEGIN,
            "DirtyCleanInterval 0",
            *_policy(PUPILS_POLICY, setting, "Order deny,allow"),
            *_policy(REAL_POLICY, setting, real_send if staff else _guard_only(setting)),
            *_policy(SERVER_POLICY, setting, "Order deny,allow"),
            f"DefaultPolicy {SERVER_POLICY}",
            _END,
            "",
        )
    )


def _guard_only(setting: PrintSetting) -> str:
    return f"AuthType Default\n    Require user {setting.guard} @SYSTEM\n    Order allow,deny\n    Allow from localhost"


def _policy(name: str, setting: PrintSetting, send: str) -> Iterator[str]:
    yield f"<Policy {name}>"
    # Only the guard and administrators see whose job it is; a title nobody but who sent it.
    yield f"  JobPrivateAccess @OWNER {setting.guard} @SYSTEM"
    yield "  JobPrivateValues default"
    yield "  SubscriptionPrivateAccess @OWNER @SYSTEM"
    yield "  SubscriptionPrivateValues default"
    yield f"  <Limit {_SEE}>\n    Order deny,allow\n  </Limit>"
    yield f"  <Limit {_SEND}>\n    {send}\n  </Limit>"
    own = f"AuthType Default\n    Require user @OWNER {setting.guard} @SYSTEM\n    Order deny,allow"
    yield f"  <Limit Cancel-Job Cancel-My-Jobs>\n    {own}\n  </Limit>"
    # By name: what is not named, CUPS lets follow another operation, and reading documents would follow sending.
    yield f"  <Limit {_GUARDED}>\n    {_guard_only(setting)}\n  </Limit>"
    yield f"  <Limit All>\n    {_guard_only(setting)}\n  </Limit>"
    yield "</Policy>"


def with_block(text: str, setting: PrintSetting) -> str:
    """Return a `cupsd.conf` with our part in it, once and as it should be."""
    rest = without_block(text)
    return (rest if not rest or rest.endswith("\n") else rest + "\n") + block(setting)


def without_block(text: str) -> str:
    """Return a `cupsd.conf` without our part; what others wrote stays as it is."""
    start = text.find(_BEGIN)
    if start < 0:
        return text
    end = text.find(_END, start)
    return text[:start] + ("" if end < 0 else text[end + len(_END) :].removeprefix("\n"))


def faults(cups: Cups, setting: PrintSetting) -> Iterator[tuple[str, dict[str, object]]]:
    """Say what is wrong, as codes of `printing.fault` with their values. Nothing: pupils cannot print around the guard.

    Whether the printer itself takes jobs from the network, around CUPS, cannot be seen from here.
    """
    try:
        queues = {one.text("printer-name"): one for one in cups.printers()}
        text = cups.configuration() if cups.user == "root" else None
    except CupsError as problem:
        yield "silent", {"problem": problem}
        return
    if text is not None and block(setting) not in text:
        yield "policies", {}
    yield from _pupils_faults(queues.get(setting.pupils), setting)
    yield from _real_faults(queues.get(setting.real), setting)
    for name, queue in sorted(queues.items()):
        if name in {setting.pupils, setting.real}:
            continue
        if queue.text("printer-op-policy") not in {PUPILS_POLICY, REAL_POLICY}:
            members = bool((queue.number("printer-type") or 0) & _CLASS)
            yield ("open_class" if members else "open_queue"), {"queue": name}


def _pupils_faults(queue: Attributes | None, setting: PrintSetting) -> Iterator[tuple[str, dict[str, object]]]:
    values: dict[str, object] = {"queue": setting.pupils}
    if queue is None:
        yield "no_queue", values
        return
    if queue.number("printer-state") != STOPPED:
        yield "running", values
    if queue.text("printer-op-policy") != PUPILS_POLICY:
        yield "open", values
    if not queue.text("device-uri").startswith(f"{SCHEME}:"):
        yield "around", values
    if not queue.flag("printer-is-accepting-jobs"):
        yield "refuses", values


def _real_faults(queue: Attributes | None, setting: PrintSetting) -> Iterator[tuple[str, dict[str, object]]]:
    values: dict[str, object] = {"queue": setting.real}
    if queue is None:
        yield "no_queue", values
        return
    if queue.text("printer-op-policy") != REAL_POLICY:
        yield "open", values
    if not queue.text("device-uri").startswith(f"{SCHEME}:"):
        yield "around", values
    if queue.number("printer-state") == STOPPED:
        yield "stopped", values
