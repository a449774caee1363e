"""The audit trail: every deed is a sentence, and nothing in it tells of who looked for help."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.texts import has
from dashboard.actions.trail import PER_PAGE, Family, Filter, family_of, look, take
from dashboard.present.trail import what
from dashboard.present.words import Words
from policy.model import Role
from store import Store
from store.audit import Wanted
from store.ban_proposals import ProposalState as BanState
from store.incidents import AskState
from store.people import Person
from store.photos import PhotoAnswer
from store.proposals import ProposalState
from store.refusals import RefusalState
from store.signals import Signal
from tests.cast import ANJA, COR, LESSON, RIA
from tests.dashboard.conftest import SCHOOL, Browser, Clock

ROOT = Path(__file__).parents[2]
ROOMS = ("store", "dashboard", "cli", "proxy_addons", "agent", "config")
# What stands in the code in the place of a code, and which codes it may be.
COMPUTED = {
    "f'ask.{state.value}'": {f"ask.{one}" for one in AskState},
    "f'ban_proposal.{state.value}'": {f"ban_proposal.{one}" for one in BanState},
    "f'consent.{code}'": {"consent.yes", "consent.no", "consent.unasked"},
    "f'photo.{(answer.value if answer else 'unasked')}'": {f"photo.{one}" for one in (*PhotoAnswer, "unasked")},
    "f'proposal.{state.value}'": {f"proposal.{one}" for one in ProposalState},
    "f'refusal.{state.value}'": {f"refusal.{one}" for one in RefusalState},
    "f'{kind}.start'": {"pause.start", "rain.start"},
    "f'{kind}.stop'": {"pause.stop", "rain.stop"},
    "f'export.{stem}'": {"export.cijfers", "export.logboek"},  # any other list is said by its name
}
_PASSED_ON = {"code", "what"}  # an argument of the function around it: its callers are in `_WRITERS`
_WRITERS = {"moved": 1, "note": 1, "add": 2, "_end": 4, "_tell": 4, "_audit": 1, "exchange": 6}


def written() -> Iterator[tuple[ast.expr, str]]:
    """Every place where a code goes into the trail: the expression, and where."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(file.read_text())
            named = dict(pair for one in tree.body if isinstance(one, ast.Assign) for pair in _constants(one))
            for node in ast.walk(tree):
                found = _code_in(node)
                if found is not None:
                    place = f"{file.relative_to(ROOT)}:{found.lineno}"
                    yield named.get(found.id, found) if isinstance(found, ast.Name) else found, place


