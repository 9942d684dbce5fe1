"""What is to be told as a Kubernetes Event."""

from dataclasses import dataclass

from azure_vpn_operator.api.reasons import Reason


@dataclass(frozen=True, slots=True)
class EventNote:
    """One Event: `action` is what we did or tried (CamelCase verb), `note` is the text (at most 1 kB, no secrets)."""

    warning: bool
    reason: Reason
    action: str
    note: str
