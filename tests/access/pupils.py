"""The pupils' pages: where a child goes, and what it does there, until the page stands that is meant.

What a request can bring about is asked of the real gate; every kind of page that is left is drawn by the gate's own
`Pages` from a decision, so that a new reason has its page here by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from playwright.sync_api import Page

from config.texts import book, say
from policy.address import canonical
from policy.kinds import LOOK_ALIKE, UNKNOWN, UNSAFE_SEARCH
from policy.model import (
    AccessRequest,
    Action,
    Agreement,
    Decision,
    DeviceClass,
    Effect,
    Emergency,
    Principal,
    Reason,
    Role,
    Sanction,
    SanctionTarget,
    Span,
    Strength,
)
from proxy_addons.block_page import TROUBLES
from proxy_addons.emergency_form import Said
from proxy_addons.facts import Answer, Exchange
from proxy_addons.gate import Gate
from proxy_addons.sign_pages import Way
from proxy_addons.telling import page_of
from store.self_tests import Probe
from tests.access.school import BREAK, LESSON, Standing
from tests.proxy_addons.asking import SAMS, exchange

SITE, SCHOOL, PUPILS = "http://kletsplein.test/", "http://onzeschool.test/", "http://wacht.klaswacht.internal/"


def plain(_: Standing) -> None:
    """Nothing is going on."""


def paused(school: Standing) -> None:
    """The teacher has the eyes of group 7."""
    school.store.measures.pause(school.school, Span("7", LESSON, LESSON + timedelta(minutes=10), "staff-anja"), LESSON)


def agreed(school: Standing, *, test: bool = False) -> None:
    """Group 7 works on a list."""
    end, sites = LESSON + timedelta(minutes=40), ("rekenrijk.test", "onzeschool.test")
    made = Agreement(
        "", LESSON, end, frozenset({"7"}), sites=sites, goal="rekenen met breuken", by="staff-anja", test=test
    )
    school.store.measures.start_agreement(school.school, made, LESSON)


def tested(school: Standing) -> None:
    """Group 7 does a test."""
    agreed(school, test=True)


def banned(school: Standing) -> None:
    """Noor may not use her Chromebook today."""
    ban = Sanction("", "p7-1", SanctionTarget.CHROMEBOOK, LESSON, LESSON + timedelta(hours=3), "staff-directie")
    school.store.measures.add_sanction(school.school, ban, LESSON, reason="drie keer gewaarschuwd")


SITUATIONS: Mapping[str, tuple[datetime, Callable[[Standing], None]]] = {
    "plain": (LESSON, plain),
    "pause": (LESSON, paused),
    "agreement": (LESSON, agreed),
    "test": (LESSON, tested),
    "ban": (LESSON, banned),
    "break": (BREAK, plain),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A child goes to `url`; `act` is what it does there. At the end the heading is `title` (a code of a sentence)."""

    name: str
    url: str
    title: str
    situation: str = "plain"
    who: str = "Noor"
    act: Callable[[Page], None] | None = None


def _asks(page: Page) -> None:
    page.locator("[data-panel=ask]").click()
    page.locator("#ask").wait_for(state="visible")


def _has_asked(page: Page) -> None:
    _asks(page)
    page.fill("#line", "Voor mijn werkstuk")
    page.locator("#ask [type=submit]").click()
    page.locator("#note:not([hidden])").wait_for()


def _tells(page: Page) -> None:
    page.locator("button[name=kind]").first.click()
    page.locator("textarea[name=line]").wait_for()


def _has_told(page: Page) -> None:
    _tells(page)
    page.fill("textarea[name=line]", "iemand deed vervelend")
    page.locator("form:has(textarea) [type=submit]").click()
    page.locator(".heard").wait_for()


def _types_a_code(page: Page) -> None:
    page.fill("#code", "AAAA-BBBB-CCCC")
    page.locator("form button").click()
    page.locator("[role=alert]").wait_for()


def _opens_folds(page: Page) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach(fold => { fold.open = true; })")


OWN = f"{SITE}_klaswacht/"
VISITS = (
    Visit("place", SITE, "page.place.title"),
    Visit("asking", SITE, "page.place.title", act=_asks),
    Visit("asked", SITE, "page.place.title", act=_has_asked),
    Visit("ask-form", f"{OWN}ask", "page.ask.title"),
    Visit("words", "http://www.google.com/search?q=porno+filmpjes", "page.words.title"),
    Visit("help", "http://www.google.com/search?q=ik+wil+dood", "page.help.title"),
    Visit("report", f"{OWN}report", "page.tell.title"),
    Visit("tell", f"{OWN}report", "page.tell.kind.saw", act=_tells),
    Visit("told", f"{OWN}report", "page.tell.thanks_title", act=_has_told),
    Visit("front", PUPILS, "page.front.title", act=_opens_folds),
    Visit("front-lost", f"{PUPILS}weg", "page.front.title"),
    Visit("pause", SCHOOL, "page.pause.title", "pause"),
    Visit("agreement", SITE, "page.agreement.title", "agreement"),
    Visit("test", SITE, "page.test.title", "test"),
    Visit("ban", SITE, "page.sanction.title", "ban"),
    Visit("break", SCHOOL, "page.break.title", "break"),
    Visit("reminder", SITE, "page.reminder.title", who="laptop-anja"),
    *(
        Visit(f"promises-{name}", f"{OWN}afspraken", "page.promises.title", name, act=_opens_folds)
        for name in SITUATIONS
    ),
    Visit("rules", f"{OWN}regels", "told.title.pupil"),
    Visit("self-test", f"{PUPILS}_klaswacht/test", "selftest.title"),
    Visit("nood", f"{PUPILS}_klaswacht/nood", "nood.title"),
    Visit("nood-wrong", f"{PUPILS}_klaswacht/nood", "nood.title", act=_types_a_code),
)


