"""The TLS side: HTTP requests become `wire.Request`s, faults strike, answers go out, and the journal is kept."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.azure import Azure, error_reply
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.faults import PROCESSED, Action, Fault, Faults
from azure_vpn_simulator.identity import Identity
from azure_vpn_simulator.journal import Journal
from azure_vpn_simulator.metadata import cloud_metadata, instance_discovery
from azure_vpn_simulator.operations import Effects
from azure_vpn_simulator.topology import Principal
from azure_vpn_simulator.wire import MAX_BODY_BYTES, Reply, Request

_HTML = (
    b"<html><head><title>Bad Gateway</title></head><body><h1>Our services aren't available right now</h1></body></html>"
)
_GARBAGE = b'{"value": [{"name": "c'


class ArmServer:
    """Answers everything on the TLS port."""

    def __init__(self, azure: Azure, identity: Identity, faults: Faults, journal: Journal) -> None:
        self._azure = azure
        self._identity = identity
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
        base_url = _base_url(incoming)
        too_large = False
        try:
            body = await incoming.read()
        except web.HTTPRequestEntityTooLarge:
            body, too_large = b"", True
        headers = {k.lower(): v for k, v in incoming.headers.items()}
        request = Request(incoming.method, incoming.path, dict(incoming.query), headers, body, base_url)
        answer, who, form = self._answerer(request, too_large=too_large)
        fault = self._faults.find(request.method, request.path, who)
        status = 0
        try:
            reply, who = await self._answer(answer, fault, who)
            status = reply.status if reply is not None else 0
        finally:
            self._journal.add(
                time=arrived,
                method=request.method,
                path=request.path,
                query=request.query,
                status=status,
                principal=who,
                body=body,
                form=form,
            )
        if reply is None or (fault is not None and fault.spec.action is Action.DROP_AFTER_PROCESSING):
            if incoming.transport is not None:
                incoming.transport.abort()
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        return _response(reply)

    async def _answer(
        self, answer: "_Answerer", fault: Fault | None, who: str | None
    ) -> tuple[Reply | None, str | None]:
        if fault is None:
            return answer(Effects(), who)
        action = fault.spec.action
        if action is Action.SLOW:
            fault.hits += 1
            await asyncio.sleep(fault.spec.delay_seconds)
            return answer(Effects(), who)
        if action in PROCESSED:
            reply, who = answer(fault.effects(), who)
            if reply.status < 400 or action is Action.DROP_AFTER_PROCESSING:
                fault.hits += 1
            return reply, who
        fault.hits += 1
        if action is Action.HANG:
            await self._released.wait()
        return _instead(fault), who

    def _answerer(self, request: Request, *, too_large: bool) -> "tuple[_Answerer, str | None, bool]":
        """Find what answers a request, who asks as far as that is known beforehand, and whether its body is a form."""
        if too_large:
            return _refuse(invented.BODY_TOO_LARGE.error("The request content is too large.")), None, False
        topology, parts = self._azure.world.topology, [p for p in request.path.split("/") if p]
        match parts:
            case [tenant, "oauth2", "v2.0", "token"] if request.method == "POST":
                who = self._identity.asking(topology, request)
                return (lambda _, known: (self._identity.token_endpoint(topology, request, tenant), known)), who, True
            case [tenant, "v2.0", ".well-known", "openid-configuration"]:
                return _fixed(self._identity.openid_configuration(topology, request.base_url, tenant)), None, False
            case [_, "discovery", "v2.0", "keys"]:
                return _fixed(self._identity.keys()), None, False
            case ["common", "discovery", "instance"]:
                return _fixed(instance_discovery(request)), None, False
            case ["metadata", "endpoints"]:
                return _fixed(cloud_metadata(topology, request)), None, False
            case ["msi", "token"]:
                return (lambda _, __: self._identity.managed_identity(topology, request)), None, False
            case _:
                return self._arm(request)

    def _arm(self, request: Request) -> "tuple[_Answerer, str | None, bool]":
        try:
            principal = self._identity.authenticate(self._azure.world.topology, request.headers, request.base_url)
        except ArmError as refusal:
            reply = error_reply(refusal)
            reply.headers = {**self._azure.common_headers(request), **reply.headers}
            return _fixed(reply), None, False
        return _calling(self._azure, request, principal), principal.name, False


_Answerer = Callable[[Effects, str | None], tuple[Reply, str | None]]


def _calling(azure: Azure, request: Request, principal: Principal) -> _Answerer:
    return lambda effects, who: (azure.handle(request, principal, effects), who)


def _fixed(reply: Reply) -> _Answerer:
    return lambda _, who: (reply, who)


def _refuse(refusal: ArmError) -> _Answerer:
    return _fixed(error_reply(refusal))


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
