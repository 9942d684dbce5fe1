"""Causes by what the gateway has logged since the tunnel was last up. The line is the evidence, and no more is claimed than it says."""

from collections.abc import Sequence
from typing import Final

from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.diagnosis.evidence import DefaultPolicy, Evidence, NoLog
from azure_vpn_operator.domain.diagnosis.findings import Cause, Sureness
from azure_vpn_operator.domain.diagnosis.halves import agree
from azure_vpn_operator.domain.diagnosis.log_lines import (
    Notice,
    Stage,
    Told,
    has_operation,
    is_received,
    is_sent,
    read_lines,
)

_PHASE_1_FIELDS: Final = ("ikeEncryption", "ikeIntegrity", "dhGroup")
_PHASE_2_FIELDS: Final = ("ipsecEncryption", "ipsecIntegrity")
_CERTAIN, _LIKELY = Sureness.CERTAIN, Sureness.LIKELY


def lines_of_outage(evidence: Evidence) -> Sequence[GatewayLogLine]:
    """The lines since the tunnel was last up, and since the last change came into force; the newest first."""
    if isinstance(evidence.log, NoLog):
        return ()
    found: list[GatewayLogLine] = []
    in_force = evidence.change.in_force_since if evidence.change is not None else None
    begin = max(filter(None, (evidence.last_established, in_force)), default=None)
    for line in sorted(evidence.log, key=lambda line: line.time, reverse=True):
        if has_operation(line, "TunnelConnected") or (begin is not None and line.time < begin):
            break
        found.append(line)
    return found


def read_log(evidence: Evidence) -> list[Cause]:
    """The cause that the newest telling line names; none if it contradicts what was compared."""
    told = newest_told(evidence)
    cause = _cause_of(told, evidence) if told is not None else None
    return [] if cause is None or agree(evidence, cause.reason) else [cause]


def newest_told(evidence: Evidence) -> Told | None:
    """The newest line that tells why IKE fails.

    A wrong group is also the way in which IKE finds the right one, so others come first; and a standard's name says more than a summary.
    """
    told = read_lines(lines_of_outage(evidence))
    return min(told, key=lambda found: (found.in_azures_words, found.notice is Notice.GROUP), default=None)


def is_unanswered(evidence: Evidence) -> int:
    """How many messages went out since the tunnel was last up while none came in; 0 if any did."""
    lines = lines_of_outage(evidence)
    return 0 if any(map(is_received, lines)) else sum(map(is_sent, lines))


def _cause_of(told: Told, evidence: Evidence) -> Cause | None:
    match told.notice:
        case Notice.NO_PROPOSAL:
            return _proposal(told, evidence)
        case Notice.GROUP:
            return _group(told, evidence)
        case Notice.AUTHENTICATION | Notice.HASH:
            summary = "the proof of the shared key was refused: the keys differ, or the device expects another identity"
            return _cause(Reason.KEY_MISMATCH, _LIKELY, summary, told)
        case Notice.SELECTORS:
            return _selectors(_CERTAIN, told)
        case Notice.SINGLE_PAIR:
            return _selectors(_LIKELY, told)
        case Notice.IDENTIFICATION if told.quick_mode:
            # In quick mode the identities are the address ranges.
            return _selectors(_CERTAIN, told)
        case Notice.VERSION:
            summary = "the two ends speak different versions of IKE"
            return _cause(Reason.PROTOCOL_MISMATCH, _CERTAIN, summary, told, ("connectionProtocol",))
        case _:
            return None


def _proposal(told: Told, evidence: Evidence) -> Cause | None:
    if told.stage is Stage.REKEY:
        return _rekey(_CERTAIN if evidence.last_established is not None else _LIKELY, told)
    if told.stage is Stage.PHASE_1:
        summary = (
            "the two ends have no proposal for phase 1 in common, or the device does not know this peer or this version of "
            "IKE, which it may answer in the same way"
        )
        return _cause(Reason.POLICY_MISMATCH, _LIKELY, summary, told, _PHASE_1_FIELDS)
    if told.stage is Stage.FIRST_CHILD:
        fields = (*_PHASE_2_FIELDS, "pfsGroup") if told.quick_mode else _PHASE_2_FIELDS
        summary = "the two ends have no proposal for phase 2 in common"
        return _cause(Reason.POLICY_MISMATCH, _CERTAIN, summary, told, fields)
    if evidence.last_established is not None:
        return None
    summary = "the two ends have no proposal in common; the line does not say for which phase"
    return _cause(Reason.POLICY_MISMATCH, _LIKELY, summary, told, (*_PHASE_1_FIELDS, *_PHASE_2_FIELDS))


def _group(told: Told, evidence: Evidence) -> Cause | None:
    if told.stage is Stage.REKEY:
        return _rekey(_LIKELY, told)
    if told.stage is not Stage.PHASE_1:
        return None
    if isinstance(evidence.own.policy, DefaultPolicy):
        summary = "the device wants another Diffie-Hellman group than 2, the one group of Azure's Default policy"
        return _cause(Reason.DEFAULT_POLICY_GROUP2, _LIKELY, summary, told, ("dhGroup",))
    summary = "the device wants another Diffie-Hellman group in phase 1"
    return _cause(Reason.POLICY_MISMATCH, _LIKELY, summary, told, ("dhGroup",))


def _rekey(sureness: Sureness, told: Told) -> Cause:
    summary = "the keys could not be renewed, since the PFS groups of the two ends differ"
    return _cause(Reason.PFS_MISMATCH_AT_REKEY, sureness, summary, told, ("pfsGroup",))


def _selectors(sureness: Sureness, told: Told) -> Cause:
    summary = "the two ends do not agree on the address ranges of the tunnel"
    return _cause(Reason.SELECTOR_MISMATCH, sureness, summary, told, ("trafficSelectorPolicies",))


def _cause(reason: Reason, sureness: Sureness, summary: str, told: Told, fields: tuple[str, ...] = ()) -> Cause:
    # What is put together from two lines says less than one that has it all.
    sure = sureness if told.exchange is None else _LIKELY
    quotes = tuple(f"the gateway's log: {each}" for each in told.quotes)
    return Cause(reason, sure, summary, quotes, (REASONS[reason].action,), fields)
