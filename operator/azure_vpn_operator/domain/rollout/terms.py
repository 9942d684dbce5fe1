"""How long a change has to prove itself, and what becomes of one that does not."""

from dataclasses import dataclass

from azure_vpn_operator.api.vpn_connection import OnFailure, VpnConnectionSpec
from azure_vpn_operator.domain.azure.installation import Installation


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one object, after the installation's settings."""

    within_seconds: float
    on_failure: OnFailure
    hold_down_seconds: float


def terms_of(spec: VpnConnectionSpec, installation: Installation) -> Terms:
    """The object's terms; an absent field means the installation's setting."""
    confirm = spec.confirm
    within = confirm.within_seconds if confirm is not None else None
    on_failure = confirm.on_failure if confirm is not None else None
    return Terms(
        within if within is not None else installation.confirm_within_seconds,
        on_failure or installation.on_failure,
        installation.hold_down_seconds,
    )
