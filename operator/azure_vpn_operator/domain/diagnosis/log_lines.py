"""What one line of a gateway's IKE log says, by the names that the RFCs give to IKE's notifications and exchanges.

Those are RFC 7296 (IKEv2, names with _) and RFC 2408 (IKEv1, with -). Of Azure's own words only the three are matched that Microsoft's
guide "Troubleshoot Azure VPN Gateway using diagnostic logs" has, and they say less: neither who refused, nor in which exchange.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from azure_vpn_operator.domain.azure.gateway_log import IKE_LOG, TUNNEL_LOG, GatewayLogLine, quote, session_of


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
    exchange: GatewayLogLine | None = None
    """The line that names the exchange, if it is another one."""

    @property
    def quotes(self) -> tuple[str, ...]:
        """The line itself, and the one that names the exchange, as evidence."""
        return tuple(map(quote, filter(None, (self.line, self.exchange))))


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


def read_lines(lines: Sequence[GatewayLogLine]) -> list[Told]:
    """What lines tell, in their order: the newest first.

    A line with a standard's name and no exchange belongs to the one that its session was in: some daemons write in one line what
    was sent, and in the next what it means.
    """
    told = []
    for index, line in enumerate(lines):
        found = _read_line(line)
        if found is not None and found.stage is Stage.UNTOLD and not found.in_azures_words and _stages(line) == ():
            found = _placed(found, lines[index + 1 :])
        if found is not None:
            told.append(found)
    return told


def _placed(told: Told, older: Sequence[GatewayLogLine]) -> Told:
    session = session_of(told.line)
    for line in older:
        if session and session_of(line) == session and (stages := _stages(line)):
            if len(stages) > 1:
                break
            return replace(told, stage=stages[0], quick_mode=_is_quick(line), exchange=line)
    return told


def _read_line(line: GatewayLogLine) -> Told | None:
    """What the line tells; None if it names no failure."""
    if line.category != IKE_LOG:
        return None
    found = _NOTICES.search(line.message)
    if found is None:
        summary = next((notice for pattern, notice in _SUMMARIES if pattern.search(line.message)), None)
        return Told(line, summary, Stage.UNTOLD, in_azures_words=True) if summary is not None else None
    stages = _stages(line)
    stage = stages[0] if len(stages) == 1 else Stage.UNTOLD
    return Told(line, Notice(found[1].upper().replace("-", "_")), stage, _is_quick(line))


def _stages(line: GatewayLogLine) -> tuple[Stage, ...]:
    """The exchanges that a line names, each once."""
    return tuple(dict.fromkeys(stage for pattern, stage in _STAGES if pattern.search(line.message)))


def _is_quick(line: GatewayLogLine) -> bool:
    return _QUICK.search(line.message) is not None


def is_received(line: GatewayLogLine) -> bool:
    """Whether the line is about a message that came in."""
    return line.category == IKE_LOG and "[RECEIVED]" in line.message.upper()


def is_sent(line: GatewayLogLine) -> bool:
    """Whether the line is about a message that went out."""
    return line.category == IKE_LOG and "[SEND]" in line.message.upper()


def has_operation(line: GatewayLogLine, name: str) -> bool:
    """Whether the line says that a tunnel came up (`TunnelConnected`) or went down (`TunnelDisconnected`)."""
    return line.category == TUNNEL_LOG and line.operation.lower() == name.lower()
