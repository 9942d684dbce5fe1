"""Who goes first, in the queue and in front of a reserved resource."""

from enum import IntEnum


class Priority(IntEnum):
    """Urgency of a pass; the lower value goes first."""

    UNDO = 0
    """Putting back what broke something."""
    EDIT = 1
    """Somebody changed an object and waits for the result."""
    ROLLOUT = 2
    """The next move of a change that spreads step by step."""
    RESYNC = 3
    """Looking again because time has passed."""
