"""What one line of a gateway's IKE log says, by the names that the RFCs give to IKE's notifications and exchanges.

Those are RFC 7296 (IKEv2, names with _) and RFC 2408 (IKEv1, with -). Of Azure's own words only the three are matched that Microsoft's
guide "Troubleshoot Azure VPN Gateway using diagnostic logs" has, and they say less: neither who refused, nor in which exchange.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from azure_vpn_operator.domain.azure.gateway_log import IKE_LOG, TUNNEL_LOG, GatewayLogLine, quote


class Notice(StrEnum):
    """The notifications that tell why IKE failed."""

    NO_PROPOSAL = "NO_PROPOSAL_CHOSEN"
    AUTHENTICATION = "AUTHENTICATION_FAILED"
    SELECTORS = "TS_UNACCEPTABLE"
    SINGLE_PAIR = "SINGLE_PAIR_REQUIRED"
    GROUP = "INVALID_KE_PAYLOAD"
    VERSION = "INVALID_MAJOR_VERSION"
    IDENTIFICATION = "INVALID_ID_INFORMATION"
    HASH = "INVALID_HASH_INFORMATION"
    MALFORMED = "PAYLOAD_MALFORMED"


class Stage(StrEnum):
    """In which exchange it was said."""

    PHASE_1 = "phase 1"
    """IKE_SA_INIT, or IKEv1's main mode."""
    FIRST_CHILD = "phase 2"
    """IKE_AUTH, or IKEv1's quick mode."""
    REKEY = "a rekey"
    """CREATE_CHILD_SA."""
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Told:
    """A line that tells something."""

    line: GatewayLogLine
    notice: Notice
    stage: Stage
    quick_mode: bool = False
    """IKEv1's phase 2, which has the PFS group from the start."""
    in_azures_words: bool = False
    """A summary of the gateway, and no name of a standard."""

    @property
    def quote(self) -> str:
        """The line itself, as evidence."""
        return quote(self.line)


_NOTICES: Final = re.compile(
    r"(?<![A-Z])(" + "|".join(notice.value.replace("_", "[-_]") for notice in Notice) + r")(?![A-Z])", re.IGNORECASE
)
_STAGES: Final = (
    # The name of the rekey's exchange ends like that of a child's.
    (re.compile(r"CREATE[-_ ]CHILD[-_ ]SA", re.IGNORECASE), Stage.REKEY),
    (re.compile(r"\b(IKE[-_ ])?SA[-_ ]INIT\b", re.IGNORECASE), Stage.PHASE_1),
    (re.compile(r"\b(IKE|SA)[-_ ]AUTH\b", re.IGNORECASE), Stage.FIRST_CHILD),
    (re.compile(r"\bquick[-_ ]?mode\b", re.IGNORECASE), Stage.FIRST_CHILD),
    (re.compile(r"\bmain[-_ ]?mode\b|\baggressive[-_ ]?mode\b", re.IGNORECASE), Stage.PHASE_1),
)
_SUMMARIES: Final = (
    (
        re.compile(
            r"authentication credentials are unacceptable|notify message - authentication failed", re.IGNORECASE
        ),
        Notice.AUTHENTICATION,
    ),
    (re.compile(r"policy match error|notify message - policy mismatch", re.IGNORECASE), Notice.NO_PROPOSAL),
)
_QUICK: Final = re.compile(r"\bquick[-_ ]?mode\b", re.IGNORECASE)


def read_line(line: GatewayLogLine) -> Told | None:
    """What the line tells; None if it names no failure, or more than one exchange."""
    if line.category != IKE_LOG:
        return None
    found = _NOTICES.search(line.message)
    if found is None:
        summary = next((notice for pattern, notice in _SUMMARIES if pattern.search(line.message)), None)
        return Told(line, summary, Stage.UNTOLD, in_azures_words=True) if summary is not None else None
    stages = {stage for pattern, stage in _STAGES if pattern.search(line.message)}
    stage = stages.pop() if len(stages) == 1 else Stage.UNTOLD
    return Told(line, Notice(found[1].upper().replace("-", "_")), stage, _QUICK.search(line.message) is not None)


def is_received(line: GatewayLogLine) -> bool:
    """Whether the line is about a message that came in."""
    return line.category == IKE_LOG and "[RECEIVED]" in line.message.upper()


def is_sent(line: GatewayLogLine) -> bool:
    """Whether the line is about a message that went out."""
    return line.category == IKE_LOG and "[SEND]" in line.message.upper()


def has_operation(line: GatewayLogLine, name: str) -> bool:
    """Whether the line says that a tunnel came up (`TunnelConnected`) or went down (`TunnelDisconnected`)."""
    return line.category == TUNNEL_LOG and line.operation.lower() == name.lower()
