"""Builds everything, in one place, from settings; and is the list of what there is.

Size: that list is long, and two lists would hide what belongs together.
"""

import asyncio
import gc
import logging
import signal
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from azure_vpn_operator.app.access_watch import AccessWatch, LoadedAccess
from azure_vpn_operator.app.arm_identities import ArmIdentities
from azure_vpn_operator.app.fleet import FleetReader
from azure_vpn_operator.app.leadership import Leadership
from azure_vpn_operator.app.loops import DriftFinder, SecretFinder, Sweeper, Worker
from azure_vpn_operator.app.serving import Endpoint, metrics_endpoint, probe_endpoint
from azure_vpn_operator.app.settings import (
    Environment,
    Settings,
    arm_settings_of,
    cluster_settings_of,
    installation_of,
)
from azure_vpn_operator.app.watching import Watcher
from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.gateways import ArmGateways
from azure_vpn_operator.arm.observer import Exchange
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.cluster.digest_keeper import DigestKeeper
from azure_vpn_operator.cluster.event_recorder import EventRecorder
from azure_vpn_operator.cluster.leases import ClusterLease
from azure_vpn_operator.cluster.objects import ClusterObjects
from azure_vpn_operator.cluster.secret_reader import ClusterSecrets
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.domain.access import EVERYTHING, AccessRules, Identity
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.passes.snapshot import Cadence
from azure_vpn_operator.ports import (
    ConnectionsPort,
    DigestKeysPort,
    EventsPort,
    GatewaysPort,
    LeaseClaim,
    ObjectsPort,
    SecretsPort,
)
from azure_vpn_operator.reconcile.connections import ConnectionReconciler
from azure_vpn_operator.reconcile.disruptions import Disruptions
from azure_vpn_operator.reconcile.facts.bgp_sessions import BgpSessions
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
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader, Store
from azure_vpn_operator.reconcile.records import record_readers
from azure_vpn_operator.reconcile.request_budget import BudgetedConnections, BudgetedGateways, Quota, RequestBudget
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
from azure_vpn_operator.runtime.clock import Clock, SystemClock
from azure_vpn_operator.runtime.fence import Fence, NoFence
from azure_vpn_operator.runtime.garbage import short_collections
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.line import Line
from azure_vpn_operator.runtime.object_store import ObjectStore
from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.supervisor import Supervisor
from azure_vpn_operator.runtime.token_bucket import TokenBucket, TokenBuckets
from azure_vpn_operator.runtime.work_queue import WorkQueue
from azure_vpn_operator.telemetry.metrics import Metrics
from azure_vpn_operator.telemetry.redaction import SecretRegistry

log = logging.getLogger(__name__)

LONGEST_PASS_SECONDS = 900.0
KEEP_LISTED_SECONDS = 60.0
"""What a list shows of a connection may be so old when it is compared for the first time."""
QUEUE = "azure-vpn-operator"
BUCKETS: Mapping[str, tuple[int, float]] = {"reads": (250, 25.0), "writes": (200, 10.0), "deletes": (200, 10.0)}
"""Azure's published limits per principal and subscription; what its headers tell replaces them."""


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
    as_identity: Callable[[Identity], tuple[ConnectionsPort, GatewaysPort]] | None = None
    """The same two as an identity of the access rules; needed only if those name one."""


async def _at_once() -> None:
    pass


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
        until_leading: Callable[[], Awaitable[None]] = _at_once,
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
        line = GatewayLine(self.tenancy.connections_for, Line(clock, self._on_turn, group_of=lambda key: key.namespace))
        rollouts = Rollouts(installation, self.reader, self.memories)
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
            rollouts=rollouts,
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
            line=line,
            disruptions=self.disruptions,
            objects=objects,
            memories=self.memories,
            clock=clock,
            steady_seconds=settings.status_interval,
        )
        writer = Writer(self.tenancy, line, self.operations, clock)
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
            rollouts=rollouts,
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
        connections, gateways = self._ports.connections, self._ports.gateways
        if identity is not None:
            if self._ports.as_identity is None:
                raise ValueError("the access rules name identities, and there is no way to use them")
            connections, gateways = self._ports.as_identity(identity)
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
        )


