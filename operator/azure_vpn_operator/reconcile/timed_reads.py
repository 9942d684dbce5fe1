"""Reads by time: those of connections in peace, and of those that have just changed, on one budget per quota.

The budget is half of the refill of reads, so that a pass that somebody waits for always finds tokens. Where that is not enough for all
that are due, all intervals stretch together.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.access import Identity
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.snapshot import Cadence
from azure_vpn_operator.domain.passes.verdicts import Progress, Summary
from azure_vpn_operator.domain.reporting.cadence import SHARE_OF_REFILL, stretched
from azure_vpn_operator.domain.reporting.halves import HalfReport
from azure_vpn_operator.reconcile.memory import HalfKey, Memories
from azure_vpn_operator.reconcile.request_budget import Quota
from azure_vpn_operator.runtime.clock import Clock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.paced_schedule import Budget, PacedSchedule
from azure_vpn_operator.runtime.token_bucket import TokenBuckets

BURST_SHARE: Final = 0.25
"""So much of the bucket may be used at once after a rest, say, at the start."""

_BY_TIME: Final = frozenset({Reason.CONFIRMING, Reason.GATEWAY_EVENT})
"""Reasons that nothing but reading again will end."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a pass leaves for the next look by time: how old what it knows is, and what a look costs."""

    subscription: str
    """Whose quota the look uses. Of a pair across subscriptions, that of the first half."""
    read_at: datetime | None
    """When the connection was last read by a GET, of several the one read least recently; None: not since the start."""
    reads: int = 1
    """How many GETs a look takes."""


def combine_knowledge(parts: Sequence[Knowledge]) -> Knowledge:
    """What is known of all that one look reads: as old as the oldest part."""
    times = [part.read_at for part in parts if part.read_at is not None]
    oldest = min(times) if len(times) == len(parts) else None
    return Knowledge(parts[0].subscription, oldest, sum(part.reads for part in parts))


def knowledge_after(
    key: ObjectKey, reports: Sequence[HalfReport], summary: Summary, memories: Memories
) -> Knowledge | None:
    """What a pass leaves; None if the next look ends a wait, repeats what failed, or reads nothing: that is no look by time."""
    snapshot = reports[0].snapshot
    waits = summary.progress is Progress.RECONCILING and summary.reason not in _BY_TIME
    if summary.failed or waits or not isinstance(snapshot.target, Target):
        return None
    times = [memories.of(HalfKey(key, report.snapshot.role)).last_read for report in reports]
    return combine_knowledge([Knowledge(snapshot.target.connection.subscription, read_at) for read_at in times])


class TimedReads:
    """When each connection is read next, if nothing happens before."""

    def __init__(
        self,
        *,
        buckets: TokenBuckets[Quota],
        identity_of: Callable[[str], Identity | None],
        clock: Clock,
        cadence: Cadence,
        enqueue: Callable[[Iterable[ObjectKey]], None],
    ) -> None:
        """Take whose quota a namespace uses, the cadence that is wished for, and how to ask for a pass."""
        self._buckets = buckets
        self._identity_of = identity_of
        self._cadence = cadence
        self._schedule: PacedSchedule[ObjectKey, Quota] = PacedSchedule(clock, self._budget, lambda key: enqueue([key]))

    def plan(self, key: ObjectKey, after: float, knowledge: Knowledge) -> None:
        """Have the object looked at after so many seconds, or as soon afterwards as the budget allows."""
        quota = Quota(knowledge.subscription.lower(), "reads", self._identity_of(key.namespace))
        known_at = knowledge.read_at.timestamp() if knowledge.read_at is not None else -math.inf
        self._schedule.plan(key, quota, after=after, known_at=known_at, cost=knowledge.reads)

    def done(self, key: ObjectKey) -> None:
        """A pass over the object has ended: what was planned before is superseded."""
        self._schedule.done(key)

    def forget(self, key: ObjectKey) -> None:
        """There is nothing to look at any more."""
        self._schedule.forget(key)

    async def run(self) -> None:
        """Ask for passes for ever."""
        await self._schedule.run()

    def cadence_for(self, subscription: str | None, identity: Identity | None) -> Cadence:
        """The cadence that the budget allows; None: nothing can be read, so nothing is stretched."""
        if subscription is None:
            return self._cadence
        quota = Quota(subscription.lower(), "reads", identity)
        refill = self._buckets.get(quota).refill_per_second
        return stretched(self._cadence, self._schedule.cost_of_round(quota), refill)

    def _budget(self, quota: Quota) -> Budget:
        bucket = self._buckets.get(quota)
        return Budget(
            bucket.refill_per_second * SHARE_OF_REFILL, max(1.0, bucket.capacity * BURST_SHARE), bucket.blocked_for
        )
