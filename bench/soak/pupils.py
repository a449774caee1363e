"""What pupils do who mean no harm: pages, searches, forms, pictures, films, chats. Some of it is refused."""

from __future__ import annotations

import asyncio
import contextlib
import time
from urllib.parse import quote_plus

from websockets.asyncio.client import ClientConnection

from bench.soak.ground import TROUBLES, Ground, photo, socket
from bench.soak.lines import PATIENCE, Line, looked_into
from bench.soak.many import Many
from bench.soak.names import ENGINES, LOOK_ONLY, OPEN, REFUSED_PATH, SEARCHES, SOCIAL, TUNNELLED, WORDS

FORM = "application/x-www-form-urlencoded"


async def pages(ground: Ground) -> None:
    """Pages over one kept connection."""
    line = await Line.to(ground.door(), ground.chance.choice(OPEN))
    with contextlib.closing(line):
        for _ in range(ground.chance.randrange(10, 50)):
            began = time.monotonic()
            ground.counts.passed("pages h1", await line.ask(ground.path()))
            ground.counts.took.append(time.monotonic() - began)
            await ground.think(0.02, 0.15)
            if ground.over.is_set():
                return


async def pages_at_once(ground: Ground) -> None:
    """Pages over HTTP/2, three at a time."""
    many = await Many.to(ground.door(), ground.chance.choice(OPEN))
    with contextlib.closing(many):
        for _ in range(ground.chance.randrange(5, 20)):
            for reply in await asyncio.gather(*(many.ask(ground.path()) for _ in range(3))):
                ground.counts.passed("pages h2", reply)
            await ground.think(0.1, 0.4)
            if ground.over.is_set():
                return


async def plain(ground: Ground) -> None:
    """Pages without TLS, for several sites over one connection to the guard."""
    line = await Line.plain(ground.door(), OPEN[0])
    with contextlib.closing(line):
        for _ in range(10):
            line.host = ground.chance.choice(OPEN)
            ground.counts.passed("pages plain", await line.ask(ground.path()))
            await ground.think(0.1, 0.4)


async def searches(ground: Ground) -> None:
    """Words in a search engine; now and then help, and now and then what is closed."""
    host = ground.chance.choice(list(ENGINES))
    line = await Line.to(ground.door(), host)
    with contextlib.closing(line):
        for number in range(10):
            words = "porno kijken" if number == 4 else "ik wil dood" if number == 7 else ground.chance.choice(SEARCHES)
            reply = await line.ask(f"{ENGINES[host]}?q={quote_plus(words)}")
            if number == 4:
                ground.counts.denied("searches closed", reply)
            elif number == 7:
                helped = reply.status == 200 and not reply.ours
                kept = ground.counts.done if helped else ground.counts.errors
                kept["searches for help"] += 1
            else:
                ground.counts.passed("searches", reply)
            await ground.think(0.1, 0.5)


async def forms(ground: Ground) -> None:
    """Forms; now and then one with a phone number in it, which does not arrive."""
    line = await Line.to(ground.door(), ground.chance.choice(OPEN[:2]))
    with contextlib.closing(line):
        for number in range(6):
            fields = {f"veld{one}": " ".join(ground.chance.choices(WORDS, k=8)) for one in range(6)}
            if number == 4:
                fields["bericht"] = "bel mij maar op 06 12 34 56 78"
            body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()
            path = f"{REFUSED_PATH}/formulier" if number == 4 else "/formulier"
            reply = await line.ask(path, "POST", body, content_type=FORM)
            if number == 4:
                ground.counts.denied("forms refused", reply)
            else:
                ground.counts.passed("forms", reply)
            await ground.think(0.1, 0.5)


async def uploads(ground: Ground) -> None:
    """Pictures: to a site that is open, to one that group 8 may only look at, and to one that is closed."""
    for number in range(4):
        body, kind = photo(ground.chance)
        refused = number % 2 == 1
        host = (LOOK_ONLY if number == 1 else SOCIAL[0]) if refused else OPEN[1]
        path = f"{REFUSED_PATH}/foto" if refused else "/foto"
        line: Line | Many
        line = await (Many if ground.chance.random() < 0.3 else Line).to(ground.door("8"), host)
        with contextlib.closing(line):
            if not refused:
                ground.counts.passed("uploads", await line.ask(path, "POST", body, content_type=kind))
                continue
            try:
                ground.counts.denied("uploads refused", await line.ask(path, "POST", body, content_type=kind))
            except TROUBLES:  # a big one is cut off without waiting for its end
                ground.counts.done["uploads refused"] += 1
        await ground.think(0.3, 1.0)


async def downloads(ground: Ground) -> None:
    """Files of a few MB, which take seconds: looked into, over HTTP/2, in a tunnel."""
    host = ground.chance.choice((*OPEN, *TUNNELLED))
    size = ground.chance.choice((1024, 2048, 4096))
    line = await Line.to(ground.door(), host, limit=262_144)
    with contextlib.closing(line):
        await line.send(f"/lang/{size}")
        reply = await line.head()
        got = 0
        async for piece in line.pieces(reply):
            got += len(piece)
        assert got == size * 1024 or not reply.ours, got
        ground.counts.passed("downloads", reply)


async def events(ground: Ground) -> None:
    """Server-sent events for a while, over HTTP/1.1 or HTTP/2."""
    until = asyncio.get_running_loop().time() + ground.chance.uniform(3, 20)

    def enough() -> bool:
        ground.counts.done["events"] += 1
        return ground.over.is_set() or asyncio.get_running_loop().time() > until

    if ground.chance.random() < 0.5:
        many = await Many.to(ground.door(), ground.chance.choice(OPEN))
        with contextlib.closing(many):
            async for _ in many.pieces(await many.begin("/live")):
                if enough():
                    return
    line = await Line.to(ground.door(), ground.chance.choice(OPEN))
    with contextlib.closing(line):
        await line.send("/live")
        async for _ in line.pieces(await line.head()):
            if enough():
                return


async def heard(talk: ClientConnection, text: str) -> None:
    """Listen until the site says it back; the site talks of itself meanwhile."""
    async with asyncio.timeout(PATIENCE):
        while await talk.recv() != text:
            pass


async def sockets(ground: Ground) -> None:
    """A WebSocket that sends and receives all the time."""
    async with socket(ground.door(), ground.chance.choice(OPEN)) as talk:
        for number in range(ground.chance.randrange(20, 200)):
            text = f"{ground.chance.choice(WORDS)} {number}"
            await talk.send(text)
            await heard(talk, text)
            ground.counts.done["messages"] += 1
            await ground.think(0.05, 0.15)
            if ground.over.is_set():
                break
        if ground.chance.random() < 0.5:
            talk.transport.abort()


async def tunnels(ground: Ground) -> None:
    """Pages of a site that the guard does not look into."""
    line = await Line.to(ground.door(), ground.chance.choice(TUNNELLED))
    with contextlib.closing(line):
        assert not looked_into(line.writer), "not a tunnel"
        for _ in range(ground.chance.randrange(10, 60)):
            ground.counts.passed("tunnelled", await line.ask(ground.path()))
            await ground.think(0.02, 0.15)
            if ground.over.is_set():
                return


async def handshakes(ground: Ground) -> None:
    """A new connection for one page."""
    line = await Line.to(ground.door(ground.chance.choice(("7", "8"))), ground.chance.choice((*OPEN, *TUNNELLED)))
    with contextlib.closing(line):
        ground.counts.passed("new connections", await line.ask(ground.path()))
    await ground.think(0.1, 0.6)
