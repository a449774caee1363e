"""What the pretend sites answer, site by site (tornado handlers)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import ClassVar

from tornado.escape import xhtml_escape
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.routing import HostMatches, Rule
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

NAMES = (
    "kletsplein.test",
    "zoekmaar.test",
    "onzeschool.test",
    "filmpjes.test",
    "fotodrop.test",
    "rekenrijk.test",
)
FILM_BYTES = 400 * 65_536  # ten minutes at the pace below: longer than any patience, short enough for a disk
FILM_PAUSE = 1.5  # seconds between two pieces of 64 KiB
LIVE_PAUSE = 1.0  # seconds between two live events

# What the search engine knows: words, address, title, snippet.
_SHELF = (
    (
        "vulkaan vulkanen lava",
        "https://onzeschool.test/werkstuk",
        "Vulkanen: zo werkt het",
        "Waarom een berg kan spugen.",
    ),
    (
        "egel egels dier winterslaap",
        "https://onzeschool.test/nieuws",
        "De egel in de schooltuin",
        "Hij slaapt nu. Sst.",
    ),
    ("sommen rekenen tafels breuken", "https://rekenrijk.test/", "Rekenrijk", "Oefen je tafels en win een ster."),
    ("kletsplein vrienden chat", "https://kletsplein.test/", "Kletsplein", "Klets met je vrienden."),
    ("filmpjes film video", "https://filmpjes.test/", "Filmpjes", "Kort, lang en vooral grappig."),
    ("foto foto's delen", "https://fotodrop.test/", "Fotodrop", "Stuur een foto in een tel."),
)


@dataclass(slots=True)
class Room:
    """What the sites remember while they run: who is in the chat, and which requests came by (no query, no body)."""

    chatters: set[Chat] = field(default_factory=set)
    drillers: set[Drill] = field(default_factory=set)
    seen: deque[str] = field(default_factory=lambda: deque(maxlen=5_000))

    def note(self, request: HTTPServerRequest) -> None:
        """Somebody came by."""
        self.seen.append(f"{request.method} {request.host_name} {request.path}")

    def tell(self, text: str, sender: Chat) -> None:
        """Say something to everybody in the chat, the sender too."""
        for chatter in tuple(self.chatters):
            chatter.say(text, "jij" if chatter is sender else "klasgenoot")

    def hang_up(self) -> None:
        """Close every WebSocket."""
        for socket in (*self.chatters, *self.drillers):
            socket.close()


class Visit(RequestHandler):
    """What every handler of a page does: note the visitor, forbid keeping."""

    room: Room
    page: str

    def initialize(self, room: Room, page: str = "") -> None:
        """Remember where it hangs."""
        self.room, self.page = room, page

    def prepare(self) -> Awaitable[None] | None:
        """Note that somebody came by."""
        self.room.note(self.request)
        return None

    def set_default_headers(self) -> None:
        """Pages of the playground are never kept: after a stop the browser must ask again."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("Server", "speeltuin")


class Page(Visit):
    """A page by name, the same for everybody."""

    def get(self) -> None:
        """Show it."""
        self.render(self.page)


class Piece(Visit):
    """What another site's page fetches here: a drawing, or a script, by the name of its path."""

    _DRAWING: ClassVar[str] = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180">'
        '<rect width="320" height="180" fill="#bfe3f5"/>'
        '<path d="M140 180l12-120h16l12 120z" fill="#d8412f"/><circle cx="160" cy="52" r="12" fill="#ffd94a"/></svg>'
    )
    _SCRIPT: ClassVar[str] = 'document.getElementById("kader").textContent = "Alles is er.";'

    def get(self) -> None:
        """Give it."""
        script = self.request.path.endswith(".js")
        self.set_header("Content-Type", "text/javascript" if script else "image/svg+xml")
        self.write(self._SCRIPT if script else self._DRAWING)


class Thanks(Visit):
    """A form was sent: say how much came in, keep nothing."""

    def post(self) -> None:
        """Thank the sender; the body is counted and dropped."""
        self.render("dank.html", site=self.request.host_name, size=len(self.request.body))


class Results(Visit):
    """Results of the search engine; an empty query gives the start page."""

    def get(self) -> None:
        """Look on the shelf."""
        query = self.get_query_argument("q", "")
        words = query.lower().split()
        hits = [row[1:] for row in _SHELF if any(word in row[0] for word in words)]
        self.render("zoekmaar.html", query=query, hits=hits)


