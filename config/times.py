"""The times of a school as they are written, to change a part: plain values out of a version and back into one.

A version keeps how its timetable was put (`config.written.remainder`): a region says more than the days that it came
to. So it is that text that is changed, and read again with all the checks of a `school.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from config.read import ConfigError, read_yaml
from config.written import schedule_values, yaml_text
from policy.model import Policy, Schedule

_FILE = "school.yaml"
_KEY = "schedule"


def times_of(policy: Policy, kept: str = "") -> dict[str, Any]:
    """The timetable of a version as a school writes it; `kept` is the text that the version has beside its policy.

    Without such a text, or with one that no longer comes to the same week, it is told from what the version came to.
    """
    try:
        values = _kept(kept).get(_KEY)
        if isinstance(values, dict):
            read = schedule_from(values)
            if (read.days, read.groups) == (policy.schedule.days, policy.schedule.groups):
                return values
    except ConfigError:
        pass  # an older program wrote it
    return schedule_values(policy.schedule)


def schedule_from(values: Mapping[str, Any]) -> Schedule:
    """What written times come to.

    Raises:
        ConfigError: a `school.yaml` may not say this either; the line is that of the timetable alone.
    """
    # pydantic takes a third of a second to come in; only who changes something waits for it.
    from config.complaints import checked
    from config.schema_timetable import Timetable
    from config.timetable import schedule_of

    document = read_yaml(yaml_text(values).encode(), _FILE)
    if document.value is None:
        return Schedule()
    return schedule_of(checked(Timetable, document), document, ())


def with_times(policy: Policy, kept: str, values: Mapping[str, Any]) -> tuple[Policy, str]:
    """The same version with other times: its policy and the text to keep beside it.

    Raises:
        ConfigError: as `schedule_from`.
    """
    schedule = replace(schedule_from(values), zone=policy.schedule.zone)
    try:
        others = _kept(kept)
    except ConfigError:
        others = {}
    return replace(policy, schedule=schedule), yaml_text({**others, _KEY: dict(values)})


def _kept(text: str) -> dict[str, Any]:
    found = read_yaml(text.encode(), _FILE).value
    return found if isinstance(found, dict) else {}