class _ArmTelemetry:
    """Feeds what is seen of Azure's answers into metrics and budget."""

    def __init__(self, metrics: Metrics, buckets: TokenBuckets[Quota], identity: Identity | None = None) -> None:
        self._metrics = metrics
        self._buckets = buckets
        self._identity = identity

    def seen(self, exchange: Exchange) -> None:
        """Take note of one finished request."""
        azure = self._metrics.azure
        azure.responded(exchange.resource, exchange.method, exchange.response_code, exchange.seconds)
        bucket = self._buckets.get(Quota(exchange.subscription.lower(), exchange.quota, self._identity))
        if exchange.principal_remaining is not None:
            bucket.observe_remaining(exchange.principal_remaining)
            azure.remaining(exchange.subscription, exchange.quota, exchange.principal_remaining)
        if exchange.fault is not None and exchange.fault.kind is FaultKind.THROTTLED:
            bucket.observe_throttled(exchange.fault.retry_after or 10.0)
            azure.throttled(exchange.subscription, exchange.quota, exchange.fault.code)


class _LateObserver:
    """The session needs an observer before the core, whose buckets it feeds, can be built from the session."""

    def __init__(self) -> None:
        self.inner: _ArmTelemetry | None = None

    def seen(self, exchange: Exchange) -> None:
        """Hand on."""
        if self.inner is not None:
            self.inner.seen(exchange)


