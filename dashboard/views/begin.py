"""The first-run assistant: a step a page, in order, to be left and come back to."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, current_app, render_template, request, url_for
from werkzeug.wrappers import Response

from dashboard.access import OFFICE, for_roles
from dashboard.actions import begin, begin_times, office
from dashboard.actions.begin import Step
from dashboard.actions.begin_times import Times
from dashboard.actions.desk import Outcome
from dashboard.auth import house, visitor, words
from dashboard.present import begin as shown
from dashboard.present.begin import SLUGS, STEPS, Typed
from dashboard.present.office import group_choices, link_secret
from dashboard.views.desk import frame
from dashboard.views.forms import back_to, text
from policy.model import Role

pages = Blueprint("begin", __name__, url_prefix="/beheer/begin")
_LONGEST_LIST = 4_000  # characters


@pages.get("")
@for_roles(OFFICE)
def page() -> str:
    """All steps with how they stand."""
    at = house()
    start = begin.stands(at.desk, at.clock())
    return render_template("begin/overview.html", **frame("begin"), overview=shown.overview(start, words()))


@pages.get("/<slug>")
@for_roles(OFFICE)
def step(slug: str) -> str:
    """One step."""
    if slug not in STEPS:
        abort(404)
    return _step(STEPS[slug])


@pages.post("/protocol/bekijk")
@for_roles(OFFICE)
def look() -> str:
    """What another protocol would change."""
    at, name = house(), text("protocol")
    outcome = begin.look(at.desk, visitor().member, name, words().lang, at.clock())
    if outcome.value is None:
        return _step(Step.PROTOCOL, Typed(protocol=name), outcome)
    return _step(Step.PROTOCOL, Typed(protocol=name), look=shown.looked(outcome.value))


@pages.post("/protocol")
@for_roles(OFFICE)
def choose() -> Response | str:
    """A protocol holds from now on, or stays."""
    at, name = house(), text("protocol")
    outcome = begin.choose(at.desk, visitor().member, name, _number(), at.clock())
    return _on(Step.PROTOCOL, outcome, Typed(protocol=name))


@pages.post("/groepen")
@for_roles(OFFICE)
def groups() -> Response | str:
    """Groups that were ticked or typed."""
    at, years, names = house(), request.form.getlist("years"), request.form.get("names", "")[:_LONGEST_LIST]
    titles = {year: words()("begin.groups.name", year=year) for year in years if year in begin.YEARS}
    outcome = begin.add_groups(at.desk, visitor().member, titles, names, at.clock())
    return _on(Step.GROUPS, outcome, Typed(years=frozenset(years), names=names))


@pages.post("/tijden")
@for_roles(OFFICE)
def times() -> Response | str:
    """A simple week, or what there is stays."""
    at, me = house(), visitor().member
    if text("keep") == "1":
        return _on(Step.TIMES, begin_times.keep_times(at.desk, me, at.clock()), Typed())
    typed = _times()
    return _on(Step.TIMES, begin_times.set_times(at.desk, me, typed, _number(), at.clock()), Typed(times=typed))


@pages.post("/vakanties")
@for_roles(OFFICE)
def holidays() -> Response | str:
    """The region whose school holidays the school follows."""
    at, region = house(), text("region")
    outcome = begin_times.set_region(at.desk, visitor().member, region, _number(), at.clock())
    return _on(Step.HOLIDAYS, outcome, Typed(region=region))


@pages.post("/leerlingen")
@for_roles(OFFICE)
def people() -> Response | str:
    """Pupils of one group, a name on a line."""
    at, group, names = house(), text("group"), request.form.get("names", "")[:_LONGEST_LIST]
    outcome = begin.add_pupils(at.desk, visitor().member, group, names, at.clock())
    return _on(Step.PEOPLE, outcome, Typed(group=group, names=names))


@pages.post("/leerkracht")
@for_roles(OFFICE)
def teacher() -> str:
    """The first teacher; the link is shown once."""
    at, now = house(), house().clock()
    typed = Typed(name=text("name"), login=text("login"), groups=tuple(request.form.getlist("groups")))
    me, mine = visitor().member, frozenset(typed.groups)
    outcome = office.add_staff(at.desk, me, typed.name, typed.login, Role.TEACHER, mine, now)
    if outcome.value is None:
        return _step(Step.TEACHER, typed, outcome)
    url = url_for("password.page", token=outcome.value.token, _external=True)
    return _step(Step.TEACHER, Typed(), secret=link_secret(outcome.value, url, words(), now))


def _on(step: Step, outcome: Outcome[object], typed: Typed) -> Response | str:
    """Back to the step with what was done; or the step with what was typed and why not."""
    if outcome.ok:
        return back_to("begin.step", outcome, slug=SLUGS[step])
    return _step(step, typed, outcome)


def _step(step: Step, typed: Typed | None = None, outcome: Outcome[object] | None = None, **extra: object) -> str:
    at, said, now = house(), words(), house().clock()
    around = frame("begin")
    if outcome is not None:
        around["message"] = (said(outcome.code), False)
    start = begin.stands(at.desk, now)
    shows = {"where": shown.where(start, step, said), "by_file": start.by_file, "based_on": _current(), "typed": typed}
    return render_template(f"begin/{step.value}.html", **around, **shows, **_OF[step](typed), **extra)


# --- what each step shows --------------------------------------------------------------------------------------------


def _protocol(typed: Typed | None) -> dict[str, object]:
    at = house()
    found = begin.protocols(at.desk, at.clock())
    return {"protocols": shown.protocol_options(found, typed.protocol if typed else found[0].id), "mine": found[0]}


def _groups(typed: Typed | None) -> dict[str, object]:
    known = house().desk.snapshot(house().clock()).groups
    years = shown.year_options(known, typed.years if typed else frozenset(), words())
    return {"years": years, "names": typed.names if typed else "", "known": group_choices(known)}


def _week(typed: Typed | None) -> dict[str, object]:
    current = house().desk.store.policies.current(house().desk.school)
    simple = begin_times.simple_times(current.policy, current.written) if current else None
    times = typed.times if typed else simple or Times()
    return {"simple": typed is not None or simple is not None, "times": times, "breaks": shown.breaks_of(times)}


def _holidays(typed: Typed | None) -> dict[str, object]:
    at = house()
    current = at.desk.store.policies.current(at.desk.school)
    region = typed.region if typed else begin_times.region_of(current.policy, current.written) if current else ""
    lists = [
        (option, shown.vacation_lines(begin_times.vacations(option.value, at.clock()), words()))
        for option in shown.region_options(region, words())
    ]
    return {"regions": lists}


def _people(typed: Typed | None) -> dict[str, object]:
    known = house().desk.snapshot(house().clock()).groups
    return {"names": typed.names if typed else "", "known": group_choices(known, (typed.group,) if typed else ())}


def _way(_typed: Typed | None) -> dict[str, object]:
    at = house()
    found = shown.way(at.desk.settings.listen, at.desk.snapshot(at.clock()).groups)
    kinds = shown.DEVICES
    return {"way": found, "kinds": kinds, "has_ca": current_app.extensions["klaswacht_ca"] is not None}


def _teacher(typed: Typed | None) -> dict[str, object]:
    known = house().desk.snapshot(house().clock()).groups
    return {"known": group_choices(known, typed.groups if typed else ())}


def _test(_typed: Typed | None) -> dict[str, object]:
    at = house()
    names = {one.id: one.name for one in at.desk.snapshot(at.clock()).devices.values()}
    lines = shown.test_lines(at.desk.store.self_tests.newest(at.desk.school), names, words(), at.clock())
    return {**_way(None), "lines": lines}


_OF: dict[Step, Callable[[Typed | None], dict[str, object]]] = {
    Step.PROTOCOL: _protocol,
    Step.GROUPS: _groups,
    Step.TIMES: _week,
    Step.HOLIDAYS: _holidays,
    Step.PEOPLE: _people,
    Step.DEVICES: _way,
    Step.CERTIFICATE: _way,
    Step.TEACHER: _teacher,
    Step.TEST: _test,
}


def _times() -> Times:
    """The simple week as it was typed."""
    pairs = tuple((text(f"from{number}"), text(f"to{number}")) for number in (1, 2))
    short = {day: text(f"end_{day}") for day in ("wed", "fri") if text(f"end_{day}")}
    return Times(text("start"), text("end"), tuple(one for one in pairs if any(one)), short)


def _number() -> int:
    typed = text("based_on")
    return int(typed[:9]) if typed.isdecimal() else 0


def _current() -> int:
    current = house().desk.store.policies.current(house().desk.school)
    return current.number if current else 0
