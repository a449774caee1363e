"""The weights of a page's shape: every sign has words, and a wrong line is told with its place and remedy."""

from __future__ import annotations

import pytest

from config import load, texts
from config.factory import category_names
from config.pageshape_file import page_shape
from config.pagetexts import looks_like
from config.read import ConfigError, read_yaml

HEAD = "thresholds: {social: 5}\nclears_at_most: 4\nsigns:\n"
SHAPE = load.knowledge().pageshape
assert SHAPE is not None


def read(text: str):
    return page_shape(read_yaml(text.encode(), "pageshape.yaml"))


def test_every_sign_and_kind_has_words_in_every_language() -> None:
    for lang in texts.languages():
        for one in SHAPE.signs:
            assert texts.has(f"sign.{one.id}", lang), one.id
        for kind in SHAPE.thresholds:
            assert texts.has(f"pages.kind.{kind}", lang), kind


def test_every_kind_is_a_category_that_a_coordinator_can_put_a_site_in() -> None:
    assert set(SHAPE.thresholds) <= category_names()


def test_every_sign_can_be_found_and_none_but_a_label_is_enough_by_itself() -> None:
    for one in SHAPE.signs:
        for kind, points in one.weights.items():
            if kind in SHAPE.thresholds and points >= SHAPE.thresholds[kind]:
                assert one.id == "adult-label"


def test_a_proposal_reads_as_a_sentence() -> None:
    said = looks_like("social", ("profile-page", "follow-people", "messages"))
    assert said == "lijkt op een sociaal netwerk: een profielbladzijde, mensen volgen, berichten sturen"
    assert looks_like("social", ("a-newer-sign",), "en") == "looks like a social network: a-newer-sign"


def test_labels_and_texts_are_folded_like_pages_are() -> None:
    found = read(HEAD + '- {id: a, weights: {social: 5}, labels: ["j\'aime", "paylaş*"]}')
    assert found.signs[0].look["labels"] == ("j'aime", "paylas*")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("- {id: a, weights: {social: 1}, label: [x]}", "unknown key `label`"),
        ("- {weights: {social: 1}, labels: [x]}", "a sign has an `id`"),
        ("- {id: a, labels: [x]}", "no weights"),
        ("- {id: a, weights: {sociaal: 1}, labels: [x]}", "`sociaal` has no threshold"),
        ("- {id: a, weights: {social: veel}, labels: [x]}", "`veel` is no number"),
        ("- {id: a, weights: {social: 1}}", "looks for nothing"),
        ("- {id: a, weights: {social: 1}, needs: [b]}", "no sign `b` above"),
        ("- {id: a, weights: {social: 1}, labels: [X]}", "`X` cannot be looked for"),
        ('- {id: a, weights: {social: 1}, labels: ["*"]}', "`*` cannot be looked for"),
        ("- {id: a, weights: {social: 1}, labels: x}", "list of texts"),
        ("- {id: a, weights: {social: 1}, labels: [x], least: 0}", "`0` is no number"),
        ("- {id: a, weights: {}, labels: [x]}\n- {id: a, weights: {}, labels: [y]}", "`a` is here twice"),
    ],
)
def test_a_wrong_line_is_told_with_its_place(line: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(HEAD + line)
    assert told in str(caught.value)
    assert caught.value.line >= 4


def test_a_file_without_thresholds_is_told() -> None:
    with pytest.raises(ConfigError, match="thresholds"):
        read("signs: []")
