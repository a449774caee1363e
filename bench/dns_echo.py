"""The least that a name server in Python does: read a message with dnspython, write an answer with one address."""

from __future__ import annotations

import asyncio
import sys

import dns.message
import dns.rrset


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text(query.question[0].name, 5, "IN", "A", "192.168.55.5"))
        self.transport.sendto(answer.to_wire(), addr)


async def main(port: int) -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("127.0.0.1", port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
