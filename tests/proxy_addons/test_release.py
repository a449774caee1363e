"""A second thought: one more try, for this device and host, for two minutes, that the site never sees."""

from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.release import LIFE, NAME, Releases, without

HOST, SAM = "social.com", "chroom-1"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def token(releases: Releases, host: str = HOST, device: str = SAM) -> str:
    """What the browser sends back."""
    return releases.cookie(device, host, secure=True).partition(";")[0]


def test_it_counts_once() -> None:
    releases = Releases(b"secret")
    mine = token(releases)
    nonce = releases.given(f"theme=dark; {mine}; a=b", SAM, HOST)
    assert nonce
    assert releases.given(mine, SAM, HOST) == nonce
    releases.use(nonce)
    assert releases.given(mine, SAM, HOST) is None


def test_it_counts_for_this_device_and_host_only() -> None:
    releases = Releases(b"secret")
    mine = token(releases)
    assert releases.given(mine, "chroom-2", HOST) is None
    assert releases.given(mine, SAM, "chat.com") is None
    assert Releases(b"another").given(mine, SAM, HOST) is None


def test_it_ends_by_itself() -> None:
    clock = Clock()
    releases = Releases(b"secret", clock)
    mine = token(releases)
    clock.now += LIFE
    assert releases.given(mine, SAM, HOST)
    clock.now += 1
    assert releases.given(mine, SAM, HOST) is None


def test_workers_that_share_the_secret_read_each_others() -> None:
    assert Releases(b"secret").given(token(Releases(b"secret")), SAM, HOST)


def test_cookies_of_http_2_come_joined_with_commas() -> None:
    releases = Releases(b"secret")
    assert releases.given(f"a=b, {token(releases)}, c=d", SAM, HOST)


def test_the_site_sees_its_own_cookies_only() -> None:
    releases = Releases(b"secret")
    assert without(f"a=b; {token(releases)}; c=d") == "a=b; c=d"
    assert without(token(releases)) == ""


def test_over_https_it_comes_along_with_a_form_on_another_sites_page() -> None:
    releases = Releases(b"secret")
    assert "Secure; SameSite=None" in releases.cookie(SAM, HOST, secure=True)
    assert "Secure" not in releases.cookie(SAM, HOST, secure=False)


@given(st.text(max_size=300))
def test_no_cookie_header_makes_it_fail_or_counts_by_chance(cookies: str) -> None:
    assert Releases(b"secret").given(f"{NAME}={cookies}", SAM, HOST) is None
    without(cookies)
