"""A child of eight can read what the guard says to it: short sentences, common words, and somebody who does it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config.factory import factory_files
from config.load import factory_policy
from config.protocol_told import Reader, poster, told
from config.texts import book, languages
from policy.model import BasisKind
from tests.reading import EXPLAINED, hard, passive, sentences, syllables

FOR_PUPILS = (
    "page.",
    "reason.",
    "agent.why.",
    "rule.pupil.",
    "rule.lift.pupil.",
    "rule.when.",
    "told.pupil.",
    "told.help.",
)
ALSO = ("agent.title", "agent.ask", "told.title.pupil", "told.poster")
NOT_FOR_PUPILS = ("page.staff.", "page.reminder.", "page.promises.staff")
"""What stands on the same pages, and is read by adults only."""
PROTOCOLS = sorted(file.file.rsplit("/", 1)[-1].removesuffix(".yaml") for file in factory_files("protocols"))


def for_pupils(lang: str) -> Iterator[tuple[str, str]]:
    """Every sentence of ours that a pupil reads, by its code."""
    for code, text in book(lang).items():
        if code.startswith(NOT_FOR_PUPILS):
            continue
        if code.startswith(FOR_PUPILS) or code in ALSO:
            yield code, text


@pytest.mark.parametrize("lang", languages())
def test_every_text_for_pupils_is_short_common_and_said_by_somebody(lang: str) -> None:
    wrong = [f"{code}: {problem}" for code, text in for_pupils(lang) for problem in hard(text, lang)]
    assert wrong == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_agreement_of_a_protocol_is_readable_where_a_child_reads_it(protocol: str) -> None:
    policy = factory_policy(protocol)
    lines = [(clause.id, clause.child) for clause in policy.protocol.clauses]
    # The names of a school and of its paper are what they are.
    for page in (told(policy, Reader.PUPIL), poster(policy)):
        lines += [(section.title, line.text) for section in page.sections for line in section.lines]
    wrong = [f"{where}: {problem}" for where, text in dict.fromkeys(lines) for problem in hard(text, "nl")]
    assert wrong == []
    assert {BasisKind.CLAUSE} <= {rule.basis.kind for rule in policy.rules} or policy.protocol.clauses


@pytest.mark.parametrize("lang", languages())
def test_no_word_is_explained_that_nobody_uses(lang: str) -> None:
    said = " ".join(text.lower() for _, text in for_pupils(lang))
    if lang == "nl":
        said += " ".join(c.child.lower() for name in PROTOCOLS for c in factory_policy(name).protocol.clauses)
    assert [word for word in EXPLAINED[lang] if word not in said] == []


# --- the rules themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Deze site is op dit moment helaas niet voor jou of voor iemand anders open.", "words"),
        ("Dit is een onwaarschijnlijkheid.", "hard word"),
        ("Vraag het aan de netwerkbeheerder.", "hard word"),
        ("Deze site wordt nu gesloten.", "passive"),
        ("De foto is verstuurd.", "passive"),
        ("Dat is met jou besproken.", "passive"),
        ("Kies een andere browser.", "computers"),
        ("Je BSN staat erin.", "short form"),
        ("Neem bijv. een andere site.", "short form"),
        ("U kunt terug.", "adults"),
        ("Dit is verboden.", "scolding"),
        ("Je krijgt straf.", "scolding"),
    ],
)
def test_what_is_hard_or_unkind_is_found(text: str, problem: str) -> None:
    assert any(problem in found for found in hard(text, "nl")), text


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("De juf of meester wordt online geen vriend van je.", "nl"),
        ("Het is niet gelukt. Je krijgt geen straf.", "nl"),
        ("Ben je bang? Het is gewoon pauze.", "nl"),
        ("Deze site is dicht.", "nl"),
        ("This site is closed now.", "en"),
        ("It is not your fault.", "en"),
    ],
)
def test_what_is_plain_passes(text: str, lang: str) -> None:
    assert hard(text, lang) == ()


@pytest.mark.parametrize(("word", "count"), [("juf", 1), ("meester", 2), ("telefoon", 3), ("kindertelefoon", 5)])
def test_syllables_are_counted_about_right(word: str, count: int) -> None:
    assert syllables(word, "nl") == count


def test_the_english_passive_is_found_and_a_sentence_ends_where_it_ends() -> None:
    assert passive("Your message was sent.", "en") and not passive("You sent your message.", "en")
    assert sentences("Vraag het {who}. Of wacht! Goed?") == ("Vraag het Iets.", "Of wacht!", "Goed?")
