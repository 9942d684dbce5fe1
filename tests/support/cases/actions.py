"""What Argo CD offers for an object in a state, and what an action changes in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

NOW, IN_AN_HOUR = "<now>", "<in an hour>"
SOME_TIME = "0001-01-01T00:00:00Z"
"""What stands in testdata for a time, as in Argo CD's repository."""

_USUAL = {"reconcile", "rotate-key", "reset", "suspend", "hold-for-an-hour"}

OFFERED: Mapping[tuple[str, str], set[str]] = MappingProxyType(
    {
        ("VpnConnection", "fresh"): _USUAL,
        ("VpnConnection", "ready"): _USUAL,
        ("VpnConnection", "rolled-back"): _USUAL | {"rollout-retry"},
        ("VpnConnection", "change-failed"): _USUAL | {"rollout-retry"},
        ("VpnConnection", "drift-held"): _USUAL,
        ("VpnConnection", "key-required"): _USUAL - {"rotate-key"},
        ("VpnConnection", "observed"): _USUAL - {"rotate-key", "reset"},
        ("VpnConnection", "suspended"): {"reconcile", "resume"},
        ("VpnConnection", "held"): (_USUAL - {"reset"}) | {"end-hold"},
        ("VpnConnection", "deletion-held"): {"reconcile", "hold-for-an-hour", "end-hold"},
        ("IpsecPolicy", "fresh"): {"pause-rollout"},
        ("IpsecPolicy", "rolled-out"): {"pause-rollout"},
        ("IpsecPolicy", "waiting-for-rekey"): {"pause-rollout", "rollout-continue"},
        ("IpsecPolicy", "rollout-failed"): {"pause-rollout", "rollout-retry"},
        ("IpsecPolicy", "rollout-paused"): {"resume-rollout"},
        ("IpsecPolicy", "deletion-waits"): set(),
    }
)
"""By kind and state: the actions that can be chosen; all others of the kind are shown greyed out."""


@dataclass(frozen=True, slots=True)
class Acted:
    """An action on an object in a state. `change` is a merge patch; NOW and IN_AN_HOUR stand for a time."""

    kind: str
    action: str
    state: str
    change: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the file with what is expected."""
        return f"{self.state}-{self.action}"


def _annotated(name: str, value: str = NOW) -> dict[str, Any]:
    return {"metadata": {"annotations": {f"azvpn.dev/{name}": value}}}


ACTED = (
    Acted("VpnConnection", "reconcile", "ready", _annotated("reconcile-at")),
    Acted("VpnConnection", "rotate-key", "ready", _annotated("rotate-key")),
    Acted("VpnConnection", "reset", "ready", _annotated("reset")),
    Acted("VpnConnection", "rollout-retry", "rolled-back", _annotated("rollout-retry")),
    Acted("VpnConnection", "suspend", "ready", {"spec": {"suspend": True}}),
    Acted("VpnConnection", "resume", "suspended", {"spec": {"suspend": False}}),
    Acted("VpnConnection", "hold-for-an-hour", "ready", _annotated("hold-until", IN_AN_HOUR)),
    Acted("VpnConnection", "end-hold", "held", _annotated("hold-until")),
    Acted("IpsecPolicy", "rollout-retry", "rollout-failed", _annotated("rollout-retry")),
    Acted("IpsecPolicy", "rollout-continue", "waiting-for-rekey", _annotated("rollout-continue")),
    Acted("IpsecPolicy", "pause-rollout", "rolled-out", {"spec": {"rollout": {"paused": True}}}),
    Acted("IpsecPolicy", "resume-rollout", "rollout-paused", {"spec": {"rollout": {"paused": False}}}),
)
