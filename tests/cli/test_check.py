"""`klaswacht check`: the same answers for tools and people, and a bad line that stops nobody else."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.check import Checker
from cli.main import app
from cli.question import read_question
from config import load
from tests.golden import CASES, IDS, Case

RUN = CliRunner()
CHECKER = Checker()


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_golden(case: Case) -> None:
    answer = CHECKER.answer_line(json.dumps({"id": case.id, **case.input}, default=str))
    assert "error" not in answer, answer
    assert not case.differs(answer), answer["trace"]
    assert answer["id"] == case.id


def test_no_golden_case_has_the_name_of_another() -> None:
    assert len(set(IDS)) == len(IDS)


def test_lines_come_back_in_order_and_a_bad_one_does_not_stop_the_rest() -> None:
    lines = [
        {"id": 1, "url": "https://www.instagram.com/"},
        {"id": 2, "print": {"pages": 1}},
        {"id": 3, "print": {"pages": -3}},
        {"id": 4, "url": "https://a.nl", "unknown_key": 1},
        {"id": 5, "url": "https://a.nl", "query": "b"},
        {"id": 6, "query": "kat", "engine": "nergens"},
        {"id": 7, "url": "https://a.nl", "at": "gisteren"},
        {"id": 8, "url": "https://a.nl", "protocol": "bestaatniet"},
        {"id": 9, "app": "Discord"},
    ]
    text = "\n".join([*map(json.dumps, lines), "no json", "[]", ""])
    result = RUN.invoke(app, ["check", "--json", "--group", "7", "--at", "2026-11-23T09:00"], input=text)
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [1, 2, 3, 4, 5, 6, 7, 8, 9, None, None]
    assert all("error" in answers[i] for i in (2, 3, 4, 5, 6, 7, 9, 10))
    assert "unknown_key" in answers[3]["error"]
    assert answers[0]["effect"] == answers[8]["effect"] == "deny"
    assert "pages" in answers[2]["error"]


def test_a_print_job_is_closed_until_it_may_and_a_yes_is_for_that_job_only() -> None:
    def effect(job: str, **state: object) -> str:
        line = {"print": {"pages": 2, "job": job}, "group": "7", "at": "2026-11-23T09:00", "protocol": "regenboog"}
        return str(CHECKER.answer_line(json.dumps(line | {"state": state}))["effect"])

    lesson = {"for": "7", "facets": ["print"], "until": "2026-11-23T09:30"}
    assert effect("a-1") == "deny"
    assert effect("a-1", grants=[lesson]) == "allow"
    assert effect("a-1", grants=[lesson | {"items": ["print:a-1"]}]) == "allow"
    assert effect("a-2", grants=[lesson | {"items": ["print:a-1"]}]) == "deny"


def test_an_answer_has_exactly_the_fields_of_the_contract() -> None:
    answer = CHECKER.answer_line('{"url": "https://www.instagram.com/", "group": 7, "at": "2026-11-23T09:00"}')
    assert list(answer) == [
        "id", "effect", "reason", "category", "types", "rules", "clauses", "basis", "liftable_by", "valid_until",
        "trace", "message",
    ]  # fmt: skip
    assert set(answer["message"]) == {"nl", "en"}
    assert all(answer["message"].values())
    assert set(answer["trace"][0]) == {"at", "said", "rule", "detail"}


def test_every_word_of_an_answer_is_in_the_list_of_the_contract() -> None:
    page = (Path(__file__).parents[2] / "docs" / "check.md").read_text()
    for case in CASES:
        answer = CHECKER.answer_line(json.dumps(case.input, default=str))
        for field in ("effect", "reason", "basis", "liftable_by"):
            assert answer[field] is None or f"`{answer[field]}`" in page, (field, answer[field])


def test_a_person_reads_why_in_plain_words() -> None:
    result = RUN.invoke(app, ["check", "instagram.com", "--group", "7", "--at", "2026-11-23T09:00"])
    assert result.exit_code == 0
    assert "instagram.com: mag niet" in result.stdout
    assert "kalisto.pupils.8" in result.stdout
    assert "op te heffen door: de leerkracht" in result.stdout
    assert "2026-11-23 10:15" in result.stdout


def test_a_person_reads_every_step_with_its_ground_what_was_silent_and_what_would_change_it() -> None:
    told = RUN.invoke(app, ["check", "instagram.com", "--group", "7", "--at", "2026-11-23T09:00"]).stdout
    assert "1. Plaats: De regel over chatten, sociale media, video: dicht." in told
    assert "protocol, leerlingen 8 · regel kalisto-social · op te heffen door de leerkracht" in told
    assert "In de les is social media er alleen als" in told  # the article itself
    assert "Hadden niets te zeggen: hulp, eigen pagina's, veiligheid" in told
    assert "- Om 14:00 gaat het vanzelf open (buiten schooltijd)." in told
    assert "- Het gaat open als de leerkracht toestemming geeft voor instagram.com." in told
    locked = RUN.invoke(app, ["check", "pornhub.com", "--group", "7", "--lang", "en"]).stdout
    assert "Nobody at school can open this." in locked


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("www.rabobank.nl", "Gaat ongezien door (tunnel): bankzaken."),
        ("http://www.rabobank.nl/", "Klaswacht kijkt mee: het adres is http, en alleen https kan door een tunnel."),
        ("schooltv.nl", "Klaswacht kijkt mee: deze naam staat niet op de lijst van wat ongezien door mag."),
        ("instagram.com", "Klaswacht kijkt mee: het is dicht, en de pagina die dat zegt moet getoond worden."),
        ("kindertelefoon.nl", "Gaat ongezien door (tunnel): wie hier hulp zoekt, wordt niet meegelezen."),
    ],
)
def test_a_person_reads_whether_it_goes_through_unseen_and_why(asked: str, line: str) -> None:
    told = RUN.invoke(app, ["check", asked, "--group", "7", "--at", "2026-11-23T09:00"]).stdout
    assert f"  {line}\n" in told
    assert told.count("(tunnel)") + told.count("kijkt mee") == 1


def test_of_a_program_it_is_not_told_and_in_english_it_is_in_english() -> None:
    program = RUN.invoke(app, ["check", "--app", "discord", "--group", "7"]).stdout
    assert "tunnel" not in program and "kijkt mee" not in program
    bank = RUN.invoke(app, ["check", "www.rabobank.nl", "--group", "7", "--lang", "en"]).stdout
    assert "  Goes through unseen (tunnel): banking.\n" in bank


def test_a_name_the_school_added_goes_through_for_the_schools_own_reason(tmp_path: Path) -> None:
    load.write_template(tmp_path / "school.yaml", "kalisto")
    text = (tmp_path / "school.yaml").read_text()
    own = text.replace("tunnels: {}", "tunnels: {dossier.de-linde.nl: ons eigen archief}")
    assert own != text
    (tmp_path / "school.yaml").write_text(own)
    told = RUN.invoke(app, ["check", "dossier.de-linde.nl", "--group", "7", "--config", str(tmp_path)])
    assert "  Gaat ongezien door (tunnel): ons eigen archief.\n" in told.stdout, told.output


def test_what_a_relay_fetches_is_what_a_permission_would_be_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLASWACHT_STRICT_TEXTS", "1")
    url = "https://translate.google.com/translate?u=https://instagram.com"
    told = RUN.invoke(app, ["check", url, "--group", "7", "--at", "2026-11-23T09:00"]).stdout
    assert "instagram.com staat in dit adres" in told
    assert "toestemming geeft voor instagram.com." in told


def test_every_golden_case_is_told_in_words_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLASWACHT_STRICT_TEXTS", "1")
    for case in CASES:
        question = read_question(json.loads(json.dumps(case.input, default=str)))
        for lang in ("nl", "en"):
            lines = list(CHECKER.explain(question, lang))
            assert len(lines) > 4, case.id
            words = case.input.get("query") or case.input.get("text")
            assert not words or str(words) not in "\n".join(lines), case.id


def test_a_state_file_is_read_and_a_wrong_one_is_told_by_its_place(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"grants": [{"for": "7", "sites": ["instagram.com"], "until": "2026-11-23T09:30"}]}')
    args = ["check", "instagram.com", "--group", "7", "--at", "2026-11-23T09:00", "--state", str(file)]
    assert "mag\n" in RUN.invoke(app, args).stdout
    file.write_text('{"grants": [{"for": "7", "till": "now"}]}')
    result = RUN.invoke(app, args)
    assert result.exit_code == 2
    assert "grants.0.till" in result.output


def test_a_wrong_protocol_is_told_once() -> None:
    result = RUN.invoke(app, ["check", "instagram.com", "--protocol", "bestaatniet"])
    assert result.exit_code == 2
    assert "bestaatniet" in result.output


def test_a_schools_own_folder_is_what_is_asked(tmp_path: Path) -> None:
    load.write_template(tmp_path / "school.yaml", "kalisto")
    text = (tmp_path / "school.yaml").read_text().replace("open_sites: []", "open_sites: [instagram.com]")
    (tmp_path / "school.yaml").write_text(text)
    args = ["check", "instagram.com", "--group", "7", "--at", "2026-11-23T09:00", "--config", str(tmp_path)]
    assert "instagram.com: mag\n" in RUN.invoke(app, args).stdout
    (tmp_path / "school.yaml").write_text("protocol: kalisto\nnonsense: 1\n")
    broken = RUN.invoke(app, args)
    assert broken.exit_code == 2
    assert "school.yaml:2: unknown key `nonsense`" in broken.output


PAGES = Path(__file__).parents[2] / "bench" / "pages"


def test_a_saved_page_is_explained_with_every_sign_and_its_weight() -> None:
    page = str(PAGES / "social-03-profile.html")
    said = RUN.invoke(app, ["check", "--page", page, "--url", "https://www.een-site.example/x"]).output
    assert "www.een-site.example: lijkt op een sociaal netwerk: een profielbladzijde" in said
    assert "vanaf 4" in said and "+1.8  een profielbladzijde (profile-page)" in said
    english = RUN.invoke(app, ["check", "--page", page, "--lang", "en"]).output
    assert "looks like a social network: a profile page" in english


def test_a_saved_page_for_tools_is_one_object() -> None:
    found = json.loads(RUN.invoke(app, ["check", "--json", "--page", str(PAGES / "adult-28-label.html")]).output)
    assert (found["kind"], found["threshold"], found["host"]) == ("adult", 4, None)
    assert found["score"] >= 4 and "adult-label" in found["reasons"]
    assert {row["kind"]: row["signs"] for row in found["kinds"]}["adult"]["adult-label"] == 9
    plain = json.loads(RUN.invoke(app, ["check", "--json", "--page", str(PAGES / "ordinary-01-school.html")]).output)
    assert (plain["kind"], plain["score"], plain["reasons"]) == (None, None, [])


def test_of_a_big_page_the_first_64_kb_are_read(tmp_path: Path) -> None:
    label = "<meta name=rating content=adult>"
    for before, kind in ((1_000, "adult"), (70_000, None)):
        file = tmp_path / f"{before}.html"
        file.write_text(f"<!doctype html><p>{'x ' * (before // 2)}</p>{label}{'y' * 500_000}", "utf-8")
        assert json.loads(RUN.invoke(app, ["check", "--json", "--page", str(file)]).output)["kind"] == kind


def test_what_is_no_page_is_told_clearly(tmp_path: Path) -> None:
    text = tmp_path / "brief.txt"
    text.write_text("Beste ouders, ...", "utf-8")
    for arguments, told in (
        (["--page", str(tmp_path / "nergens.html")], "nergens.html niet lezen: no such file"),
        (["--page", str(tmp_path)], "niet lezen: is a directory"),
        (["--page", str(text)], "brief.txt is geen HTML"),
        (["--page", str(text), "--lang", "en"], "brief.txt is no HTML"),
        (["--page", str(PAGES / "adult-28-label.html"), "--url", "https://a b/"], "geen adres"),
    ):
        result = RUN.invoke(app, ["check", *arguments])
        assert result.exit_code == 2
        assert told in result.output