class Film(Visit):
    """A long slow download."""

    async def get(self) -> None:
        """Send 64 KiB at a time until the end, or until somebody hangs up."""
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Length", str(FILM_BYTES))
        piece = bytes(65_536)
        with contextlib.suppress(StreamClosedError):
            for _ in range(FILM_BYTES // len(piece)):
                self.write(piece)
                await self.flush()
                await asyncio.sleep(FILM_PAUSE)


class Live(Visit):
    """Server-sent events: how many are watching."""

    async def get(self) -> None:
        """Send an event every second until somebody hangs up."""
        self.set_header("Content-Type", "text/event-stream")
        number = 0
        with contextlib.suppress(StreamClosedError):
            while True:
                number += 1
                watching = 40 + random.randrange(9)  # noqa: S311 - a pretend number of viewers
                self.write(f"id: {number}\ndata: {json.dumps({'kijkers': watching, 'tel': number})}\n\n")
                await self.flush()
                await asyncio.sleep(LIVE_PAUSE)


class Socket(WebSocketHandler):
    """What chat and drill share: the room, and talking JSON to a socket that may just be gone."""

    room: Room

    def initialize(self, room: Room) -> None:
        """Remember the room."""
        self.room = room

    def prepare(self) -> Awaitable[None] | None:
        """Note that somebody came by."""
        self.room.note(self.request)
        return None

    def check_origin(self, origin: str) -> bool:
        """Anybody may come in: it is a playground on loopback."""
        return True

    def send(self, **parts: str) -> None:
        """Send one JSON message; a socket that is gone is no news."""
        with contextlib.suppress(WebSocketClosedError):
            self.write_message(json.dumps(parts))


class Chat(Socket):
    """The chat of the social network: everybody hears everybody."""

    _ANSWERS: ClassVar[tuple[str, ...]] = ("Leuk!", "Haha, echt?", "Ik ook!", "Tot straks op het plein.")

    async def open(self, *args: str, **kwargs: str) -> None:
        """Greet the newcomer."""
        self.room.chatters.add(self)
        self.say("Hoi! Wat leuk dat je er bent.", "Noor")

    async def on_message(self, message: str | bytes) -> None:
        """Tell it to all, the sender too; one of the pretend friends answers."""
        text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
        self.room.tell(text, self)
        self.say(random.choice(self._ANSWERS), "Sem")  # noqa: S311 - small talk

    def on_close(self) -> None:
        """Leave the room."""
        self.room.chatters.discard(self)

    def say(self, text: str, who: str) -> None:
        """Send one line of chat."""
        self.send(wie=who, tekst=text)


class Drill(Socket):
    """Sums over a WebSocket, on the learning site: a long connection that passes as a raw tunnel."""

    _answer: int = 0

    async def open(self, *args: str, **kwargs: str) -> None:
        """Ask the first sum."""
        self.room.drillers.add(self)
        self._ask("")

    async def on_message(self, message: str | bytes) -> None:
        """Look at the answer and ask the next sum."""
        text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
        right = text.strip() == str(self._answer)
        self._ask("Goed zo!" if right else f"Bijna. Het was {self._answer}.")

    def on_close(self) -> None:
        """Leave."""
        self.room.drillers.discard(self)

    def _ask(self, word: str) -> None:
        left, right = random.randint(2, 10), random.randint(2, 10)  # noqa: S311 - a sum
        self._answer = left * right
        self.send(som=f"{left} x {right}", woord=word)


class Elsewhere(Visit):
    """A path that no site knows."""

    def get(self) -> None:
        """Say so."""
        self.set_status(404)
        self.write(f"<!doctype html><title>Niet gevonden</title><p>{xhtml_escape(self.request.path)} is er niet.")

    def post(self) -> None:
        """Say so."""
        self.get()


def rules(room: Room) -> list[Rule]:
    """The routes of every pretend site, by host name."""

    def page(path: str, name: str) -> tuple[object, ...]:
        return (path, Page, {"room": room, "page": name})

    def to(path: str, handler: type[RequestHandler]) -> tuple[object, ...]:
        return (path, handler, {"room": room})

    sites: dict[str, list[tuple[object, ...]]] = {
        "kletsplein.test": [
            page("/", "kletsplein.html"),
            to("/chat", Chat),
            to("/bericht", Thanks),
            to("/live", Live),
            to("/tel.svg", Piece),
        ],
        "zoekmaar.test": [to("/", Results), to("/zoek", Results)],
        "onzeschool.test": [
            page("/", "onzeschool.html"),
            page("/nieuws", "nieuws.html"),
            page("/werkstuk", "werkstuk.html"),
            page("/inloggen", "inloggen.html"),
            to("/inloggen/klaar", Thanks),
            to("/ziek", Thanks),
        ],
        "filmpjes.test": [
            page("/", "filmpjes.html"),
            page("/kijkhoek", "kijkhoek.html"),
            to("/film/1.bin", Film),
            to("/live", Live),
        ],
        "fotodrop.test": [
            page("/", "fotodrop.html"),
            to("/sturen", Thanks),
            to("/plaatje.svg", Piece),
            to("/kader.js", Piece),
        ],
        "rekenrijk.test": [page("/", "rekenrijk.html"), to("/oefenen", Drill)],
    }
    return [
        Rule(HostMatches(rf"(www\.)?{name.replace('.', r'\.')}"), [*routes, to("/.*", Elsewhere)])
        for name, routes in sites.items()
    ]
