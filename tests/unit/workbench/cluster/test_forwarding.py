import asyncio
import socket
from contextlib import suppress

from workbench.cluster.forwarding import forward


async def test_bytes_go_both_ways_and_each_end_is_told_when_the_other_ends() -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as inner:
        listener = socket.create_server(("127.0.0.1", 0))
        async with await forward(listener, *inner.sockets[0].getsockname()):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(b"x" * 200_000)
            writer.write_eof()
            assert await asyncio.wait_for(reader.read(), 10) == b"X" * 200_000
            writer.close()
            await writer.wait_closed()


async def test_nobody_inside_looks_like_nobody_outside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    listener = socket.create_server(("127.0.0.1", 0))
    async with await forward(listener, "127.0.0.1", port):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            answer = await asyncio.wait_for(reader.read(), 10)
        except ConnectionResetError:
            answer = b""
        assert answer == b""
        writer.close()
        with suppress(ConnectionResetError):
            await writer.wait_closed()
