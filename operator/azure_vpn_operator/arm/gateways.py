"""What is read of virtual network gateways and local network gateways."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from azure_vpn_operator.arm.bgp_sessions import BGP_ACTION, read_sessions
from azure_vpn_operator.arm.questions import ask, look
from azure_vpn_operator.arm.reading import get_all, get_one
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.domain.azure.bgp_sessions import split_addresses
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.live_connection import UnreadableDocumentError
from azure_vpn_operator.domain.azure.lookups import Present, Read
from azure_vpn_operator.domain.azure.names import LOCAL_NETWORK_GATEWAYS, VIRTUAL_NETWORK_GATEWAYS, VIRTUAL_NETWORKS
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, LocalGatewayFacts
from azure_vpn_operator.ports import BgpAnswer

T = TypeVar("T")


class ArmGateways:
    """Gateways by their REST interface; keeps `GatewaysPort`."""

    def __init__(self, session: ArmSession) -> None:
        """Take the session, which stays the caller's to close."""
        self._session = session

    async def get_gateway(self, gateway: ArmId) -> Read[GatewayFacts]:
        """A virtual network gateway."""
        return await get_one(
            self._session,
            self._session.address(gateway),
            subscription=gateway.subscription,
            resource=VIRTUAL_NETWORK_GATEWAYS,
            read=_read_gateway,
        )

    async def get_local_gateway(self, local_gateway: ArmId) -> Read[LocalGatewayFacts]:
        """A local network gateway."""
        return await get_one(
            self._session,
            self._session.address(local_gateway),
            subscription=local_gateway.subscription,
            resource=LOCAL_NETWORK_GATEWAYS,
            read=_read_local_gateway,
        )

    async def get_address_space(self, network: ArmId) -> Read[tuple[str, ...]]:
        """The address prefixes of a virtual network."""
        return await get_one(
            self._session,
            self._session.address(network),
            subscription=network.subscription,
            resource=VIRTUAL_NETWORKS,
            read=_read_network,
        )

    async def list_gateways(self, subscription: str, resource_group: str) -> Read[Sequence[GatewayFacts]]:
        """All virtual network gateways of a group that can be read, every page."""
        return await self._list(subscription, resource_group, VIRTUAL_NETWORK_GATEWAYS, _read_gateway)

    async def list_local_gateways(self, subscription: str, resource_group: str) -> Read[Sequence[LocalGatewayFacts]]:
        """All local network gateways of a group that can be read, every page."""
        return await self._list(subscription, resource_group, LOCAL_NETWORK_GATEWAYS, _read_local_gateway)

    async def ask_bgp_sessions(self, gateway: ArmId) -> BgpAnswer:
        """Ask a virtual network gateway for its BGP sessions; changes nothing, and holds no lock."""
        return await ask(self._session, gateway, BGP_ACTION, resource=VIRTUAL_NETWORK_GATEWAYS, read=read_sessions)

    async def look_at_bgp_sessions(self, gateway: ArmId, url: str) -> BgpAnswer:
        """Look once at the answer that is pending at this address; kind NOT_FOUND if Azure no longer knows it."""
        return await look(self._session, gateway, url, read=read_sessions)

    async def _list(
        self, subscription: str, resource_group: str, resource: str, read: Callable[[object], T]
    ) -> Read[Sequence[T]]:
        """An item of a form that we do not know is left out: a GET of it says what is wrong with it."""

        def read_if_possible(document: object) -> T | None:
            try:
                return read(document)
            except UnreadableDocumentError:
                return None

        found = await get_all(
            self._session,
            self._session.group_address(subscription, resource_group, resource),
            subscription=subscription,
            resource=resource,
            read=read_if_possible,
        )
        if not isinstance(found, Present):
            return found
        return Present(tuple(item for item in found.value if item is not None))


