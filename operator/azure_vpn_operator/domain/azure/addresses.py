"""IP addresses and ranges, accepted exactly as the API server's CEL functions `isIP` and `isCIDR` accept them."""

from ipaddress import IPv6Address, ip_address


def is_ip(text: str) -> bool:
    """Tell whether the text is one IPv4 or IPv6 address, without zone and not an IPv4 address mapped into IPv6."""
    if "%" in text or not text.isascii():
        return False
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (isinstance(address, IPv6Address) and address.ipv4_mapped is not None)


def is_cidr(text: str) -> bool:
    """Tell whether the text is an address range in CIDR notation; bits behind the prefix may be set."""
    address, slash, prefix = text.partition("/")
    if not slash or not is_ip(address) or not (prefix.isascii() and prefix.isdigit()) or len(prefix) > 3:
        return False
    if len(prefix) > 1 and prefix.startswith("0"):
        return False
    return int(prefix) <= ip_address(address).max_prefixlen
