"""Two VpnConnections of one namespace whose gateways cross are the halves of one tunnel: what they must agree on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy

DISAGREEMENTS: Final = frozenset(
    {
        Reason.PAIR_POLICY_MISMATCH,
        Reason.PAIR_KEY_MISMATCH,
        Reason.PAIR_PROTOCOL_MISMATCH,
        Reason.PAIR_BOTH_RESPONDERS,
        Reason.DUPLICATE_PAIR,
    }
)
"""With these nothing that the objects want is written."""


@dataclass(frozen=True, slots=True)
class HalfFacts:
    """What one half wants, and whether Azure holds it."""

    name: str
    """The object's name."""
    policy_hash: str | None
    """Hash of the wanted policy's canonical values; None for Azure's Default policy, and for one that is missing or invalid."""
    policy_name: str | None
    key_reference: tuple[str, str] | None
    """Secret and entry."""
    protocol: str | None
    """What the object says; None if it leaves the IKE version to Azure."""
    responder_only: bool
    synced: bool
    enforced: bool = True
    """False if its object only observes: it is compared, and holds nobody."""
    held_policy_hash: str | None = None
    """The policy that its status says Azure was given."""
    known_protocol: str | None = None
    """The IKE version that Azure has, or had last."""
    initiator_only: bool = False
    policy: CanonicalPolicy | None = None
    """The wanted policy's values; None where there is no hash."""

    def protocol_beside(self, other: "HalfFacts | None" = None) -> str:
        """The IKE version that counts: where both halves leave it to Azure, one that is not there yet gets that of the other."""
        known = self.known_protocol
        if known is None and self.protocol is None and other is not None and other.protocol is None:
            known = other.known_protocol
        return self.protocol or known or "IKEv2"


@dataclass(frozen=True, slots=True)
class PairView:
    """This half and every object that crosses it."""

    own: HalfFacts
    partners: tuple[HalfFacts, ...]
    rivals: tuple[str, ...] = ()
    """Names of other enforced objects between the same gateways in the same direction: there should be none."""


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What to say about a pair. `agreed` None means that it cannot be told."""

    agreed: bool | None
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class _Comparison:
    reason: Reason
    field: str
    differs: bool
    one: str
    two: str


def find_disagreement(view: PairView | None) -> PairVerdict | None:
    """Why neither half may be written, if the two objects disagree; None also for an owned pair, which cannot."""
    verdict = judge_pair(view) if view is not None else None
    return verdict if verdict is not None and verdict.reason in DISAGREEMENTS else None


def judge_pair(view: PairView) -> PairVerdict:
    """Compare the halves. Swapping them changes nothing but the names in the message's order."""
    # Who only observes is compared if there is nobody else, and never counts as one too many.
    enforced = tuple(partner for partner in view.partners if partner.enforced)
    partners = enforced or view.partners[:1]
    if not partners:
        return PairVerdict(
            agreed=None,
            reason=Reason.PARTNER_NOT_MANAGED,
            message="no VpnConnection of this namespace makes the other half of this tunnel",
        )
    if len(partners) > 1 or view.rivals:
        names = ", ".join(sorted({view.own.name, *view.rivals, *(partner.name for partner in partners)}))
        return PairVerdict(
            agreed=False,
            reason=Reason.DUPLICATE_PAIR,
            message=f"more than two VpnConnections lie between these gateways: {names}",
        )
    partner = partners[0]
    own, other = sorted((view.own, partner), key=lambda half: half.name)
    for comparison in _comparisons(own, other):
        if comparison.differs:
            return PairVerdict(
                agreed=False,
                reason=comparison.reason,
                message=f"spec.{comparison.field} differs: {own.name} has {comparison.one}, {other.name} has {comparison.two}",
            )
    if own.responder_only and other.responder_only:
        return PairVerdict(
            agreed=False,
            reason=Reason.PAIR_BOTH_RESPONDERS,
            message=f"{own.name} and {other.name} are both ResponderOnly, so nobody starts the tunnel: "
            "set connectionMode: Default on one of them",
        )
    behind = [half.name for half in (own, other) if not half.synced or half.held_policy_hash != half.policy_hash]
    if behind:
        return PairVerdict(
            agreed=False,
            reason=Reason.PARTNER_UPDATING,
            message=f"the halves agree; not in Azure yet: {', '.join(behind)}",
        )
    return PairVerdict(
        agreed=True, reason=Reason.IN_SYNC, message=f"{own.name} and {other.name} want and hold the same"
    )


def both_initiate(view: PairView) -> bool:
    """Whether the halves of the pair are both InitiatorOnly: each calls, and neither answers."""
    return view.own.initiator_only and any(partner.initiator_only for partner in view.partners)


def _comparisons(own: HalfFacts, other: HalfFacts) -> Sequence[_Comparison]:
    def identity(half: HalfFacts) -> str | None:
        # A policy that is not there yet is none of the others, and not Azure's Default either.
        return half.policy_hash or half.policy_name

    def policy(half: HalfFacts) -> str:
        return half.policy_name or "Azure's Default policy"

    def key(half: HalfFacts) -> str:
        return "/".join(half.key_reference) if half.key_reference is not None else "no reference"

    return (
        # Two IpsecPolicies of equal values are one policy to Azure, so the values count and not the names.
        _Comparison(
            Reason.PAIR_POLICY_MISMATCH,
            "ipsecPolicyRef",
            identity(own) != identity(other),
            policy(own),
            policy(other),
        ),
        _Comparison(
            Reason.PAIR_KEY_MISMATCH,
            "sharedKeySecretRef",
            own.key_reference != other.key_reference,
            key(own),
            key(other),
        ),
        _Comparison(
            Reason.PAIR_PROTOCOL_MISMATCH,
            "connectionProtocol",
            own.protocol_beside(other) != other.protocol_beside(own),
            own.protocol_beside(other),
            other.protocol_beside(own),
        ),
    )
