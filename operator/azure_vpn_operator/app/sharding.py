"""Several installations on one cluster: each has namespaces of its own, and none works where another one does."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.ports import LeaseClaim

_CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""A Lease of another machine counts as held for so long after its end: their clocks may differ, and an installation may be restarting."""


class OverlapError(Exception):
    """Another installation works in the same namespaces; the text says which, and what to do."""


def find_overlap(own: LeaseClaim, others: Iterable[LeaseClaim], now: datetime) -> str | None:
    """Why this installation may not work, if another one that is alive works where it would."""
    for other in sorted(others, key=lambda claim: claim.lease):
        alive = other.held_until is not None and now < other.held_until + _CLOCKS_DIFFER
        if other.lease == own.lease or not alive:
            continue
        both = (
            own.namespaces & other.namespaces
            if own.namespaces and other.namespaces
            else own.namespaces | other.namespaces
        )
        everywhere = not own.namespaces and not other.namespaces
        if both or everywhere:
            where = "in all namespaces" if everywhere else f"in {', '.join(sorted(both))}"
            return (
                f"the installation {other.installation} (Lease {other.lease}) works {where}, and this one would as well: give each "
                "installation namespaces of its own (--watch-namespaces)"
            )
    return None
