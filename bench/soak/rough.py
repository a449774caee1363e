"""What else comes by: closed doors, people who leave in the middle, slow ones, and heads that are no good."""

from __future__ import annotations

import asyncio
import contextlib

from bench.soak.ground import Ground, photo
from bench.soak.lines import Line
from bench.soak.many import Many
from bench.soak.names import NEVER, OPEN, TUNNELLED

HANGS_UP_WITHIN = 30.0  # seconds after half a head in which the guard hangs up (it says 15)


async def closed(ground: Ground) -> None:
    """Pages that are never open, over HTTP/1.1 and HTTP/2."""
    door, host = ground.door(), ground.chance.choice(sorted(NEVER))
    line: Line | Many
    line = await (Many.to(door, host) if ground.chance.random() < 0.3 else Line.to(door, host))
    with contextlib.closing(line):
        for _ in range(5):
            ground.counts.denied("denied", await line.ask(ground.path()))
            await ground.think(0.1, 0.4)


async def hangups(ground: Ground) -> None:
    """Somebody leaves in the middle of something."""
    chance, door = ground.chance, ground.door()
    host = chance.choice((*OPEN, *TUNNELLED))
    match chance.randrange(6):
        case 0:  # before a word, or within the head
            _, writer = await door.raw()
            writer.write(f"CONNECT {host}:443 HT".encode()[: chance.randrange(20)])
            await ground.think(0, 0.1)
            writer.transport.abort()
        case 1:  # after the tunnel was granted, perhaps within the handshake
            reader, writer = await door.raw()
            writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01"[: chance.randrange(9)])
            await ground.think(0, 0.05)
            writer.transport.abort()
        case 2:  # within a request's head
            line = await Line.to(door, host)
            line.writer.write(b"GET / HTTP/1.1\r\nHost: " + host.encode())
            await ground.think(0, 0.05)
            line.close()
        case 3:  # before the answer, or early in it
            line = await Line.to(door, host)
            await line.send(f"/lang/{chance.choice((64, 4096))}")
            await ground.think(0, 0.3)
            line.close()
        case 4:  # within an upload
            line = await Line.to(door, OPEN[1])
            body, kind = photo(chance)
            await line.send("/foto", "POST", content_length=str(len(body)), content_type=kind)
            line.writer.write(body[: len(body) // 2])
            await ground.think(0, 0.1)
            line.close()
        case _:  # with several answers on the way
            many = await Many.to(door, chance.choice(OPEN))
            for path in ("/lang/4096", "/live", ground.path()):
                await many.begin(path)
            await ground.think(0, 0.3)
            many.close()
    ground.counts.done["hung up"] += 1
    await ground.think(0.1, 0.5)


async def slow(ground: Ground) -> None:
    """A reader that takes a little at a time, and leaves before the end."""
    line = await Line.to(ground.door(), ground.chance.choice((*OPEN, *TUNNELLED)), limit=8_192)
    with contextlib.closing(line):
        await line.send("/lang/8192")
        reply = await line.head()
        ground.counts.passed("slow readers", reply)
        for _ in range(ground.chance.randrange(20, 200)):
            await line.reader.read(4_096)
            await ground.think(0.03, 0.08)
            if ground.over.is_set():
                return


_HEADS = (
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(160),
    b"\x00\x01\x02\x03 garbage \xff\xfe\r\n\r\n",
    b"PROXY TCP4 192.0.2.7 192.0.2.8 1111 443\r\nGET http://onzeschool.test/ HTTP/1.1\r\nHost: onzeschool.test\r\n\r\n",
    b"CONNECT onzeschool.test HTTP/1.1\r\nHost: onzeschool.test\r\n\r\n",
    b"CONNECT onzeschool.test:99999 HTTP/1.1\r\nHost: onzeschool.test\r\n\r\n",
    b"CONNECT onzeschool.test:443 HTTP/1.1\r\nHost: onzeschool.test\r\nContent-Length: 5\r\n\r\nhallo",
    b"CONNECT onzeschool.test:22 HTTP/1.1\r\nHost: onzeschool.test\r\n\r\nSSH-2.0-x\r\n",
    b"CONNECT onzeschool.test:443 HTTP/1.1\r\nHost: onzeschool.test:443\r\n\r\nSSH-2.0-x\r\n\r\n",
    b"CONNECT www.rekentuin.nl:443 HTTP/1.1\r\nHost: www.rekentuin.nl:443\r\n\r\n\x16\x03\x01\x00\x10" + bytes(16),
    b"GET http://onzeschool.test/ HTTP/1.1\r\nHost: onzeschool.test\r\nnaam zonder dubbele punt\r\n\r\n",
    b"GET http://onzeschool.test/ HTTP/1.1\r\nHost: onzeschool.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 300_000,
)


async def broken(ground: Ground) -> None:
    """Heads that are no good; none of them comes through, and the guard lives on."""
    head = ground.chance.choice(_HEADS)
    reader, writer = await ground.door().raw()
    with contextlib.suppress(OSError, TimeoutError):
        writer.write(head)
        async with asyncio.timeout(3):
            await writer.drain()
            said = await reader.read(65_536)
            said += await reader.read(65_536)
        # The one with a torn body may be answered by the site, whose own page is open.
        if b"x-soak" in said and b"chunked" not in head:
            ground.counts.forbidden.append("broken head: of the site")
    writer.transport.abort()
    ground.counts.done["broken heads"] += 1
    await ground.think(0.1, 0.5)


async def dawdlers(ground: Ground) -> None:
    """Half a head, or half a ClientHello, and then nothing: the guard must hang up by itself."""
    reader, writer = await ground.door().raw()
    host = ground.chance.choice(TUNNELLED)
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}".encode())
    if ground.chance.random() < 0.5:
        writer.write(b":443\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40))
    with contextlib.closing(writer), contextlib.suppress(ConnectionResetError):
        leaving = asyncio.create_task(ground.over.wait())
        await asyncio.wait(
            {leaving, asyncio.ensure_future(reader.read())},
            timeout=HANGS_UP_WITHIN,
            return_when=asyncio.FIRST_COMPLETED,
        )
        kept = ground.counts.done if reader.at_eof() or ground.over.is_set() else ground.counts.errors
        kept["dawdlers"] += 1
        leaving.cancel()
