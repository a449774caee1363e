"""Walking the pages as a browser without scripts does: every link, every form, each kind a few times."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from tests.access import states
from tests.access.school import Standing
from tests.dashboard.walk.world import BASE, Visitor, visitor

TYPED = frozenset({"", "text", "search", "url", "email", "tel", "password"})


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a page had it. `typed` are the names of fields that take any text."""

    page: str
    path: str
    method: str
    fields: tuple[tuple[str, str], ...]
    typed: frozenset[str]
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def sent(self, text: str | None = None) -> dict[str, list[str]]:
        """What a browser would send; `text` in every field that takes any text."""
        made: dict[str, list[str]] = {}
        for name, value in self.fields:
            made.setdefault(name, []).append(value)
        if text is not None:
            made.update({name: [text] for name in self.typed})
        return made


@dataclass(slots=True)
class Walked:
    """What somebody found: pages by address, answers that are no page, and forms."""

    pages: dict[str, str] = field(default_factory=dict)
    other: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)
    endpoints: Counter[str] = field(default_factory=Counter)

    @property
    def addresses(self) -> set[str]:
        return {*self.pages, *self.other, *(form.path for form in self.forms)}


def endpoint(school: Standing, path: str, method: str = "GET") -> str | None:
    """Which route an address is."""
    adapter: MapAdapter = school.app.url_map.bind("wacht.school", url_scheme="https")
    try:
        return adapter.match(urlsplit(path).path, method=method)[0]
    except HTTPException:
        return None


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def forms(page: str, html: str) -> list[Form]:
    """The forms of a page; a button that says something is in it once for each."""
    found = []
    for form in LexborHTMLParser(html).css("form"):
        fields, typed, options = [], set(), []
        groups: dict[str, list[tuple[str, bool]]] = {}
        buttons: list[tuple[str, str, str]] = []
        for node in form.css("input, textarea, select, button"):
            name, kind = _attribute(node, "name"), _attribute(node, "type")
            if node.tag == "button":
                if name or "formaction" in node.attributes:
                    buttons.append((name, _attribute(node, "value"), _attribute(node, "formaction")))
            elif not name or name == "csrf":
                continue
            elif node.tag == "textarea" or (node.tag == "input" and kind in TYPED):
                fields.append((name, node.text() if node.tag == "textarea" else _attribute(node, "value")))
                typed.add(name)
            elif node.tag == "select":
                values = [(_attribute(one, "value"), "selected" in one.attributes) for one in node.css("option")]
                groups.setdefault(name, []).extend(values)
            elif kind in {"radio", "checkbox"}:
                groups.setdefault(name, []).append((_attribute(node, "value") or "on", "checked" in node.attributes))
            elif kind not in {"submit", "file"}:
                fields.append((name, _attribute(node, "value")))
        for name, values in groups.items():
            chosen = [value for value, on in values if on] or [value for value, _ in values if value][:1]
            fields += [(name, value) for value in chosen]
            options.append((name, tuple(value for value, _ in values if value)))
        path = urljoin(page, _attribute(form, "action") or page)
        method = _attribute(form, "method").upper() or "GET"
        for name, value, elsewhere in buttons or [("", "", "")]:
            more = ((name, value),) if name else ()
            leads = urljoin(page, elsewhere) if elsewhere else path
            found.append(Form(page, leads, method, (*fields, *more), frozenset(typed), tuple(options)))
    return found


def links(page: str, html: str) -> Iterable[str]:
    """The addresses of our own that a page leads to."""
    for node in LexborHTMLParser(html).css("a[href]"):
        address = urljoin(BASE + page, _attribute(node, "href"))
        parts = urlsplit(address)
        if f"{parts.scheme}://{parts.netloc}" == BASE:
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def walk(school: Standing, who: Visitor, seeds: Iterable[str] = (), each: int = 2) -> Walked:
    """Every page that `who` can get to by links from `/` and `seeds`; `each` address of a kind at most."""
    found, waiting, kinds, known = Walked(), deque(["/", *seeds]), Counter[tuple[object, ...]](), set()
    forms_known: Counter[tuple[object, ...]] = Counter()
    while waiting:
        path = waiting.popleft()
        name = endpoint(school, path)
        kind = (name, tuple(sorted(key for key, _ in parse_qsl(urlsplit(path).query))), _variant(school, path))
        if path in known or name in {None, "static"} or kinds[kind] >= each:
            continue
        known.add(path)
        kinds[kind] += 1
        answer = who.get(path, buffered=False)
        if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            answer.close()
            continue
        assert name is not None
        found.endpoints[name] += 1
        assert answer.status_code < 500, (who.login, path, answer.status_code)
        if 300 <= answer.status_code < 400:
            if (back := _here(answer.headers["Location"])) is not None:
                waiting.append(back)
            continue
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            kind_of = answer.headers.get("Content-Type", "")
            found.other[path] = (answer.status_code, kind_of, answer.get_data().decode("utf-8", "replace"))
            continue
        html = answer.text
        if answer.status_code == 200:
            found.pages[path] = html
        waiting.extend(links(path, html))
        for form in forms(path, html):
            form_kind = (endpoint(school, form.path, form.method), tuple(sorted({key for key, _ in form.fields})))
            forms_known[form_kind] += 1
            if forms_known[form_kind] <= each:
                found.forms.append(form)
    return found


def _variant(school: Standing, path: str) -> str:
    """Tabs are pages of their own; ids are not."""
    adapter = school.app.url_map.bind("wacht.school", url_scheme="https")
    try:
        _, values = adapter.match(urlsplit(path).path, method="GET")
    except HTTPException:
        return ""
    return str(values.get("tab", ""))


def _here(location: str) -> str | None:
    parts = urlsplit(location)
    if f"{parts.scheme}://{parts.netloc}" not in {BASE, "://"}:
        return None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def seeds(school: Standing, login: str) -> list[str]:
    """Where a walk begins besides `/`: every address without an id, and those that the tests of screens know."""
    plain = [
        rule.rule for rule in school.app.url_map.iter_rules() if not rule.arguments and "GET" in (rule.methods or ())
    ]
    known = [one.path for one in states.STATES if one.who == login and not one.form and "{" not in one.path]
    return [*plain, *known]


def everything(school: Standing, login: str, each: int = 2) -> tuple[Visitor, Walked]:
    """A new visitor, and all that it finds."""
    who = visitor(school, login)
    return who, walk(school, who, seeds(school, login), each)
