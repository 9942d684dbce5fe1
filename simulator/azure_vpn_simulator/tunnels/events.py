"""What happens to tunnels when it is asked for: failovers of gateways, outages of sites, drops of single tunnels."""

from enum import StrEnum
from functools import partial
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from azure_vpn_simulator.gateway_rules import instance_count
from azure_vpn_simulator.resource_ids import ResourceId
from azure_vpn_simulator.resources import CONNECTIONS, GATEWAYS, LOCAL_GATEWAYS, Resource
from azure_vpn_simulator.spans import LONGEST_SECONDS, Seconds, Span
from azure_vpn_simulator.tunnels.history import Cause
from azure_vpn_simulator.world import World


class Event(StrEnum):
    """What happens."""

    FAILOVER = "failover"
    OUTAGE = "outage"
    DROP = "drop"


_TYPES = {Event.FAILOVER: GATEWAYS, Event.OUTAGE: LOCAL_GATEWAYS, Event.DROP: CONNECTIONS}


class EventSpec(BaseModel):
    """An event as the control API takes it: at `resource`, `inSeconds` from now, `count` times, `everySeconds`.

    All seconds are simulated. Without `forSeconds` a failover takes what the options say.
    """

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    event: Event
    resource: str
    planned: bool | None = None
    instance: Literal[0, 1] | None = None
    tunnel: Literal[0, 1] | None = None
    in_seconds: float = Field(default=0, ge=0, le=LONGEST_SECONDS)
    for_seconds: Seconds | None = None
    every_seconds: float | None = Field(default=None, ge=1, le=LONGEST_SECONDS)
    count: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        failover = self.event is Event.FAILOVER
        if not failover and (self.planned is not None or self.instance is not None):
            raise ValueError(f"planned and instance belong to a failover; event {self.event} may name a tunnel")
        if failover and self.tunnel is not None:
            raise ValueError("a failover takes down the tunnels of an instance: name the instance, not a tunnel")
        if not failover and self.for_seconds is None:
            raise ValueError(f"event {self.event} needs forSeconds")
        if self.count > 1 and self.every_seconds is None:
            raise ValueError("a count above 1 needs everySeconds")
        return self


class _Scheduled:
    """An event with what has come of it; `number` is its id."""

    def __init__(self, number: int, spec: EventSpec, first: float) -> None:
        self.number = number
        self.spec = spec
        self.happened: list[float] = []
        self.next: float | None = first
        self.going_on = 0


class TunnelEvents:
    """Schedules events on the timeline."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events: list[_Scheduled] = []
        self._numbers = 0

    def add(self, spec: EventSpec) -> dict[str, Any]:
        """Schedule an event and return it as it is shown. ValueError if there is no such resource, or no such instance."""
        self._world.timeline.advance()
        wanted, id_ = _TYPES[spec.event], ResourceId.parse(spec.resource)
        if id_ is None or id_.type.lower() != wanted.lower():
            raise ValueError(f"resource: event {spec.event} needs the id of one of {wanted}")
        found = self._world.store.get(id_)
        if found is None:
            raise ValueError(f"resource: {spec.resource} is not there")
        if spec.instance is not None and spec.instance >= instance_count(found):
            raise ValueError("instance: the gateway is not active-active, it has instance 0 only")
        self._numbers += 1
        first = self._world.timeline.now + spec.in_seconds
        event = _Scheduled(self._numbers, spec, first)
        self._events.append(event)
        self._world.timeline.at(first, partial(self._happen, event))
        self._world.timeline.advance()
        return self._described(event)

    def shown(self) -> list[dict[str, Any]]:
        """Return all events, those that are over included."""
        self._world.timeline.advance()
        return [self._described(event) for event in self._events]

    def clear(self) -> None:
        """Forget every event: those to come do not happen, outages that go on end."""
        self._world.timeline.advance()
        events, self._events = self._events, []
        for event in events:
            event.next = None
            while event.going_on:
                self._end_outage(event)

    def _happen(self, event: _Scheduled) -> None:
        if event.next is None:
            return
        spec, timeline = event.spec, self._world.timeline
        event.happened.append(timeline.now)
        found = self._world.store.find(spec.resource)
        if found is not None:
            self._strike(event, found)
        again = spec.every_seconds if len(event.happened) < spec.count else None
        event.next = None if again is None else timeline.now + again
        if again is not None:
            timeline.after(again, partial(self._happen, event))

    def _strike(self, event: _Scheduled, found: Resource) -> None:
        spec, tunnels = event.spec, self._world.tunnels
        durations = self._world.options.durations
        failover = durations.unplanned_failover if spec.planned is False else durations.planned_failover
        seconds, occasion = spec.for_seconds or failover, (event.number, len(event.happened))
        match spec.event:
            case Event.FAILOVER:
                instance = (spec.instance or 0) if instance_count(found) > 1 else None
                tunnels.fail_over(found.id.key, instance, seconds, *occasion)
            case Event.OUTAGE:
                tunnels.outage(found.id.key, spec.tunnel, begins=True)
                event.going_on += 1
                self._world.timeline.after(self._pick(seconds, event), partial(self._end_outage, event))
            case Event.DROP:
                connection = self._world.store.connection(found.id)
                indices = None if spec.tunnel is None else [spec.tunnel]
                if connection is not None:
                    tunnels.negotiate(connection, Cause.DROP, indices=indices, away=self._pick(seconds, event))

    def _pick(self, seconds: Span, event: _Scheduled) -> float:
        return self._world.draws.pick(seconds, "event", event.number, len(event.happened))

    def _end_outage(self, event: _Scheduled) -> None:
        id_ = ResourceId.parse(event.spec.resource)
        if event.going_on and id_ is not None:
            event.going_on -= 1
            self._world.tunnels.outage(id_.key, event.spec.tunnel, begins=False)

    def _described(self, event: _Scheduled) -> dict[str, Any]:
        return {
            "id": event.number,
            "happened": [self._moment(seconds) for seconds in event.happened],
            "next": None if event.next is None else self._moment(event.next),
            **event.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        }

    def _moment(self, seconds: float) -> dict[str, Any]:
        return {"seconds": seconds, "utc": self._world.clock.utc(seconds).isoformat()}
