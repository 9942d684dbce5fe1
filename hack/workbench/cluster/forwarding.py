"""Lets this machine reach a port of the node: connections to a socket made outside are carried to an address inside.

A socket belongs to the network namespace in which it was made, also when a process of another one has it. So no address,
route or rule is needed on the machine.
"""

import asyncio
import socket
from contextlib import suppress


async def forward(listener: socket.socket, host: str, port: int) -> asyncio.Server:
    """Carry each connection to `listener` to `host`:`port`, until the returned server is closed."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.transport.abort()  # as if nobody listened
            return
        try:
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            for end in (inner_writer, writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    return await asyncio.start_server(carry, sock=listener)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, which is told on; the other direction may still go on then."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
