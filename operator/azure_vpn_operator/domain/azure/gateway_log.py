"""A line of what a gateway logs about its tunnels (Azure Monitor, table AzureDiagnostics)."""

from dataclasses import dataclass
from datetime import datetime


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
