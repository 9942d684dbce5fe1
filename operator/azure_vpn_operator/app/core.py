"""The reconciling part, built behind its ports: the list of what it consists of, and of who is told what."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azure_vpn_operator.app.loops import DriftFinder, SecretFinder, Sweeper, Worker
from azure_vpn_operator.app.settings import (
    Environment,
    Settings,
    installation_of,
)
from azure_vpn_operator.domain.access import EVERYTHING, AccessRules, Identity
from azure_vpn_operator.domain.passes.snapshot import Cadence
from azure_vpn_operator.ports import (
    ConnectionsPort,
    DigestKeysPort,
    EventsPort,
    GatewayLogsPort,
    GatewaysPort,
    ObjectsPort,
    SecretsPort,
)
from azure_vpn_operator.reconcile.connections import ConnectionReconciler
from azure_vpn_operator.reconcile.disruptions import Disruptions
from azure_vpn_operator.reconcile.facts.bgp_sessions import BgpSessions
from azure_vpn_operator.reconcile.facts.gateway_logs import GatewayLogs
from azure_vpn_operator.reconcile.facts.gateways import CrossingDirectory, GatewayDirectory
from azure_vpn_operator.reconcile.facts.gather import Gatherer
from azure_vpn_operator.reconcile.facts.group_lists import GroupLists
from azure_vpn_operator.reconcile.facts.groups import GroupWatch
from azure_vpn_operator.reconcile.facts.ike_sas import IkeSas
from azure_vpn_operator.reconcile.facts.keys import KeyReader
from azure_vpn_operator.reconcile.memory import Memories
from azure_vpn_operator.reconcile.operation_times import OperationTimes
from azure_vpn_operator.reconcile.operations import Operations
from azure_vpn_operator.reconcile.policies import PolicyReconciler
from azure_vpn_operator.reconcile.reading import CONNECTION, Reader, Store
from azure_vpn_operator.reconcile.records import record_readers
from azure_vpn_operator.reconcile.request_budget import (
    LOG_QUERIES_AT_ONCE,
    LOG_QUERIES_PER_MINUTE,
    LOGS,
    BudgetedConnections,
    BudgetedGatewayLogs,
    BudgetedGateways,
    LogAllowance,
    Quota,
    RequestBudget,
)
from azure_vpn_operator.reconcile.rollouts import Rollouts
from azure_vpn_operator.reconcile.sending import Sender
from azure_vpn_operator.reconcile.tenancy import AzurePorts, Tenancy
from azure_vpn_operator.reconcile.timed_reads import TimedReads
from azure_vpn_operator.reconcile.trials import Trials
from azure_vpn_operator.reconcile.triggers import Look, looks_after
from azure_vpn_operator.reconcile.turns import Turns
from azure_vpn_operator.reconcile.writes.azure_writer import Writer
from azure_vpn_operator.reconcile.writes.gateway_line import GatewayLine
from azure_vpn_operator.reconcile.writes.object_writer import ObjectWriter
from azure_vpn_operator.runtime.backoff import Backoff
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.line import Line
from azure_vpn_operator.runtime.object_store import ObjectStore
from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.token_bucket import TokenBucket, TokenBuckets
from azure_vpn_operator.runtime.work_queue import WorkQueue
from azure_vpn_operator.telemetry.metrics import Metrics

KEEP_LISTED_SECONDS = 60.0
"""What a list shows of a connection may be so old when it is compared for the first time."""
QUEUE = "azure-vpn-operator"
BUCKETS: Mapping[str, tuple[int, float]] = {
    "reads": (250, 25.0),
    "writes": (200, 10.0),
    "deletes": (200, 10.0),
    LOGS.kind: (LOG_QUERIES_AT_ONCE, LOG_QUERIES_PER_MINUTE / 60),
}
"""Azure's published limits per principal and subscription; what its headers tell replaces them. That of logs is our own."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the core needs from outside."""

    connections: ConnectionsPort
    """As the operator itself, like `gateways`."""
    gateways: GatewaysPort
    objects: ObjectsPort
    secrets: SecretsPort
    digest_keys: DigestKeysPort
    events: EventsPort
    as_identity: Callable[[Identity], tuple[ConnectionsPort, GatewaysPort, GatewayLogsPort | None]] | None = None
    """What is Azure's, as an identity of the access rules; needed only if those name one."""
    gateway_logs: GatewayLogsPort | None = None
    """As the operator itself; None: no logs are read."""


