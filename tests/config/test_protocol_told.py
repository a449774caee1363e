"""The rules written out: what a child, a parent and a teacher each read."""

from dataclasses import replace
from datetime import date

import pytest

from config.load import factory_policy, protocol_names
from config.protocol_told import Reader, Told, poster, told
from policy.model import Basis, BasisKind, Bound, Policy
from tests.cast import GAMES

BOTH = ("nl", "en")


def text(written: Told) -> str:
    lines = (line for section in written.sections for line in section.lines)
    return "\n".join(f"{line.text} {line.article} {line.note}" for line in lines)


@pytest.mark.parametrize("lang", BOTH)
@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("name", protocol_names())
def test_every_protocol_can_be_read_by_everybody(name: str, reader: Reader, lang: str) -> None:
    written = told(factory_policy(name), reader, lang)
    assert written.source
    assert all(section.title and section.lines for section in written.sections)
    assert "{" not in text(written)


def test_a_child_reads_its_own_agreements_and_where_to_go_and_none_of_the_staffs() -> None:
    policy = factory_policy("regenboog")
    read = text(told(policy, Reader.PUPIL))
    for clause in policy.protocol.clauses:
        assert (clause.child in read) == (Bound.PUPIL in clause.binds), clause.id
        assert clause.adult not in read
    assert "niet jouw schuld" in read
    assert "0800-0432" in read


def test_a_child_is_not_told_that_the_teacher_opens_what_a_clause_closes_for_everybody() -> None:
    read = text(told(factory_policy("regenboog"), Reader.PUPIL))
    also = read.partition("Als je iets vervelends")[0].partition("Sommige sites")[2]
    assert "chatten" not in also.replace("chatten bij spelletjes", "").casefold()


@pytest.mark.parametrize("reader", [Reader.PARENT, Reader.TEACHER])
@pytest.mark.parametrize("name", protocol_names())
def test_an_adult_reads_every_clause_once_and_what_is_done_with_it(name: str, reader: Reader) -> None:
    policy = factory_policy(name)
    lines = [line for section in told(policy, reader).sections for line in section.lines if line.note]
    assert sorted(line.text for line in lines) == sorted(clause.adult for clause in policy.protocol.clauses)


@pytest.mark.parametrize("name", protocol_names())
def test_a_clause_that_is_only_reminded_of_is_not_told_as_kept(name: str) -> None:
    policy = factory_policy(name)
    reminded = {rule.basis.clause for rule in policy.rules if rule.second_thought}
    kept = {rule.basis.clause for rule in policy.rules if not rule.second_thought}
    texts = {clause.adult for clause in policy.protocol.clauses if clause.id in reminded - kept}
    lines = [line for section in told(policy, Reader.PARENT).sections for line in section.lines if line.text in texts]
    assert len(lines) == len(texts) > 0 or name == "kardinaal-de-jong"
    assert all(line.note.startswith("Klaswacht helpt hierbij") for line in lines)


def test_what_is_left_to_people_is_told_beside_what_a_rule_keeps() -> None:
    note = next(
        line.note
        for section in told(factory_policy("regenboog"), Reader.PARENT).sections
        for line in section.lines
        if line.article == "telefoons 1"
    )
    assert note.startswith("Klaswacht regelt dit. De leerkracht mag het openzetten.")
    assert note.endswith("of een toestel echt uit is, ziet alleen een mens.")
    assert "Een telefoon op zijn eigen 4G of 5G ziet Klaswacht niet" in note


@pytest.mark.parametrize("reader", Reader)
def test_no_default_says_that_a_teacher_opens_what_a_clause_closes_for_everybody(reader: Reader) -> None:
    sections = told(factory_policy("regenboog"), reader).sections
    defaults = [one for one in sections if one.title.startswith(("Wat geldt zolang", "Zo gaat het"))]
    read = "\n".join(line.text for section in defaults for line in section.lines).casefold()
    assert "games" in read or "spelletjes" in read
    assert "chatten" not in read.replace("chatten in games", "").replace("chatten bij spelletjes", "")
    assert "programma's (chatten" not in read


def test_a_default_that_still_holds_in_the_break_is_told_beside_a_clause_about_lessons() -> None:
    sections = told(factory_policy("kalisto"), Reader.PARENT).sections
    read = next(section for section in sections if section.title.startswith("Wat geldt zolang"))
    assert read.lines[0].text.startswith("Sociale media, video, chatten")


def test_unlisted_sites_are_told_as_waiting_only_where_the_school_has_them_wait() -> None:
    policy = factory_policy("kalisto")
    assert "nog niet bekeken" not in text(told(policy, Reader.PARENT))
    assert "nog niet bekeken" in text(told(replace(policy, hold_unknown=True), Reader.PARENT))


def test_a_parent_finds_what_is_agreed_with_parents_under_a_heading_that_says_so() -> None:
    titles = [section.title for section in told(factory_policy("kalisto"), Reader.PARENT).sections]
    assert titles[0] == "Wat met kinderen en ouders is afgesproken"
    assert (
        told(factory_policy("kardinaal-de-jong"), Reader.PARENT).sections[0].title == "Wat met iedereen is afgesproken"
    )


def test_a_decision_of_the_school_is_told_to_parents() -> None:
    decided = replace(GAMES, id="spel", basis=Basis(BasisKind.SCHOOL, decided=date(2026, 9, 1)))
    policy = factory_policy("kalisto")
    policy = replace(policy, rules=(*policy.rules, decided))
    own = [one for one in told(policy, Reader.PARENT).sections if one.title == "Wat de school zelf besloot"]
    assert [line.text for line in own[0].lines] == ["Games, in schooltijd: dicht, de leerkracht mag het openzetten."]


@pytest.mark.parametrize("name", protocol_names())
def test_the_poster_has_something_to_read_and_ends_with_whom_to_tell(name: str) -> None:
    sheet = poster(factory_policy(name))
    assert 4 <= len(sheet.sections[0].lines) <= 30
    assert sheet.sections[-1].lines[0].text == "Het is niet jouw schuld."


def test_what_everybody_agreed_to_hangs_on_the_wall_too() -> None:
    lines = [line.text for line in poster(factory_policy("kardinaal-de-jong")).sections[0].lines]
    assert "Heb respect voor elkaar, ook online." in lines


def test_a_protocol_without_clauses_is_told_too() -> None:
    policy: Policy = factory_policy("kalisto")
    policy = replace(policy, protocol=replace(policy.protocol, clauses=()))
    assert told(policy, Reader.PARENT).sections
