"""What the supervisor starts: one proxy worker, the dashboard, or what answers names.

python -m cli.worker proxy|dashboard|dns HOME PORTS, where PORTS is JSON: the port numbers that were taken, by name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cli.child import die_with_parent, tell_beat, tell_ready
from cli.home import Home, Trouble
from cli.keylog import forget_key_logs
from cli.logs import set_up

_USAGE = "usage: python -m cli.worker proxy|dashboard|dns HOME PORTS"


def main(arguments: list[str]) -> int:
    """Run until told to stop; the exit code."""
    set_up("klaswacht: %(name)s: %(message)s", arguments[0] if arguments else "")
    forget_key_logs()
    die_with_parent()
    match arguments:
        case ["proxy", home, told]:
            from proxy_addons.runner import run_worker

            return run_worker(Path(home), _ports(told), tell_ready, tell_beat)
        case ["dashboard", home, told]:
            return _dashboard(Home(Path(home)), _ports(told))
        case ["dns", home, told]:
            from proxy_addons.names.process import run_names

            return run_names(Path(home), _ports(told), tell_ready, tell_beat)
        case _:
            sys.stderr.write(f"{_USAGE}\n")
            return 2


def _dashboard(home: Home, taken: dict[str, int]) -> int:
    from cli.school import with_ports
    from cli.serve_dashboard import serve_dashboard
    from config import load

    try:
        settings = load.read_school(home.good_file).settings
        serve_dashboard(home, with_ports(settings, taken))
    except (load.ConfigError, Trouble) as error:
        sys.stderr.write(f"klaswacht: the dashboard cannot start: {error}\n")
        return 1
    return 0


def _ports(told: str) -> dict[str, int]:
    return {str(name): int(number) for name, number in json.loads(told).items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
