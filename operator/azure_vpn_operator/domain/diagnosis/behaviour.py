"""What a tunnel does: it goes up and down, it is quiet, or its gateway is at work."""

from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.live_connection import TERMINAL_STATES
from azure_vpn_operator.domain.diagnosis.evidence import End, Evidence, GatewayState, NoLog
from azure_vpn_operator.domain.diagnosis.findings import Cause, Sureness
from azure_vpn_operator.domain.diagnosis.log_lines import has_operation

FLAPS: Final = 3
"""So many times down within `WINDOW`, and it flaps."""
WINDOW: Final = timedelta(hours=1)
_LONGEST_OPERATION: Final = timedelta(hours=1)
"""No operation on a gateway takes longer, but for the making of one."""


def judge_flapping(evidence: Evidence) -> Cause | None:
    """That the tunnel does not stay, by Events of the operator or by the gateway's log."""
    told = []
    drops = evidence.drops
    if drops is not None and drops.count >= FLAPS and evidence.now - drops.last <= WINDOW and _is_dense(evidence):
        told.append(
            f"it went down {drops.count} times since {drops.since:%Y-%m-%d %H:%M} UTC, by the operator's Events"
        )
    rows = [] if isinstance(evidence.log, NoLog) else [line for line in evidence.log if _is_drop(line, evidence)]
    # A failover takes the tunnels of one instance down once; the same instance several times is something else.
    most = max((sum(row.instance == other.instance for other in rows) for row in rows), default=0)
    if most >= FLAPS:
        told.append(f"the gateway's log has TunnelDisconnected {most} times within an hour")
    if not told:
        return None
    summary = "the tunnel does not stay: it goes up and down"
    return Cause(Reason.FLAPPING, Sureness.CERTAIN, summary, tuple(told), (REASONS[Reason.FLAPPING].action,))


def judge_traffic(evidence: Evidence) -> Cause | None:
    """That nothing comes in through a tunnel that is up."""
    quiet = evidence.quiet
    if quiet is None:
        return None
    since = f"no bytes have come in since {quiet.since:%Y-%m-%d %H:%M} UTC" if quiet.since else "no byte ever came in"
    told = [f"{since}, by Azure's counters"]
    if quiet.bytes_go_out:
        told.append("bytes go out")
    summary = "the tunnel is up, and no bytes come in through it"
    return Cause(Reason.NO_TRAFFIC, Sureness.CERTAIN, summary, tuple(told), (REASONS[Reason.NO_TRAFFIC].action,))


def judge_gateways(evidence: Evidence) -> Cause | None:
    """That the tunnel went down lately while Azure works on one of its gateways; one that was down before is not down for that."""
    since = evidence.down_since
    busy = busy_gateways(evidence)
    if not busy or since is None or evidence.now - since > _LONGEST_OPERATION:
        return None
    names = ", ".join(gateway.name for gateway in busy)
    told = [f"provisioningState of gateway {gateway.name} is {gateway.provisioning_state}" for gateway in busy]
    told.append(f"the tunnel is down since {since:%Y-%m-%d %H:%M:%S} UTC")
    summary = f"Azure carries out an operation on {names}, which takes tunnels down"
    return Cause(
        Reason.GATEWAY_UPDATING, Sureness.LIKELY, summary, tuple(told), (REASONS[Reason.GATEWAY_UPDATING].action,)
    )


def busy_gateways(evidence: Evidence) -> tuple[GatewayState, ...]:
    """The gateways on which an operation runs."""
    ends = (evidence.own, evidence.other)
    gateways = [end.gateway for end in ends if isinstance(end, End) and end.gateway is not None]
    return tuple(gateway for gateway in gateways if gateway.provisioning_state not in TERMINAL_STATES)


def _is_dense(evidence: Evidence) -> bool:
    drops = evidence.drops
    return drops is not None and (drops.last - drops.since) / max(drops.count - 1, 1) <= WINDOW / (FLAPS - 1)


def _is_drop(line: GatewayLogLine, evidence: Evidence) -> bool:
    return has_operation(line, "TunnelDisconnected") and evidence.now - line.time <= WINDOW
