"""What runs for ever: workers that take keys from the queue, the list that repairs the store, and the look at resource groups."""

import asyncio
import logging
import random
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.ports import PAGES_EXPIRED, ObjectsPort, SecretsPort
from azure_vpn_operator.reconcile.connections import ConnectionReconciler
from azure_vpn_operator.reconcile.facts.groups import GroupWatch
from azure_vpn_operator.reconcile.pass_result import PassResult
from azure_vpn_operator.reconcile.policies import PolicyReconciler
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY, Reader, Store
from azure_vpn_operator.reconcile.records import Record
from azure_vpn_operator.reconcile.request_budget import current_priority
from azure_vpn_operator.reconcile.timed_reads import TimedReads
from azure_vpn_operator.reconcile.triggers import Look, looks_after
from azure_vpn_operator.runtime.backoff import Backoff
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.frozen import Document
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.object_store import Change
from azure_vpn_operator.runtime.priority import Priority
from azure_vpn_operator.runtime.work_queue import QueueClosed, WorkQueue
from azure_vpn_operator.telemetry.controller_metrics import ControllerMetrics, ReconcileResult
from azure_vpn_operator.telemetry.log_context import log_context

log = logging.getLogger(__name__)

LIST_RETRY_SECONDS = 5.0
JITTER = 0.1
LISTS_BEGUN_ANEW = 2
"""How often a list is begun again at once because its pages had expired."""
TAKEN_AT_ONCE = 10
"""Listed objects that are read in one go: reading one takes a millisecond or two, and others wait."""


class Worker:
    """Takes keys from the queue and does their passes. Several run side by side."""

    def __init__(
        self,
        queue: WorkQueue[ObjectKey],
        connections: ConnectionReconciler,
        policies: PolicyReconciler,
        metrics: ControllerMetrics,
        clock: Clock,
        backoff: Backoff[ObjectKey],
        timed: TimedReads,
        until_leading: Callable[[], Awaitable[None]],
    ) -> None:
        """Take the backoff that all workers share: it counts an object's failures, whoever does its passes.

        `until_leading` is waited for before each pass.
        """
        self._until_leading = until_leading
        self._timed = timed
        self._queue = queue
        self._connections = connections
        self._policies = policies
        self._metrics = metrics
        self._clock = clock
        self._backoff = backoff

    async def run(self) -> None:
        """Work until the queue is shut down."""
        while True:
            await self._until_leading()
            try:
                key = await self._queue.get()
            except QueueClosed:
                return
            try:
                await self._one_pass(key)
            finally:
                self._queue.done(key)
            # A pass that had nothing to wait for has let nobody else go on, and there may be thousands of them in a row.
            await asyncio.sleep(0)

    async def _one_pass(self, key: ObjectKey) -> None:
        priority = self._queue.priority_of(key)
        started = self._clock.monotonic()
        controller = key.kind.lower()
        current_priority.set(priority)
        with (
            log_context(
                controller=controller, namespace=key.namespace, name=key.name, reconcile_id=uuid.uuid4().hex[:12]
            ),
            self._metrics.working(controller),
        ):
            try:
                result = await self._reconcile(key, priority)
            except Exception:
                # Nothing may stop the other objects; this one is tried again, later and later.
                delay = self._backoff.next_delay(key)
                log.exception("the pass failed unexpectedly", extra={"retry_in": round(delay, 1)})
                self._metrics.reconciled(controller, "error", self._clock.monotonic() - started)
                self._queue.add(key, priority=Priority.RESYNC, after=delay)
                return
        self._backoff.forget(key)
        self._requeue(key, priority, result)
        self._metrics.reconciled(controller, _outcome(result), self._clock.monotonic() - started)

    async def _reconcile(self, key: ObjectKey, priority: Priority) -> PassResult:
        if key.kind == POLICY:
            return await self._policies.reconcile(key)
        try:
            return await self._connections.reconcile(key, priority)
        finally:
            self._timed.done(key)

    def _requeue(self, key: ObjectKey, priority: Priority, result: PassResult) -> None:
        if result.alarm_in is not None:
            self._queue.add(key, priority=Priority.ROLLOUT, after=result.alarm_in)
        if result.again_in is None:
            self._timed.forget(key)
            return
        spread = 1.0
        if result.again_in >= LIST_RETRY_SECONDS and not result.exact:
            spread += random.uniform(-JITTER, JITTER)  # noqa: S311 (no secret)
        after = result.again_in * spread
        if result.knowledge is not None:
            self._timed.plan(key, after, result.knowledge)
            return
        if result.exact:
            # It looks for the end of an operation: what comes after that is as urgent as what asks for it, not as what is over.
            priority = max(priority, Priority.ROLLOUT)
        self._queue.add(key, priority=Priority.RESYNC if result.settled else priority, after=after)


