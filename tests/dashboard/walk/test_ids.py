"""An id in an address or a form is a second question: another school's, another group's, on every route with one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

import pytest
from werkzeug.routing import AnyConverter, Rule

from tests.access.school import Standing
from tests.dashboard.walk import routes
from tests.dashboard.walk.crawl import Form, Walked, endpoint, everything
from tests.dashboard.walk.test_routes import address
from tests.dashboard.walk.world import LOGINS, MARK, NEIGHBOURS, changed, ids_of, rows, visitor

REFUSED = frozenset({303, 400, 403, 404, 405, 409})


def with_ids(school: Standing) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    """Routes with an id in their address, and which arguments these are."""
    for rule in school.app.url_map.iter_rules():
        fixed = {name for name, kind in rule._converters.items() if isinstance(kind, AnyConverter)}
        names = tuple(sorted(set(rule.arguments) - fixed - {"filename"}))
        if names and not rule.endpoint.startswith("api.") and rule.endpoint != "lesson.stream":
            yield rule, names


def foreign(school: Standing) -> list[str]:
    """Ids that only the other school has."""
    found = sorted(ids_of(school, NEIGHBOURS) - ids_of(school, school.school))
    assert {"buur9", "buur9-1", "buur9-boek"} <= set(found) and len(found) > 30
    return found


def substitute(school: Standing, logins: Sequence[str], ids: Sequence[str]) -> Counter[str]:
    """Put every id in the place of every id of an address; how many of each answer."""
    answers: Counter[str] = Counter()
    for login in logins:
        who = visitor(school, login)
        before = rows(school)  # a substitute's coming in writes rows of its own
        for rule, names in with_ids(school):
            for one in ids:
                places = [dict.fromkeys(names, one)]
                if "group" in names and len(names) > 1:
                    places.append({name: "7" if name == "group" else one for name in names})
                for place in places:
                    for method in routes.methods(rule):
                        path = address(rule, **place)
                        answer = who.post(path, {"go": "1"}) if method == "POST" else who.get(path)
                        told = (login, method, path, answer.status)
                        assert MARK not in answer.text, told
                        assert answer.status_code in REFUSED or one not in _without(answer.text, path), told
                        answers[f"{answer.status_code}"] += 1
        assert changed(before, rows(school)) == {}, login
    return answers


def _without(html: str, path: str) -> str:
    """A page without its own address, which a form may have."""
    return html.replace(path, "")


def test_an_id_of_another_school_opens_nothing_and_changes_nothing(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    kinds = {one[:3]: one for one in foreign(school)}
    sample = [*{"buur9", "buur9-1", "buur9-boek"}, *list(kinds.values())[:6]]
    answers = substitute(school, ("directie",), sample[:5])
    assert answers["404"] > 20, answers


@pytest.mark.evasion("S05")
@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("login", LOGINS)
def test_no_id_of_another_school_opens_anything_for_anybody(fresh: Callable[[], Standing], login: str) -> None:
    school = fresh()
    ids = foreign(school)
    substitute(school, (login,), ids[:: len(ids) // 8] if os.environ.get("KLASWACHT_SHORT") else ids)


@pytest.mark.parametrize(
    ("login", "ids"),
    [
        ("anja", ("buur9-1",)),
        pytest.param("coordinator", ("buur9-1", "buur9-boek", "buur9"), marks=pytest.mark.full),
        pytest.param("directie", ("buur9-1", "buur9-boek", "buur9"), marks=pytest.mark.full),
        pytest.param("coen", ("buur9-1", "buur9-boek", "buur9"), marks=pytest.mark.full),
    ],
)
def test_a_form_with_an_id_of_another_school_in_it_leaves_that_school_as_it_was(
    fresh: Callable[[], Standing], login: str, ids: tuple[str, ...]
) -> None:
    """Every choice of every form once with an id that only the other school has: a child, a device, a group."""
    school = fresh()
    ids = ids[:1] if os.environ.get("KLASWACHT_SHORT") else ids
    before = rows(school, NEIGHBOURS)
    theirs = set(foreign(school))
    sent = 0
    who, walked = everything(school, login, each=1)
    for form in its_own(walked, school):
        for name, _ in form.fields:
            if name in form.typed and not name.endswith(("person", "pupil", "device", "group")):
                continue
            for one in ids:
                answer = who.post(form.path, {**form.sent(), name: one})
                assert answer.status_code < 500, (login, form.path, name, one)
                assert MARK not in answer.text, (login, form.path, name, one)
                sent += 1
    assert sent > 5
    assert changed(before, rows(school, NEIGHBOURS)) == {}
    ours = [row for lines in rows(school, school.school).values() for row in lines]
    # A name that a coordinator types may be any word; what belongs to another school may not be pointed at.
    pointed = [row for row in ours if theirs & set(row) - {"buur9", "buur9-1", "buur9-boek"}]
    assert pointed == []


def its_own(walked: Walked, school: Standing) -> Iterator[Form]:
    for form in walked.forms:
        if form.method == "POST" and endpoint(school, form.path, "POST") not in {"signin.leave", "signin.board"}:
            yield form


def _concerns(row: Sequence[str], ids: frozenset[str]) -> bool:
    return any(cell in ids or any(f'"{one}"' in cell for one in ids) for cell in row)


def _of_group_seven() -> frozenset[str]:
    """Group 7, its children and their devices."""
    return frozenset({"7", *(f"p7-{n}" for n in range(1, 7)), *(f"cb7-{n}" for n in range(1, 7))})


@pytest.mark.evasion("S05")
@pytest.mark.parametrize(
    "login", ["bram", *(pytest.param(one, marks=pytest.mark.full) for one in ("els", "iris", "stan", "coen", ""))]
)
def test_nobody_of_another_group_sees_or_touches_a_group(fresh: Callable[[], Standing], login: str) -> None:
    """All that the teacher of group 7 can open and send, tried by others: as it is, and through their own group."""
    school = fresh()
    seven = _of_group_seven()
    _, hers = everything(school, "anja", each=40)
    who, own = everything(school, login, each=2)
    before = rows(school)
    opened = 0
    for path in sorted(set(hers.pages) - set(own.pages)):
        if "/les/7" in path or "p7-" in path:
            answer = who.get(path)
            assert answer.status_code in {303, 403, 404}, (login, path, answer.status)
            opened += 1
    assert opened > 5
    for form in its_own(hers, school):
        for path in {form.path, form.path.replace("/les/7", "/les/8")}:
            answer = who.post(path, {**form.sent(), **dict.fromkeys(form.typed, "kletsplein.test")})
            assert answer.status_code < 500, (login, path)
            if "/les/7" in path:
                leads = urlsplit(answer.headers.get("Location", "")).path
                assert answer.status_code in {403, 404} or leads == "/inloggen", (login, path, answer.status)
    touched = [
        (table, row)
        for table, lines in changed(before, rows(school)).items()
        for row in lines
        if _concerns(row, seven) and table not in {"reports", "signals"}
    ]
    assert touched == []


def test_a_substitute_of_one_group_has_nothing_of_another(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    who = visitor(school, "invaller")
    _, his = everything(school, "bram", each=40)
    before = rows(school)
    tried = 0
    for path in sorted(his.pages):
        if "/les/8" in path:
            assert who.get(path).status_code in {403, 404}, path
            tried += 1
    for form in its_own(his, school):
        if "/les/8" in form.path:
            assert who.post(form.path, form.sent()).status_code in {403, 404}, form.path
            tried += 1
    assert tried > 10
    assert changed(before, rows(school)) == {}


@pytest.mark.parametrize(
    "login", [one if one in {"", "invaller"} else pytest.param(one, marks=pytest.mark.full) for one in LOGINS]
)
def test_no_page_of_anybody_has_a_word_of_the_other_school(school: Standing, login: str) -> None:
    _, walked = everything(school, login)
    assert len(walked.pages) > 5
    for path, html in walked.pages.items():
        assert MARK not in html, path
    assert all(MARK not in text for _, _, text in walked.other.values())
