"""The peer side of a connection: what is in force, what its status tells of both ends, and what the user says of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from azure_vpn_operator.api.tunnel_change import HalfSettings
from azure_vpn_operator.api.vpn_connection import (
    ConnectionMode,
    ConnectionProtocol,
    GatewayReference,
    ManagementPolicy,
    VpnConnection,
)
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.peer_config.in_force import InForce
from azure_vpn_operator.azvpn.peer_config.peer_side import (
    ANY,
    KEY_PLACEHOLDER,
    Bgp,
    Initiation,
    PeerSide,
    Placeholder,
    Selector,
)
from azure_vpn_operator.domain.azure.proposals import (
    DEFAULT_ESP_ACCEPTED,
    DEFAULT_SA_KILOBYTES,
    DEFAULT_SA_SECONDS,
    Encryption,
    EspProposal,
    Group,
    Hash,
    Proposals,
    proposals_of,
)
from azure_vpn_operator.domain.rules.key_exchange import IKE_SA_LIFETIME_SECONDS

_INITIATION: Final = {
    ConnectionMode.DEFAULT: Initiation.EITHER,
    ConnectionMode.RESPONDER_ONLY: Initiation.DEVICE,
    ConnectionMode.INITIATOR_ONLY: Initiation.AZURE,
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the user says of the two ends; empty or None where nothing is said."""

    azure_addresses: tuple[str, ...] = ()
    device_address: str | None = None
    azure_prefixes: tuple[str, ...] = ()
    device_prefixes: tuple[str, ...] = ()
    azure_asn: str | None = None
    azure_bgp_addresses: tuple[str, ...] = ()
    device_asn: str | None = None
    device_bgp_address: str | None = None


def peer_side(connection: VpnConnection, holds: InForce, given: Given, shared_key: str | None) -> PeerSide:
    """Put together what the device has to know. Raises ToolError if the other end is no device."""
    spec, settings = connection.spec, holds.settings
    name = connection.metadata.name
    if spec.local_network_gateway is None:
        raise ToolError(
            f"VpnConnection {name}: its other end is an Azure VPN gateway, which takes the same policy from the connection "
            "that leads back; there is no device to configure"
        )
    half = next((item for item in connection.status.halves if item.role is HalfRole.FORWARD), None)
    places = _Places(connection)
    protocol = spec.connection_protocol or (half.connection_protocol if half is not None else None)
    ike_version = 1 if protocol == ConnectionProtocol.IKEV1 else 2
    azure = given.azure_addresses or places.azure_addresses(half, settings)
    selectors, unknown = _selectors(connection, settings, given)
    proposals = proposals_of(holds.policy)
    return PeerSide(
        name=name,
        origin=holds.origin,
        ike_version=ike_version,
        proposals=_best_first(proposals) if holds.policy is None else proposals,
        esp_with_pfs=_with_pfs() if holds.policy is None else (),
        ike_seconds=IKE_SA_LIFETIME_SECONDS,
        sa_seconds=DEFAULT_SA_SECONDS if holds.policy is None else holds.policy.sa_life_time_seconds,
        sa_kilobytes=DEFAULT_SA_KILOBYTES if holds.policy is None else holds.policy.sa_data_size_kilobytes,
        dpd_seconds=settings.dpd_timeout_seconds,
        initiation=_INITIATION.get(ConnectionMode(settings.connection_mode), Initiation.EITHER),
        azure_addresses=azure,
        device_address=given.device_address or "DEVICE_ADDRESS",
        is_policy_based=settings.use_policy_based_traffic_selectors,
        selectors=selectors,
        device_prefixes=given.device_prefixes or ("DEVICE_PREFIX",),
        azure_prefixes=given.azure_prefixes or ("AZURE_PREFIX",),
        bgp=_bgp(half, settings, given, len(azure)) if settings.enable_bgp else None,
        shared_key=shared_key,
        placeholders=places.all(len(azure)),
        remarks=(
            *holds.remarks,
            *unknown,
            *_remarks(connection, holds, ike_version),
            *_left_out(settings, given, azure),
        ),
    )