def _outcome(result: PassResult) -> ReconcileResult:
    if result.failed:
        return "error"
    return "success" if result.again_in is None else "requeue_after"


class Sweeper:
    """Lists all objects from time to time: a watch may lose deletions, a list does not."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        objects: ObjectsPort,
        clock: Clock,
        interval: float,
        enqueue: Callable[[Iterable[Look]], None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._objects = objects
        self._clock = clock
        self._interval = interval
        self._enqueue = enqueue

    async def fill(self, after_page: Callable[[], None]) -> None:
        """Fill the store for the first time; tries until it works, and says why it does not yet.

        What is found is everything there is, and nobody waits for any of it in particular.
        """
        for kind in (POLICY, CONNECTION):
            while not await self._list(kind, after_page):
                await self._clock.sleep(LIST_RETRY_SECONDS)

    async def run(self) -> None:
        """Repair the store again and again."""
        while True:
            await self._clock.sleep(self._interval)
            for kind in (POLICY, CONNECTION):
                try:
                    await self._list(kind)
                except Exception:
                    log.exception(
                        "a list could not be taken in; trying again at the next interval", extra={"kind": kind}
                    )

    async def _list(self, kind: str, after_page: Callable[[], None] | None = None) -> bool:
        fault = await self._list_once(kind, after_page)
        for _ in range(LISTS_BEGUN_ANEW):
            if fault is not None and fault.code == PAGES_EXPIRED:
                fault = await self._list_once(kind, after_page)
        if fault is not None:
            log.warning("could not list objects; trying again", extra={"kind": kind, "fault": str(fault)})
        return fault is None

    async def _list_once(self, kind: str, after_page: Callable[[], None] | None) -> Fault | None:
        listing, first = self._store.begin_list(kind), after_page is not None

        async def take(page: Sequence[Document]) -> None:
            for number, document in enumerate(page):
                # Before the first one too: the page itself has just been parsed.
                if number % TAKEN_AT_ONCE == 0:
                    await asyncio.sleep(0)
                self._wake(self._store.take_listed(listing, document), first=first)
            if after_page is not None:
                after_page()

        fault = await self._objects.list_all(kind, take)
        if fault is not None:
            return fault
        for change in self._store.end_list(listing):
            self._wake(change, first=first)
        return None

    def _wake(self, change: Change[Record], *, first: bool) -> None:
        found = looks_after(change, self._reader)
        self._enqueue((Look(look.key, Priority.RESYNC) for look in found) if first else found)


class DriftFinder:
    """Looks at every resource group once per interval."""

    def __init__(self, groups: GroupWatch, clock: Clock, interval: float) -> None:
        self._groups = groups
        self._clock = clock
        self._interval = interval

    async def run(self) -> None:
        """Look again and again; a group's failure is no other group's."""
        while True:
            groups = await self._groups.groups()
            await self._clock.sleep(self._interval if not groups else 0.0)
            for group, members in groups.items():
                # Spread over the interval: the lists of many groups do not come in one burst.
                await self._clock.sleep(self._interval / len(groups))
                try:
                    await self._groups.look(group, members)
                except Exception:
                    log.exception("a resource group could not be looked at", extra={"resourceGroup": group.name})


class SecretFinder:
    """Looks at the versions of labelled Secrets, so that a new key does not wait for the next look at its connections."""

    def __init__(
        self,
        secrets: SecretsPort,
        reader: Reader,
        clock: Clock,
        interval: float,
        enqueue: Callable[[Iterable[Look]], None],
    ) -> None:
        self._secrets = secrets
        self._reader = reader
        self._clock = clock
        self._interval = interval
        self._enqueue = enqueue
        self._seen: Mapping[tuple[str, str], str] | None = None

    async def run(self) -> None:
        """Look again and again; without the right to it, say so each time it is refused and go on."""
        while True:
            await self.look()
            await self._clock.sleep(self._interval)

    async def look(self) -> None:
        """Look once, and ask for a pass over each connection that names a Secret which is new or has changed."""
        found = await self._secrets.list_watched()
        if isinstance(found, Fault):
            log.warning("could not list the labelled Secrets; trying again", extra={"fault": str(found)})
            return
        before, self._seen = self._seen, found
        if before is None:
            return
        for (namespace, name), version in found.items():
            if before.get((namespace, name)) != version:
                users = self._reader.users_of_secret(namespace, name)
                self._enqueue(Look(user, Priority.ROLLOUT) for user in users)
