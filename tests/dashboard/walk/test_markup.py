"""What people type and what comes by over the network is text on every page, and nothing else."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from store import account_tables, tables
from tests.access.school import Standing
from tests.dashboard.walk.crawl import Walked, endpoint, everything
from tests.dashboard.walk.markup import must_be_ours, shape
from tests.dashboard.walk.payloads import FORMULAS, FREE, MARKUP, SUM, naughty, texts_of, write_everywhere
from tests.dashboard.walk.world import LOGINS

BOUND = frozenset(
    [
        "school_id",
        "id",
        "uid",
        "what",
        "effect",
        "action",
        "category",
        "group_id",
        "device_id",
        "person_id",
        "grant_id",
        "why",
        "state",
        "answer",
        "facet",
        "by_id",
        "audience",
        "kind",
        "worker",
        "about",
        "role",
        "hash",
        "proof",
        "target",
        "lasts",
        "decided_by",
        "way",
        "key",
        "code",
        "key_hash",
        "public_key",
        "password",
        "account_id",
        "purpose",
        "secret",
        "sanction_id",
        "reason",
        "who",
        "login",
        "link",
        "session",
        "waiting",
        "probe",
        "day",
        "who",
    ]
)
"""Names of columns that hold ids, codes and hashes only; whatever is in them is never shown as it is."""


def read(walked: Walked) -> int:
    """Every page, with a parser of a browser; how many."""
    for path, html in walked.pages.items():
        must_be_ours(html, path)
        assert SUM not in html, path
    return len(walked.pages)


def test_every_column_with_text_is_told_to_be_free_or_to_hold_codes_only() -> None:
    """So that a new field of a form is in this walk from its first day."""
    everyone = texts_of(tables.metadata) | texts_of(account_tables.metadata)
    unknown = {one for one in everyone - FREE - {"counts.name"} if one.partition(".")[2] not in BOUND}
    assert unknown == set(), "is it typed, or does it come from outside? Put it in FREE; otherwise its name in BOUND"
    assert {one for one in FREE - everyone if one not in everyone} == set()


@pytest.mark.evasion("S06")
@pytest.mark.full
@pytest.mark.parametrize("login", LOGINS)
def test_no_element_and_no_attribute_comes_from_what_is_kept(fresh: Callable[[], Standing], login: str) -> None:
    """The same pages with harmless and with harmful words in every row have the same elements, one by one."""
    plain, bad = fresh(), fresh()
    assert write_everywhere(plain, lambda n: f"{n:04} gewoon") == write_everywhere(
        bad, lambda n: f"{n:04} {MARKUP[n % len(MARKUP)]}"
    )
    _, harmless = everything(plain, login)
    _, harmful = everything(bad, login)
    assert read(harmful) > 3
    assert harmful.pages.keys() == harmless.pages.keys()
    for path, html in harmful.pages.items():
        assert shape(html) == shape(harmless.pages[path]), path


def fill_in(school: Standing, login: str, words: Sequence[str]) -> int:
    """Every form that `login` finds, with each of `words` in all its fields; every answer is read. How many."""
    who, walked = everything(school, login)
    sent = 0
    for number, form in enumerate(walked.forms):
        if form.method != "POST" or not form.typed or endpoint(school, form.path, "POST") == "signin.leave":
            continue
        for word in words if words is not MARKUP else [words[(number + n) % len(words)] for n in range(2)]:
            answer = who.post(form.path, form.sent(word))
            told = (login, form.path, word)
            assert answer.status_code < 500, told
            assert "kwxss" not in answer.headers.get("Location", "").split("?")[0], told
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                must_be_ours(answer.text, form.path)
                assert SUM not in answer.text, told
            sent += 1
    return sent


@pytest.mark.evasion("S06")
@pytest.mark.parametrize(
    "login", ["anja", *(pytest.param(one, marks=pytest.mark.full) for one in LOGINS if one != "anja")]
)
def test_what_is_typed_in_any_form_is_text_in_the_answer_and_ever_after(
    fresh: Callable[[], Standing], login: str
) -> None:
    school = fresh()
    assert fill_in(school, login, MARKUP) > 1
    for reader in {login, "anja", "directie"}:
        _, walked = everything(school, reader)
        assert read(walked) > 3


@pytest.mark.evasion("S06")
@pytest.mark.data
@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("login", ["anja", "coordinator", "directie"])
def test_no_naughty_string_is_more_than_text(fresh: Callable[[], Standing], login: str) -> None:
    words = naughty(Path(os.environ["KLASWACHT_TEST_DATA"]))
    assert len(words) > 400
    school = fresh()
    write_everywhere(school, lambda n: f"{n:04} {words[n % len(words)]}".replace("\x00", ""))
    read(everything(school, login)[1])
    assert fill_in(school, login, words[::8]) > 500
    for reader in LOGINS:
        read(everything(school, reader)[1])


@pytest.mark.parametrize(
    "login", ["anja", *(pytest.param(one, marks=pytest.mark.full) for one in ("", "coordinator", "directie", "coen"))]
)
def test_what_an_address_asks_for_is_never_said_back_as_it_is(school: Standing, login: str) -> None:
    """Reflected: a payload in every argument of a page, in its path, and where nothing is."""
    who, walked = everything(school, login, each=1)
    keys = ("ja", "nee", "tot", "wie", "naar", "namen", "zoek", "voor", "q", "toets", "van", "dag", "groep", "soort")
    for number, path in enumerate(["/bestaat-niet", *{one.partition("?")[0] for one in walked.pages}]):
        word = MARKUP[number % len(MARKUP)]
        answer = who.get(path, query_string=dict.fromkeys(keys, word))
        assert answer.status_code < 500, (path, word)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            must_be_ours(answer.text, path)
        leads = answer.headers.get("Location", "/")
        assert leads.startswith("/") and not leads.startswith("//"), (path, leads)
    answer = who.get("/bestaat-niet/<kwxss>/%3Ckwxss%3E/'\"><kwxss>")
    assert answer.status_code == 404
    must_be_ours(answer.text, "/bestaat-niet")
    assert "kwxss" not in answer.text


def tables_of(school: Standing, login: str) -> dict[str, str]:
    """Every answer that is a table for a spreadsheet, by its address: by links, and by forms."""
    who, walked = everything(school, login, each=2)
    found = {path: text for path, (_, kind, text) in walked.other.items() if kind.startswith("text/csv")}
    for form in walked.forms:
        if form.method == "POST" and "csv" in (form.path + str(form.fields)):
            answer = who.post(form.path, form.sent())
            if answer.headers.get("Content-Type", "").startswith("text/csv"):
                found[form.path] = answer.text
                assert "attachment" in answer.headers["Content-Disposition"]
        elif form.method == "GET":
            answer = who.get(form.path, query_string=form.sent())
            if answer.headers.get("Content-Type", "").startswith("text/csv"):
                found[form.path] = answer.text
    return found


@pytest.mark.evasion("S07")
@pytest.mark.full
@pytest.mark.parametrize("login", ["directie", "coordinator"])
def test_no_table_that_goes_out_has_a_formula_in_it(fresh: Callable[[], Standing], login: str) -> None:
    """A cell of a spreadsheet that begins like a formula runs: none does, whatever children are called."""
    school = fresh()
    write_everywhere(school, lambda n: f"{FORMULAS[n % len(FORMULAS)]}{n}")
    found = tables_of(school, login)
    assert found, "no list goes out any more?"
    for path, text in found.items():
        lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=_delimiter(text)))
        assert lines, path
        for cell in (cell for line in lines for cell in line):
            assert cell.lstrip(" ")[:1] not in set("=+@\t\r\n\uff1d\uff0b\uff0d\uff20"), (path, cell)
            assert not cell.lstrip(" ").startswith("-") or not cell.strip(" -0123456789,."), (path, cell)


def _delimiter(text: str) -> str:
    first = text.splitlines()[0]
    return max(",;\t", key=first.count)
