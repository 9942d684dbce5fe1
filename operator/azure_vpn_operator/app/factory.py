"""Makes a running process of settings: sessions, core, election, and what runs for ever, in the order of their ends."""

import asyncio
import gc
import logging
import signal
import uuid
from collections.abc import Awaitable, Callable
from functools import partial

from azure_vpn_operator.app.access_watch import AccessWatch, LoadedAccess
from azure_vpn_operator.app.arm_identities import ArmIdentities
from azure_vpn_operator.app.core import Core, Ports, at_once
from azure_vpn_operator.app.fleet import FleetReader
from azure_vpn_operator.app.fleet_map import FleetMapReader
from azure_vpn_operator.app.leadership import Leadership
from azure_vpn_operator.app.serving import Endpoint, metrics_endpoint, probe_endpoint
from azure_vpn_operator.app.settings import (
    Environment,
    Settings,
    arm_settings_of,
    cluster_settings_of,
)
from azure_vpn_operator.app.watching import Watcher
from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.gateway_logs import ArmGatewayLogs
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
from azure_vpn_operator.ports import GatewayLogsPort, LeaseClaim
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY
from azure_vpn_operator.reconcile.request_budget import LOGS, Quota
from azure_vpn_operator.runtime.clock import Clock, SystemClock
from azure_vpn_operator.runtime.fence import Fence, NoFence
from azure_vpn_operator.runtime.garbage import short_collections
from azure_vpn_operator.runtime.supervisor import Supervisor
from azure_vpn_operator.runtime.token_bucket import TokenBuckets
from azure_vpn_operator.status_page.publisher import Publisher
from azure_vpn_operator.status_page.website import build_site
from azure_vpn_operator.telemetry.metrics import Metrics
from azure_vpn_operator.telemetry.redaction import SecretRegistry

log = logging.getLogger(__name__)

LONGEST_PASS_SECONDS = 900.0


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
        if exchange.quota == LOGS.kind:
            # Log Analytics has limits of its own: what it refuses says nothing of the resource manager.
            if exchange.fault is not None and exchange.fault.kind is FaultKind.THROTTLED:
                self._buckets.get(LOGS).observe_throttled(exchange.fault.retry_after or 60.0)
            return
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

    def logs_of(session: ArmSession) -> GatewayLogsPort | None:
        workspace = settings.log_analytics_workspace_id
        if workspace == "none" or not session.reaches_logs:
            return None
        return ArmGatewayLogs(session, clock, workspace)

    identities = ArmIdentities(arm_settings, clock, open_session, fence, logs_of)
    async with arm, identities, cluster:
        ports = Ports(
            connections=ArmConnections(arm, fence),
            gateways=ArmGateways(arm),
            gateway_logs=logs_of(arm),
            objects=ClusterObjects(cluster, namespaces=settings.watch_namespaces, fence=fence),
            secrets=ClusterSecrets(cluster, secrets=secrets, namespaces=settings.watch_namespaces),
            digest_keys=DigestKeeper(cluster, namespace=settings.namespace, guard=secrets),
            events=EventRecorder(cluster, clock=clock, instance=environment.hostname, fence=fence),
            as_identity=identities.ports_of,
        )
        rules = access.rules if access is not None else EVERYTHING
        until_leading = lead.until_leading if lead is not None else at_once
        core = Core(settings, environment, ports, clock, metrics, rules, until_leading)
        late.inner = _ArmTelemetry(metrics, core.buckets)
        supervisor = Supervisor(clock)
        if lead is not None:
            # The first to start and the last to end: it keeps the Lease until nothing is written any more.
            supervisor.add("leader-election", lead.run)
        if access is not None:
            _follow(access, supervisor, core, identities, metrics)
        if lead is not None:
            await lead.check_overlap()
        with short_collections():
            code = await _supervise(core, supervisor, settings, cluster, metrics, lead, version)
        if lead is not None and code == 0:
            # After any other end something may still be on its way: then the Lease has to run out.
            await lead.release()
        return code


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
    version: str,
) -> int:
    stop = asyncio.Event()
    fleet = FleetReader(
        core,
        supervisor,
        installation=settings.installation_id,
        per_object=settings.per_object_metrics,
        leads=lambda: lead is None or lead.leads,
    )
    metrics.watch_fleet(fleet.sample)
    endpoints = [probe_endpoint(settings.probe_address, supervisor.unhealthy, lambda: _unready(core))]
    if settings.metrics_address:
        endpoints.append(metrics_endpoint(settings.metrics_address, metrics.render_aside))
    if settings.status_page_address:
        endpoints.append(_status_page(core, settings, version, lead))
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


def _status_page(core: Core, settings: Settings, version: str, lead: Leadership | None) -> Endpoint:
    source = FleetMapReader(core, settings, version, lambda: lead is None or lead.leads)
    publisher = Publisher(source, core.clock)
    core.store.listen(lambda _: publisher.touch())
    return Endpoint(settings.status_page_address, build_site(publisher, settings.status_page_hosts))


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
