"""In which fields two policies have nothing in common. Lifetimes need not be equal, so they are not compared."""

from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.algorithms import (
    DhGroup,
    IkeEncryption,
    IkeIntegrity,
    IpsecEncryption,
    IpsecIntegrity,
    PfsGroup,
)
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy
from azure_vpn_operator.domain.azure.proposals import (
    DEFAULT_ESP_ACCEPTED,
    DEFAULT_IKE,
    EspProposal,
    Group,
    pfs_group_of,
    proposals_of,
)
from azure_vpn_operator.domain.diagnosis.evidence import DefaultPolicy, PolicyInForce

DEFAULT: Final = "Azure's Default policy"
_FIELDS: Final = (
    ("ikeEncryption", "ike_encryption", IkeEncryption),
    ("ikeIntegrity", "ike_integrity", IkeIntegrity),
    ("dhGroup", "dh_group", DhGroup),
    ("ipsecEncryption", "ipsec_encryption", IpsecEncryption),
    ("ipsecIntegrity", "ipsec_integrity", IpsecIntegrity),
)
_GCM: Final = "GCMAES"


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field in which the two ends cannot meet."""

    field: str
    own: str
    other: str
    sure: bool = True
    """False where Azure's documents do not say whether the two values meet."""


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """How two policies differ."""

    differences: tuple[FieldDifference, ...] = ()
    """With these no tunnel comes up."""
    group2: FieldDifference | None = None
    """One end has the Default policy, whose group is 2, and the other wants another one."""
    pfs: FieldDifference | None = None
    """The groups of phase 2: under IKEv1 no tunnel comes up, under IKEv2 it does not survive a rekey."""


def compare_policies(own: PolicyInForce, other: PolicyInForce) -> PolicyComparison:
    """Compare what two ends hold; the answer is the same for both, but for the order of the values."""
    match own, other:
        case CanonicalPolicy(), CanonicalPolicy():
            return _compare_custom(own, other)
        case CanonicalPolicy(), DefaultPolicy():
            return _turned(_compare_default(own))
        case DefaultPolicy(), CanonicalPolicy():
            return _compare_default(other)
        case _:
            return PolicyComparison()


def _compare_custom(own: CanonicalPolicy, other: CanonicalPolicy) -> PolicyComparison:
    found = []
    for name, attribute, known in _FIELDS:
        here, there = str(getattr(own, attribute)), str(getattr(other, attribute))
        if here != there:
            values = set(known)
            sure = here in values and there in values and not (attribute == "ike_integrity" and _only_prf(own, other))
            found.append(FieldDifference(name, here, there, sure))
    return PolicyComparison(tuple(found), pfs=_compare_pfs(own, other))


def _only_prf(own: CanonicalPolicy, other: CanonicalPolicy) -> bool:
    """Whether integrity only names the pseudo-random function, and one of them leaves it open."""
    if not (own.ike_encryption.startswith(_GCM) and other.ike_encryption.startswith(_GCM)):
        return False
    return own.ike_integrity.startswith(_GCM) or other.ike_integrity.startswith(_GCM)


def _compare_pfs(own: CanonicalPolicy, other: CanonicalPolicy) -> FieldDifference | None:
    if own.pfs_group == other.pfs_group and own.pfs_group != PfsGroup.PFSMM:
        return None
    if not {own.pfs_group, other.pfs_group} <= set(PfsGroup) or pfs_group_of(own) == pfs_group_of(other):
        return None
    return FieldDifference("pfsGroup", own.pfs_group, other.pfs_group)


def _compare_default(custom: CanonicalPolicy) -> PolicyComparison:
    """Compare the Default policy at this end with a policy at the other."""
    proposals = proposals_of(custom)
    if not proposals.ike or not proposals.esp:
        return PolicyComparison()
    ike, esp = proposals.ike[0], proposals.esp[0]
    found = []
    if ike.encryption not in {offered.encryption for offered in DEFAULT_IKE}:
        found.append(FieldDifference("ikeEncryption", DEFAULT, custom.ike_encryption))
    elif ike.integrity not in {offered.integrity for offered in DEFAULT_IKE}:
        found.append(FieldDifference("ikeIntegrity", DEFAULT, custom.ike_integrity))
    if (esp.encryption, esp.integrity) not in {(known.encryption, known.integrity) for known in DEFAULT_ESP_ACCEPTED}:
        named = esp.encryption in {known.encryption for known in DEFAULT_ESP_ACCEPTED}
        value = custom.ipsec_integrity if named else custom.ipsec_encryption
        found.append(FieldDifference("ipsecIntegrity" if named else "ipsecEncryption", DEFAULT, value))
        esp = DEFAULT_ESP_ACCEPTED[0]
    return PolicyComparison(
        tuple(found),
        group2=None if ike.group is Group.MODP_1024 else FieldDifference("dhGroup", "DHGroup2", custom.dh_group),
        pfs=None if _accepts(esp) else FieldDifference("pfsGroup", DEFAULT, custom.pfs_group),
    )


def _accepts(wanted: EspProposal) -> bool:
    return wanted in DEFAULT_ESP_ACCEPTED


def _turned(found: PolicyComparison) -> PolicyComparison:
    def turn(item: FieldDifference) -> FieldDifference:
        return FieldDifference(item.field, item.other, item.own, item.sure)

    return PolicyComparison(
        tuple(map(turn, found.differences)),
        turn(found.group2) if found.group2 is not None else None,
        turn(found.pfs) if found.pfs is not None else None,
    )
