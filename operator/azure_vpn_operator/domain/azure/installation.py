"""The operator's own settings, as far as decisions depend on them, and what they make of an object's absent fields."""

from dataclasses import dataclass
from typing import Final

from azure_vpn_operator.api.vpn_connection import (
    AdoptionPolicy,
    DeletionPolicy,
    DriftPolicy,
    ManagementPolicy,
    OnFailure,
    VpnConnectionSpec,
)

_BY_REACH: Final = (ManagementPolicy.OBSERVE, ManagementPolicy.PLAN, ManagementPolicy.ENFORCE)
"""Each allows what those before it allow, and more."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation of the operator. A rebuilt cluster with the same `id` keeps its connections."""

    id: str
    subscription_id: str | None = None
    management_policy: ManagementPolicy = ManagementPolicy.ENFORCE
    max_management_policy: ManagementPolicy = ManagementPolicy.ENFORCE
    adoption_policy: AdoptionPolicy = AdoptionPolicy.WHEN_EQUAL
    drift_policy: DriftPolicy = DriftPolicy.CORRECT_SAFE
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    confirm_within_seconds: float = 600.0
    on_failure: OnFailure = OnFailure.ROLLBACK
    hold_down_seconds: float = 10.0
    """So long a tunnel has to be up before it counts as back."""


@dataclass(frozen=True, slots=True)
class EffectivePolicies:
    """What holds for one object, after settings and cap."""

    management: ManagementPolicy
    capped: bool
    """The object asked for more than the setting allows."""
    adoption: AdoptionPolicy
    drift: DriftPolicy
    deletion: DeletionPolicy

    @property
    def may_write(self) -> bool:
        """Whether anything may be written to Azure at all."""
        return self.management is ManagementPolicy.ENFORCE

    @property
    def plans_writes(self) -> bool:
        """Whether it is worked out what would be written, be it only to say so."""
        return self.management is not ManagementPolicy.OBSERVE


def effective_policies(spec: VpnConnectionSpec, installation: Installation) -> EffectivePolicies:
    """The object's policies; an absent field means the installation's setting."""
    asked = spec.management_policy or installation.management_policy
    most = installation.max_management_policy
    capped = _BY_REACH.index(asked) > _BY_REACH.index(most)
    return EffectivePolicies(
        management=most if capped else asked,
        capped=capped,
        adoption=spec.adoption_policy or installation.adoption_policy,
        drift=spec.drift_policy or installation.drift_policy,
        deletion=spec.deletion_policy or installation.deletion_policy,
    )
