"""What a teacher types is understood: a site, a service by its name, one video by its address."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from config import load
from config.settings import Settings
from dashboard.actions.desk import Desk
from dashboard.actions.permission import Wish, drafted
from dashboard.actions.target import item_in, place_in
from policy.address import canonical
from policy.decide import decide
from policy.model import AccessRequest, Action, Effect, Facet
from policy.services import Services
from store import Store
from tests.cast import ANJA, KNOWLEDGE, LESSON, pupil
from tests.dashboard.conftest import SCHOOL, Browser
from tests.dashboard.lessons import GIVE, live, opens

type SignIn = Callable[[str], Browser]


@pytest.fixture(scope="module")
def services() -> Services:
    return load.knowledge(Settings()).services


@pytest.mark.parametrize(
    ("typed", "site"),
    [
        ("YouTube", "youtube.com"),
        ("you tube", "youtube.com"),
        ("YOUTUBE", "youtube.com"),
        ("youtube.com", "youtube.com"),
        ("https://www.youtube.com/", "youtube.com"),
        ("Disney+", "disneyplus.com"),
        ("brawl stars", "supercell.com"),
        ("Instagram", "instagram.com"),
        ("schooltv.nl", "schooltv.nl"),
        ("schooltv", None),
        ("", None),
        ("!!!", None),
        ("co.uk", None),
    ],
)
def test_a_site_is_named_by_its_address_or_by_the_name_of_a_service(
    services: Services, typed: str, site: str | None
) -> None:
    assert place_in(typed, services) == site


@pytest.mark.parametrize(
    ("typed", "item"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "youtube:dQw4w9WgXcQ"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL1&t=30", "youtube:dQw4w9WgXcQ"),
        ("youtu.be/dQw4w9WgXcQ?si=abc", "youtube:dQw4w9WgXcQ"),
        (" https://m.youtube.com/shorts/aqz-KE-bpKQ ", "youtube:aqz-KE-bpKQ"),
        ("https://vimeo.com/76979871", "vimeo:76979871"),
        ("https://www.youtube.com/playlist?list=PL1", None),
        ("https://www.youtube.com/embed/videoseries?list=PL1", None),
        ("https://www.youtube.com/@nosjeugdjournaal", None),
        ("https://www.youtube.com/channel/UC1", None),
        ("https://vimeo.com/channels/staffpicks", None),
        ("https://vimeo.com/watch", None),
        ("https://www.youtube.com/", None),
        ("https://schooltv.nl/video-item/egels", None),
        ("youtube", None),
        ("", None),
    ],
)
def test_one_video_is_known_by_its_address_and_a_list_or_channel_is_none(
    services: Services, typed: str, item: str | None
) -> None:
    assert item_in(typed, services) == item


def test_one_video_opens_that_video_and_nothing_around_it(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.post(GIVE, what="video", video="https://film.com/watch?v=les42", who="all").text
    assert "Alleen dit ene filmpje staat open tot 10:15" in page
    assert "één filmpje op Film (les42)" in page.partition("part-open")[2]
    assert (live(store).items, live(store).sites, live(store).facets) == (("film:les42",), (), {Facet.PLACE})
    assert _looks(store, "/embed/les42") is Effect.ALLOW
    assert _looks(store, "/embed/iets9") is Effect.DENY
    assert _looks(store, "/") is Effect.DENY
    assert not opens(store, "film.com", LESSON)


def test_the_address_of_a_video_in_the_box_for_sites_is_that_video_too(store: Store, signed_in: SignIn) -> None:
    signed_in("anja").post(GIVE, what="site", site="https://film.com/watch?v=les42", who="all")
    assert (live(store).items, live(store).sites) == (("film:les42",), ())


def test_a_service_opens_by_its_name(store: Store, signed_in: SignIn) -> None:
    page = signed_in("anja").post(GIVE, what="site", site="film", who="all").text
    assert "film.com" in page and live(store).sites == ("film.com",)
    assert opens(store, "fi.lm", LESSON)


@pytest.mark.parametrize(
    ("video", "sentence"),
    [
        ("https://film.com/kanaal/1", "niet het adres van één filmpje"),
        ("https://film.com/", "niet het adres van één filmpje"),
        ("https://leren.nl/video/3", "geen los filmpje"),
        ("zomaar iets", "geen los filmpje"),
        ("", "Plak het adres"),
    ],
)
def test_what_is_no_single_video_is_refused_with_its_reason_and_stays_typed(
    store: Store, signed_in: SignIn, video: str, sentence: str
) -> None:
    page = signed_in("anja").post(GIVE, what="video", video=video, who="all", own_goal="natuur").text
    assert sentence in page.partition('class="when video"')[2].partition("</div>")[0]
    assert f'value="{video}"' in page and 'value="natuur"' in page
    assert 'value="video" id="wat-video" checked' in page
    assert store.grants.live(SCHOOL, LESSON) == ()


def test_pictures_go_where_it_is_named_or_where_it_is_open_already(desk: Desk) -> None:
    def made(**changes: object) -> tuple[tuple[str, ...], frozenset[Facet], frozenset[str]]:
        draft = drafted(desk.snapshot(LESSON), ANJA, Wish("7", pictures=True, **changes), LESSON).value
        assert draft
        return draft.sites, draft.facets, draft.kinds

    assert made(site="social.com") == (("social.com",), {Facet.PLACE, Facet.ACTION}, {"picture"})
    assert made() == ((), {Facet.ACTION}, {"picture"})


def _looks(store: Store, path: str) -> Effect:
    address = canonical(f"https://film.com{path}")
    asked = AccessRequest(Action.VISIT, pupil("sam"), ("film.com",), address, navigation=True)
    return decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).effect