def _constants(found: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    """The names of a module that stand for a value, one by one or several in a line."""
    target, value = found.targets[0], found.value
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield from (
            (one.id, what) for one, what in zip(target.elts, value.elts, strict=True) if isinstance(one, ast.Name)
        )


def _code_in(node: ast.AST) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    by_name = next((one.value for one in node.keywords if one.arg == "what"), None)
    func, args = node.func, node.args
    if isinstance(func, ast.Attribute):
        whose = ast.unparse(func.value)
        if func.attr in ("moved", "note") and whose == "change":
            return args[1]
        if func.attr == "add" and whose.endswith("audit"):
            return args[2]
        if func.attr == "exchange" and whose.endswith("people"):
            return by_name or (args[6] if len(args) > 6 else None)
    elif isinstance(func, ast.Name) and func.id in ("_end", "_tell", "_audit"):
        place = _WRITERS[func.id]
        return args[place] if len(args) > place and not isinstance(args[place], ast.Attribute) else None
    return None


def codes_of(found: ast.expr, place: str) -> set[str]:
    if isinstance(found, ast.Constant) and isinstance(found.value, str):
        return {found.value}
    if isinstance(found, ast.IfExp):
        return codes_of(found.body, place) | codes_of(found.orelse, place)
    text = ast.unparse(found)
    if text in _PASSED_ON:
        return set()
    assert text in COMPUTED, f"{place}: which codes may `{text}` be? tell `COMPUTED`"
    return COMPUTED[text]


def all_codes() -> dict[str, str]:
    codes = {code: place for found, place in written() for code in codes_of(found, place) if "." in code or code}
    return codes | {"people.exchange": "store/people.py"}


def test_every_deed_that_is_written_down_is_a_sentence_in_both_languages_and_of_a_kind() -> None:
    codes = all_codes()
    assert len(codes) > 80 and {"sanction.lift", "grant.revoke", "ca.rotate", "pause.stop", "purge"} <= codes.keys()
    for code, place in codes.items():
        for lang in ("nl", "en"):
            assert has(f"dash.trail.did.{code}", lang), (code, place)
        assert family_of(code) is not Family.OTHER or code == "purge", (code, place)


def test_a_code_of_another_program_is_shown_as_it_is() -> None:
    assert what("moon.phase", Words("nl")) == "deed iets wat dit scherm niet kent (moon.phase)"
    assert what("export.bijzonder", Words("nl")) == "haalde een lijst op (bijzonder)"


def test_the_management_reads_who_did_what_when_and_to_whom(store: Store, signed_in) -> None:
    store.people.put_people(SCHOOL, [Person("eva", Role.PUPIL, "Eva Bos", ("7",))], "cor", LESSON)
    store.audit.add(SCHOOL, "weg", "file.export", LESSON, ("eva", "nooit"))
    page = signed_in("ria").page("/beheer/logboek")
    for part in ("Cor Bakker", "veranderde gegevens van mensen", "Eva Bos", "23-11-2026 09:00", "Groep 7"):
        assert part in page, part
    assert "Iemand die hier niet meer staat" in page and "nooit" not in page.split("<table")[1]
    assert "Regels komen erbij en veranderen nooit" in page and "365 dagen" in page


def test_a_version_is_not_taken_for_a_group_of_the_same_number(store: Store, signed_in) -> None:
    store.audit.add(SCHOOL, "cor", "policy.add", LESSON, ("7",))
    table = signed_in("ria").page("/beheer/logboek?soort=rules").split("<tbody>")[1]
    assert "veranderde de afspraken van de school" in table and "Groep 7" not in table


def test_it_is_narrowed_by_person_kind_and_week_and_comes_fifty_at_a_time(store: Store, desk, signed_in) -> None:
    before = store.audit.how_many(SCHOOL, Wanted())
    for number in range(PER_PAGE + 10):
        store.audit.add(SCHOOL, "anja", "grant.add", LESSON + timedelta(minutes=number))
    store.audit.add(SCHOOL, "ria", "sanction.add", LESSON + timedelta(days=7))

    def found(**wish: str) -> list[str]:
        trail = take(desk, RIA, Filter(**wish), LESSON).value
        assert trail is not None
        return [entry.what for entry in trail.entries]

    assert len(found()) == before + PER_PAGE + 11
    assert found(who="anja") == ["grant.add"] * (PER_PAGE + 10)
    assert found(family="measures") == ["sanction.add"]
    assert found(week="2026-12-02") == ["sanction.add"]
    assert found(week="onzin", family="onzin") == found()
    ria = signed_in("ria")
    first, second = ria.page("/beheer/logboek?wie=anja"), ria.page("/beheer/logboek?wie=anja&blad=2")
    assert first.count("gaf een toestemming") == PER_PAGE and second.count("gaf een toestemming") == 10
    assert "Ouder" in first and "Nieuwer" not in first and "Nieuwer" in second and "Ouder" not in second
    for blad in ("0", "99", "-1", "²", "x"):
        assert "gaf een toestemming" in ria.page(f"/beheer/logboek?wie=anja&blad={blad}")


@pytest.mark.parametrize("login", ["cor", "anja", "iris", "stan", "coen"])
def test_it_is_for_the_management_alone(signed_in, login: str) -> None:
    visitor = signed_in(login)
    assert visitor.get("/beheer/logboek").status_code == visitor.get("/beheer/logboek.csv").status_code == 403


def test_actions_refuse_too(desk) -> None:
    for who in (COR, ANJA):
        assert not look(desk, who, Filter(), 1, LESSON).ok and not take(desk, who, Filter(), LESSON).ok


def test_of_the_counsellors_it_tells_that_one_looked_and_no_more(store: Store, signed_in) -> None:
    store.people.put_people(SCHOOL, [Person("fay", Role.COUNSELLOR, "Fay Hendriks")], "cor", LESSON)
    store.counsel.switch_on(SCHOOL, "ria", LESSON)
    store.signals.add_batch(SCHOOL, [Signal(LESSON, "7", person="sam")])
    coen = signed_in("coen")
    coen.page("/vertrouwen/")
    coen.post(f"/vertrouwen/{store.signals.newest(SCHOOL)[0].id}/gezien")
    ria = signed_in("ria")
    page, taken = ria.page("/beheer/logboek?wie=coen"), ria.get("/beheer/logboek.csv").text
    table = page.split("<table")[1]
    assert table.count("Coen Dekker") == 2 and "opende het postvak" in table and "meldde zich aan" in table
    assert "Sam Pietersen" not in table and "gezien" not in table.casefold()
    assert sum("coen" in line.casefold() for line in taken.splitlines()) == 2


def test_the_list_to_take_along_carries_the_chain_and_runs_nothing(store: Store, signed_in) -> None:
    store.people.put_people(SCHOOL, [Person("eva", Role.PUPIL, "=1+1", ("7",))], "cor", LESSON)
    ria = signed_in("ria")
    taken = ria.get("/beheer/logboek.csv")
    assert taken.headers["Content-Disposition"].startswith('attachment; filename="klaswacht-logboek-2026-11-23')
    newest = store.audit.entries(SCHOOL, limit=2)
    assert newest[0].what == "export.logboek" and newest[1].link is not None
    assert newest[1].link in taken.text and "De reeks klopt" in taken.text
    assert ";=1+1" not in taken.text and ",=1+1" not in taken.text and "=1+1" in taken.text


@pytest.mark.evasion("S23")
def test_the_chain_is_walked_on_wish_and_a_broken_one_is_told(store: Store, signed_in) -> None:
    ria = signed_in("ria")
    assert "De reeks klopt" not in ria.page("/beheer/logboek")
    assert "De reeks klopt:" in ria.page("/beheer/logboek?controle=1")
    with store.database.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("DROP TRIGGER audit_only_grows")
        connection.exec_driver_sql("UPDATE audit SET who = 'anja' WHERE id = 2")
    assert "De reeks klopt niet vanaf 23-11-2026 09:00" in ria.page("/beheer/logboek?controle=1")


def test_who_is_refused_is_written_down_once_an_hour_and_not_what_was_asked(
    store: Store, signed_in: Callable[[str], Browser], clock: Clock
) -> None:
    def refusals() -> list[tuple[str, tuple[str, ...]]]:
        found = store.audit.entries(SCHOOL, what=("access.refuse",))
        return [(one.who, one.targets) for one in found]

    anja, stan = signed_in("anja"), signed_in("stan")
    assert anja.get("/les/7").status_code == 200
    assert refusals() == [], "what is open is no news"
    for _ in range(3):
        assert anja.get("/beheer/logboek").status_code == 403
        assert anja.get("/beheer/cijfers").status_code == 403
    assert refusals() == [("anja", ())]
    assert stan.get("/beheer/logboek").status_code == 403
    clock.on(minutes=61)
    assert signed_in("anja").get("/beheer/logboek").status_code == 403
    assert sorted(refusals()) == [("anja", ()), ("anja", ()), ("stan", ())]
    assert "niet voor deze rol of groep" in signed_in("ria").page("/beheer/logboek")
