"""A line of what a gateway logs about its tunnels (Azure Monitor, table AzureDiagnostics)."""

import re
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


_SESSION: Final = re.compile(r"^SESSION_ID\s*:\s*\{([^}]*)\}\s*")
_LONGEST_QUOTE: Final = 240


def session_of(line: GatewayLogLine) -> str:
    """The id of the negotiation that an IKE line belongs to; empty if it names none."""
    found = _SESSION.match(line.message)
    return found[1] if found is not None else ""


def quote(line: GatewayLogLine) -> str:
    """A line as a sentence quotes it: what Azure says, when, and without what differs from attempt to attempt."""
    text = _SESSION.sub("", line.message) or line.operation
    shown = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return f'"{shown}" ({line.time:%Y-%m-%dT%H:%M:%SZ})'