async def at_once() -> None:
    """What a core has to wait for that is alone."""


class Core:
    """The reconciling part behind the ports: store, queue, passes. Knows neither kopf nor HTTP."""

    def __init__(
        self,
        settings: Settings,
        environment: Environment,
        ports: Ports,
        clock: Clock,
        metrics: Metrics,
        rules: AccessRules = EVERYTHING,
        until_leading: Callable[[], Awaitable[None]] = at_once,
    ) -> None:
        """Take what the passes have to wait for, too, if there are other replicas."""
        installation = installation_of(settings, environment)
        self.clock = clock
        self.store: Store = ObjectStore(record_readers(installation))
        self.reader = Reader(self.store, installation)
        observer = metrics.controller.queue(QUEUE)
        self.queue: WorkQueue[ObjectKey] = WorkQueue(clock, observer=observer, group_of=lambda key: key.namespace)
        observer.watch(self.queue)
        self.buckets: TokenBuckets[Quota] = TokenBuckets(lambda quota: TokenBucket(*BUCKETS[quota.kind], clock))
        self._log_allowance = LogAllowance(self.buckets)
        self._ports = ports
        self.tenancy = Tenancy(rules, self._connect)
        self.timed_reads = TimedReads(
            buckets=self.buckets,
            identity_of=self.tenancy.identity_of,
            clock=clock,
            cadence=Cadence(steady=settings.status_interval, recent=settings.recent_interval),
            enqueue=self.enqueue_resync,
        )
        self.operations = Operations(self.tenancy.connections_for, clock, OperationTimes())
        self.memories = Memories()
        self.line = GatewayLine(
            self.tenancy.connections_for, Line(clock, self._on_turn, group_of=lambda key: key.namespace)
        )
        self.rollouts = Rollouts(installation, self.reader, self.memories)
        gatherer = Gatherer(
            installation=installation,
            store=self.store,
            reader=self.reader,
            tenancy=self.tenancy,
            keys=KeyReader(
                store=self.store,
                reader=self.reader,
                connections_for=self.tenancy.connections_for,
                secrets=ports.secrets,
                digest_keys=ports.digest_keys,
                clock=clock,
                kept=timedelta(seconds=settings.recent_interval),
            ),
            rollouts=self.rollouts,
            operations=self.operations,
            clock=clock,
            cadence=self.timed_reads.cadence_for,
        )
        objects = ObjectWriter(self.store, self.reader, ports.objects, self.enqueue_looks)
        self.disruptions = Disruptions(self.store, self.reader, clock, settings.max_disruptions, self.enqueue_looks)
        turns = Turns(
            installation=installation,
            reader=self.reader,
            gatherer=gatherer,
            operations=self.operations,
            line=self.line,
            disruptions=self.disruptions,
            objects=objects,
            memories=self.memories,
            clock=clock,
            steady_seconds=settings.status_interval,
        )
        writer = Writer(self.tenancy, self.line, self.operations, clock)
        self.connections = ConnectionReconciler(
            store=self.store,
            reader=self.reader,
            gatherer=gatherer,
            turns=turns,
            trials=Trials(self.reader, self.memories, self.enqueue_looks),
            disruptions=self.disruptions,
            sender=Sender(
                store=self.store,
                reader=self.reader,
                gatherer=gatherer,
                turns=turns,
                disruptions=self.disruptions,
                writer=writer,
                objects=objects,
            ),
            writer=writer,
            objects=objects,
            events=ports.events,
            memories=self.memories,
            clock=clock,
            enqueue=self.enqueue_looks,
            on_drift=metrics.azure.drift_detected,
            on_verdict=metrics.azure.change_judged,
        )
        self.policies = PolicyReconciler(
            store=self.store,
            reader=self.reader,
            objects=ports.objects,
            events=ports.events,
            rollouts=self.rollouts,
            clock=clock,
            enqueue=self.enqueue_looks,
        )
        self.sweeper = Sweeper(
            store=self.store,
            reader=self.reader,
            objects=ports.objects,
            clock=clock,
            interval=settings.sweep_interval,
            enqueue=self.enqueue_looks,
        )
        groups = GroupWatch(
            store=self.store,
            reader=self.reader,
            tenancy=self.tenancy,
            operations=self.operations,
            memory_of=self.memories.of,
            enqueue=self.enqueue_drift,
        )
        self.drift_finder = DriftFinder(groups, clock, settings.drift_interval)
        backoff: Backoff[ObjectKey] = Backoff(base=2.0, maximum=300.0)
        self.secret_finder = (
            SecretFinder(ports.secrets, self.reader, clock, settings.secrets_interval, self.enqueue_looks)
            if settings.watch_secrets
            else None
        )
        self.workers = [
            Worker(
                self.queue,
                self.connections,
                self.policies,
                metrics.controller,
                clock,
                backoff,
                self.timed_reads,
                until_leading,
            )
            for _ in range(settings.workers)
        ]

    def seen(self, kind: str, document: Mapping[str, Any], gone: bool) -> None:  # noqa: FBT001 (one of three facts)
        """Take an event of a watch."""
        if gone:
            metadata = document["metadata"]
            key = ObjectKey(kind, metadata["namespace"], metadata["name"])
            change = self.store.remove(key, metadata["uid"], resource_version=metadata.get("resourceVersion"))
        else:
            change = self.store.put(kind, document)
        self.enqueue_looks(looks_after(change, self.reader))

    def enqueue_looks(self, looks: Iterable[Look]) -> None:
        """Have objects looked at when and as urgently as is said."""
        for look in looks:
            self.queue.add(look.key, priority=look.priority, after=look.after)

    def enqueue_resync(self, keys: Iterable[ObjectKey]) -> None:
        """Have these looked at when nothing else is waiting."""
        for key in keys:
            self.queue.add(key, priority=Priority.RESYNC)

    def enqueue_drift(self, keys: Iterable[ObjectKey]) -> None:
        """Have these looked at, since Azure shows something else than before."""
        for key in keys:
            self.queue.add(key, priority=Priority.DRIFT)

    def apply_rules(self, rules: AccessRules) -> None:
        """Let these access rules hold from now on, and look at everything in their light."""
        self.tenancy.replace(rules)
        self.enqueue_looks(Look(key, Priority.ROLLOUT) for key in self.store.keys(CONNECTION))

    async def fill(self, after_page: Callable[[], None] = lambda: None) -> None:
        """Fill the store and have everything looked at once; `after_page` is called whenever a part of it is there."""
        await self.sweeper.fill(after_page)

    def _on_turn(self, key: ObjectKey, priority: Priority, after: float) -> None:
        """Who has a gateway is looked at before others: it stands idle until then."""
        self.queue.add(key, priority=min(priority, Priority.EDIT), after=after)

    def _connect(self, identity: Identity | None) -> AzurePorts:
        """Azure as one identity sees it, with a budget and memories of its own."""
        connections, gateways, logs = self._ports.connections, self._ports.gateways, self._ports.gateway_logs
        if identity is not None:
            if self._ports.as_identity is None:
                raise ValueError("the access rules name identities, and there is no way to use them")
            connections, gateways, logs = self._ports.as_identity(identity)
        budget = RequestBudget(self.buckets, self.clock, identity)
        budgeted = BudgetedGateways(gateways, budget)
        directory = GatewayDirectory(budgeted, self.clock)
        bgp = BgpSessions(budgeted, directory, self.clock, self.enqueue_resync)
        azure = BudgetedConnections(connections, budget)
        return AzurePorts(
            identity,
            azure,
            listed=GroupLists(azure.list_group, self.clock, KEEP_LISTED_SECONDS),
            gateways=directory,
            crossing=CrossingDirectory(azure, self.clock),
            bgp=bgp,
            ike=IkeSas(azure, self.clock),
            logs=GatewayLogs(BudgetedGatewayLogs(logs, budget, self._log_allowance), directory, self.clock)
            if logs is not None
            else None,
        )
