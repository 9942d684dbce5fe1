"""Who goes first, in the queue and in the line in front of a gateway."""

from enum import IntEnum


class Priority(IntEnum):
    """Urgency of a pass, and of the write that it wants; the lower value goes first."""

    UNDO = 0
    """Putting back what broke something."""
    EDIT = 1
    """Somebody changed an object and waits for the result."""
    ROLLOUT = 2
    """A change that reaches many objects: an edit of a policy that they share."""
    DRIFT = 3
    """Azure shows something else than before."""
    RESYNC = 4
    """Looking again because time has passed."""
