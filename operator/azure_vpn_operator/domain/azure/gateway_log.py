"""A line of what a gateway logs about its tunnels (Azure Monitor, table AzureDiagnostics)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

TUNNEL_LOG: Final = "TunnelDiagnosticLog"
IKE_LOG: Final = "IKEDiagnosticLog"


@dataclass(frozen=True, slots=True)
class GatewayLogLine:
    """One row of a gateway's diagnostic log, as Log Analytics has it."""

    time: datetime
    category: str
    """`TunnelDiagnosticLog` (one row when a tunnel comes up or goes down) or `IKEDiagnosticLog` (one row for each IKE message)."""
    operation: str
    """OperationName, such as `TunnelDisconnected`."""
    message: str
    """Azure's words. An IKE line begins with SESSION_ID, then `Remote IP:500: Local IP:500:` and [SEND], [RECEIVED] or [LOCAL]."""
    instance: str = ""
    """instance_s: which of the gateway's instances wrote it, such as `GatewayTenantWorker_IN_0`."""


_NOTIFIED: Final = re.compile(
    r"\b(?:AUTHENTICATION[_-]FAILED|NO[_-]PROPOSAL[_-]CHOSEN|TS_UNACCEPTABLE|INVALID_KE_PAYLOAD|INVALID_MAJOR_VERSION"
    r"|INVALID[_-]ID[_-]INFORMATION)\b"
)
"""What ends a negotiation, by the names that the standards for IKE have for it."""
_IN_AZURES_WORDS: Final = re.compile(
    "authentication failed|authentication credentials are unacceptable|policy match error|policy mismatch|negotiation timed out",
    re.IGNORECASE,
)
_SESSION: Final = re.compile(r"^SESSION_ID\s*:\s*\{[^}]*\}\s*")
_LONGEST_QUOTE: Final = 240


def decisive_line(lines: Sequence[GatewayLogLine]) -> GatewayLogLine | None:
    """The newest line that tells why no tunnel comes up, of lines that are newest first; None if none does.

    One that names the IKE notification tells more than Azure's summary of the same attempt.
    """
    for decisive in (_NOTIFIED, _IN_AZURES_WORDS):
        for line in lines:
            if decisive.search(line.message):
                return line
    return None


def quote(line: GatewayLogLine) -> str:
    """A line as a sentence quotes it: what Azure says, when, and without what differs from attempt to attempt."""
    text = _SESSION.sub("", line.message)
    shown = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return f'"{shown}" ({line.time:%Y-%m-%dT%H:%M:%SZ})'
