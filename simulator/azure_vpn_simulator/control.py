"""The control API, plain HTTP on loopback: the journal, the topology, faults, events, the tunnels' history and the clock."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from azure_vpn_simulator.faults import FaultSpec
from azure_vpn_simulator.simulator import Simulator
from azure_vpn_simulator.topology import TopologyError
from azure_vpn_simulator.tunnels.events import EventSpec
from azure_vpn_simulator.tunnels.history import Cause, History

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Serves the control API of one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[_mistakes])
        app.router.add_get("/journal", self._journal)
        app.router.add_delete("/journal", self._forget)
        app.router.add_get("/topology", self._topology)
        app.router.add_put("/topology", self._change)
        app.router.add_get("/faults", self._faults)
        app.router.add_post("/faults", self._add_fault)
        app.router.add_delete("/faults", self._clear_faults)
        app.router.add_get("/events", self._events)
        app.router.add_post("/events", self._add_event)
        app.router.add_delete("/events", self._clear_events)
        app.router.add_get("/tunnels", self._tunnels)
        app.router.add_delete("/tunnels", self._forget_tunnels)
        app.router.add_get("/outages", self._outages)
        app.router.add_get("/clock", self._time)
        app.router.add_post("/clock", self._set_clock)
        return app

    async def _journal(self, request: web.Request) -> web.Response:
        return web.Response(body=self._simulator.journal.since_json(_since(request)), content_type="application/json")

    async def _forget(self, _: web.Request) -> web.Response:
        self._simulator.journal.clear()
        return web.Response(status=204)

    async def _topology(self, _: web.Request) -> web.Response:
        return web.json_response(self._simulator.azure.installation.shown())

    async def _change(self, request: web.Request) -> web.Response:
        self._simulator.azure.installation.update(await _object(request))
        return web.json_response(self._simulator.azure.installation.shown())

    async def _faults(self, _: web.Request) -> web.Response:
        return web.json_response({"faults": self._simulator.faults.shown()})

    async def _add_fault(self, request: web.Request) -> web.Response:
        fault = self._simulator.faults.add(FaultSpec.model_validate(await _object(request)))
        return web.json_response(fault.shown(), status=201)

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._simulator.clear_faults()
        return web.Response(status=204)

    async def _events(self, _: web.Request) -> web.Response:
        return web.json_response({"events": self._simulator.azure.events.shown()})

    async def _add_event(self, request: web.Request) -> web.Response:
        event = self._simulator.azure.events.add(EventSpec.model_validate(await _object(request)))
        return web.json_response(event, status=201)

    async def _clear_events(self, _: web.Request) -> web.Response:
        self._simulator.azure.events.clear()
        return web.Response(status=204)

    async def _tunnels(self, request: web.Request) -> web.Response:
        return web.json_response(self._history().since(_since(request), request.query.get("connection")))

    async def _forget_tunnels(self, _: web.Request) -> web.Response:
        self._history().clear()
        return web.Response(status=204)

    async def _outages(self, request: web.Request) -> web.Response:
        causes = [_cause(text) for text in request.query.getall("cause", [])]
        return web.json_response(self._history().outages(_since(request), causes))

    def _history(self) -> History:
        world = self._simulator.azure.world
        world.timeline.advance()
        return world.history

    async def _time(self, _: web.Request) -> web.Response:
        return web.json_response(self._clock())

    async def _set_clock(self, request: web.Request) -> web.Response:
        wanted = await _object(request)
        if not wanted or set(wanted) - {"scale", "step"} or any(not _number(v) for v in wanted.values()):
            raise ValueError("give scale, step, or both, as numbers")
        clock, timeline = self._simulator.azure.world.clock, self._simulator.azure.world.timeline
        timeline.advance()  # what was due before has its real time by the old speed
        if "scale" in wanted:
            clock.set_scale(float(wanted["scale"]))
        if "step" in wanted:
            clock.step(float(wanted["step"]))
        timeline.advance()
        return web.json_response(self._clock())

    def _clock(self) -> dict[str, Any]:
        clock = self._simulator.azure.world.clock
        now = clock.seconds()
        return {"scale": clock.scale, "seconds": now, "utc": clock.utc(now).isoformat()}


def _since(request: web.Request) -> int:
    since = request.query.get("since", "0")
    if not (since.isascii() and since.isdigit()):
        raise ValueError("since must be a number")
    return int(since)


def _cause(text: str) -> Cause:
    if text not in set(Cause):
        raise ValueError(f"cause must be one of {', '.join(Cause)}")
    return Cause(text)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        document = json.loads(await request.read())
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    return document


@web.middleware
async def _mistakes(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ValidationError as mistakes:
        lines = [f"{'.'.join(map(str, m['loc']))}: {m['msg']}" for m in mistakes.errors(include_input=False)]
        return web.json_response({"error": "; ".join(lines)}, status=400)
    except (TopologyError, ValueError) as mistake:
        return web.json_response({"error": str(mistake)}, status=400)
