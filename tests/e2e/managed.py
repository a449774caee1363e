"""A browser that is managed by a school, for one browser only: a folder of policies, bound over the system's."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest


def managed(home: Path, program: str, policies: Mapping[str, object], place: Path = Path("/etc/chromium")) -> Path:
    """A command that starts a browser with these policies as its school's; `place` is the folder that it reads.

    For Chromium they are what stands in `policies/managed`; for another place they are its `policies.json`.
    """
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a policy for one browser only needs root and unshare")
    folder = home / "managed"
    file = folder / ("policies/managed/school.json" if place.name == "chromium" else "policies.json")
    file.parent.mkdir(parents=True)
    # A school closes developer tools, through which a test looks into the browser.
    seen_through = {"DeveloperToolsAvailability": 1} if place.name == "chromium" else {}
    file.write_text(json.dumps({**policies, **seen_through}))
    command = home / "managed-browser"
    own = f"mount --bind '{folder}' '{place}' && exec '{program}' \"$@\""
    quoted = own.replace("'", "'\\''")
    command.write_text(f"#!/bin/sh\nexec unshare --mount --propagation private sh -c '{quoted}' browser \"$@\"\n")
    command.chmod(0o755)
    return command
