"""One's own account as finished strings: sign-ins, the second factor, recovery codes, what is told at the next page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import segno
from markupsafe import Markup

from dashboard.actions.second_factor import Proposed, Standing
from dashboard.present.words import Words
from store import account_news
from store.sessions import Session


@dataclass(frozen=True, slots=True)
class News:
    """One thing that is told once; `id` is for the tap that says it was read."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in of one's own; `here`: this browser."""

    id: str
    browser: str
    times: str
    here: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Mijn account. `factor`: whether there is a second factor; `few`: its recovery codes run out."""

    login: str
    sign_ins: tuple[SignIn, ...]
    others: bool
    has_password: bool
    factor: bool
    factor_text: str
    codes_text: str
    few: bool
    may_do_without: bool


@dataclass(frozen=True, slots=True)
class SetupPage:
    """Setting up a second factor; `qr` is empty as long as no secret waits. `must`: nothing else is open before it."""

    qr: Markup
    typed: str
    must: bool
    has: bool


@dataclass(frozen=True, slots=True)
class CodesPage:
    """Recovery codes, shown once; `file` is the same as a text to keep."""

    codes: tuple[str, ...]
    file: str


_FEW = 3


def account_page(here: Session, own: Sequence[Session], factor: Standing, said: Words, now: datetime) -> AccountPage:
    """The page of who looks."""
    told = factor.since is not None
    text = "on" if told else "must" if factor.required else "off"
    return AccountPage(
        login=here.account.login,
        sign_ins=tuple(_sign_in(one, here, said, now) for one in own),
        others=len(own) > 1,
        has_password=here.account.password is not None,
        factor=told,
        factor_text=said(f"dash.account.factor_{text}", date=said.local(factor.since or now).strftime("%d-%m-%Y")),
        codes_text=said("dash.account.codes_left", count=factor.codes) if told else "",
        few=told and factor.codes <= _FEW,
        may_do_without=told and not factor.required,
    )


def setup_page(waits: Proposed | None, *, must: bool, has: bool) -> SetupPage:
    """The page that sets a second factor up."""
    return SetupPage(_qr(waits.address) if waits else Markup(""), waits.typed if waits else "", must, has)


def codes_page(codes: tuple[str, ...], login: str, said: Words) -> CodesPage:
    """Recovery codes to print or to keep."""
    lines = [said("dash.account.codes_file", login=login), "", *codes, ""]
    return CodesPage(codes, "data:text/plain;charset=utf-8," + quote("\r\n".join(lines)))


def news_lines(found: Sequence[account_news.News], said: Words, now: datetime) -> tuple[News, ...]:
    """What happened, a sentence each."""
    return tuple(
        News(
            one.id,
            said(
                f"dash.account.news.{one.what.value}",
                when=said.day_clock(one.at, now),
                browser=browser_text(one.browser, said),
            ),
        )
        for one in found
    )


def browser_text(label: str, said: Words) -> str:
    """A kind of browser for people, such as "Chrome op ChromeOS"."""
    browser, _, system = label.partition("|")
    if not browser and not system:
        return said("dash.account.browser_unknown")
    if not browser or not system:
        return browser or system
    return said("dash.account.browser", browser=browser, system=system)


def _sign_in(one: Session, here: Session, said: Words, now: datetime) -> SignIn:
    times = said("dash.account.times", start=said.day_clock(one.start, now), last=said.day_clock(one.last, now))
    return SignIn(one.id, browser_text(one.browser, said), times, one.id == here.id)


def _qr(address: str) -> Markup:
    """The QR code as inline SVG: black on white in the dark too, as cameras want it."""
    drawn = segno.make(address, error="m").svg_inline(scale=1, dark="#000", light="#fff", omitsize=True, svgclass="qr")
    return Markup(drawn)  # noqa: S704 - segno writes digits and letters of its own only
