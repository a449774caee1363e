"""What a list of people would change: every row is somebody, a question or a bad row, and never somebody else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.actions.roster_columns import Entry, read_sheet
from dashboard.actions.roster_plan import Options, Plan, School, make_plan
from policy.model import Group, Role
from store.people import Person
from tests.cast import LESSON

GROUPS = (
    Group("4-5", "Groep 4/5", (4, 5)),
    Group("7", "Groep 7", (7,)),
    Group("8", "Groep 8", (8,)),
    Group("kamp", "Kamp", (), LESSON),
)
SAM = Person("sam", Role.PUPIL, "Sam Pietersen", ("7", "kamp"))
NOOR = Person("noor", Role.PUPIL, "Noor Jansen", ("7",))
ANJA = Person("anja", Role.TEACHER, "Anja de Vries", ("7",))
SCHOOL = School("school", GROUPS, (SAM, NOOR, ANJA), {"anja": "anja"})


def plan_of(text: str, school: School = SCHOOL, **ticked: bool) -> Plan:
    sheet = read_sheet(text.encode())
    assert not sheet.problem, sheet
    return make_plan(sheet.entries, school, Options(**ticked), "zout")


def codes(plan: Plan) -> dict[int, str]:
    return {bad.entry.line: bad.code for bad in plan.bad}


def test_a_row_is_new_changed_or_the_same() -> None:
    plan = plan_of("naam;groep\nSam Pietersen;7\nNoor  JANSEN;8\nKim de Wit;groep 4-5\n")
    assert plan.same == (SAM,)
    assert [(c.before.id, c.after.name, c.after.groups) for c in plan.changed] == [("noor", "Noor JANSEN", ("8",))]
    assert [(p.name, p.groups, p.role) for p in plan.new] == [("Kim de Wit", ("4-5",), Role.PUPIL)]
    assert not plan.bad


def test_a_temporary_group_is_kept_when_a_pupil_moves() -> None:
    (moved,) = plan_of("naam;groep\nSam Pietersen;8\n").changed
    assert moved.after.groups == ("8", "kamp")


def test_the_same_number_is_the_same_pupil_next_year_under_another_name_in_another_group() -> None:
    first = plan_of("leerlingnummer;roepnaam;tussenvoegsel;achternaam;groep\n1042;Kim;de;Wit;7\n")
    (kim,) = first.new
    assert kim.name == "Kim de Wit"
    assert "1042" not in kim.id
    later = plan_of("leerlingnummer;naam;groep\n1042;Kim Bakker;8\n", replace(SCHOOL, persons=(kim,)))
    assert [(c.before.id, c.after.name, c.after.groups) for c in later.changed] == [(kim.id, "Kim Bakker", ("8",))]


def test_the_id_of_our_own_list_says_who_it_is() -> None:
    (changed,) = plan_of("id;naam;groep\nnoor;Noor Jansen-Smit;7\n").changed
    assert changed.before == NOOR


def test_two_who_might_be_it_are_never_guessed() -> None:
    twins = replace(SCHOOL, persons=(SAM, replace(SAM, id="sam2"), replace(SAM, id="sam3", groups=("8",))))
    plan = plan_of("naam;groep\nSam Pietersen;7\n", twins)
    assert codes(plan) == {2: "which"}
    assert plan.bad[0].said == {"ids": "sam, sam2"}
    two = plan_of("leerlingnummer;naam;groep\n1;Sam Pietersen;7\n2;Sam Pietersen;7\n")
    assert codes(two) == {2: "which", 3: "which"}


def test_a_namesake_in_another_group_is_somebody_else_when_both_are_in_the_file() -> None:
    plan = plan_of("naam;groep\nSam Pietersen;8\nSam Pietersen;7\n")
    assert plan.same == (SAM,)
    assert [(p.name, p.groups) for p in plan.new] == [("Sam Pietersen", ("8",))]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ('"Kim;7;', "quote"),
        (";7;", "no_name"),
        ("123;7;", "no_name"),
        (f"{'Kim ' * 25};7;", "long_name"),
        ("Kim\u202e de Wit;7;", "signs"),
        ("Kim\ufffd;7;", "signs"),
        ("Kim;;", "no_group"),
        ("Kim;groep 9;", "group"),
        ("Kim;7;tovenaar", "role"),
        ("Kim;7;directie", "by_hand"),
        ("Kim;7;administrator", "by_hand"),
    ],
)
def test_a_bad_row_says_what_is_wrong_with_it(row: str, code: str) -> None:
    plan = plan_of(f"naam;groep;rol\nSem Bos;7;\n{row}\nLiv Prins;8;leerling\n")
    assert codes(plan) == {3: code}
    assert [person.name for person in plan.new] == ["Sem Bos", "Liv Prins"]


def test_the_same_row_twice_is_said_with_the_line_of_the_first() -> None:
    plan = plan_of("naam;groep\nKim;7\nkim;7\n")
    assert codes(plan) == {3: "twice"}
    assert plan.bad[0].said == {"line": "2"}


def test_staff_get_a_name_to_sign_in_with_and_nobody_is_made_more_than_that() -> None:
    plan = plan_of("naam;rol;groep;email\nEls Prins;leerkracht;7, 8;els.prins@school.test\nJo Bos;aide;;\n")
    assert [(p.name, p.role, p.groups, plan.logins[p.id]) for p in plan.new] == [
        ("Els Prins", Role.TEACHER, ("7", "8"), "els.prins"),
        ("Jo Bos", Role.STAFF, (), "jo"),
    ]
    taken = plan_of("naam;rol;inlognaam\nEen Ander;leerkracht;anja\n")
    assert [(c.before.id, c.after.name) for c in taken.changed] == [("anja", "Een Ander")]
    gone = replace(SCHOOL, persons=(SAM,))
    assert codes(plan_of("naam;rol;inlognaam\nEen Ander;leerkracht;anja\n", gone)) == {2: "login"}


def test_a_pupil_is_never_made_staff_by_a_file() -> None:
    assert codes(plan_of("id;naam;groep;rol\nsam;Sam Pietersen;7;leerkracht\n")) == {2: "other_role"}


def test_who_is_not_in_the_file_goes_only_when_ticked_and_no_row_is_bad_and_never_staff() -> None:
    text = "naam;groep\nSam Pietersen;7\n"
    assert plan_of(text).absent == (NOOR,)
    assert plan_of(text).gone == ()
    assert plan_of(text, let_go=True).gone == (NOOR,)
    assert plan_of(text + ";7\n", let_go=True).gone == ()
    assert plan_of("naam;groep\nBo;8\n", let_go=True).gone == ()  # nothing was said of group 7


def test_groups_that_are_not_there_are_made_when_ticked() -> None:
    text = "naam;groep\nKim;Groep 6a\nLiv;6A\n"
    assert plan_of(text).unknown == ("Groep 6a",)
    plan = plan_of(text, make_groups=True)
    assert plan.groups == (Group("6a", "Groep 6a", (6,)),)
    assert [person.groups for person in plan.new] == [("6a",), ("6a",)]


def test_who_left_according_to_oneroster_is_not_taken_over() -> None:
    header = "sourcedId,status,enabledUser,orgSourcedIds,role,username,givenName,familyName,email,grades"
    plan = plan_of(
        f"{header}\na1,active,true,o,student,kim,Kim,Wit,,07\na2,tobedeleted,true,o,student,x,Bo,Bos,,07\n"
        "a3,active,true,o,parent,y,Pa,Bos,,\na4,active,false,o,student,y,Li,Bos,,8\n"
    )
    assert [(p.name, p.groups) for p in plan.new] == [("Kim Wit", ("7",))]
    assert [entry.key for entry in plan.skipped] == ["a2", "a3", "a4"]
    assert not plan.bad


words = st.sampled_from(
    ["", "Sam Pietersen", "Noor Jansen", "Kim", "7", "8", "9x", "groep 7,8", "teacher", "sam", "anja", "\x00"]
)
entries = st.builds(
    Entry, st.just(0), words, words, words, words, words, st.booleans(), st.sampled_from(["", "", "", "quote"])
)


@given(st.lists(entries, max_size=12), st.booleans(), st.booleans())
def test_every_row_is_counted_exactly_once_and_nobody_is_two_rows(drawn, groups: bool, go: bool) -> None:
    rows = [replace(entry, line=number) for number, entry in enumerate(drawn, 2)]
    plan = make_plan(rows, SCHOOL, Options(groups, go), "zout")
    assert len(plan.new) + len(plan.changed) + len(plan.same) + len(plan.skipped) + len(plan.bad) == len(rows)
    ids = [p.id for p in (*plan.new, *plan.same, *plan.gone, *(c.before for c in plan.changed))]
    assert len(ids) == len(set(ids))
    assert all(person.role is Role.PUPIL for person in plan.gone)
    exist = {group.id for group in (*GROUPS, *plan.groups)}
    assert all(exist.issuperset(p.groups) for p in (*plan.new, *(c.after for c in plan.changed)))
    assert plan.mark == make_plan(rows, SCHOOL, Options(groups, go), "zout").mark
