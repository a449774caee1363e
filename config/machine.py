"""What is of one machine and not of the school: two machines may run by the same `school.yaml`."""

from __future__ import annotations

import os
from dataclasses import replace
from ipaddress import ip_address

from config.read import ConfigError, quoted
from config.settings import Settings

ADDRESS = "KLASWACHT_ADDRESS"
"""On which address this machine listens, in place of `listen.address`."""


def placed(settings: Settings) -> Settings:
    """The settings with this machine's own address, where it has one.

    Raises:
        ConfigError: what was told is no address.
    """
    told = os.environ.get(ADDRESS, "").strip()
    if not told:
        return settings
    try:
        address = str(ip_address(told))
    except ValueError:
        raise ConfigError(
            ADDRESS, 0, f"{quoted(told)} is no address", f"write for instance {ADDRESS}=10.0.0.12"
        ) from None
    return replace(settings, listen=replace(settings.listen, address=address))
