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
    assert "chatten" not in also.replace("chatten in games", "").casefold()


@pytest.mark.parametrize("reader", [Reader.PARENT, Reader.TEACHER])
@pytest.mark.parametrize("name", protocol_names())
def test_an_adult_reads_every_clause_once_and_what_is_done_with_it(name: str, reader: Reader) -> None:
    policy = factory_policy(name)
    lines = [line for section in told(policy, reader).sections for line in section.lines if line.note]
    assert sorted(line.text for line in lines) == sorted(clause.adult for clause in policy.protocol.clauses)


def test_a_decision_of_the_school_is_told_to_parents() -> None:
    decided = replace(GAMES, id="spel", basis=Basis(BasisKind.SCHOOL, decided=date(2026, 9, 1)))
    policy = factory_policy("kalisto")
    policy = replace(policy, rules=(*policy.rules, decided))
    own = [one for one in told(policy, Reader.PARENT).sections if one.title == "Wat de school zelf besloot"]
    assert [line.text for line in own[0].lines] == ["Games, in schooltijd: de leerkracht mag het openzetten."]


@pytest.mark.parametrize("name", protocol_names())
def test_the_poster_has_something_to_read_and_ends_with_whom_to_tell(name: str) -> None:
    sheet = poster(factory_policy(name))
    assert 4 <= len(sheet.sections[0].lines) <= 30
    assert sheet.sections[-1].lines[0].text == "Het is niet jouw schuld."


def test_a_protocol_without_clauses_is_told_too() -> None:
    policy: Policy = factory_policy("kalisto")
    policy = replace(policy, protocol=replace(policy.protocol, clauses=()))
    assert told(policy, Reader.PARENT).sections