def _decisions() -> dict[str, Decision]:
    """A decision for every kind of page that there is, by the kind."""
    floor = {Reason.PLACE: (None, LOOK_ALIKE, UNSAFE_SEARCH, "identity")}
    made = [
        Decision(effect, reason, category=category, types=("phone", "bsn") if reason is Reason.PERSONAL else ())
        for effect in (Effect.DENY, Effect.HOLD)
        for reason in Reason
        for category in ((UNKNOWN, None) if effect is Effect.HOLD else floor.get(reason, (None,)))
    ]
    kinds = {page_of(one): one for one in made if one.effect is Effect.HOLD or page_of(one) != "hold"}
    return {kind: one for kind, one in kinds.items() if f"page.{kind}.title" in book("nl")}


def drawn() -> Mapping[str, Callable[[Gate], Answer]]:
    """Every page that `Pages` makes of a decision, of a trouble, or of a broken guard, by its kind."""
    who = Principal(Role.PUPIL, groups=("7",), person="p7-1", strength=Strength.PROVED)
    asked: Exchange = exchange("https://www.voorbeeld.nl/", SAMS)
    request = AccessRequest(Action.VISIT, who, ("www.voorbeeld.nl",))

    def of(decision: Decision) -> Callable[[Gate], Answer]:
        return lambda gate: gate._pages.denied(asked, request, decision, gate.live)

    def trouble(kind: str) -> Callable[[Gate], Answer]:
        return lambda gate: gate._pages.trouble(asked, kind, "voorbeeld.nl")

    found: dict[str, Callable[[Gate], Answer]] = {kind: of(one) for kind, one in _decisions().items()}
    found |= {kind: trouble(kind) for kind in sorted(TROUBLES)}
    found["failed"] = lambda gate: gate._pages.failed(asked)
    found["busy"] = lambda gate: gate._pages.busy(asked)
    adult = Principal(Role.TEACHER, person="staff-anja", strength=Strength.PROVED, device_class=DeviceClass.STAFF)
    closed = Decision(Effect.DENY, Reason.PLACE)
    found["staff"] = lambda gate: gate._pages.denied(asked, replace(request, who=adult), closed, gate.live)
    found["note"] = lambda gate: gate._pages.note("nl", "page.ask.sent_title", ("Een zin.",), back="/")
    found["release"] = lambda gate: gate._pages.release_form("nl", "t", "/")
    found["ready"] = lambda gate: gate._pages.ready("nl", (say("page.ready.title", "nl"),), "https://www.voorbeeld.nl/")
    held = Emergency("e", LESSON, LESSON + timedelta(hours=2))
    here = canonical(f"{PUPILS}_klaswacht/nood")
    assert here is not None
    found["nood-open"] = lambda gate: gate._own._emergency._page(asked, here, Said(), (held,))
    joins = canonical(f"{PUPILS}_klaswacht/toestel")
    assert joins is not None
    for note in ("", "wrong", "done"):
        found[f"join-{note}"] = lambda gate, note=note: gate._own._joining._page(asked, joins, note)
    for how in ("unlisted", "private"):
        found[f"phone-{how}"] = lambda gate, how=how: gate._pages._block(403, "phone", "nl", unlisted=how)
    found["self-test-open"] = lambda gate: gate._self_test._not_closed(asked, Probe.SOCIAL)
    found["aloud"] = lambda gate: gate._reporting.aloud("nl")
    return found | _signing()


def _signing() -> dict[str, Callable[[Gate], Answer]]:
    """Every page on which a pupil says who it is."""
    way, lang = Way("https://www.voorbeeld.nl/", "m"), "nl"
    names = [(f"p7-{number}", name) for number, name in enumerate(("Daan", "Fatima", "Sem"))]
    found: dict[str, Callable[[Gate], Answer]] = {
        f"sign-code-{note}": lambda gate, note=note: gate._signing._pages.code(lang, way, "t", note)
        for note in ("", "wrong", "too_many", "old", "refused")
    }
    found |= {
        f"sign-pictures-{task}": lambda gate, task=task: gate._signing._pages.pictures(
            lang, way, "t", task, "Sem", {}, 1, "pictures"
        )
        for task in ("own", "first", "second")
    }
    found["sign-names"] = lambda gate: gate._signing._pages.names(lang, way, "t", "Groep 7", {}, names)
    found["sign-nobody"] = lambda gate: gate._signing._pages.names(lang, way, "t", "Groep 7", {}, [])
    found["sign-waits"] = lambda gate: gate._signing._pages.waits(lang, way, "t", "Sem", 47)
    found["sign-in"] = lambda gate: gate._signing._pages.inside(lang, way, "t", "Sem", "10:15", may_choose=True)
    found["sign-out"] = lambda gate: gate._signing._pages.out(lang, way)
    found["sign-not"] = lambda gate: gate._signing._pages.not_here(lang, way)
    found["sign-off"] = lambda gate: gate._signing._pages.off(lang, way)
    return found
