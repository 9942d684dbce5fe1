"""One Secret, many connections: whose turn it is to get the new key. A pair counts as one.

Nothing is remembered for this: it follows from the objects' status alone, so a restart changes nothing. Connections go in the order of
their names; the next one goes when the one before has settled and, if its tunnel was up before, is up again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from azure_vpn_operator.api.reasons import Reason

TUNNEL_BACK_WITHIN: Final = timedelta(minutes=10)
"""So long a tunnel that was up may take to come back with its new key; after that, other users of the Secret are not touched."""


@dataclass(frozen=True, slots=True, order=True)
class KeyUser:
    """Another unit that uses the same entry of the same Secret."""

    name: str
    """The first name of the unit: what the order goes by."""
    due: bool
    """It is known to hold another key than the Secret's, and able to change."""
    since: datetime | None = None
    """Set while its key is on its way, or its tunnel not back yet."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a unit may rotate now. `reason` is None if it may."""

    reason: Reason | None = None
    message: str = ""
    after: str | None = None
    """Whom it waits for."""


def judge_turn(own: KeyUser, others: Sequence[KeyUser], now: datetime) -> Turn:
    """Decide whether `own`, which is due, may go."""
    under_way = sorted((user.since, user.name) for user in others if user.since is not None)
    ahead = [(since, name) for since, name in under_way if own.since is None or (since, name) < (own.since, own.name)]
    overdue = [name for since, name in ahead if now - since > TUNNEL_BACK_WITHIN]
    if overdue:
        minutes = int(TUNNEL_BACK_WITHIN.total_seconds() // 60)
        return Turn(
            Reason.KEY_ROTATION_STOPPED,
            f"the new key was given to {overdue[0]}, which has not come back within {minutes} minutes: the other users of the "
            "Secret keep their key until it has",
            overdue[0],
        )
    waits_for = next((name for _, name in ahead), None) or (
        next((user.name for user in sorted(others) if user.due and user.name < own.name), None)
        if own.since is None
        else None
    )
    if waits_for is None:
        return Turn()
    return Turn(
        Reason.KEY_ROTATION_WAITS,
        f"the users of the Secret get the new key one after the other: {waits_for} comes first",
        waits_for,
    )