def _read_gateway(document: object) -> GatewayFacts:
    root = _mapping(document, "the answer")
    properties = _mapping(root.get("properties"), "properties")
    bgp = _mapping(properties.get("bgpSettings") or {}, "bgpSettings")
    configurations = _items(properties, "ipConfigurations")
    return GatewayFacts(
        id=_id(root),
        location=_text(root, "location"),
        sku=_text(_mapping(properties.get("sku") or {}, "sku"), "name"),
        vpn_type=_text(properties, "vpnType"),
        gateway_type=_text(properties, "gatewayType"),
        active_active=_flag(properties, "activeActive"),
        enable_bgp=_flag(properties, "enableBgp"),
        bgp_asn=_whole_number(bgp, "asn"),
        provisioning_state=_text(properties, "provisioningState"),
        ip_configuration_ids=tuple(_text(item, "id") for item in configurations),
        bgp_addresses=_bgp_addresses(bgp),
        network=next(filter(None, map(_network_of, configurations)), None),
        public_addresses=_public_addresses(bgp),
    )


def _network_of(configuration: Mapping[str, Any]) -> ArmId | None:
    properties = _mapping(configuration.get("properties") or {}, "ipConfigurations.properties")
    subnet = _text(_mapping(properties.get("subnet") or {}, "subnet"), "id")
    parsed = ArmId.find(subnet)
    if parsed is None:
        return None
    return ArmId(parsed.subscription, parsed.resource_group, parsed.provider, parsed.types[:1])


def _read_network(document: object) -> tuple[str, ...]:
    properties = _mapping(_mapping(document, "the answer").get("properties"), "properties")
    return _prefixes(properties, "addressSpace")


def _prefixes(properties: Mapping[str, Any], name: str) -> tuple[str, ...]:
    space = _mapping(properties.get(name) or {}, name)
    return tuple(_texts(space.get("addressPrefixes") or [], "addressPrefixes"))


def _read_local_gateway(document: object) -> LocalGatewayFacts:
    root = _mapping(document, "the answer")
    properties = _mapping(root.get("properties") or {}, "properties")
    return LocalGatewayFacts(
        id=_id(root),
        bgp_addresses=_bgp_addresses(_mapping(properties.get("bgpSettings") or {}, "bgpSettings")),
        address_prefixes=_prefixes(properties, "localNetworkAddressSpace"),
        public_address=_text(properties, "gatewayIpAddress"),
        host_name=_text(properties, "fqdn"),
    )


def _bgp_addresses(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Azure tells them twice; the list per IP configuration counts only where the plain text is missing."""
    if found := split_addresses(_text(settings, "bgpPeeringAddress")):
        return found
    lists = (item.get("defaultBgpIpAddresses") or [] for item in _items(settings, "bgpPeeringAddresses"))
    return tuple(address for addresses in lists for address in _texts(addresses, "defaultBgpIpAddresses"))


def _public_addresses(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Azure lists them beside the BGP addresses, also where BGP is off."""
    lists = (item.get("tunnelIpAddresses") or [] for item in _items(settings, "bgpPeeringAddresses"))
    return tuple(address for addresses in lists for address in _texts(addresses, "tunnelIpAddresses"))


def _id(root: Mapping[str, Any]) -> ArmId:
    try:
        return ArmId.parse(_text(root, "id"))
    except ValueError:
        raise UnreadableDocumentError("id is not a resource id") from None


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnreadableDocumentError(f"{name} is not an object")
    return value


def _items(properties: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = properties.get(name) or []
    if not isinstance(items, list):
        raise UnreadableDocumentError(f"{name} is not a list")
    return [_mapping(item, name) for item in items]


def _texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UnreadableDocumentError(f"{name} is not a list of texts")
    return value


def _text(properties: Mapping[str, Any], name: str) -> str:
    value = properties.get(name)
    if value is not None and not isinstance(value, str):
        raise UnreadableDocumentError(f"{name} is not a text")
    return value or ""


def _flag(properties: Mapping[str, Any], name: str) -> bool:
    value = properties.get(name)
    if value is not None and not isinstance(value, bool):
        raise UnreadableDocumentError(f"{name} is not true or false")
    return bool(value)


def _whole_number(properties: Mapping[str, Any], name: str) -> int | None:
    value = properties.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise UnreadableDocumentError(f"{name} is not a whole number")
    return value
