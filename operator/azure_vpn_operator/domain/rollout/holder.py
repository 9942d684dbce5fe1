"""A connection that uses a policy: what its object and its status tell of that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.ipsec_policy import PolicyRevision
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState, PolicyValues
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy, canonical_policy
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.pauses import find_pause


@dataclass(frozen=True, slots=True)
class PolicyHolder:
    """One object; of a pair of two objects each is one."""

    metadata: ObjectMeta
    policy: str | None
    """Name of the policy that its spec names."""
    takes_part: bool
    """It may be written, and is neither suspended nor being deleted."""
    status: VpnConnectionStatus

    @property
    def is_put_back(self) -> bool:
        """Whether the values from before its last change are in Azure again."""
        change = self.status.change
        return change is not None and change.state is ChangeState.ROLLED_BACK

    @property
    def waits_for_window(self) -> bool:
        """Whether it could be moved, if a change window were open: then it does not hold what it says that it is assigned."""
        ready = find_condition(self.status.conditions, ConditionType.READY)
        return ready is not None and ready.reason == Reason.WAITING_FOR_WINDOW

    @property
    def is_down(self) -> bool:
        """Whether its tunnel is known to be down."""
        connected = find_condition(self.status.conditions, ConditionType.CONNECTED)
        return connected is not None and connected.status is ConditionStatus.FALSE

    @property
    def good_hash(self) -> str | None:
        """Hash of the policy with which its tunnel is known to work."""
        good = self.status.last_known_good
        if good is None or not good.settings.ipsec_policies:
            return None
        return canonical_policy(good.settings.ipsec_policies[0].wire()).hash

    def held_hash(self, policy: str) -> str | None:
        """Hash of the values of this policy that it was assigned last."""
        assigned = self.status.policy
        return assigned.hash if assigned is not None and assigned.name == policy else None

    def holds_failure_before(self, target: PolicyRevision) -> bool:
        """Whether its last change sent the target's values and failed, before these were to be tried again, and it has not left them."""
        assigned, change = self.status.policy, self.status.change
        if assigned is None or assigned.name != self.policy or assigned.hash != target.hash:
            return False
        if change is None or not change.is_failed or change.end_time is None:
            return False
        return change.end_time < target.since and change.to.ipsec_policies == (target.values,)

    def is_paused(self, now: datetime) -> bool:
        """Whether the object says that nothing is to be written; what a tag in Azure says is known to its pass only."""
        return find_pause(suspend=False, annotations=self.metadata.annotations, live_tags={}, now=now) is not None

    def recall(self, held: str, seen: Iterable[CanonicalPolicy]) -> PolicyValues | None:
        """The policy values with this hash, by what the status keeps and what Azure was last seen to hold; None if neither has them."""
        status = self.status
        known: list[PolicyValues] = []
        if status.last_known_good is not None:
            known += status.last_known_good.settings.ipsec_policies
        if status.change is not None:
            known += (*status.change.from_.ipsec_policies, *status.change.to.ipsec_policies)
        known += (PolicyValues.model_validate(policy.wire()) for policy in seen)
        return next((values for values in known if canonical_policy(values.wire()).hash == held), None)
