"""Two cores beside each other on one fake Azure and one API server, elected by a Lease; either can stand still, die, or lose its way.

The border does what the adapters do: it asks the fence before a write, and cuts off one that takes too long. The laws are looked at
where a write arrives: nobody writes who does not lead, and nothing is written that is there already.
"""

import asyncio
from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any, Final

from typing_extensions import override

from azure_vpn_operator.app.leadership import Leadership
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import LATE_WRITE, NOT_LEADING
from azure_vpn_operator.domain.azure.live_connection import read_live_connection
from azure_vpn_operator.ports import Accepted, LeaseClaim
from azure_vpn_operator.runtime.fence import WRITE_SECONDS
from support.fakes.lease import FakeLease, StoredLease
from support.world.core import (
    AZURE_WRITES,
    CONNECTION,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    CrashError,
    site_spec,
)
from support.world.core import _Life as Life

LEASE_SECONDS: Final = 30.0
SITES: Final = 5
FENCED: Final = AZURE_WRITES | {"write_status", "write_finalizers"}


class Replica:
    """What the world does to one process, and to those that follow it in its place."""

    def __init__(self, stored: StoredLease) -> None:
        self.goes_on = asyncio.Event()
        """Cleared: it stands still."""
        self.goes_on.set()
        self.lease = FakeLease(stored)
        self.lease.before = self._go_on

    async def _go_on(self) -> None:
        await self.goes_on.wait()


