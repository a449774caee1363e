"""Who may use which page: every route of the map, for every role and for nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from config.settings import Settings
from dashboard import create_app
from dashboard.access import matrix
from policy.decide import decide
from policy.model import Agreement, Grant, Role
from store import Store
from store.incidents import Wish
from tests.cast import KNOWLEDGE, LESSON, POLICY, at, pupil, visit
from tests.dashboard.conftest import BASE, SCHOOL, Browser, give_account

EVERYBODY = (
    "signin.start signin.page signin.enter password.page password.save rules.page rules.paper reports.child office.ca "
    "office.next_ca standing_in.page standing_in.enter oidc.start oidc.back static signin.code signin.second "
    "readiness.healthy readiness.ready"
)
SIGNED_IN = "signin.leave signin.board proving.page proving.prove"
ACCOUNT = (
    "account.page account.change_password account.end_session account.end_others account.seen account.second_factor "
    "account.propose_factor account.confirm_factor account.make_codes account.switch_off"
)
COLLEAGUES_ACCOUNT = "account_desk.reset account_desk.sign_out"
CLASS = (
    "lesson.start lesson.page lesson.stream permission.give permission.stop permission.extend "
    "permission.form permission.again prepared.page prepared.keep prepared.change prepared.remove "
    "lesson.answer lesson.report_seen lesson.attention lesson.rain lesson.seat lesson.stop_running leaving.page "
    "lesson.print_job "
    "agreement.page agreement.start agreement.stop agreement.take agreement.share agreement.drop "
    "agreement.other_lesson agreement.move agreement.cancel "
    "class_code.code signing.answer signing.pictures signing.change_pictures preview.ask preview.look"
)
SUBSTITUTE = "standing_in.welcome substitute.invite substitute.make substitute.again substitute.stop"
PROPOSALS = "ban_proposals.page ban_proposals.propose ban_proposals.withdraw"
OFFICE = (
    "office.page office.tab office.put_group office.remove_group office.add_pupil office.add_staff office.set_groups "
    "office.new_link office.remove_person "
    "office.ask_why office.report_seen "
    "trial.ask trial.look trial.preview trial.save trial.keep trial.dismiss trial.hold refusals.decide"
)
DEVICES = (
    "devices.page devices.put devices.change devices.count devices.take_list devices.new_key devices.new_code "
    "devices.name_account devices.remove devices.chromebook"
)
PEOPLE = (
    "intake.page intake.look intake.adopt intake.mend intake.links intake.make_links "
    "new_year.page new_year.look new_year.begin new_year.back "
    "exports.page exports.named exports.named_csv exports.bare exports.bare_csv"
)
BEGIN = (
    "begin.page begin.step begin.look begin.choose begin.groups begin.times begin.holidays begin.people begin.teacher"
)
LISTS = "sitekinds.page sitekinds.look sitekinds.save sitekinds.take sitekinds.sheet"
SYSTEM = "health.page emergency.page emergency.code emergency.start emergency.stop"
TIMES = "week.school week.page week.change_school week.change year.page year.change"
VERSIONS = (
    "versions.page versions.compare versions.download versions.look_back versions.go_back versions.file "
    "versions.take_file"
)
SCHOOL_ACCOUNTS = "school_accounts.page school_accounts.save school_accounts.unlink"
INBOX = "inbox.page inbox.seen inbox.told_seen"
REPORTS = "reports.page reports.seen"
NUMBERS = "numbers.page numbers.download staff_permits.page"
MANAGEMENT = "trail.page trail.download counsellors.page counsellors.switch_on counsellors.switch_off"
TELL = "reports.form reports.tell"
MEASURES = (
    "measures.page measures.pupil measures.impose measures.lift measures.lift_for_lesson measures.withdraw "
    "measures.summary measures.download measures.sheet"
)
NOTES = "measures.noted measures.write measures.erase"
REGISTERS = (
    "registers.media registers.save_media registers.agree_for_all registers.photos registers.save_photos "
    "registers.staff_photos registers.save_staff_photos registers.add registers.assign registers.remove "
    "registers.open_means registers.add_identity registers.remove_identity"
)
STANDING = "registers.give registers.accept registers.stop"
CARE = "measures.exceptions measures.add_care measures.care_on measures.care_end"
ALL = frozenset(Role)
CLASS_ROLES = frozenset({Role.TEACHER, Role.INTERN, Role.COORDINATOR, Role.MANAGEMENT})
OFFICE_ROLES = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
MAY: dict[str, frozenset[Role | None]] = (
    dict.fromkeys(EVERYBODY.split(), ALL | {None})
    | dict.fromkeys(SIGNED_IN.split(), ALL)
    | dict.fromkeys(ACCOUNT.split(), ALL - {Role.PUPIL})
    | dict.fromkeys(COLLEAGUES_ACCOUNT.split(), OFFICE_ROLES)
    | dict.fromkeys(CLASS.split(), CLASS_ROLES)
    | dict.fromkeys(OFFICE.split(), OFFICE_ROLES)
    | dict.fromkeys(LISTS.split(), OFFICE_ROLES)
    | dict.fromkeys(SYSTEM.split(), OFFICE_ROLES)
    | dict.fromkeys(SCHOOL_ACCOUNTS.split(), OFFICE_ROLES)
    | {"oidc.again": ALL - {Role.PUPIL}}
    | dict.fromkeys(TIMES.split(), OFFICE_ROLES)
    | dict.fromkeys(PEOPLE.split(), OFFICE_ROLES)
    | {"exports.group_csv": OFFICE_ROLES | {Role.TEACHER}}
    | dict.fromkeys(VERSIONS.split(), OFFICE_ROLES)
    | dict.fromkeys(DEVICES.split(), OFFICE_ROLES)
    | dict.fromkeys(BEGIN.split(), OFFICE_ROLES)
    | dict.fromkeys(INBOX.split(), frozenset({Role.COUNSELLOR}))
    | dict.fromkeys(REPORTS.split(), frozenset({Role.MANAGEMENT}))
    | dict.fromkeys(NUMBERS.split(), OFFICE_ROLES)
    | dict.fromkeys(MANAGEMENT.split(), frozenset({Role.MANAGEMENT}))
    | dict.fromkeys(TELL.split(), ALL - {Role.PUPIL})
    | dict.fromkeys(MEASURES.split(), frozenset({Role.MANAGEMENT}))
    | dict.fromkeys(NOTES.split(), frozenset({Role.TEACHER, Role.MANAGEMENT}))
    | dict.fromkeys(CARE.split(), OFFICE_ROLES)
    | dict.fromkeys(REGISTERS.split(), OFFICE_ROLES)
    | dict.fromkeys(STANDING.split(), frozenset({Role.MANAGEMENT}))
    | {"registers.look": CLASS_ROLES}
    | {"measures.start": CLASS_ROLES}
    | dict.fromkeys(SUBSTITUTE.split(), CLASS_ROLES)
    | dict.fromkeys(PROPOSALS.split(), frozenset({Role.TEACHER, Role.COORDINATOR}))
    | {"ban_proposals.decline": frozenset({Role.MANAGEMENT})}
)
LOGINS = {
    Role.PUPIL: "sam",
    Role.TEACHER: "anja",
    Role.INTERN: "iris",
    Role.STAFF: "stan",
    Role.COORDINATOR: "cor",
    Role.MANAGEMENT: "ria",
    Role.COUNSELLOR: "coen",
}
# What ends the session, or is about half a sign-in, is walked in tests of its own.
ONES_OWN = {"signin.leave", "signin.enter", "signin.code", "signin.second", "office.remove_group"}
FILL = {
    "which": "apparaten",
    "way": "google",
    "group": "7",
    "tab": "groepen",
    "filename": "klaswacht.css",
    "token": "geen",
}


def test_the_route_map_is_the_matrix_that_was_agreed(app: Flask) -> None:
    declared = {name: access for name, access in matrix(app).items() if not access.by_key}
    assert declared.keys() == MAY.keys()
    for name, access in declared.items():
        assert {role for role in [None, *Role] if access.allows(role)} == MAY[name], name


@pytest.mark.evasion("S05")
def test_a_route_that_does_not_say_who_may_use_it_refuses_to_start(app: Flask) -> None:
    app.add_url_rule("/vergeten", "vergeten", lambda: "open")
    with pytest.raises(LookupError, match="/vergeten"):
        matrix(app)


def test_a_device_route_is_the_only_one_without_a_person(app: Flask) -> None:
    assert {name.partition(".")[0] for name, access in matrix(app).items() if access.by_key} == {"api"}


@pytest.mark.evasion("S05")
@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.value if role else "nobody")
def test_every_route_lets_in_whom_it_says_and_nobody_else(
    app: Flask, store: Store, browser: Callable[[], Browser], role: Role | None
) -> None:
    visitor = browser()
    if role is not None:
        give_account(store, LOGINS[role], role)
        visitor.sign_in(LOGINS[role])
        assert visitor.cookie()
    token = visitor.token()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api.") or rule.endpoint in ONES_OWN:
            continue
        path = rule.rule
        for name in rule.arguments:
            converter = next(part for part in path.split("<") if part.split(">")[0].split(":")[-1] == name)
            path = path.replace(f"<{converter.split('>')[0]}>", FILL.get(name, "geen"))
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            headers = {"Origin": BASE, "Accept": "text/html"}
            data = {"csrf": token} if method == "POST" else None
            answer = visitor.client.open(path, method=method, base_url=BASE, headers=headers, data=data)
            answer.close()
            turned_away = answer.status_code in {401, 403} or "/inloggen" in answer.headers.get("Location", "")
            if rule.endpoint in {"signin.start", "password.save", "signin.board"} and role in MAY[rule.endpoint]:
                assert answer.status_code in {200, 303}, (path, answer.status)
            else:
                assert turned_away is (role not in MAY[rule.endpoint]), (method, path, answer.status)


FORM = {
    "what": "site",
    "site": "social.com",
    "who": "all",
    "answer": "yes",
    "on": "1",
    "device": "chroom-1",
    "goal": "vulkanen",
    "sites": "leren.nl",
    "confirmed": "1",
}


def filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace(f"<{name}>", value)
    return path


@pytest.mark.parametrize(("permit", "group"), [(False, "7"), (True, "8")])
def test_an_intern_does_nothing_where_the_school_did_not_choose_so_nor_for_another_group(
    store: Store, signed_in: Callable[[str], Browser], app: Flask, permit: bool, group: str
) -> None:
    store.policies.add(SCHOOL, replace(POLICY, interns_permit=permit), "test", "ria", LESSON)
    home = frozenset({group})
    grant = store.grants.add(
        SCHOOL, Grant("", LESSON, at("10:15"), Role.TEACHER, "anja", home, sites=("social.com",)), LESSON
    )
    ask = store.incidents.ask(SCHOOL, Wish("x.com", "lesson", "social", "", group, "chroom-1", None), LESSON)
    report = store.incidents.report(SCHOOL, "eng.nl", LESSON, group=group)
    agreed = store.measures.start_agreement(
        SCHOOL, Agreement("", LESSON, at("10:15"), home, sites=("leren.nl",), goal="vulkanen"), LESSON
    )
    assert ask
    ids = {"group": group, "grant": grant.id, "ask": ask.id, "report": report.id, "agreed": agreed.id}
    iris = signed_in("iris")
    before, tried = store.revision(SCHOOL), 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(("lesson.", "agreement.", "preview.")) and "POST" in (rule.methods or ()):
            answer = iris.post(filled(rule.rule, ids), follow=False, **FORM)
            assert answer.status_code == 404, (rule.rule, answer.status)
            tried += 1
    assert tried >= 10
    assert iris.get(f"/les/{group}/stroom").status_code == 404
    assert store.revision(SCHOOL) == before
    assert store.incidents.asks(SCHOOL, (group,)) == (ask,)
    assert store.incidents.reports(SCHOOL, (group,)) == (report,)
    page = iris.get(f"/les/{group}", follow_redirects=True)
    if permit:
        assert page.status_code == 404
    else:
        assert page.status_code == 200
        assert "laat toestemming geven aan de leerkracht" in page.text
        assert "social.com" not in page.text and "vulkanen" not in page.text


def test_an_intern_permits_where_the_school_chose_so(store: Store, signed_in: Callable[[str], Browser]) -> None:
    store.policies.add(SCHOOL, replace(POLICY, interns_permit=True), "test", "ria", LESSON)
    iris = signed_in("iris")
    assert "Groep 7" in iris.get("/", follow_redirects=True).text
    assert "open tot 10:15" in iris.post("/les/7/toestemming", what="site", site="social.com", who="all").text
    (grant,) = store.grants.live(SCHOOL, LESSON)
    assert (grant.by, grant.role) == ("iris", Role.INTERN)
    asked = visit("social.com", who=pupil("sam"))
    assert decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open
    store.policies.add(SCHOOL, POLICY, "test", "ria", LESSON)
    assert not decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open
    assert "laat toestemming geven aan de leerkracht" in iris.get("/", follow_redirects=True).text


@pytest.mark.evasion("S20")
def test_a_teacher_cannot_see_or_touch_another_group(
    store: Store, signed_in: Callable[[str], Browser], app: Flask
) -> None:
    grant = store.grants.add(
        SCHOOL, Grant("", LESSON, at("10:15"), Role.TEACHER, "anja", frozenset({"7"}), sites=("social.com",)), LESSON
    )
    ask = store.incidents.ask(SCHOOL, Wish("x.com", "lesson", "social", "", "7", "chroom-1", "sam"), LESSON)
    report = store.incidents.report(SCHOOL, "eng.nl", LESSON, group="7")
    assert ask
    before = store.revision(SCHOOL)
    bram = signed_in("bram")
    ids = {"group": "7", "grant": grant.id, "ask": ask.id, "report": report.id, "agreed": "geen"}
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith(("lesson.", "agreement.", "preview.")) or rule.endpoint == "lesson.start":
            continue
        path = filled(rule.rule, ids)
        answer = bram.get(path) if "GET" in (rule.methods or ()) else bram.post(path, follow=False, **FORM)
        assert answer.status_code == 404, (path, answer.status)
    assert store.revision(SCHOOL) == before
    assert store.incidents.asks(SCHOOL, ("7",)) == (ask,)
    assert store.incidents.reports(SCHOOL, ("7",)) == (report,)


def test_a_teacher_cannot_reach_another_groups_things_through_her_own_group(
    store: Store, signed_in: Callable[[str], Browser]
) -> None:
    grant = store.grants.add(
        SCHOOL, Grant("", LESSON, at("10:15"), Role.TEACHER, "anja", frozenset({"7"}), sites=("social.com",)), LESSON
    )
    ask = store.incidents.ask(SCHOOL, Wish("x.com", "lesson", "social", "", "7", "chroom-1", "sam"), LESSON)
    report = store.incidents.report(SCHOOL, "eng.nl", LESSON, group="7")
    assert ask
    bram = signed_in("bram")
    assert "afgelopen" in bram.post(f"/les/8/toestemming/{grant.id}/stop").text
    assert "afgelopen" in bram.post(f"/les/8/toestemming/{grant.id}/verleng", minutes="10").text
    assert "beantwoord" in bram.post(f"/les/8/vraag/{ask.id}", answer="yes").text
    assert "bestaat niet meer" in bram.post(f"/les/8/melding/{report.id}").text
    assert (
        "minstens één leerling"
        in bram.post("/les/8/toestemming", what="site", site="social.com", who="some", pupil="sam").text
    )
    bram.post("/les/8/plek", pupil="sam", device="chroom-1")
    assert store.grants.live(SCHOOL, LESSON) == (grant,)
    assert store.devices.leases(SCHOOL, LESSON) == ()
    assert store.incidents.asks(SCHOOL, ("7",)) == (ask,)


def test_an_app_without_a_secret_makes_one_of_its_own(store: Store) -> None:
    apps = [create_app(store, KNOWLEDGE, SCHOOL, Settings()) for _ in range(2)]
    secrets = {app.extensions["klaswacht"].secret for app in apps}
    assert len(secrets) == 2
    assert all(len(secret) == 32 for secret in secrets)
