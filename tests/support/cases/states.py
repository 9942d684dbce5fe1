"""The states of both kinds that people and their GitOps tools meet, each with what the tools are to make of it.

Each is recorded from the product by tests/e2e/test_states.py; the recordings are the testdata of gitops/argocd.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class State:
    """`why` says what a person must be able to rely on."""

    kstatus: str
    argo: str
    why: str


_CONNECTION = {
    "fresh": State("InProgress", "Progressing", "nobody has looked at it, so it cannot be well"),
    "creating": State("InProgress", "Progressing", "Azure is at work"),
    "ready": State("Current", "Healthy", "Azure holds what the object says"),
    "tunnel-down": State(
        "Current", "Healthy", "the other side is another matter: alerts tell it, a sync does not wait"
    ),
    "edited": State("InProgress", "Progressing", "the status still speaks about the spec before"),
    "updating": State("InProgress", "Progressing", "Azure is at work"),
    "confirming": State("InProgress", "Progressing", "the change is in force, and not proven"),
    "rolling-back": State("InProgress", "Progressing", "the values from before are on their way back"),
    "rolled-back": State("Failed", "Degraded", "its own edit did not work, and somebody has to act"),
    "change-failed": State("Failed", "Degraded", "the tunnel is down and stays so until somebody acts"),
    "suspended": State("Current", "Suspended", "Azure holds what the object says, and nothing is kept so"),
    "suspended-edited": State("InProgress", "Suspended", "an edit waits for the end of the pause"),
    "held": State("Current", "Suspended", "a hold is a pause"),
    "secret-missing": State("InProgress", "Progressing", "the same sync may bring the Secret"),
    "policy-missing": State("InProgress", "Progressing", "the same sync may bring the policy"),
    "gateway-missing": State("InProgress", "Progressing", "another tool makes gateways, and may be at it"),
    "key-invalid": State("Failed", "Degraded", "Azure would refuse the key: it does not come right by itself"),
    "key-required": State("Failed", "Degraded", "the spec lacks something that nobody else will bring"),
    "spec-invalid": State("Failed", "Degraded", "it breaks a rule, and the operator writes nothing"),
    "adoption-refused": State("Failed", "Degraded", "two people mean different things by the same name"),
    "owned-by-another": State("Failed", "Degraded", "it is somebody else's"),
    "drift-held": State("Failed", "Degraded", "putting it back would drop a tunnel, so a person decides"),
    "azure-forbidden": State("Failed", "Degraded", "a right is missing"),
    "azure-unavailable": State("InProgress", "Progressing", "an outage ends by itself"),
    "waiting-for-window": State("InProgress", "Progressing", "it goes on by itself, if late"),
    "waiting-for-rollout": State("Current", "Healthy", "the policy says how far it has come, not each connection"),
    "rollout-stopped": State("Current", "Healthy", "it works with the old values; the policy says what failed"),
    "waiting-for-budget": State("InProgress", "Progressing", "it goes on by itself"),
    "fleet-halted": State("InProgress", "Progressing", "one is tried after a quarter of an hour"),
    "observed": State("Current", "Healthy", "it only looks"),
    "deleting": State("Terminating", "Progressing", "Azure is at work"),
    "deletion-held": State("Terminating", "Suspended", "the deletion waits for the end of the hold"),
}
_POLICY = {
    "fresh": State("InProgress", "Progressing", "nobody has looked at it, so it cannot be well"),
    "unused": State("Current", "Healthy", "there is nothing to do for a policy that nobody names"),
    "rolled-out": State("Current", "Healthy", "every connection holds it"),
    "edited": State("InProgress", "Progressing", "the status still speaks about the spec before"),
    "rolling-out": State("InProgress", "Progressing", "one first, then the others"),
    "waiting-for-rekey": State("InProgress", "Progressing", "the first has to survive a rekey"),
    "rollout-paused": State("InProgress", "Suspended", "an edit that has not reached everybody is not done"),
    "rollout-failed": State("Failed", "Degraded", "a tunnel did not come back, and somebody has to act"),
    "spec-invalid": State("Failed", "Degraded", "it breaks a rule"),
    "deletion-waits": State("Terminating", "Progressing", "connections still name it"),
}
STATES: Mapping[tuple[str, str], State] = MappingProxyType(
    {("VpnConnection", name): state for name, state in _CONNECTION.items()}
    | {("IpsecPolicy", name): state for name, state in _POLICY.items()}
)
"""By kind and name."""