async def run_operator(
    settings: Settings,
    environment: Environment,
    secrets: SecretRegistry,
    version: str,
    access: LoadedAccess | None = None,
) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code, non-zero if a part has failed.

    `access` is the access file, if the settings name one.
    """
    clock = SystemClock()
    metrics = Metrics(version=version)
    late = _LateObserver()
    arm_settings = arm_settings_of(settings, environment, version)
    arm = ArmSession(arm_settings, clock=clock, secrets=secrets, observer=late)

    def open_session(settings_of_identity: ArmSettings, identity: Identity) -> ArmSession:
        telemetry = _ArmTelemetry(metrics, core.buckets, identity)
        return ArmSession(settings_of_identity, clock=clock, secrets=secrets, observer=telemetry)

    cluster = ClusterSession(cluster_settings_of(settings, environment), clock=clock, observer=metrics.kubernetes)
    lead = _leadership(settings, environment, cluster, clock, metrics)
    fence: Fence = lead or NoFence()
    identities = ArmIdentities(arm_settings, clock, open_session, fence)
    async with arm, identities, cluster:
        ports = Ports(
            connections=ArmConnections(arm, fence),
            gateways=ArmGateways(arm),
            objects=ClusterObjects(cluster, namespaces=settings.watch_namespaces, fence=fence),
            secrets=ClusterSecrets(cluster, secrets=secrets, namespaces=settings.watch_namespaces),
            digest_keys=DigestKeeper(cluster, namespace=settings.namespace, guard=secrets),
            events=EventRecorder(cluster, clock=clock, instance=environment.hostname, fence=fence),
            as_identity=identities.ports_of,
        )
        rules = access.rules if access is not None else EVERYTHING
        until_leading = lead.until_leading if lead is not None else _at_once
        core = Core(settings, environment, ports, clock, metrics, rules, until_leading)
        late.inner = _ArmTelemetry(metrics, core.buckets)
        supervisor = Supervisor(clock)
        if lead is not None:
            # The first to start and the last to end: it keeps the Lease until nothing is written any more.
            supervisor.add("leader-election", lead.run)
        if access is not None:
            _follow(access, supervisor, core, identities, metrics)
        try:
            if lead is not None:
                await lead.check_overlap()
            with short_collections():
                return await _supervise(core, supervisor, settings, cluster, metrics, lead)
        finally:
            if lead is not None:
                await lead.release()


def _leadership(
    settings: Settings, environment: Environment, cluster: ClusterSession, clock: Clock, metrics: Metrics
) -> Leadership | None:
    if not settings.leader_election:
        return None
    own = LeaseClaim(settings.lease_name, settings.installation_id, frozenset(settings.watch_namespaces))
    lease = ClusterLease(cluster, namespace=settings.namespace, own=own)
    # Also a container that is started again in its pod is another process.
    identity = f"{environment.hostname}_{uuid.uuid4().hex[:12]}"
    tell = partial(metrics.controller.set_leader, settings.lease_name)
    return Leadership(lease, identity, clock, duration=settings.lease_duration, own=own, tell=tell)


def _follow(
    access: LoadedAccess, supervisor: Supervisor, core: Core, identities: ArmIdentities, metrics: Metrics
) -> None:
    """Have changes of the access file take effect."""

    def apply(rules: AccessRules) -> None:
        core.apply_rules(rules)
        identities.keep_only(rules.identities)

    supervisor.add("access-file", AccessWatch(access, apply, core.clock, metrics.access).run)
    supervisor.add("identities", identities.run)


async def _supervise(
    core: Core,
    supervisor: Supervisor,
    settings: Settings,
    cluster: ClusterSession,
    metrics: Metrics,
    lead: Leadership | None,
) -> int:
    stop = asyncio.Event()
    fleet = FleetReader(core, supervisor)
    metrics.watch_fleet(fleet.sample)
    endpoints = [probe_endpoint(settings.probe_address, supervisor.unhealthy, lambda: _unready(core))]
    if settings.metrics_address:
        endpoints.append(metrics_endpoint(settings.metrics_address, metrics.render_aside))
    for endpoint in endpoints:
        await endpoint.start()
    _stop_on_signals(stop)
    try:
        # What is listed stays: it need not be found out by a collection.
        filling = asyncio.create_task(core.fill(after_page=gc.freeze))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({filling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not filling.done():
            filling.cancel()
            return 0
        await filling
        log.info("all objects are listed", extra={kind: core.store.count(kind) for kind in (CONNECTION, POLICY)})
        watcher = Watcher(cluster, settings.watch_namespaces, fleet.note(core.seen))
        _add_parts(supervisor, core, watcher, stop, lead)
        metrics.controller.set_workers("vpnconnection", len(core.workers))
        return await supervisor.run(stop)
    finally:
        await _close(endpoints)


def _add_parts(
    supervisor: Supervisor, core: Core, watcher: Watcher, stop: asyncio.Event, lead: Leadership | None
) -> None:
    def end_worker() -> None:
        core.queue.shutdown()
        if lead is not None:
            lead.end()

    def once_leading(run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def wait_and_run() -> None:
            if lead is not None:
                await lead.until_leading()
            await run()

        return wait_and_run

    for number, worker in enumerate(core.workers):
        supervisor.add(f"worker-{number}", worker.run, stop=end_worker)
    # A standby keeps its store up to date, and asks Azure nothing.
    supervisor.add("sweeper", core.sweeper.run)
    supervisor.add("drift-finder", once_leading(core.drift_finder.run))
    supervisor.add("timed-reads", once_leading(core.timed_reads.run))
    if core.secret_finder is not None:
        supervisor.add("secret-finder", once_leading(core.secret_finder.run))

    async def watch() -> None:
        settling = asyncio.create_task(_take_signals_back(watcher, stop))
        try:
            await watcher.run()
        finally:
            settling.cancel()
        # kopf ends by itself only when it is told to: by a signal that came before our handlers were back in place.
        stop.set()

    supervisor.add("watcher", watch, stop=watcher.stop, may_end=True)
    supervisor.add_check("passes", lambda: _stuck_pass(core))


async def _take_signals_back(watcher: Watcher, stop: asyncio.Event) -> None:
    await watcher.wait_ready()
    _stop_on_signals(stop)


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def _unready(core: Core) -> tuple[str, ...]:
    return () if core.store.all_synced() else ("the objects have not been listed yet",)


def _stuck_pass(core: Core) -> str | None:
    longest = core.queue.longest_running_processor_seconds()
    return f"a pass has been running for {longest:.0f} s" if longest > LONGEST_PASS_SECONDS else None


async def _close(endpoints: list[Endpoint]) -> None:
    for endpoint in endpoints:
        await endpoint.stop()
