"""pfSense, field by field as its pages have them, with what OPNsense (VPN: IPsec: Connections) has instead."""

from azure_vpn_operator.azvpn.peer_config import strongswan
from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import DPD_TRIES, REKEY_SHARE, Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary, Words, to_words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "#"
_CIPHERS = {
    Encryption.AES_CBC_128: "AES 128 bits",
    Encryption.AES_CBC_192: "AES 192 bits",
    Encryption.AES_CBC_256: "AES 256 bits",
    Encryption.AES_GCM_128: "AES128-GCM 128 bits",
    Encryption.AES_GCM_192: "AES192-GCM 128 bits",
    Encryption.AES_GCM_256: "AES256-GCM 128 bits",
}
"""Of GCM the number is the length of the check value."""
_HASHES = {Hash.SHA1: "SHA1", Hash.SHA256: "SHA256", Hash.SHA384: "SHA384"}
_GROUPS = {
    Group.MODP_768: "1 (768 bit)",
    Group.MODP_1024: "2 (1024 bit)",
    Group.MODP_2048: "14 (2048 bit)",
    Group.ECP_256: "19 (nist ecp256)",
    Group.ECP_384: "20 (nist ecp384)",
    Group.MODP_2048_S256: "24 (2048(sub 256) bit)",
}
VOCABULARY = Vocabulary(
    ike_encryption=_CIPHERS,
    ike_integrity=_HASHES,
    prf=_HASHES,
    dh_group=_GROUPS,
    esp_encryption=_CIPHERS,
    esp_integrity=_HASHES,
    pfs_group=_GROUPS,
)
_CHILD_START = {
    Initiation.EITHER: "Initiate at start",
    Initiation.DEVICE: "Initiate at start",
    Initiation.AZURE: "None (Responder Only)",
}
_WIDTH = 36


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write a row for each field; one phase 1 for each tunnel, one phase 2 for each pair of ranges."""
    for number, address in side.tunnels:
        _phase_1(side, words, number, address, page)
        for count, selector in enumerate(side.selectors, 1):
            page.lines("", f"VPN > IPsec > Tunnels > Add P2: {side.tunnel_label(number)}, {count}")
            _row(page, "Mode", "Tunnel IPv4" if side.is_policy_based else "Routed (VTI)")
            if side.is_policy_based:
                _row(page, "Local Network", selector.device)
                _row(page, "Remote Network", selector.azure)
            else:
                local = side.bgp.device_address if side.bgp is not None else "OWN_ADDRESS"
                remote = side.bgp.azure_addresses[number - 1] if side.bgp is not None else "the next address after it"
                _row(page, "Local Network (tunnel address)", local)
                _row(page, "Remote Network (tunnel address)", remote)
            _phase_2(side, words, page)
    if not side.is_policy_based and side.bgp is None:
        page.lines("", "System > Routing > Static Routes")
        for prefix in side.azure_prefixes:
            _row(page, "Destination network", f"{prefix} over the gateway of the tunnel's interface")
    if side.bgp is not None:
        page.lines("", "Services > FRR BGP")
        _row(page, "Local AS", side.bgp.device_asn)
        for azure in side.bgp.azure_addresses:
            _row(page, "Neighbor", f"{azure}, remote AS {side.bgp.azure_asn}, EBGP multihop 255")
    page.lines("", "VPN > IPsec > Advanced Settings")
    _row(page, "Maximum MSS", "1350")
    _opnsense(side, page)


def _phase_1(side: PeerSide, words: Words, number: int, address: str, page: Page) -> None:
    page.lines(*([""] if number > 1 else []), f"VPN > IPsec > Tunnels > Add P1: {side.tunnel_label(number)}")
    _row(page, "Key Exchange version", f"IKEv{side.ike_version}")
    _row(page, "Remote Gateway", address)
    _row(page, "Authentication Method", "Mutual PSK")
    _row(page, "My identifier", f"IP address {side.device_address}")
    _row(page, "Peer identifier", f"IP address {address}")
    _row(page, "Pre-Shared Key", side.key_text)
    for ike in words.ike:
        for hash_ in (ike.integrity,) if ike.integrity else ike.prfs:
            text = f"{ike.encryption} | {hash_} | {ike.group}"
            _row(page, "Algorithm | Hash | DH Group", text)
    if words.ike[0].integrity is None:
        page.comment("With GCM the field Hash names the pseudo-random function.")
    _row(page, "Life Time", str(side.ike_seconds))
    _row(page, "Rekey Time", str(int(side.ike_seconds * REKEY_SHARE)))
    _row(page, "Child SA Start Action", _CHILD_START[side.initiation])
    action = "Close connection and clear SA" if side.initiation is Initiation.AZURE else "Restart/Reconnect"
    _row(page, "Child SA Close Action", action)
    _row(page, "Dead Peer Detection: Delay", str(side.probes_every))
    _row(page, "Dead Peer Detection: Max failures", str(DPD_TRIES))
    _row(page, "MOBIKE", "Disable")


def _phase_2(side: PeerSide, words: Words, page: Page) -> None:
    _row(page, "Protocol", "ESP")
    for esp in words.esp:
        _row(page, "Encryption | Hash", f"{esp.encryption} | {esp.integrity or '(none)'}")
    _row(page, "PFS key group", words.esp[0].pfs or "off")
    _row(page, "Life Time", str(side.sa_seconds))
    _row(page, "Rekey Time", str(int(side.sa_seconds * REKEY_SHARE)))
    if side.sa_kilobytes:
        page.note("pfSense renews IPsec SAs by time only; Azure begins itself when its own volume is used up")


def _opnsense(side: PeerSide, page: Page) -> None:
    words = to_words(side, strongswan.VOCABULARY, "OPNsense", page)
    if words is None:
        return
    page.lines("", "OPNsense: VPN > IPsec > Connections, where the fields are other")
    _row(page, "Proposals", ", ".join(map(strongswan.ike_proposal, words.ike)))
    _row(page, "Version", f"IKEv{side.ike_version}")
    _row(
        page,
        "Over time / Rekey time (s)",
        f"{side.ike_seconds - int(side.ike_seconds * REKEY_SHARE)} / {int(side.ike_seconds * REKEY_SHARE)}",
    )
    _row(page, "DPD delay (s)", str(side.probes_every))
    _row(page, "Children: ESP proposals", ", ".join(map(strongswan.esp_proposal, words.esp)))
    _row(page, "Children: Policies", "on" if side.is_policy_based else "off, with a VTI")


def _row(page: Page, name: str, value: str) -> None:
    page.lines(f"  {name:<{_WIDTH}}{value}")
