"""What a pass tells the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.reconcile.timed_reads import Knowledge, combine_knowledge

CONFLICT_RETRY_SECONDS: Final = 0.5
API_SERVER_RETRY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class PassResult:
    """What the queue needs to know. `again_in` None: nothing to do until something happens."""

    again_in: float | None
    failed: bool = False
    settled: bool = False
    """The object is in peace: the next look is no hurry."""
    exact: bool = False
    """The next look should be neither earlier nor later: an operation is about to end."""
    alarm_in: float | None = None
    """Seconds until a time that is known before, such as when a window opens: then there is one more look, exactly then."""
    knowledge: Knowledge | None = None
    """Only if nothing but time asks for the next look: then it waits for the budget of reads by time."""


def combine_results(results: Sequence[PassResult]) -> PassResult:
    """One key stands for all: the earliest next look counts."""
    delays = [result.again_in for result in results if result.again_in is not None]
    alarms = [result.alarm_in for result in results if result.alarm_in is not None]
    known = [result.knowledge for result in results if result.knowledge is not None]
    return PassResult(
        min(delays) if delays else None,
        failed=any(result.failed for result in results),
        settled=all(result.settled for result in results),
        exact=any(result.exact for result in results),
        alarm_in=min(alarms, default=None),
        knowledge=combine_knowledge(known) if len(known) == len(results) else None,
    )
