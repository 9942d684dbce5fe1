"""The quota of requests, shared by all passes: buckets per subscription and identity that follow what Azure's headers tell.

A request that would have to wait for a moment waits; one that would have to wait longer is refused like Azure refuses it.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from typing_extensions import override

from azure_vpn_operator.domain.access import Identity
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, Read, SharedKey, Unreadable
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, LocalGatewayFacts
from azure_vpn_operator.ports import (
    Accepted,
    BgpAnswer,
    ConnectionsPort,
    GatewayLogsPort,
    GatewaysPort,
    GatewayUse,
    IkeSasAnswer,
    OperationState,
)
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.token_bucket import TokenBuckets

LONGEST_WAIT_SECONDS: Final = 5.0

current_priority: ContextVar[Priority] = ContextVar("current_priority", default=Priority.RESYNC)
"""The priority of the pass that is running: edits do not queue behind resyncs."""


@dataclass(frozen=True, slots=True)
class Quota:
    """One of Azure's buckets: `kind` is reads, writes or deletes."""

    subscription: str
    kind: str
    identity: Identity | None = None
    """Whose bucket; None: the operator's own."""


LOGS: Final = Quota("", "logs")
"""One bucket for all queries of Log Analytics, whoever sends them."""
LOG_QUERIES_AT_ONCE: Final = 6
LOG_QUERIES_PER_MINUTE: Final = 6


class RequestBudget:
    """Takes tokens before requests."""

    def __init__(self, buckets: TokenBuckets[Quota], clock: Clock, identity: Identity | None = None) -> None:
        """Take the buckets, and as whom the requests are sent."""
        self._buckets = buckets
        self._identity = identity
        self._clock = clock

    async def take(self, subscription: str, kind: str) -> Fault | None:
        """Take one token; a fault if that would take too long."""
        bucket = self._buckets.get(Quota(subscription.lower(), kind, self._identity))
        if bucket.blocked_for > LONGEST_WAIT_SECONDS:
            return _exhausted(kind, bucket.blocked_for)
        wait = bucket.try_take(priority=current_priority.get())
        waited = 0.0
        while wait > 0:
            if waited + wait > LONGEST_WAIT_SECONDS:
                return _exhausted(kind, wait)
            await self._clock.sleep(wait)
            waited += wait
            wait = bucket.try_take(priority=current_priority.get())
        return None


