"""What two halves of a VNet-to-VNet tunnel, laid side by side, cannot agree on."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Final

from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.domain.azure.live_connection import TrafficSelector
from azure_vpn_operator.domain.diagnosis.evidence import End, Evidence, Keys, MissingHalf
from azure_vpn_operator.domain.diagnosis.findings import Cause, Sureness
from azure_vpn_operator.domain.diagnosis.policies import FieldDifference, PolicyComparison, compare_policies

_RESPONDER: Final = "ResponderOnly"
_INITIATOR: Final = "InitiatorOnly"
IKEV1: Final = "IKEv1"


def compare_halves(evidence: Evidence) -> list[Cause]:
    """Causes that follow from what both halves hold, in the order in which IKE would come to them. Nothing of PFS under IKEv2."""
    own, other = evidence.own, evidence.other
    if isinstance(other, MissingHalf):
        return [_missing(other)]
    if not isinstance(other, End):
        return []
    found = [*_protocols(own, other), *_modes(own, other), *_policies(own, other)]
    if evidence.keys is Keys.DIFFERENT:
        told = ("the keys of both halves were read and compared; they are not equal",)
        found.append(_cause(Reason.KEY_MISMATCH, "the two halves have different shared keys", told))
    if not found and evidence.keys is Keys.EQUAL:
        found += _selectors(own, other)
    unsettled = [end for end in (own, other) if not end.is_at_rest]
    return [_weakened(cause, unsettled) for cause in found] if unsettled else found


def compare_pfs(own: End, other: End) -> FieldDifference | None:
    """The PFS groups, where they differ and nothing shows before the first rekey."""
    if IKEV1 in {own.protocol, other.protocol} or own.protocol is None or other.protocol is None:
        return None
    return _compared(own, other).pfs


def agree(evidence: Evidence, *reasons: Reason) -> bool:
    """Whether both halves are known, and known to be alike in what these reasons are about."""
    own, other = evidence.own, evidence.other
    if not isinstance(other, End):
        return False
    known = own.policy is not None and other.policy is not None
    alike = {
        Reason.KEY_MISMATCH: evidence.keys is Keys.EQUAL,
        Reason.PROTOCOL_MISMATCH: own.protocol is not None and own.protocol == other.protocol,
        Reason.POLICY_MISMATCH: known and not _compared(own, other).differences,
        Reason.DEFAULT_POLICY_GROUP2: known and _compared(own, other).group2 is None,
        Reason.PFS_MISMATCH_AT_REKEY: known and _compared(own, other).pfs is None,
    }
    return all(alike.get(reason, False) for reason in reasons)


def told(own: End, other: End, difference: FieldDifference) -> str:
    """One difference in a sentence; of somebody else's half no value is told."""
    if other.private:
        return f"{difference.field}: {own.name} has {difference.own}, and the other half has something else"
    return f"{difference.field}: {own.name} has {difference.own}, {other.name} has {difference.other}"


def _compared(own: End, other: End) -> PolicyComparison:
    if own.policy is None or other.policy is None:
        return PolicyComparison()
    return compare_policies(own.policy, other.policy)


def _missing(other: MissingHalf) -> Cause:
    where = f"gateway {other.peer}" if other.peer else "the peer's gateway"
    return _cause(
        Reason.PEER_HALF_MISSING,
        "the other half is missing: no connection in Azure leads back from the peer's gateway",
        (f"the connections of {where} were listed, and none leads to this gateway",),
    )


def _protocols(own: End, other: End) -> Iterator[Cause]:
    if own.protocol is None or other.protocol is None or own.protocol == other.protocol:
        return
    difference = FieldDifference("connectionProtocol", own.protocol, other.protocol)
    summary = "the two halves speak different versions of IKE"
    yield _cause(Reason.PROTOCOL_MISMATCH, summary, (told(own, other, difference),), ("connectionProtocol",))


def _modes(own: End, other: End) -> Iterator[Cause]:
    if own.mode != other.mode:
        return
    said = (f"both have connectionMode {own.mode}",)
    if own.mode == _RESPONDER:
        summary = "both halves are ResponderOnly, so nobody starts the tunnel"
        yield _cause(Reason.BOTH_RESPONDER_ONLY, summary, said, ("connectionMode",))
    elif own.mode == _INITIATOR:
        summary = "both halves are InitiatorOnly: each calls, and neither answers"
        yield _cause(Reason.BOTH_INITIATOR_ONLY, summary, said, ("connectionMode",))


def _policies(own: End, other: End) -> Iterator[Cause]:
    found = _compared(own, other)
    if found.group2 is not None:
        summary = "one half has Azure's Default policy, whose group is 2, and the other half has another group"
        yield _cause(Reason.DEFAULT_POLICY_GROUP2, summary, (told(own, other, found.group2),), ("dhGroup",))
    differences = list(found.differences)
    if found.pfs is not None and own.protocol == other.protocol == IKEV1:
        # Quick mode has the group from the start.
        differences.append(found.pfs)
    for sure in (True, False):
        some = [difference for difference in differences if difference.sure is sure]
        if some:
            fields = tuple(difference.field for difference in some)
            summary = f"the policies of the two halves differ in {', '.join(fields)}"
            cause = _cause(
                Reason.POLICY_MISMATCH, summary, tuple(told(own, other, difference) for difference in some), fields
            )
            yield cause if sure else replace(cause, sureness=Sureness.LIKELY)


def _selectors(own: End, other: End) -> Iterator[Cause]:
    """Only ranges that have nothing in common are a cause: IKE narrows what overlaps."""
    if not (own.policy_based and other.policy_based and own.selectors and other.selectors):
        return
    if any(_meet(here, there) for here in own.selectors for there in other.selectors):
        return
    summary = "no pair of address ranges of one half meets one of the other half"
    said = "trafficSelectorPolicies of both halves, each seen from its side, were compared"
    yield replace(_cause(Reason.SELECTOR_MISMATCH, summary, (said,)), sureness=Sureness.LIKELY)


def _meet(here: TrafficSelector, there: TrafficSelector) -> bool:
    return _overlap(here.local, there.remote) and _overlap(here.remote, there.local)


def _overlap(one: frozenset[str], other: frozenset[str]) -> bool:
    try:
        return any(_touch(a, b) for a in one for b in other)
    except ValueError:
        return True


def _touch(one: str, other: str) -> bool:
    a, b = ip_network(one, strict=False), ip_network(other, strict=False)
    return a.version == b.version and a.overlaps(b)


def _cause(reason: Reason, summary: str, evidence: tuple[str, ...], fields: tuple[str, ...] = ()) -> Cause:
    return Cause(reason, Sureness.CERTAIN, summary, evidence, (REASONS[reason].action,), fields)


def _weakened(cause: Cause, unsettled: list[End]) -> Cause:
    states = tuple(
        f"provisioningState of {end.name} is {end.provisioning_state or 'not known'}: what it shows may not be in force"
        for end in unsettled
    )
    return replace(cause, sureness=Sureness.LIKELY, evidence=(*cause.evidence, *states))