def _best_first(proposals: Proposals) -> Proposals:
    """Those of the Default policy that are worth offering: AES is always among what Azure offers, so 3DES is never needed."""
    hashes, ciphers = list(Hash), list(Encryption)
    ike = [item for item in proposals.ike if item.encryption is not Encryption.DES3]
    ike.sort(key=lambda item: (-ciphers.index(item.encryption), -hashes.index(item.prfs[0])))
    return Proposals(tuple(ike), _best_esp(proposals.esp))


def _best_esp(proposals: Sequence[EspProposal]) -> tuple[EspProposal, ...]:
    hashes, ciphers = list(Hash), list(Encryption)
    esp = [item for item in proposals if item.encryption is not Encryption.DES3]
    esp.sort(key=lambda item: (-ciphers.index(item.encryption), -hashes.index(item.integrity or Hash.SHA384)))
    return tuple(esp)


def _with_pfs() -> tuple[EspProposal, ...]:
    """Of the Default policy what Azure accepts with the strongest group that it knows there."""
    return _best_esp([item for item in DEFAULT_ESP_ACCEPTED if item.pfs is Group.MODP_2048])


def _selectors(
    connection: VpnConnection, settings: HalfSettings, given: Given
) -> tuple[tuple[Selector, ...], tuple[str, ...]]:
    """All pairs, and what is to be said of them."""
    if not settings.use_policy_based_traffic_selectors:
        return (Selector(ANY, ANY),), ()
    named = tuple(
        Selector(_range(device), _range(azure))
        for policy in settings.traffic_selector_policies
        for device in policy.remote_address_ranges
        for azure in policy.local_address_ranges
    )
    if named:
        return tuple(dict.fromkeys(named)), ()
    told = connection.status.traffic_selectors
    if given.azure_prefixes and given.device_prefixes:
        return _pairs(given.device_prefixes, given.azure_prefixes), ()
    if told is not None and told.pairs:
        pairs = [text.split(" <=> ") for text in told.pairs]
        missing = (
            (
                f"the status shows {len(pairs)} pairs of ranges and not {told.more} more: give --azure-prefix and --peer-prefix",
            )
            if told.more
            else ()
        )
        return tuple(Selector(device, azure) for azure, device in pairs), missing
    return _pairs(given.device_prefixes or ("DEVICE_PREFIX",), given.azure_prefixes or ("AZURE_PREFIX",)), ()


def _pairs(device_ranges: Sequence[str], azure_ranges: Sequence[str]) -> tuple[Selector, ...]:
    return tuple(Selector(device, azure) for device in device_ranges for azure in azure_ranges)


