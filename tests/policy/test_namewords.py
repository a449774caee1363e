"""Names that give themselves away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import knowledge
from policy.address import canonical, canonical_host
from policy.decide import decide
from policy.model import AccessRequest, Action, Effect, Reason
from tests.cast import KNOWLEDGE, LESSON, POLICY, SNAPSHOT, pupil, visit

NAMES = KNOWLEDGE.names
FACTORY = knowledge().names


def answer(url: str):
    address = canonical(url)
    assert address is not None
    return decide(AccessRequest(Action.VISIT, pupil(), (address.host,), address), SNAPSHOT, LESSON)


@pytest.mark.evasion("E18")
@pytest.mark.parametrize(
    ("host", "category"),
    [
        ("unblocked-99.nl", "games"),
        ("www.unblocked99.com", "games"),
        ("mijn-arcade.github.io", "games"),
        ("supervpn.com", "bypass"),
        ("vpn-gratis.nl", "bypass"),
        ("mijn-arcade.nl", None),
        ("vpn.school.nl", None),
        ("unblocked.school.nl", None),
        ("leren.nl", None),
        ("1.2.3.4", None),
        ("localhost", None),
    ],
)
def test_the_registered_name_is_read(host: str, category: str | None) -> None:
    found = NAMES.of_host(host)
    assert (found[0] if found else None) == category


@pytest.mark.evasion("E27")
@pytest.mark.parametrize("host", ["turn.bellen.example", "eu.stun.bellen.example", "turns.a.bellen.example"])
def test_a_server_that_passes_calls_on_says_so(host: str) -> None:
    assert (FACTORY.of_host(host) or ("",))[0] == "chat"


@pytest.mark.parametrize("host", ["turn.example", "www.turn.example", "return.bellen.example", "u-turn.bellen.example"])
def test_a_name_with_such_a_word_in_it_is_none(host: str) -> None:
    assert FACTORY.of_host(host) is None


@pytest.mark.evasion("E18")
def test_a_page_of_ones_own_on_a_shared_host_is_read_by_its_path() -> None:
    assert NAMES.of_page(canonical("https://pages.example/view/Unblocked_Spel/home")) == ("games", "unblocked")
    assert NAMES.of_page(canonical("https://pages.example/view/breuken")) is None
    assert NAMES.of_page(canonical("https://leren.nl/view/unblocked")) is None


@pytest.mark.evasion("E18")
def test_a_mirror_nobody_listed_is_closed_for_what_it_is() -> None:
    assert (answer("https://unblocked-99.nl/").effect, answer("https://unblocked-99.nl/").category) == (
        Effect.DENY,
        "games",
    )
    assert answer("https://pages.example/view/unblocked-77").effect is Effect.DENY
    assert answer("https://pages.example/view/breuken").effect is Effect.ALLOW
    assert answer("https://gratis-vpn.com/").reason is Reason.LOCKED


@pytest.mark.parametrize(
    "host",
    [
        "pornovrij-opvoeden.gemeente.nl",
        "frivool.nl",
        "spelenderwijs.nl",
        "gameover.nl",
        "schoolgames.school.nl",
        "discordia.nl",
        "validating.nl",
        "proxima.nl",
        "gameboy-museum.nl",
        "chessnieuws.nl",
        "videoschool.nl",
        "chat-noir.nl",
        "whatsapp-oplichting.nl",
        "whatsappbuurtpreventie.nl",
        "chatgptvoorleraren.nl",
        "instagramles.nl",
        "pornovrij.nl",
        "vpnhuisartsen.nl",
        "stichtingvpn.nl",
        "interstellarmuseum.web.app",
        "marionette.blogspot.com",
        "d66.github.io",
        "d111111abcdef8.cloudfront.net",
        "a1b2c3d466io77.web.app",
        "condoom.github.io",
        "slopen.github.io",
    ],
)
def test_an_innocent_name_is_left_alone(host: str) -> None:
    assert FACTORY.of_host(host) is None


@pytest.mark.evasion("E18")
@pytest.mark.parametrize(
    "url",
    [
        "https://sites.google.com/school.nl/groep-7/rekenen/spelletjes",
        "https://sites.google.com/view/juf-mario",
        "https://sites.google.com/view/mediawijsheid-instagram/home",
        "https://cdn.jsdelivr.net/npm/socket.io-client@4/dist/socket.io.js",
        "https://cdn.jsdelivr.net/npm/proxy-polyfill@0.3/proxy.min.js",
        "https://storage.googleapis.com/snappet-play/foto.jpg",
    ],
)
def test_an_innocent_page_is_left_alone(url: str) -> None:
    assert FACTORY.of_page(canonical(url)) is None


@pytest.mark.evasion("E18")
@pytest.mark.parametrize(
    ("url", "category"),
    [
        ("https://sites.google.com/view/unblocked-games-66/home", "games"),
        (f"https://sites.google.com/view/{'a' * 300}-unblocked", "games"),
        ("https://sites.google.com/site/gratiswebproxy", "bypass"),
        ("https://replit.com/@iemand/arcade", None),
    ],
)
def test_a_page_that_gives_itself_away_is_told(url: str, category: str | None) -> None:
    found = FACTORY.of_page(canonical(url))
    assert (found[0] if found else None) == category


@pytest.mark.property
@given(st.text(max_size=80))
def test_no_name_makes_reading_fail(text: str) -> None:
    host = canonical_host(text)
    if host is not None:
        FACTORY.of_host(host)
    address = canonical(f"https://sites.google.com/{text}")
    if address is not None:
        FACTORY.of_page(address)


@pytest.mark.evasion("E18")
def test_a_school_that_lists_a_host_that_many_share_has_not_read_every_name_below_it() -> None:
    policy = replace(POLICY, lists={"games": ("github.io",), "education": ("vpn-uitleg.github.io",)})
    school = replace(SNAPSHOT, policy=policy)
    assert decide(visit("gratis-vpn.github.io"), school, LESSON).reason is Reason.LOCKED
    assert decide(visit("breuken.github.io"), school, LESSON).category == "games"
    assert decide(visit("vpn-uitleg.github.io"), school, LESSON).reason is Reason.PLACE  # read by somebody, and a game


MIRRORS = [
    "https://sites.google.com/view/tyrones-unblocked-games",
    "https://unblockedgames.github.io/run3/",
    "https://jan.github.io/unblocked-games/",
    "https://ubg76.gitlab.io/",
    "https://unblockedgames.replit.app/",
    "https://retro-games.pages.dev/",
    "https://unblocked.netlify.app/",
    "https://slope-unblocked.vercel.app/",
    "https://games.s3.amazonaws.com/index.html",
    "https://s3.amazonaws.com/unblocked-games/index.html",
    "https://s3.eu-west-1.amazonaws.com/unblocked-games/index.html",
    "https://storage.googleapis.com/unblocked-games/index.html",
    "https://unblocked.blob.core.windows.net/games/index.html",
    "https://raw.githubusercontent.com/jan/unblocked-games/main/index.html",
    "https://rawcdn.githack.com/jan/unblocked-games/main/index.html",
    "https://cdn.jsdelivr.net/gh/jan/unblocked-games@main/slope/index.html",
    "https://unblockedgames.w3spaces.com/",
    "https://unblockedgames.neocities.org/",
    "https://a.unblockedgames.workers.dev/",
]
NEIGHBOURS = [
    "https://sites.google.com/view/groep7werkstuk",
    "https://jan.github.io/werkstuk/",
    "https://jan.github.io/tetris/",
    "https://groep7.neocities.org/dino.html",
    "https://s3.amazonaws.com/school-fotos/kamp.jpg",
    "https://storage.googleapis.com/chart/plaat.png",
    "https://raw.githubusercontent.com/jan/les/main/2048.py",
    "https://cdn.jsdelivr.net/npm/tetris@1/proxy.js",
    "https://cdn.jsdelivr.net/gh/jquery/jquery@3/dist/jquery.min.js",
    "https://docs.google.com/document/d/unblocked/edit",
]


def told(url: str) -> str | None:
    address = canonical(url)
    assert address is not None
    found = FACTORY.of_host(address.host) or FACTORY.of_page(address)
    return found[0] if found else None


@pytest.mark.evasion("E18")
@pytest.mark.parametrize("url", MIRRORS)
def test_a_mirror_on_a_host_that_many_share_is_known_by_what_it_calls_itself(url: str) -> None:
    assert told(url) == "games"


@pytest.mark.evasion("E18")
@pytest.mark.parametrize("url", NEIGHBOURS)
def test_its_neighbours_stay_open(url: str) -> None:
    assert told(url) is None
