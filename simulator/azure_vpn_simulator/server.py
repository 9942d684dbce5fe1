"""The TLS side: HTTP requests become `wire.Request`s, faults strike, answers go out, and the journal is kept."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from azure_vpn_simulator import access
from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.azure import Azure, error_reply
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.faults import PROCESSED, Action, Fault, Faults
from azure_vpn_simulator.front import Front, Turn, fixed
from azure_vpn_simulator.identity import Identity
from azure_vpn_simulator.journal import Journal
from azure_vpn_simulator.operations import Effects
from azure_vpn_simulator.wire import MAX_BODY_BYTES, Reply, Request

_HTML = (
    b"<html><head><title>Bad Gateway</title></head><body><h1>Our services aren't available right now</h1></body></html>"
)
_GARBAGE = b'{"value": [{"name": "c'


class ArmServer:
    """Answers everything on the TLS port."""

    def __init__(self, azure: Azure, identity: Identity, faults: Faults, journal: Journal) -> None:
        self._azure = azure
        self._front = Front(azure, identity)
        self._faults = faults
        self._journal = journal
        self._released = asyncio.Event()

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    def release_hanging(self) -> None:
        """Cut the connections of the requests that a fault lets hang."""
        self._released.set()
        self._released = asyncio.Event()

    async def _handle(self, incoming: web.Request) -> web.StreamResponse:
        arrived = self._azure.world.clock.wall()
        try:
            body = await incoming.read()
            turn = self._front.turn(_request(incoming, body))
        except web.HTTPRequestEntityTooLarge:
            body = b""
            turn = Turn(None, fixed(error_reply(invented.BODY_TOO_LARGE.error("The request content is too large."))))
        fault = self._faults.find(incoming.method, incoming.path, turn.who)
        reply: Reply | None = None
        with access.asking() as rights:
            try:
                reply = await self._answer(turn, fault)
            finally:
                self._journal.add(
                    time=arrived,
                    method=incoming.method,
                    path=incoming.path,
                    query=incoming.query,
                    status=reply.status if reply is not None else 0,
                    principal=turn.who,
                    rights=rights,
                    body=body,
                    form=turn.form,
                )
        if reply is None or (fault is not None and fault.spec.action is Action.DROP_AFTER_PROCESSING):
            if incoming.transport is not None:
                incoming.transport.abort()
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        return _response(reply)

    async def _answer(self, turn: Turn, fault: Fault | None) -> Reply | None:
        if fault is None:
            return turn.answer(Effects())
        action = fault.spec.action
        if action is Action.SLOW:
            fault.hits += 1
            await asyncio.sleep(fault.spec.delay_seconds)
            return turn.answer(Effects())
        if action in PROCESSED:
            reply = turn.answer(fault.effects())
            if reply.status < 400 or action is Action.DROP_AFTER_PROCESSING:
                fault.hits += 1
            return reply
        fault.hits += 1
        if action is Action.HANG:
            await self._released.wait()
        return _instead(fault)


def _request(incoming: web.Request, body: bytes) -> Request:
    headers = {name.lower(): value for name, value in incoming.headers.items()}
    return Request(incoming.method, incoming.path, dict(incoming.query), headers, body, _base_url(incoming))


def _instead(fault: Fault) -> Reply | None:
    spec = fault.spec
    headers = {} if spec.retry_after is None else {"Retry-After": str(spec.retry_after)}
    match spec.action:
        case Action.STATUS:
            status = spec.status or 500
            code = spec.code or HTTPStatus(status).phrase.replace(" ", "")
            error = ArmError(status, code, spec.message or "The request failed, as told to.", headers=headers)
            return error_reply(error)
        case Action.HTML:
            return Reply(spec.status or 502, _HTML, headers, "text/html")
        case Action.GARBAGE:
            return Reply(spec.status or 200, _GARBAGE, headers)
        case Action.EMPTY:
            return Reply(spec.status or 200, b"", headers)
        case _:
            return None


def _base_url(incoming: web.Request) -> str:
    host = incoming.headers.get("X-Forwarded-Host", incoming.host)
    scheme = incoming.headers.get("X-Forwarded-Proto", incoming.scheme)
    return f"{scheme}://{host}"


def _response(reply: Reply) -> web.Response:
    if reply.body is None:
        return web.Response(status=reply.status, headers=reply.headers)
    return web.Response(
        status=reply.status, body=reply.body, headers={**reply.headers, "Content-Type": reply.content_type}
    )
