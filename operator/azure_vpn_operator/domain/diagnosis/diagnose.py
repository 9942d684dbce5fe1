"""From all that is known of a tunnel to why it is down. The operator's reasons and `kubectl azvpn explain` are both this function."""

from dataclasses import replace
from typing import Final

from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.domain.diagnosis.behaviour import judge_flapping, judge_gateways, judge_traffic
from azure_vpn_operator.domain.diagnosis.changes import judge_change
from azure_vpn_operator.domain.diagnosis.evidence import Device, Evidence
from azure_vpn_operator.domain.diagnosis.findings import Cause, Diagnosis, Sureness, strongest_first
from azure_vpn_operator.domain.diagnosis.halves import compare_halves
from azure_vpn_operator.domain.diagnosis.log_causes import read_log
from azure_vpn_operator.domain.diagnosis.rekey import foresee_pfs, judge_pfs, judge_pfs_of_device
from azure_vpn_operator.domain.diagnosis.unknown import admit, possibilities, would_tell

_DOWN: Final = frozenset({"NotConnected", "Connecting"})


def diagnose(evidence: Evidence) -> Diagnosis:
    """Say why the tunnel is down, how sure that is, and what it rests on.

    Two rules: a cause is named only if nothing that is known speaks against it, and where none is named the answer says what would tell.
    """
    if evidence.is_up:
        return _judge_up(evidence)
    if evidence.is_partly_up:
        return _judge_partly(evidence)
    if evidence.status not in _DOWN:
        return _untold(evidence)
    return _judge_down(evidence)


def _judge_up(evidence: Evidence) -> Diagnosis:
    causes = [cause for cause in (judge_flapping(evidence), judge_traffic(evidence)) if cause is not None]
    later = [_later(cause) for cause in compare_halves(evidence)]
    pfs = foresee_pfs(evidence)
    return Diagnosis(
        down=False, causes=strongest_first(causes), foreseen=strongest_first([*([pfs] if pfs else []), *later])
    )


def _judge_partly(evidence: Evidence) -> Diagnosis:
    """One tunnel of two: the halves' values are in force at the other tunnel, so only the log and the gateways can tell."""
    found = read_log(evidence)
    flapping = judge_flapping(evidence)
    causes = [*found, *([flapping] if flapping else [])]
    if not found:
        busy = judge_gateways(evidence)
        causes.append(busy or admit(evidence))
    return Diagnosis(down=True, causes=strongest_first(causes), would_tell=() if found else would_tell(evidence))


def _judge_down(evidence: Evidence) -> Diagnosis:
    found = [*compare_halves(evidence), *read_log(evidence)]
    if not found:
        later = (judge_pfs(evidence), _of_device(evidence), judge_gateways(evidence))
        found = [cause for cause in later if cause is not None][:1]
    flapping = judge_flapping(evidence)
    known = strongest_first([*found, *([flapping] if flapping else [])])
    pfs = foresee_pfs(evidence)
    foreseen = () if pfs is None or pfs.reason in {cause.reason for cause in known} else (pfs,)
    if known:
        return Diagnosis(down=True, causes=known, foreseen=foreseen)
    return Diagnosis(
        down=True,
        causes=(admit(evidence),),
        foreseen=foreseen,
        possible=possibilities(evidence),
        would_tell=would_tell(evidence),
    )


def _of_device(evidence: Evidence) -> Cause | None:
    if not isinstance(evidence.other, Device):
        return None
    return judge_change(evidence) or judge_pfs_of_device(evidence)


def _untold(evidence: Evidence) -> Diagnosis:
    """Azure does not tell, as while an operation runs on the connection: then nothing is told here either."""
    state = evidence.own.provisioning_state
    running = f", while provisioningState is {state}" if state not in {None, "Succeeded"} else ""
    told = (f"connectionStatus is {evidence.status or 'absent'}{running}",)
    reason = Reason.STATUS_UNKNOWN
    cause = Cause(
        reason, Sureness.NOT_KNOWN, "Azure does not tell whether the tunnel is up", told, (REASONS[reason].action,)
    )
    return Diagnosis(down=False, causes=(cause,), would_tell=("the same question in a minute",))


def _later(cause: Cause) -> Cause:
    """The tunnel still lives by what was agreed before."""
    return replace(cause, summary=f"{cause.summary}: once the tunnel goes down it will not come back")
