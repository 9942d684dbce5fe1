"""What can go wrong at the border, as values: one `Fault` per failed call, and one table that says what it means.

Adapters translate their library's exceptions into a `Fault` once; nothing above them sees an HTTP status. The table `VERDICTS`
holds the speed of the retry as data. Stalled means that a person has to act and we look again slowly; it never means that we stop looking.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from typing_extensions import override

from azure_vpn_operator.api.reasons import Reason

MESSAGE_LIMIT: Final = 600
"""Azure's texts are cut to this many characters before they go into a condition or an Event."""

_PER_REQUEST = re.compile(
    r"\s*(?:,|;|\.|\()?\s*(?:correlation|request|tracking|trace|activity)[ -]?id:?\s*'?[0-9a-f-]{8,}'?\)?"
    r"|\s*timestamp:?\s*'?[0-9T:.Z +/-]{8,}'?",
    re.IGNORECASE,
)


class FaultKind(StrEnum):
    """The classes of failure that lead to different behaviour."""

    BUSY = "Busy"
    """Another operation holds the resource or its gateway: a lock, not quota."""
    THROTTLED = "Throttled"
    """Quota of the subscription or the principal is used up."""
    UNAUTHENTICATED = "Unauthenticated"
    FORBIDDEN = "Forbidden"
    LOCKED = "Locked"
    """A management lock (CanNotDelete or ReadOnly) is in the way."""
    DENIED_BY_POLICY = "DeniedByPolicy"
    NOT_FOUND = "NotFound"
    REJECTED = "Rejected"
    """Azure understood the request and refuses it for what it says."""
    CONFLICT = "Conflict"
    UNAVAILABLE = "Unavailable"
    """No answer, or a 5xx: whether a write took effect is not known."""
    UNREADABLE = "Unreadable"
    """An answer that is not what the API promises (HTML, cut JSON, wrong types): likewise not known."""
    UNSUPPORTED = "Unsupported"
    """The answer names an address or form that must not be followed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed call. `message` is safe to show: bounded, without keys, tokens or identifiers of the single request."""

    kind: FaultKind
    code: str
    message: str
    retry_after: float | None = None
    """Seconds the other side asked us to wait."""
    request_id: str = ""
    """Azure's request id; for the log only, since it differs each time."""

    @property
    def outcome_unknown(self) -> bool:
        """Whether a write that ended in this fault may have taken effect."""
        return self.kind in {FaultKind.UNAVAILABLE, FaultKind.UNREADABLE, FaultKind.UNSUPPORTED}

    @override
    def __str__(self) -> str:
        """Code and text, as people read it in a condition."""
        return f"{self.code}: {self.message}" if self.message else self.code


def safe_message(text: str) -> str:
    """Azure's text without ids of the single request, in one line and cut, so that equal failures read equal."""
    line = " ".join(_PER_REQUEST.sub("", text).split())
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a fault."""

    reason: Reason
    stalled: bool
    """True: someone has to act."""
    retry_seconds: float
    """The first delay."""
    max_retry_seconds: float
    """The delay never grows beyond this."""


VERDICTS: Final[dict[FaultKind, Verdict]] = {
    FaultKind.BUSY: Verdict(Reason.GATEWAY_BUSY, stalled=False, retry_seconds=5, max_retry_seconds=60),
    FaultKind.THROTTLED: Verdict(Reason.THROTTLED, stalled=False, retry_seconds=10, max_retry_seconds=300),
    FaultKind.UNAUTHENTICATED: Verdict(
        Reason.AZURE_AUTHENTICATION_FAILED, stalled=True, retry_seconds=60, max_retry_seconds=300
    ),
    FaultKind.FORBIDDEN: Verdict(Reason.AZURE_FORBIDDEN, stalled=True, retry_seconds=60, max_retry_seconds=900),
    FaultKind.LOCKED: Verdict(Reason.MANAGEMENT_LOCK, stalled=True, retry_seconds=60, max_retry_seconds=900),
    FaultKind.DENIED_BY_POLICY: Verdict(
        Reason.DENIED_BY_AZURE_POLICY, stalled=True, retry_seconds=300, max_retry_seconds=1800
    ),
    FaultKind.NOT_FOUND: Verdict(
        Reason.AZURE_RESOURCE_NOT_FOUND, stalled=False, retry_seconds=15, max_retry_seconds=300
    ),
    FaultKind.REJECTED: Verdict(Reason.AZURE_REJECTED, stalled=True, retry_seconds=300, max_retry_seconds=1800),
    FaultKind.CONFLICT: Verdict(Reason.AZURE_CONFLICT, stalled=False, retry_seconds=10, max_retry_seconds=300),
    FaultKind.UNAVAILABLE: Verdict(Reason.AZURE_UNAVAILABLE, stalled=False, retry_seconds=2, max_retry_seconds=300),
    FaultKind.UNREADABLE: Verdict(
        Reason.AZURE_ANSWER_UNREADABLE, stalled=False, retry_seconds=5, max_retry_seconds=300
    ),
    FaultKind.UNSUPPORTED: Verdict(
        Reason.AZURE_ANSWER_UNREADABLE, stalled=True, retry_seconds=60, max_retry_seconds=900
    ),
}


def verdict(fault: Fault) -> Verdict:
    """What follows from this fault: reason, whether a person has to act, and the speed of the retry."""
    return VERDICTS[fault.kind]


NOT_LEADING: Final = Fault(
    FaultKind.BUSY,
    "NotLeading",
    "This replica does not lead, or not for long enough: nothing was sent.",
    retry_after=5.0,
)
LATE_WRITE: Final = Fault(
    FaultKind.UNAVAILABLE,
    "Timeout",
    "No complete answer in the time that a write may take while another replica stands by.",
)