class ReplicaWorld(CoreHarness):
    """See the module; `begin` starts both."""

    def __init__(self, *, seed: int = 0, **settings: Any) -> None:
        """Make gateways, sites and objects."""
        super().__init__(seed=seed, **settings)
        self.stored = StoredLease()
        self.replicas: dict[int, Replica] = {}
        """By the number of the life."""
        self.led: list[int] = []
        """The lives that have written, each once in a row."""
        self.broken: list[str] = []
        for number in range(SITES):
            self.add_gateway(f"GW{number}")
            self.add_site(f"S{number}")

    async def begin(self) -> None:
        """Both are started, and all objects are in force."""
        await self.start()
        await self.start(beside=True)
        for number in range(SITES):
            self.set_up_site(f"S{number}", f"s{number}", virtualNetworkGateway={"name": f"GW{number}"})
        await self.settle()
        self.forget_journals()

    @override
    def make_lead(self) -> Leadership:
        number = len(self.lives)
        replica = self.replicas[number] = Replica(self.stored)
        own = LeaseClaim("azure-vpn-operator", "it", frozenset())
        return Leadership(replica.lease, f"life-{number}", self.clock, duration=LEASE_SECONDS, own=own)

    def running(self) -> list[tuple[Replica, Life]]:
        """Those that are there; none of a process that has ended."""
        return [(self.replicas[number], life) for number, life in enumerate(self.lives) if not life.over]

    def leader(self) -> tuple[Replica, Life] | None:
        """Who leads now."""
        return next(((r, life) for r, life in self.running() if life.lead is not None and life.lead.leads), None)

    @override
    async def through(self, life: Life, verb: str, args: tuple[Any, ...], call: Callable[..., Awaitable[Any]]) -> Any:
        replica = self.replicas[self.lives.index(life)]
        await replica.goes_on.wait()
        if verb not in FENCED:
            return await super().through(life, verb, args, call)
        lead = life.lead
        if life.over or lead is None:
            raise CrashError
        if not lead.covers(WRITE_SECONDS):
            return NOT_LEADING
        began = self.clock.monotonic()

        async def arrive(*given: Any) -> Any:
            await replica.goes_on.wait()
            if self.clock.monotonic() - began > WRITE_SECONDS:
                return LATE_WRITE
            return await self._arrive(life, verb, given, call)

        return await super().through(life, verb, args, arrive)

    async def _arrive(self, life: Life, verb: str, args: tuple[Any, ...], call: Callable[..., Awaitable[Any]]) -> Any:
        number = self.lives.index(life)
        if life.lead is None or not life.lead.leads:
            self._say(f"life {number} writes ({verb}) and does not lead")
        others = [n for n, other in enumerate(self.lives) if other.lead and other.lead.leads and not other.over]
        if others != [number]:
            self._say(f"life {number} writes ({verb}) while {others} lead")
        if not self.led or self.led[-1] != number:
            self.led.append(number)
        before = self._values(args[0]) if verb == "put" else None
        answer = await call(*args)
        if verb == "put" and before is not None and isinstance(answer, Accepted) and before == self._values(args[0]):
            self._say(f"{args[0].name} is sent what it has")
        return answer

    def _values(self, connection: ArmId) -> tuple[object, ...] | None:
        held = self.azure.world.get(connection)
        if held is None:
            return None
        document = deepcopy(held.document)
        document["properties"]["provisioningState"] = "Succeeded"
        return read_live_connection(document).configuration

    def _say(self, text: str) -> None:
        self.broken.append(f"{self.clock.now():%H:%M:%S} {text}")

    # -- what happens

    def stand_still(self, seconds: float) -> None:
        """Whoever leads stands still for so long."""
        found = self.leader()
        if found is not None:
            found[0].goes_on.clear()
            self.spawn(self._wake(found[0], seconds))

    async def _wake(self, replica: Replica, seconds: float) -> None:
        await self.clock.sleep(seconds)
        replica.goes_on.set()

    def kill_leader(self) -> None:
        """Whoever leads dies, and is started again."""
        found = self.leader()
        if found is not None:
            found[0].goes_on.set()
            self.crash(found[1])

    def end_leader(self) -> None:
        """Whoever leads ends in order, and is started again."""
        found = self.leader()
        if found is not None and found[1].lead is not None:
            found[1].end()
            self.spawn(found[1].lead.release())
            self.spawn(self._revive())

    def steal(self) -> None:
        """Somebody writes another name into the Lease."""
        record = self.stored.record
        if record is not None:
            self.stored.store(type(record)("thief", LEASE_SECONDS, record.acquired, record.renewed, 99, record.version))

    def lose_api_server(self, seconds: float) -> None:
        """Nobody reaches the Lease for so long."""
        for replica, _ in self.running():
            replica.lease.away = True
        self.spawn(self._find_api_server(seconds))

    async def _find_api_server(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        for replica in self.replicas.values():
            replica.lease.away = False

    def end_of_trouble(self) -> None:
        """All goes on."""
        for replica in self.replicas.values():
            replica.lease.away = False
            replica.goes_on.set()

    def wrong_at_the_end(self) -> list[str]:
        """What is not as it has to be once nothing happens any more."""
        found = list(self.broken)
        leading = [life for _, life in self.running() if life.lead is not None and life.lead.leads]
        if len(leading) != 1:
            found.append(f"{len(leading)} lead at the end")
        for number in range(SITES):
            name = f"s{number}"
            if self.ready(name) != ("True", "UpToDate"):
                found.append(f"{name} is left behind: {self.ready(name)}, {self.message(name)}")
            spec = self.cluster.documents[CONNECTION, "network", name]["spec"]
            held = self.held(f"VNet1toS{number}")
            if held.get("routingWeight", 0) != spec.get("routingWeight", 0):
                found.append(f"{name} has another weight in Azure")
        return found

    def edit_policy(self, seconds: int) -> None:
        """Another lifetime for all."""
        self.apply(POLICY, "site6", {**POLICY_SPEC, "saLifeTimeSeconds": seconds})

    def edit_site(self, number: int, weight: int) -> None:
        """Another weight for one."""
        spec = site_spec(f"S{number}", virtualNetworkGateway={"name": f"GW{number}"}, routingWeight=weight)
        self.apply(CONNECTION, f"s{number}", spec)
