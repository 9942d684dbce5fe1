"""The IKE SAs of a connection, asked for while a change has to prove itself: a pass asks, and a later one collects the answer.

All of it is in memory: after a restart a question may be sent once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.tunnel_change import TunnelBefore, TunnelChange
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.passes.observations import IkeSasTold, Observations, add_ike_sas
from azure_vpn_operator.domain.rollout.ike_question import is_worth_asking
from azure_vpn_operator.domain.rollout.terms import Terms
from azure_vpn_operator.ports import ConnectionsPort, IkeSasAnswer, Pending
from azure_vpn_operator.reconcile.memory import ConnectionMemory, IkeQuestion
from azure_vpn_operator.runtime.clock import Clock

NOT_ASKED_AGAIN_SECONDS: Final = 3600.0
"""So long nothing is asked in a subscription where a question was refused, or answered in a way that is not understood."""
_PATIENCE: Final = timedelta(minutes=2)
"""An answer that is not there after so long is given up."""
_RETRY_LOOK_SECONDS: Final = 10.0
_JITTER: Final = 0.2
"""The next pass may come a little early, and the one after it too late."""
_MAY_PASS: Final = frozenset(
    {
        FaultKind.BUSY,
        FaultKind.CONFLICT,
        FaultKind.THROTTLED,
        FaultKind.UNAUTHENTICATED,
        FaultKind.UNAVAILABLE,
    }
)
"""Faults that say nothing of the next question."""


@dataclass(frozen=True, slots=True)
class TrialOfHalf:
    """A half whose change is in force and has to prove itself, by the read of this pass."""

    change: TunnelChange
    tunnels: Sequence[TunnelBefore]
    live: LiveConnection
    terms: Terms
    tunnel_count: int | None
    """How many tunnels the gateways make for it; None if that is not known."""


class IkeSas:
    """Asks as one identity, and remembers where that is of no use."""

    def __init__(self, connections: ConnectionsPort, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock
        self._useless_until: dict[str, float] = {}
        """By subscription."""

    async def add_to(self, memory: ConnectionMemory, trial: TrialOfHalf) -> Observations | None:
        """What was seen of the tunnels, with what an answer proves; sends at most one request."""
        seen, question = memory.observations, memory.ike_question
        if question is not None and question.of_change != trial.change.start_time:
            question = memory.ike_question = None
        since = trial.change.in_force_since
        if seen is None or since is None:
            return seen
        now = self._clock.now()
        if question is not None and question.pending is not None and now - question.asked_at < _PATIENCE:
            if question.look_at > self._clock.monotonic():
                return seen
            answer: IkeSasAnswer | None = await self._connections.look_at_ike_sas(trial.live.id, question.pending.url)
        else:
            asked_at = question.asked_at if question is not None else None
            if not is_worth_asking(
                trial.change, trial.tunnels, trial.live, seen, trial.terms, asked_at=asked_at, now=now
            ):
                return seen
            question = memory.ike_question = IkeQuestion(trial.change.start_time, now)
            answer = await self._ask(trial)
        self._take(question, answer, trial)
        if not isinstance(answer, tuple):
            return seen
        told = IkeSasTold(question.asked_at, answer)
        return add_ike_sas(
            seen,
            trial.live,
            told,
            in_force_since=since,
            tunnel_count=trial.tunnel_count,
            now=self._clock.now(),
        )

    async def _ask(self, trial: TrialOfHalf) -> IkeSasAnswer | None:
        """Send the question; None if that is known to be of no use."""
        until = self._useless_until.get(trial.live.id.subscription.lower())
        if until is not None and self._clock.monotonic() < until:
            return None
        return await self._connections.get_ike_sas(trial.live.id)

    def _take(self, question: IkeQuestion, answer: IkeSasAnswer | None, trial: TrialOfHalf) -> None:
        now, looked = self._clock.monotonic(), question.pending is not None
        if isinstance(answer, Pending):
            question.pending, question.look_at = answer, now + answer.retry_after * (1 - _JITTER)
            return
        if not isinstance(answer, Fault):
            question.pending = None
        elif looked and answer.kind in _MAY_PASS:
            question.look_at = now + (answer.retry_after or _RETRY_LOOK_SECONDS)
        else:
            question.pending = None
            # An answer that Azure has forgotten says nothing of the next one.
            if answer.kind not in _MAY_PASS and not (looked and answer.kind is FaultKind.NOT_FOUND):
                self._useless_until[trial.live.id.subscription.lower()] = now + NOT_ASKED_AGAIN_SECONDS
