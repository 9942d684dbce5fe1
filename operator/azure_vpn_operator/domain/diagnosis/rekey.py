"""PFS groups that differ: foreseen while the tunnel is up, and the cause once it went down when its keys had to be renewed."""

from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy
from azure_vpn_operator.domain.azure.proposals import DEFAULT_SA_SECONDS, pfs_group_of
from azure_vpn_operator.domain.diagnosis.changes import came_up_since
from azure_vpn_operator.domain.diagnosis.evidence import End, Evidence, Keys, PolicyInForce
from azure_vpn_operator.domain.diagnosis.findings import Cause, Sureness
from azure_vpn_operator.domain.diagnosis.halves import IKEV1, compare_pfs, told

_EARLY: Final = 0.1
"""Who renews first does so by this share of the lifetime before it ends."""
_LATE: Final = timedelta(minutes=10)
"""So much later it is seen: Azure reports late, and is asked every few minutes."""
_SHARPLY_EARLY: Final = 0.02
_SHARPLY_LATE: Final = timedelta(minutes=5, seconds=30)
_SHORTEST_LIFETIME: Final = timedelta(hours=1, minutes=30)
"""Where nothing but the time speaks for a rekey it has to be met closely, and a lifetime has to be long beside what that leaves open."""


def judge_pfs(evidence: Evidence) -> Cause | None:
    """The cause, if both halves are known, their groups differ, and the tunnel went down at the first rekey."""
    difference = _difference(evidence)
    if difference is None or evidence.last_established is None or evidence.keys is Keys.DIFFERENT:
        return None
    fits = went_down_at_rekey(evidence)
    if fits is False or (fits is None and evidence.keys is not Keys.EQUAL):
        return None
    return Cause(
        Reason.PFS_MISMATCH_AT_REKEY,
        Sureness.CERTAIN if fits and evidence.keys is Keys.EQUAL else Sureness.LIKELY,
        "the keys could not be renewed, since the PFS groups of the two halves differ",
        (difference, *_lifetime_told(evidence, fits=fits)),
        (REASONS[Reason.PFS_MISMATCH_AT_REKEY].action,),
        ("pfsGroup",),
    )


def foresee_pfs(evidence: Evidence) -> Cause | None:
    """That the tunnel will go down at a rekey, if both halves are known and their groups differ."""
    difference = _difference(evidence)
    if difference is None:
        return None
    return Cause(
        Reason.PFS_MISMATCH_AT_REKEY,
        Sureness.CERTAIN,
        "the PFS groups of the two halves differ: the tunnel comes up, and goes down when its keys have to be renewed",
        (difference, f"the keys are renewed after {_lifetime(evidence)} s at the latest"),
        (REASONS[Reason.PFS_MISMATCH_AT_REKEY].action,),
        ("pfsGroup",),
    )


def judge_pfs_of_device(evidence: Evidence) -> Cause | None:
    """The cause, if the last change was another PFS group, the tunnel came up with it, and went down at the first rekey."""
    change = evidence.change
    if change is None or evidence.own.protocol == IKEV1:
        return None
    if not change.changes_pfs or not came_up_since(evidence, change) or not _went_down_sharply(evidence):
        return None
    policies = change.to.ipsec_policies
    group = policies[0].pfs_group if policies else "None"
    return Cause(
        Reason.PFS_MISMATCH_AT_REKEY,
        Sureness.LIKELY,
        f"the tunnel went down at the first rekey since pfsGroup became {group}: the device has another group",
        _lifetime_told(evidence, fits=True),
        (REASONS[Reason.PFS_MISMATCH_AT_REKEY].action,),
        ("pfsGroup",),
    )


def may_be_rekey(evidence: Evidence) -> bool:
    """Whether a device's PFS group cannot be excluded: the tunnel was up long enough to have come to a rekey."""
    if evidence.last_established is None or evidence.own.protocol == IKEV1:
        return False
    return went_down_at_rekey(evidence) is not False


def went_down_at_rekey(evidence: Evidence) -> bool | None:
    """Whether the tunnel stayed up for one lifetime and no longer; None if the times are not known."""
    if evidence.last_established is None or evidence.down_since is None:
        return None
    stayed = evidence.down_since - evidence.last_established
    lifetime = timedelta(seconds=_lifetime(evidence))
    return lifetime * (1 - _EARLY) <= stayed <= lifetime + _LATE


def _went_down_sharply(evidence: Evidence) -> bool:
    if evidence.last_established is None or evidence.down_since is None:
        return False
    stayed = evidence.down_since - evidence.last_established
    lifetime = timedelta(seconds=_lifetime(evidence))
    return lifetime >= _SHORTEST_LIFETIME and lifetime * (1 - _SHARPLY_EARLY) <= stayed <= lifetime + _SHARPLY_LATE


def uses_pfs(policy: PolicyInForce | None) -> bool:
    """Whether a policy names a group for phase 2."""
    return isinstance(policy, CanonicalPolicy) and pfs_group_of(policy) is not None


def _difference(evidence: Evidence) -> str | None:
    other = evidence.other
    found = compare_pfs(evidence.own, other) if isinstance(other, End) else None
    return told(evidence.own, other, found) if found is not None and isinstance(other, End) else None


def _lifetime(evidence: Evidence) -> int:
    ends = (evidence.own, evidence.other)
    policies = [end.policy for end in ends if isinstance(end, End)]
    known = [policy.sa_life_time_seconds for policy in policies if isinstance(policy, CanonicalPolicy)]
    return min((*known, *([DEFAULT_SA_SECONDS] if len(known) < len(policies) or not known else [])))


def _lifetime_told(evidence: Evidence, *, fits: bool | None) -> tuple[str, ...]:
    if not fits or evidence.last_established is None or evidence.down_since is None:
        return ()
    stayed = int((evidence.down_since - evidence.last_established).total_seconds())
    came = f"it came up at {evidence.last_established:%Y-%m-%d %H:%M:%S} UTC and stayed up for about {stayed} s"
    return (f"{came}; the keys live {_lifetime(evidence)} s",)
