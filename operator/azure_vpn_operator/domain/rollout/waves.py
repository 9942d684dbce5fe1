"""Who moves next to the new values of a policy: one canary first, then waves that double, up to what may be unavailable.

A pure function of the policy's target and of where each of its connections stands. A pair of two objects is one member. A member that
is down has nothing to lose, and proves nothing: it comes last. Who has to wait for a change window lets the others go first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from azure_vpn_operator.api.ipsec_policy import RolloutStrategy


class Standing(StrEnum):
    """Where a member stands with the target's values."""

    BEHIND = "Behind"
    """It holds other values, and could be moved."""
    MOVING = "Moving"
    """Its change is on its way, or not confirmed yet."""
    PROVISIONAL = "Provisional"
    """It holds the values, and its tunnel works, but for the first rekey."""
    DONE = "Done"
    """It holds the values, and nothing is open."""
    FAILED = "Failed"
    """Its tunnel did not come back with them."""
    SKIPPED = "Skipped"
    """It may not be written, or has a trouble of its own; it joins when that is over."""


@dataclass(frozen=True, slots=True)
class Member:
    """A connection that uses the policy, or a pair of them."""

    name: str
    standing: Standing
    healthy: bool
    """All of its tunnels are up."""
    moved: bool = False
    """Done: it has been moved since the target was set, and proved it."""
    in_flight: bool = False
    """Behind: its change to yet other values is not confirmed."""
    leaving: bool = False
    """Behind: what has failed is to be tried again, and is not left yet. It may move when it holds the values from before."""
    closed: bool = False
    """It may not be changed now: it waits for a change window."""
    opens: datetime | None = None
    """Then: when that is; None if none of the coming week is long enough."""


@dataclass(frozen=True, slots=True)
class WaveTerms:
    """How an edit may reach the members."""

    strategy: RolloutStrategy
    max_unavailable: int | str
    """A count, or a percentage such as `10%`."""
    paused: bool = False
    rekey_proof: bool = False
    """The first one has to survive a rekey before the others move."""


@dataclass(frozen=True, slots=True)
class Wave:
    """What the plan comes to."""

    next: tuple[str, ...]
    """Names of the members that may move now."""
    moving: tuple[str, ...]
    done: int
    skipped: int
    behind: int
    failed: tuple[str, ...]
    size: int
    """So many may be unconfirmed at this moment."""
    provisional: int
    """How many have the first rekey still to come."""
    waits_for_rekey: bool = False
    """The others wait for that of the first one."""
    closed: int = 0
    """So many of those who are behind wait for a change window."""
    opens: datetime | None = None
    """When the first of these windows opens."""


def plan_wave(members: Sequence[Member], terms: WaveTerms) -> Wave:
    """Decide who may move. After a failure nobody does; the next ones are the first healthy ones by name.

    Whoever is unconfirmed with values from before takes one of the places, and goes first.
    """
    by = {standing: [member for member in members if member.standing is standing] for standing in Standing}
    behind, failed = by[Standing.BEHIND], by[Standing.FAILED]
    waits = waits_for_rekey(members, terms)
    moving = by[Standing.MOVING] + (by[Standing.PROVISIONAL] if waits else [])
    done = by[Standing.DONE] + ([] if waits else by[Standing.PROVISIONAL])
    size = wave_size(members, terms)
    free = 0 if terms.paused or failed else max(size - len(moving), 0)
    closed = [member for member in behind if member.closed]
    ready = [member for member in behind if not (member.closed or member.leaving)]
    order = sorted(ready, key=lambda member: (not member.healthy, member.name))
    in_flight = [member for member in order if member.in_flight]
    others = [member for member in order if not member.in_flight]
    first, then = in_flight[:free], others[: max(free - sum(member.in_flight for member in behind), 0)]
    openings = [member.opens for member in closed if member.opens is not None]
    return Wave(
        tuple(member.name for member in (*first, *then)),
        tuple(sorted(member.name for member in moving)),
        len(done),
        len(by[Standing.SKIPPED]),
        len(behind),
        tuple(sorted(member.name for member in failed)),
        size,
        len(by[Standing.PROVISIONAL]),
        waits_for_rekey=waits,
        closed=len(closed),
        opens=min(openings, default=None),
    )


def wave_size(members: Sequence[Member], terms: WaveTerms) -> int:
    """How many may be unconfirmed: 1 at first, and with each one that has proved it one more, so that waves double."""
    participants = sum(member.standing is not Standing.SKIPPED for member in members)
    if terms.strategy is RolloutStrategy.ALL_AT_ONCE:
        return participants
    if waits_for_rekey(members, terms):
        return 1
    proved = sum(member.moved or member.standing is Standing.PROVISIONAL for member in members)
    return min(most_unavailable(terms.max_unavailable, participants), proved + 1)


def waits_for_rekey(members: Sequence[Member], terms: WaveTerms) -> bool:
    """Whether the others wait for the first rekey of the one that has moved."""
    others = any(member.standing is Standing.BEHIND for member in members)
    proving = any(member.standing is Standing.PROVISIONAL for member in members)
    return terms.rekey_proof and others and proving and not any(member.moved for member in members)


def most_unavailable(wanted: int | str, participants: int) -> int:
    """The count that `maxUnavailable` stands for: a percentage is rounded down, and is at least 1."""
    if isinstance(wanted, int):
        return max(wanted, 1)
    return max(participants * int(wanted.removesuffix("%")) // 100, 1)
