"""A TLS server that says exactly what a test wrote, for answers that no well-behaved server gives."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from workbench.control_plane.pki import Authority


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that the server got."""

    method: str
    path: str
    """With its query, as it came."""
    headers: dict[str, str]


@dataclass
class ScriptedServer:
    """What the server answers, in order, and what it was asked. Token requests are answered by themselves and not kept."""

    url: str
    ca_file: Path
    answers: list[web.StreamResponse | None] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """What came with each request."""
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first request has come."""

    def say(self, status: int, document: Any = None, *, text: str | None = None, **headers: str) -> None:
        """Add an answer: a JSON document, a text, or no body at all; underscores in the names of headers are hyphens."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if text is not None:
            self.answers.append(web.Response(status=status, text=text, headers=names))
        elif document is None:
            self.answers.append(web.Response(status=status, headers=names))
        else:
            self.answers.append(web.json_response(document, status=status, headers=names))

    def say_nothing(self) -> None:
        """Leave a request without an answer, and its connection open."""
        self.answers.append(None)


@asynccontextmanager
async def scripted_server(folder: Path) -> AsyncIterator[ScriptedServer]:
    """Listen on loopback until the block ends; the folder takes the certificates."""
    authority = Authority()
    pair = authority.issue_server(hosts=["127.0.0.1"])
    ca_file, pair_file = folder / "ca.crt", folder / "pair.pem"
    ca_file.write_bytes(authority.certificate)
    pair_file.write_bytes(pair.key + pair.certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair_file)
    server = ScriptedServer("", ca_file)

    async def token(_: web.Request) -> web.StreamResponse:
        return web.json_response({"access_token": "token-canary", "expires_in": 3600, "token_type": "Bearer"})

    async def answer(request: web.Request) -> web.StreamResponse:
        server.asked.append(Asked(request.method, request.path_qs, dict(request.headers)))
        server.bodies.append(await request.read())
        server.was_asked.set()
        said = server.answers.pop(0)
        if said is None:
            await asyncio.Event().wait()
            raise web.HTTPServiceUnavailable
        return said

    app = web.Application()
    app.router.add_post("/{tenant}/oauth2/v2.0/token", token)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    server.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
