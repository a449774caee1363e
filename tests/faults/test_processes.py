"""Real processes, the worker and stock mitmdump, in which each hook breaks in its turn: nothing closed is shown."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException

from cli.demo.certs import make_papers
from proxy_addons.hooks import HOOKS
from tests.e2e.clients import Device, Refused
from tests.e2e.test_golden_modes import WITHIN, own_runner, stock_mitmdump
from tests.evasions.school import CLOSED, HELP, LOCKED, OPEN, home_of
from tests.evasions.sites import Sites
from tests.faults import entry

pytestmark = [pytest.mark.full, pytest.mark.timeout(400), pytest.mark.evasion("S16")]

SHUT = (CLOSED[0], LOCKED[0])


def worker(home: Path) -> AbstractContextManager[int]:
    """Our own program; the port of its proxy."""
    return own_runner(home, "tests.faults.entry")


def mitmdump(home: Path) -> AbstractContextManager[int]:
    """mitmproxy as it comes, with our script; the port of its proxy."""
    return stock_mitmdump(home, Path(entry.__file__))


def status(device: Device, url: str) -> int:
    """What is answered; 0 when the connection is refused or closed."""
    with contextlib.suppress(Refused, OSError, http.client.HTTPException):
        return device.fetch(url).status
    return 0


def goes_on(device: Device) -> None:
    """Wait until it has its rules."""
    deadline = time.monotonic() + WITHIN
    while status(device, f"https://{OPEN[0]}/") != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("mode", [worker, mitmdump])
def test_whichever_hook_breaks_nothing_closed_is_shown_and_the_process_goes_on(
    mode: Callable[[Path], AbstractContextManager[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("")
    monkeypatch.setenv(entry.FILE, str(broken))
    names = [OPEN[0], HELP, *SHUT]
    papers = make_papers(tmp_path / "papers", names, datetime.now(UTC))
    with Sites(papers.server_context()) as sites:
        home = home_of(tmp_path, papers, sites, names)
        with mode(home) as port:
            device = Device(port, (home / "ca" / "klaswacht-ca.crt", papers.ca), source="127.0.0.99")
            goes_on(device)
            wrong, felt = [], set()
            for hook in HOOKS:
                broken.write_text(hook)
                sites.forget()
                for scheme in ("https", "http"):
                    wrong += [(hook, host) for host in SHUT if status(device, f"{scheme}://{host}/") == 200]
                    felt |= {hook} if status(device, f"{scheme}://{OPEN[0]}/") != 200 else set()
                with contextlib.suppress(Refused, OSError, WebSocketException), device.websocket(f"wss://{SHUT[0]}/"):
                    wrong.append((hook, "websocket"))
                wrong += [(hook, one.host) for one in sites.of(*SHUT)] + [
                    (hook, one.sni) for one in sites.opened(*SHUT)
                ]
                broken.write_text("")
                wrong += [(hook, "afterwards")] if status(device, f"https://{OPEN[0]}/") != 200 else []
            assert wrong == []
            assert felt >= {"tls_clienthello", "next_layer", "server_connect", "requestheaders", "responseheaders"}
