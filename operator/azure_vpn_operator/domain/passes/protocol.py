"""The IKE version of a connection whose spec leaves it to Azure."""

from azure_vpn_operator.api.vpn_connection import ConnectionProtocol, VpnConnectionSpec
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.passes.snapshot import Snapshot


def choose_protocol(spec: VpnConnectionSpec, snapshot: Snapshot) -> str:
    """The spec's; else what Azure has, or had before the connection was deleted there; else that of the other half; else IKEv2.

    Azure cannot change it in place. A connection that was adopted as IKEv1 serves a device that may know nothing else, so it is
    created again as what it was, and the other half of such a tunnel as the same.
    """
    if spec.connection_protocol is not None:
        return spec.connection_protocol.value
    live = snapshot.live.value.protocol if isinstance(snapshot.live, Present) else None
    partners = snapshot.pair.partners if snapshot.pair is not None else ()
    known = (
        live,
        snapshot.half.connection_protocol,
        *(half.connection_protocol for half in snapshot.previous.halves),
        *(partner.known_protocol for partner in partners if partner.protocol is None),
    )
    return next((protocol for protocol in known if protocol is not None), ConnectionProtocol.IKEV2.value)


def with_protocol(spec: VpnConnectionSpec, snapshot: Snapshot) -> VpnConnectionSpec:
    """The spec with the IKE version that it has or gets, for rules and advice; unchanged if Azure has one that nobody knows."""
    protocol = choose_protocol(spec, snapshot)
    if protocol not in set(ConnectionProtocol):
        return spec
    return spec.model_copy(update={"connection_protocol": ConnectionProtocol(protocol)})