class BudgetedConnections(ConnectionsPort):
    """Connections behind the budget."""

    def __init__(self, inner: ConnectionsPort, budget: RequestBudget) -> None:
        self._inner = inner
        self._budget = budget

    @override
    async def get(self, connection: ArmId) -> Read[LiveConnection]:
        """As promised by the port."""
        fault = await self._budget.take(connection.subscription, "reads")
        return Unreadable(fault) if fault is not None else await self._inner.get(connection)

    @override
    async def list_group(self, subscription: str, resource_group: str) -> Read[Sequence[LiveConnection]]:
        """As promised by the port."""
        fault = await self._budget.take(subscription, "reads")
        return Unreadable(fault) if fault is not None else await self._inner.list_group(subscription, resource_group)

    @override
    async def list_of_gateway(self, gateway: ArmId) -> Read[Sequence[GatewayUse]]:
        """As promised by the port."""
        fault = await self._budget.take(gateway.subscription, "reads")
        return Unreadable(fault) if fault is not None else await self._inner.list_of_gateway(gateway)

    @override
    async def put(self, connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
        """As promised by the port."""
        return await self._budget.take(connection.subscription, "writes") or await self._inner.put(connection, body)

    @override
    async def patch_tags(self, connection: ArmId, tags: Mapping[str, str]) -> Accepted | Fault:
        """As promised by the port."""
        return await self._budget.take(connection.subscription, "writes") or await self._inner.patch_tags(
            connection, tags
        )

    @override
    async def delete(self, connection: ArmId) -> Accepted | Fault:
        """As promised by the port."""
        return await self._budget.take(connection.subscription, "deletes") or await self._inner.delete(connection)

    @override
    async def get_shared_key(self, connection: ArmId) -> Read[SharedKey]:
        """As promised by the port."""
        fault = await self._budget.take(connection.subscription, "reads")
        return Unreadable(fault) if fault is not None else await self._inner.get_shared_key(connection)

    @override
    async def put_shared_key(self, connection: ArmId, key: SharedKey) -> Accepted | Fault:
        """As promised by the port."""
        return await self._budget.take(connection.subscription, "writes") or await self._inner.put_shared_key(
            connection, key
        )

    @override
    async def reset(self, connection: ArmId) -> Accepted | Fault:
        """As promised by the port; Azure counts a POST as a write."""
        return await self._budget.take(connection.subscription, "writes") or await self._inner.reset(connection)

    @override
    async def poll(self, operation_url: str, subscription: str) -> OperationState | Fault:
        """As promised by the port."""
        return await self._budget.take(subscription, "reads") or await self._inner.poll(operation_url, subscription)

    @override
    async def get_ike_sas(self, connection: ArmId) -> IkeSasAnswer:
        """As promised by the port; Azure counts a POST as a write."""
        return await self._budget.take(connection.subscription, "writes") or await self._inner.get_ike_sas(connection)

    @override
    async def look_at_ike_sas(self, connection: ArmId, url: str) -> IkeSasAnswer:
        """As promised by the port."""
        return await self._budget.take(connection.subscription, "reads") or await self._inner.look_at_ike_sas(
            connection, url
        )


class BudgetedGateways(GatewaysPort):
    """Gateways behind the budget."""

    def __init__(self, inner: GatewaysPort, budget: RequestBudget) -> None:
        self._inner = inner
        self._budget = budget

    @override
    async def get_gateway(self, gateway: ArmId) -> Read[GatewayFacts]:
        """As promised by the port."""
        fault = await self._budget.take(gateway.subscription, "reads")
        return Unreadable(fault) if fault is not None else await self._inner.get_gateway(gateway)

    @override
    async def get_local_gateway(self, local_gateway: ArmId) -> Read[LocalGatewayFacts]:
        """As promised by the port."""
        fault = await self._budget.take(local_gateway.subscription, "reads")
        return Unreadable(fault) if fault is not None else await self._inner.get_local_gateway(local_gateway)

    @override
    async def get_address_space(self, network: ArmId) -> Read[tuple[str, ...]]:
        """As promised by the port."""
        fault = await self._budget.take(network.subscription, "reads")
        return Unreadable(fault) if fault is not None else await self._inner.get_address_space(network)

    @override
    async def list_gateways(self, subscription: str, resource_group: str) -> Read[Sequence[GatewayFacts]]:
        """As promised by the port."""
        fault = await self._budget.take(subscription, "reads")
        return Unreadable(fault) if fault is not None else await self._inner.list_gateways(subscription, resource_group)

    @override
    async def list_local_gateways(self, subscription: str, resource_group: str) -> Read[Sequence[LocalGatewayFacts]]:
        """As promised by the port."""
        fault = await self._budget.take(subscription, "reads")
        if fault is not None:
            return Unreadable(fault)
        return await self._inner.list_local_gateways(subscription, resource_group)

    @override
    async def ask_bgp_sessions(self, gateway: ArmId) -> BgpAnswer:
        """As promised by the port; Azure counts a POST as a write."""
        return await self._budget.take(gateway.subscription, "writes") or await self._inner.ask_bgp_sessions(gateway)

    @override
    async def look_at_bgp_sessions(self, gateway: ArmId, url: str) -> BgpAnswer:
        """As promised by the port."""
        return await self._budget.take(gateway.subscription, "reads") or await self._inner.look_at_bgp_sessions(
            gateway, url
        )


class LogAllowance:
    """The few queries of Log Analytics that all passes share, whoever sends them. Nobody waits for one."""

    def __init__(self, buckets: TokenBuckets[Quota]) -> None:
        self._buckets = buckets
        self._under_way = 0

    def begin(self) -> Fault | None:
        """Set one aside; a fault if none is left now. `end` has to follow."""
        bucket = self._buckets.get(LOGS)
        if bucket.remaining - self._under_way < 1:
            return _exhausted(LOGS.kind, max(bucket.blocked_for, 1 / bucket.refill_per_second))
        self._under_way += 1
        return None

    def end(self, *, sent: bool) -> None:
        """Use up the one that was set aside, or leave it to somebody else."""
        self._under_way -= 1
        if sent:
            self._buckets.get(LOGS).try_take()


class BudgetedGatewayLogs(GatewayLogsPort):
    """Gateways' logs behind the budget: few queries in all, and a read of the resource manager for where to ask."""

    def __init__(self, inner: GatewayLogsPort, budget: RequestBudget, allowance: LogAllowance) -> None:
        self._inner = inner
        self._budget = budget
        self._allowance = allowance

    @override
    async def newest(
        self, gateway: ArmId, remote_addresses: Sequence[str], since: datetime
    ) -> Read[Sequence[GatewayLogLine]]:
        """As promised by the port. A gateway without a workspace costs no query."""
        fault = self._allowance.begin()
        if fault is not None:
            return Unreadable(fault)
        sent = False
        try:
            fault = await self._budget.take(gateway.subscription, "reads")
            if fault is not None:
                return Unreadable(fault)
            sent = True
            answer = await self._inner.newest(gateway, remote_addresses, since)
            sent = not isinstance(answer, Absent)
            return answer
        finally:
            self._allowance.end(sent=sent)


def is_over_budget(fault: Fault) -> bool:
    """Whether nothing was sent, because the budget is used up."""
    return fault.code == _OVER_BUDGET


_OVER_BUDGET: Final = "RequestBudget"


def _exhausted(kind: str, wait: float) -> Fault:
    return Fault(FaultKind.THROTTLED, _OVER_BUDGET, f"the quota of {kind} of the subscription is used up", wait)
