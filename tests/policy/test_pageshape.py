"""What a page looks like: imitations of sites that a school keeps apart are found, ordinary pages never are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bench.pages import ORDINARY, outcomes
from config import load
from policy.pageshape import ALL, PageShape, Sign
from policy.pagesigns import Page, read_page

OUTCOMES = list(outcomes())
SHAPE = load.knowledge().pageshape
assert SHAPE is not None


def shape(*signs: Sign, clears: float = 4, **thresholds: float) -> PageShape:
    return PageShape(signs, thresholds or {"social": 2}, clears)


def sign(id_: str, weights: Mapping[str, float], **more: object) -> Sign:
    places = {key: more.pop(key) for key in list(more) if key not in ("least", "needs", "unless")}
    return Sign(id_, weights, places, **more)


@pytest.mark.parametrize("half", [0, 1], ids=["even", "odd"])
def test_imitations_are_found_and_ordinary_pages_are_not(half: int) -> None:
    rows = [one for one in OUTCOMES if one.number % 2 == half]
    alike = [one for one in rows if one.wanted != ORDINARY]
    assert len(alike) >= 15 and len(rows) - len(alike) >= 15
    assert sum(one.proposed for one in alike) >= 0.85 * len(alike)
    assert sum(one.proposed for one in rows if one.wanted == ORDINARY) == 0


def test_points_add_up_to_the_threshold() -> None:
    both = shape(sign("a", {"social": 1}, labels=("volgen",)), sign("b", {"social": 1}, labels=("delen",)))
    assert both.judge(Page(labels=("volgen",))) is None
    found = both.judge(Page(labels=("delen", "volgen", "volgen")))
    assert found is not None
    assert (found.kind, found.score, found.threshold, set(found.reasons)) == ("social", 2, 2, {"a", "b"})


def test_the_kind_that_is_reached_most_is_named_and_its_heaviest_sign_first() -> None:
    weights = shape(
        sign("a", {"social": 2, "chat": 1}, labels=("volgen",)),
        sign("b", {"chat": 5}, labels=("chat",)),
        social=2,
        chat=3,
    )
    found = weights.judge(Page(labels=("volgen", "chat")))
    assert found is not None and (found.kind, found.reasons) == ("chat", ("b", "a"))


def test_what_speaks_against_has_a_limit() -> None:
    against = [sign(f"n{n}", {ALL: -3}, text=(f"school{n}",)) for n in range(5)]
    page = Page(marks=frozenset({"rating=adult"}), text=" ".join(f"school{n}" for n in range(5)))
    weights = shape(sign("label", {"adult": 9}, marks=("rating=adult",)), *against, adult=5)
    found = weights.judge(page)
    assert found is not None and found.score == 5, "a page cannot talk itself free"
    assert shape(sign("x", {"adult": 6}, marks=("rating=adult",)), *against, adult=5).judge(page) is None


def test_a_sign_may_need_more_than_one_thing() -> None:
    two = sign("two", {"social": 2}, labels=("a", "b"), least=2)
    assert shape(two).judge(Page(labels=("a",))) is None
    assert shape(two).judge(Page(labels=("a", "b"))) is not None
    pages = sign("pages", {"social": 2}, paths=("/@*",), least=2)
    assert shape(pages).judge(Page(paths=("/@anna",))) is None
    assert shape(pages).judge(Page(paths=("/@anna", "/@bo"))) is not None


def test_signs_join_and_take_each_other_away() -> None:
    a, b = sign("a", {}, labels=("a",)), sign("b", {}, labels=("b",))
    joined, but_not = sign("c", {"social": 2}, needs=("a", "b")), sign("d", {"social": 2}, labels=("a",), unless=("b",))
    assert shape(a, b, joined).judge(Page(labels=("a", "b"))) is not None
    assert shape(a, b, joined).judge(Page(labels=("a",))) is None
    assert shape(a, b, but_not).judge(Page(labels=("a",))) is not None
    assert shape(a, b, but_not).judge(Page(labels=("a", "b"))) is None


@pytest.mark.parametrize(
    ("place", "looked_for", "there", "not_there"),
    [
        ("labels", "volg @*", {"labels": ("volg @ anna",)}, {"labels": ("volgorde",)}),
        ("labels", "like", {"labels": ("like",)}, {"labels": ("like this page of ours",)}),
        ("text", "wie is er online", {"text": "zeg, wie is er online?"}, {"text": "wie is er onlinenu"}),
        ("text", "chat*", {"text": "samen chatten"}, {"text": "samen geknechat"}),
        ("title", "forum", {"title": "praat - forum"}, {"title": "forumulier"}),
        ("fields", "type=password", {"fields": ("type=password ww",)}, {"fields": ("type=text ww",)}),
        ("paths", "/u/*", {"paths": ("/u/bo",)}, {"paths": ("/uit/bo",)}),
        ("paths", "/messages", {"paths": ("/messages",)}, {"paths": ("/messages-of-hope",)}),
        (
            "marks",
            "generator=phpbb*",
            {"marks": frozenset({"generator=phpbb 3"})},
            {"marks": frozenset({"generator=php"})},
        ),
        ("code", "new websocket(", {"code": "x=new websocket('wss:')"}, {"code": "websocket"}),
        ("name", "chat", {"host": "www.superchat.example"}, {"host": "chat.super.example"}),
    ],
)
def test_where_signs_are_looked_for(
    place: str, looked_for: str, there: dict[str, object], not_there: dict[str, object]
) -> None:
    weights = shape(sign("x", {"social": 2}, **{place: (looked_for,)}))
    assert weights.judge(Page(**there)) is not None
    assert weights.judge(Page(**not_there)) is None


def test_links_to_other_sites_say_nothing_about_this_one() -> None:
    html = "<body><a href='https://www.facebook.com/linde'>Volgen</a><a href='https://x.com/linde'>Like</a>" * 20
    assert [one.kind for one in SHAPE.weigh(read_page(html, "delinde.example")) if one.score > 0] == []


def test_an_open_line_counts_a_little_and_alone_is_nothing() -> None:
    html = "<body><p>Vertrektijden"
    assert SHAPE.judge(read_page(html, "x.example", websocket=True)) is None
    with_line = {one.kind: one.score for one in SHAPE.weigh(read_page(html, "x.example", websocket=True))}
    without = {one.kind: one.score for one in SHAPE.weigh(read_page(html, "x.example"))}
    assert with_line["chat"] > without["chat"]


def test_the_label_for_adults_is_enough_by_itself() -> None:
    for head in (
        '<meta name="rating" content="RTA-5042-1996-1400-1577-RTA">',
        '<meta name="RATING" content="adult">',
        "<!doctype html><body><p>Labeled RTA-5042-1996-1400-1577-RTA",
    ):
        found = SHAPE.judge(read_page(f"<html><head>{head}", "x.example"))
        assert found is not None and found.kind == "adult", head
