"""Where no cause is known: what it may be and is not, and what would tell."""

from collections.abc import Iterator
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.gateway_log import IKE_LOG, GatewayLogLine, quote
from azure_vpn_operator.domain.diagnosis.behaviour import busy_gateways
from azure_vpn_operator.domain.diagnosis.changes import changed_things, took_it_down
from azure_vpn_operator.domain.diagnosis.evidence import DefaultPolicy, Device, End, Evidence, Keys, NoLog, UnseenHalf
from azure_vpn_operator.domain.diagnosis.findings import Cause, Sureness
from azure_vpn_operator.domain.diagnosis.halves import IKEV1
from azure_vpn_operator.domain.diagnosis.log_causes import is_unanswered, lines_of_outage, newest_told
from azure_vpn_operator.domain.diagnosis.log_lines import has_operation
from azure_vpn_operator.domain.diagnosis.rekey import may_be_rekey, uses_pfs

_WAITS: Final = "ResponderOnly"


def admit(evidence: Evidence) -> Cause:
    """The answer that no cause is known, with what has been seen."""
    ours = isinstance(evidence.other, UnseenHalf) and evidence.other.ours
    both_known = isinstance(evidence.other, End) or ours
    reason = Reason.NOT_CONNECTED if both_known else Reason.UNKNOWN_PEER_SIDE
    return Cause(reason, Sureness.NOT_KNOWN, _summary(evidence), tuple(_seen(evidence)), tuple(_actions(evidence)))


def possibilities(evidence: Evidence) -> tuple[str, ...]:
    """What it may be: each with the reason that would be given if it were known."""
    return tuple(_possible(evidence))


def would_tell(evidence: Evidence) -> tuple[str, ...]:
    """What would tell more, the quickest first."""
    return tuple(_tells(evidence))


def _summary(evidence: Evidence) -> str:
    if evidence.is_partly_up:
        return f"{evidence.up} of {evidence.total} tunnels are up; why the rest is down is not known"
    match evidence.other:
        case Device() if _child_is_missing(evidence):
            return "the two ends know each other, so key and phase 1 fit; phase 2 or the address ranges do not"
        case Device(name) if (sent := is_unanswered(evidence)) > 0:
            return f"the device behind {name} does not answer: {sent} messages went out, and none came in"
        case Device(name):
            return f"the tunnel is down, and what the device behind {name} has is not known"
        case UnseenHalf(why):
            return f"the tunnel is down; {why}"
        case _:
            return "the tunnel is down, and both halves agree in all that is known of them"


def _actions(evidence: Evidence) -> Iterator[str]:
    if isinstance(evidence.other, Device) and evidence.is_partly_up:
        yield f"Look at the device, or at the gateway's instance, of the tunnel that is down ({evidence.other.name})."
    elif isinstance(evidence.other, Device):
        yield "Ask the site whether the device is up and reaches the gateway's address."
        yield "Compare with what the device has: `kubectl azvpn peer-config NAME --format table` prints what it has to have."


def _seen(evidence: Evidence) -> Iterator[str]:
    if evidence.last_established is not None and evidence.last_established <= evidence.now:
        yield f"it last came up at {evidence.last_established:%Y-%m-%d %H:%M:%S} UTC"
    elif evidence.last_established is None and evidence.azure_read and not evidence.is_partly_up:
        yield "Azure shows no time at which it ever came up"
    if evidence.down_since is not None:
        yield f"it was first seen down at {evidence.down_since:%Y-%m-%d %H:%M:%S} UTC"
    if evidence.is_partly_up:
        yield "policy, key and IKE version are those of the tunnel that is up, unless the device has others for each"
    if evidence.ike_sas is not None and not evidence.is_partly_up:
        some = [sa for sa in evidence.ike_sas if not sa.has_child]
        yield f"the gateway has {len(some)} IKE SA without an IPsec SA" if some else "the gateway has no IKE SA for it"
    for gateway in busy_gateways(evidence):
        yield f"Azure carries out an operation on gateway {gateway.name}"
    if evidence.change is not None and took_it_down(evidence):
        things = ", ".join(changed_things(evidence.change, ikev1=evidence.own.protocol == IKEV1)) or "nothing of these"
        yield f"it has not come up since the last change, which changed several things: {things}"
    told = newest_told(evidence)
    if told is not None:
        yield from (f"the gateway's log: {each}" for each in told.quotes)
    yield from (f"the gateway's log: {quote(line)}" for line in _summaries(evidence))


