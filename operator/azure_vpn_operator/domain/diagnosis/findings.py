"""What a diagnosis says: causes with their evidence, what will break later, and what is not known."""

from dataclasses import dataclass
from enum import StrEnum

from azure_vpn_operator.api.reasons import Reason


class Sureness(StrEnum):
    """How sure a cause is."""

    CERTAIN = "Certain"
    """What was seen leaves no other way."""
    LIKELY = "Likely"
    """What was seen fits, and something else could have looked the same."""
    NOT_KNOWN = "NotKnown"
    """No cause is named."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One answer to why."""

    reason: Reason
    sureness: Sureness
    summary: str
    """One sentence."""
    evidence: tuple[str, ...] = ()
    """What was seen."""
    actions: tuple[str, ...] = ()
    """What to do about it, the first thing first."""
    fields: tuple[str, ...] = ()
    """The fields that differ, by their names in Azure."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer."""

    down: bool
    """Whether any tunnel is down."""
    causes: tuple[Cause, ...]
    """The one to look at first comes first. Where none is known, one whose sureness is NOT_KNOWN; empty if all is well."""
    foreseen: tuple[Cause, ...] = ()
    """What does no harm yet, and will."""
    possible: tuple[str, ...] = ()
    """Where no cause is known: what it may be, by what is known the nearest first."""
    would_tell: tuple[str, ...] = ()
    """What would tell more."""

    @property
    def known(self) -> tuple[Cause, ...]:
        """The causes that it names."""
        return tuple(cause for cause in self.causes if cause.sureness is not Sureness.NOT_KNOWN)


def strongest_first(causes: list[Cause]) -> tuple[Cause, ...]:
    """The same causes, certain ones first, otherwise in their order; of two with one reason the surer, with the evidence of both."""
    order = tuple(Sureness)
    best: dict[Reason, Cause] = {}
    for cause in sorted(causes, key=lambda cause: order.index(cause.sureness)):
        known = best.get(cause.reason)
        best[cause.reason] = cause if known is None else _joined(known, cause)
    return tuple(best.values())


def _joined(one: Cause, other: Cause) -> Cause:
    return Cause(
        one.reason,
        one.sureness,
        one.summary,
        tuple(dict.fromkeys((*one.evidence, *other.evidence))),
        tuple(dict.fromkeys((*one.actions, *other.actions))),
        one.fields or other.fields,
    )
