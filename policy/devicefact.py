"""What a device can notice about itself that leads around the guard: facts about a thing, never about a person."""

from __future__ import annotations

from enum import StrEnum


class DeviceFact(StrEnum):
    """What was found. A fact accuses nobody: a tunnel may be a colleague's, a clock may have an empty battery."""

    TUNNEL = "tunnel"  # an interface of a virtual private network came
    TETHER = "tether"  # a phone gives network over USB
    ROUTE = "route"  # the default route is another one
    DNS = "dns"  # other name servers
    PROXY = "proxy"  # other proxy settings
    HOSTS = "hosts"  # the hosts file has names of its own
    AROUND = "around"  # connections that do not go through the guard
    OWN_DNS = "own-dns"  # a browser or the maker looks names up by itself
    FILES = "files"  # files of the agent are gone
    COPY = "copy"  # the rules that it kept were changed, older than they must be, or another device's
    CLOCK = "clock"  # the clock jumped
    DOUBLE = "double"  # it said to be in two places at the same time: another one has its key
    PRINTING = "printing"  # a print job broke off in the middle, or is nowhere any more
