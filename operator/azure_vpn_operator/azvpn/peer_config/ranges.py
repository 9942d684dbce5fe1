"""Address ranges in the notations of devices. A placeholder stays as it is."""

from ipaddress import IPv4Network, ip_network


def with_mask(prefix: str) -> str:
    """Address and mask: `10.6.0.0 255.255.0.0`."""
    network = _network(prefix)
    return prefix if network is None else f"{network.network_address} {network.netmask}"


def with_wildcard(prefix: str) -> str:
    """Address and inverted mask: `10.6.0.0 0.0.255.255`."""
    network = _network(prefix)
    return prefix if network is None else f"{network.network_address} {network.hostmask}"


def _network(prefix: str) -> IPv4Network | None:
    try:
        network = ip_network(prefix)
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) else None
