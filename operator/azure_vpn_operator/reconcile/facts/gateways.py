"""Gateways and local gateways as last read, for some minutes, since a thousand connections share a few of them.

A group's gateways are read by one list; a GET asks for what the list does not show, and for what has to be read again soon.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.live_connection import TERMINAL_STATES
from azure_vpn_operator.domain.azure.lookups import Present, Read
from azure_vpn_operator.domain.pairs.foreign_half import ListedHalf
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, LocalGatewayFacts
from azure_vpn_operator.ports import ConnectionsPort, GatewaysPort, GatewayUse
from azure_vpn_operator.reconcile.facts.group_lists import GroupLists
from azure_vpn_operator.runtime.clock import Clock

KEEP_SECONDS: Final = 600.0
KEEP_CROSSING_SECONDS: Final = 240.0
"""Less than the time between two looks at a connection in peace, so that each such look sees the other half anew."""
KEEP_UNSETTLED_SECONDS: Final = 5.0
"""What is absent, unreadable or being changed is asked for again soon."""

T = TypeVar("T")


class _Cache(Generic[T]):
    def __init__(self, clock: Clock, keep: Callable[[Read[T]], float]) -> None:
        self._clock = clock
        self._keep = keep
        self._entries: dict[str, tuple[float, Read[T]]] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, key: str, read: Callable[[], Awaitable[Read[T]]]) -> Read[T]:
        """The value, from the cache or read now; who asks while it is being read gets the same answer."""
        async with self._reading[key]:
            found = self._entries.get(key)
            if found is not None and found[0] > self._clock.monotonic():
                return found[1]
            value = await read()
            self._entries[key] = (self._clock.monotonic() + self._keep(value), value)
            return value

    def forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._entries.pop(key, None)


class GatewayDirectory:
    """Reads of gateways through a small cache, filled from lists."""

    def __init__(self, gateways: GatewaysPort, clock: Clock) -> None:
        self._gateways = gateways
        self._facts: _Cache[GatewayFacts] = _Cache(clock, _keep_facts)
        self._local: _Cache[LocalGatewayFacts] = _Cache(clock, _keep)
        self._spaces: _Cache[tuple[str, ...]] = _Cache(clock, lambda _: KEEP_SECONDS)
        self._listed: GroupLists[GatewayFacts] = GroupLists(gateways.list_gateways, clock, KEEP_SECONDS)
        self._listed_local: GroupLists[LocalGatewayFacts] = GroupLists(
            gateways.list_local_gateways, clock, KEEP_SECONDS
        )

    async def gateway(self, gateway: ArmId) -> Read[GatewayFacts]:
        """A virtual network gateway, at most ten minutes old."""
        return await self._facts.get(gateway.key, lambda: self._read_gateway(gateway))

    async def local_gateway(self, local_gateway: ArmId) -> Read[LocalGatewayFacts]:
        """A local network gateway, at most ten minutes old."""
        return await self._local.get(local_gateway.key, lambda: self._read_local_gateway(local_gateway))

    async def address_space(self, network: ArmId) -> Read[tuple[str, ...]]:
        """The prefixes of a virtual network, or why they cannot be read, at most ten minutes old: nothing waits for them."""
        return await self._spaces.get(network.key, lambda: self._gateways.get_address_space(network))

    def forget(self, gateways: Iterable[str]) -> None:
        """Read these gateways, of either kind, anew when they are asked for."""
        keys = tuple(gateways)
        self._facts.forget(keys)
        self._local.forget(keys)
        self._listed.drop(keys)
        self._listed_local.drop(keys)

    async def _read_gateway(self, gateway: ArmId) -> Read[GatewayFacts]:
        listed = await self._listed.pick(gateway)
        return Present(listed) if listed is not None else await self._gateways.get_gateway(gateway)

    async def _read_local_gateway(self, local_gateway: ArmId) -> Read[LocalGatewayFacts]:
        listed = await self._listed_local.pick(local_gateway)
        return Present(listed) if listed is not None else await self._gateways.get_local_gateway(local_gateway)


class CrossingDirectory:
    """Which connections lead from a gateway to another one, through a small cache. For halves that are not ours."""

    def __init__(self, connections: ConnectionsPort, clock: Clock) -> None:
        self._connections = connections
        self._lists: _Cache[Sequence[GatewayUse]] = _Cache(clock, lambda _: KEEP_CROSSING_SECONDS)

    async def between(self, gateway: ArmId, peer: ArmId) -> Read[Sequence[ListedHalf]]:
        """The connections from `gateway` to `peer`, as they were at most four minutes ago."""
        found = await self._lists.get(gateway.key, lambda: self._connections.list_of_gateway(gateway))
        if not isinstance(found, Present):
            return found
        halves = (use.half for use in found.value if use.half is not None)
        return Present(tuple(half for half in halves if (half.gateway, half.peer_gateway) == (gateway.key, peer.key)))

    def forget(self, gateways: Iterable[str]) -> None:
        """Read these gateways' lists anew when they are asked for."""
        self._lists.forget(gateways)


def _keep(value: Read[LocalGatewayFacts]) -> float:
    return KEEP_SECONDS if isinstance(value, Present) else KEEP_UNSETTLED_SECONDS


def _keep_facts(value: Read[GatewayFacts]) -> float:
    settled = isinstance(value, Present) and value.value.provisioning_state in TERMINAL_STATES
    return KEEP_SECONDS if settled else KEEP_UNSETTLED_SECONDS