def _range(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text


def _custom_bgp(settings: HalfSettings) -> tuple[str, ...]:
    return tuple(item.custom_bgp_ip_address for item in settings.gateway_custom_bgp_ip_addresses)


def _bgp(half: ConnectionHalf | None, settings: HalfSettings, given: Given, tunnels: int) -> Bgp:
    peers = half.bgp.peers if half is not None and half.bgp is not None else ()
    known = (given.azure_bgp_addresses or _custom_bgp(settings))[:tunnels]
    addresses = known + _numbered("AZURE_BGP_ADDRESS", tunnels)[len(known) :]
    peer = peers[0] if peers else None
    known_asn = str(peer.asn) if peer is not None and peer.asn is not None else "DEVICE_ASN"
    return Bgp(
        azure_asn=given.azure_asn or "AZURE_ASN",
        azure_addresses=addresses,
        device_asn=given.device_asn or known_asn,
        device_address=given.device_bgp_address or (peer.address if peer is not None else "DEVICE_BGP_ADDRESS"),
    )


def _remarks(connection: VpnConnection, holds: InForce, ike_version: int) -> list[str]:
    found = []
    if holds.policy is None:
        found.append(
            "Azure's Default policy knows Diffie-Hellman group 2 only, which is weak: an IpsecPolicy names a better one. "
            "It has 3DES too, which is left out here, since AES is always offered beside it"
        )
        if connection.spec.management_policy is ManagementPolicy.OBSERVE:
            found.append(
                "the object only observes and names no IpsecPolicy: Azure may hold any; the Default is assumed"
            )
    if ike_version == 1 and holds.policy is None:
        found.append(
            "a gateway of type PolicyBased has other lists with IKEv1 (AES and 3DES with SHA1) and 3600 s for IPsec"
        )
    if holds.settings.ingress_nat_rules or holds.settings.egress_nat_rules:
        found.append("the gateway translates addresses (NAT rules): prefixes here are those after the translation")
    return found


def _left_out(settings: HalfSettings, given: Given, azure: Sequence[str]) -> Iterator[str]:
    told = given.azure_bgp_addresses or _custom_bgp(settings)
    if settings.enable_bgp and len(told) > len(azure):
        yield f"of {len(told)} BGP addresses of Azure {len(azure)} are used, one for each --azure-address"
    if not settings.enable_bgp and (
        given.azure_asn or given.azure_bgp_addresses or given.device_asn or given.device_bgp_address
    ):
        yield "the connection does not use BGP (enableBgp): what was given for it is not used"


def _numbered(text: str, count: int) -> tuple[str, ...]:
    return (text,) if count == 1 else tuple(f"{text}_{number}" for number in range(1, count + 1))


class _Places:
    """Where what is not known can be read."""

    def __init__(self, connection: VpnConnection) -> None:
        spec = connection.spec
        group = spec.resource_group
        self._gateway = _in_az(spec.virtual_network_gateway, group)
        self._site = _in_az(spec.local_network_gateway, group)
        self._private = False
        secret = spec.shared_key_secret_ref
        self._key = (
            f"key {secret.key} of Secret {secret.name}; --show-key puts it in"
            if secret is not None
            else "az network vpn-connection shared-key show; the object names no Secret"
        )

    def azure_addresses(self, half: ConnectionHalf | None, settings: HalfSettings) -> tuple[str, ...]:
        """A placeholder for each tunnel that is known of; with BGP addresses of its own, each instance of the gateway has one."""
        self._private = settings.use_local_azure_ip_address
        seen = len(half.tunnels) if half is not None else 0
        return _numbered("AZURE_ADDRESS", max(1, seen, len(_custom_bgp(settings)) if settings.enable_bgp else 0))

    def all(self, tunnels: int) -> tuple[Placeholder, ...]:
        """All that there can be."""
        gateway = f"az network vnet-gateway show {self._gateway} --query bgpSettings"
        site = f"az network local-gateway show {self._site} --query"
        public = f"{gateway}.bgpPeeringAddresses[].tunnelIpAddresses, or --azure-address"
        private = f"the gateway's private address (useLocalAzureIpAddress): {public}"
        return (
            *(Placeholder(text, private if self._private else public) for text in _numbered("AZURE_ADDRESS", tunnels)),
            *(
                Placeholder(text, f"{gateway}.bgpPeeringAddresses[].defaultBgpIpAddresses, or --azure-bgp-address")
                for text in _numbered("AZURE_BGP_ADDRESS", tunnels)
            ),
            Placeholder("AZURE_ASN", f"{gateway}.asn, or --azure-asn"),
            Placeholder(
                "AZURE_PREFIX",
                "az network vnet show --query addressSpace.addressPrefixes of the gateway's network, or --azure-prefix",
            ),
            Placeholder("DEVICE_ADDRESS", f"{site} gatewayIpAddress, or --peer-address"),
            Placeholder("DEVICE_PREFIX", f"{site} localNetworkAddressSpace.addressPrefixes, or --peer-prefix"),
            Placeholder("DEVICE_ASN", f"{site} bgpSettings.asn, or --peer-asn"),
            Placeholder("DEVICE_BGP_ADDRESS", f"{site} bgpSettings.bgpPeeringAddress, or --peer-bgp-address"),
            Placeholder(KEY_PLACEHOLDER, self._key),
            Placeholder("OUTSIDE_INTERFACE", "the device's interface towards Azure"),
            Placeholder("OWN_ADDRESS", "an address of the tunnel interface's own, such as 169.254.100.1"),
        )


def _in_az(reference: GatewayReference | None, group: str | None) -> str:
    """The gateway as az names it."""
    if reference is None:
        return ""
    if reference.id is not None:
        return f"--ids {reference.id}"
    where = reference.resource_group or group
    return f"--resource-group {where} --name {reference.name}" if where else f"--name {reference.name}"