def _summaries(evidence: Evidence) -> Iterator[GatewayLogLine]:
    """Azure's own word on the last time that the tunnel went down."""
    yield from (
        line for line in lines_of_outage(evidence)[:200] if has_operation(line, "TunnelDisconnected") and line.message
    )


def _possible(evidence: Evidence) -> Iterator[str]:
    own, other = evidence.own, evidence.other
    if isinstance(other, End) or evidence.is_partly_up:
        return
    if isinstance(other, UnseenHalf) and not other.ours:
        yield f"{Reason.PEER_HALF_MISSING}: there is no other half"
    if isinstance(other, Device) and not _child_is_missing(evidence):
        yield "the device is down, or what is sent does not arrive: firewall (UDP 500 and 4500), address"
    if may_be_rekey(evidence) and (uses_pfs(own.policy) or isinstance(other, Device)):
        yield f"{Reason.PFS_MISMATCH_AT_REKEY}: it was up for about as long as its keys live, if it went down by itself"
    if isinstance(own.policy, DefaultPolicy) and not _child_is_missing(evidence):
        yield f"{Reason.DEFAULT_POLICY_GROUP2}: Azure's Default policy has no other Diffie-Hellman group than 2"
    yield f"{Reason.POLICY_MISMATCH}: {'phase 2' if _child_is_missing(evidence) else 'no algorithms in common'}"
    if evidence.keys is not Keys.EQUAL and not _child_is_missing(evidence):
        yield f"{Reason.KEY_MISMATCH}: different shared keys"
    yield f"{Reason.SELECTOR_MISMATCH}: {_selectors(own)}"
    if _child_is_missing(evidence):
        return
    if own.protocol is not None:
        yield f"{Reason.PROTOCOL_MISMATCH}: this end speaks {own.protocol} only"
    if own.mode == _WAITS:
        yield f"{Reason.BOTH_RESPONDER_ONLY}: this end waits to be called (connectionMode {own.mode})"
    elif own.mode == "InitiatorOnly":
        yield f"{Reason.BOTH_INITIATOR_ONLY}: this end does not answer (connectionMode {own.mode})"


def _selectors(own: End) -> str:
    if own.policy_based:
        return "the device has other address ranges"
    return "the device insists on address ranges (policy-based), and this end offers any to any"


def _tells(evidence: Evidence) -> Iterator[str]:
    if not evidence.azure_read:
        yield "Azure itself: --azure reads both halves, the gateways and the IKE SAs, and compares the keys of two halves"
    if isinstance(evidence.log, NoLog):
        yield f"the gateway's IKEDiagnosticLog: {evidence.log.why}"
    elif not any(line.category == IKE_LOG for line in lines_of_outage(evidence)):
        yield "the gateway's IKEDiagnosticLog: it has no line since the tunnel went down; lines come some minutes late"
    match evidence.other:
        case Device(name, address):
            where = f"{name} ({address})" if address else name
            yield f"the IKE log of the device behind {where}: it names what it refuses"
        case UnseenHalf(why, ours) if not ours:
            yield f"the connection that leads back: {why}"
        case End() if evidence.keys is Keys.UNKNOWN and evidence.azure_read:
            yield "the shared keys of both halves: they could not be read (Microsoft.Network/connections/sharedKey/action)"
        case _:
            return


def _child_is_missing(evidence: Evidence) -> bool:
    """Whether an IKE SA is there and no IPsec SA: what comes before phase 2 fits."""
    sas = evidence.ike_sas
    return bool(sas) and not evidence.is_partly_up and not any(sa.has_child for sa in sas or ())
