"""One Secret, many connections: whose turn it is to get the new key. A pair counts as one.

Nothing is remembered for this: it follows from the objects' status alone, so a restart changes nothing. Connections go in the order of
their names; the next one goes when the one before has settled and, if its tunnel was up before, has proved that it works with the new
key, as after any other change that takes a tunnel down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from azure_vpn_operator.api.reasons import Reason


@dataclass(frozen=True, slots=True, order=True)
class KeyUser:
    """Another unit that uses the same entry of the same Secret."""

    name: str
    """The first name of the unit: what the order goes by."""
    due: bool
    """It is known to hold another key than the Secret's, and able to change."""
    since: datetime | None = None
    """Set while its key is on its way, or has not proved that it works."""
    failed: bool = False
    """Its tunnel did not come back with the key."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a unit may rotate now. `reason` is None if it may."""

    reason: Reason | None = None
    message: str = ""
    after: str | None = None
    """Whom it waits for."""


def judge_turn(own: KeyUser, others: Sequence[KeyUser]) -> Turn:
    """Decide whether `own`, which is due, may go."""
    under_way = sorted((user.since, user.name, user.failed) for user in others if user.since is not None)
    ahead = [item for item in under_way if own.since is None or item[:2] < (own.since, own.name)]
    failed = [name for _, name, has_failed in ahead if has_failed]
    if failed:
        return Turn(
            Reason.KEY_ROTATION_STOPPED,
            f"the new key was given to {failed[0]}, whose tunnel did not come back with it: the other users of the "
            "Secret keep their key until it has",
            failed[0],
        )
    waits_for = next((name for _, name, _ in ahead), None) or (
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
