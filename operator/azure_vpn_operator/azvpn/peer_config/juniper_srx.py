"""Juniper SRX: a secure tunnel interface, with a traffic selector for each pair of ranges."""

from azure_vpn_operator.azvpn.peer_config.limits import within
from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import DPD_TRIES, Initiation, PeerSide
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary, Words
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash

COMMENT = "#"
_CBC = {
    Encryption.DES: "des-cbc",
    Encryption.DES3: "3des-cbc",
    Encryption.AES_CBC_128: "aes-128-cbc",
    Encryption.AES_CBC_192: "aes-192-cbc",
    Encryption.AES_CBC_256: "aes-256-cbc",
    Encryption.AES_GCM_128: "aes-128-gcm",
    Encryption.AES_GCM_256: "aes-256-gcm",
}
_HASHES = {Hash.MD5: "md5", Hash.SHA1: "sha1", Hash.SHA256: "sha-256", Hash.SHA384: "sha-384"}
_GROUPS = {group: f"group{group.value}" for group in Group}
VOCABULARY = Vocabulary(
    ike_encryption=_CBC,
    ike_integrity=_HASHES,
    prf=_HASHES,
    dh_group=_GROUPS,
    esp_encryption={**_CBC, Encryption.AES_GCM_192: "aes-192-gcm"},
    esp_integrity={Hash.MD5: "hmac-md5-96", Hash.SHA1: "hmac-sha1-96", Hash.SHA256: "hmac-sha-256-128"},
    pfs_group=_GROUPS,
)
_LONGEST_NAME = 28
"""32 with the number of the proposal."""
_STARTING = {
    Initiation.EITHER: "immediately",
    Initiation.DEVICE: "immediately",
    Initiation.AZURE: "responder-only",
}


def write(side: PeerSide, words: Words, page: Page) -> None:
    """Write set commands for configuration mode."""
    label = side.short_label(_LONGEST_NAME)
    if any(ike.integrity is None for ike in words.ike):
        page.note(
            f"Junos has no statement for the pseudo-random function with AES-GCM; Azure's policy has {', '.join(words.ike[0].prfs)}"
        )
    _phase_1(side, words, label, page)
    _phase_2(side, words, label, page)
    for number, _ in side.tunnels:
        _tunnel(side, number, label, page)
    if side.bgp is not None:
        page.comment(f"The tunnel interface has the address {side.bgp.device_address}.")
        page.lines(f"set routing-options autonomous-system {side.bgp.device_asn}")
        for azure in side.bgp.azure_addresses:
            page.lines(
                f"set protocols bgp group azure neighbor {azure} peer-as {side.bgp.azure_asn}",
                f"set protocols bgp group azure neighbor {azure} multihop",
            )
    page.lines("set security flow tcp-mss ipsec-vpn mss 1350")
    page.comment("The tunnel interfaces need a security zone, and policies that allow the traffic in both directions.")


def _phase_1(side: PeerSide, words: Words, label: str, page: Page) -> None:
    for number, ike in enumerate(words.ike, 1):
        proposal = f"set security ike proposal {label}-{number}"
        page.lines(f"{proposal} authentication-method pre-shared-keys", f"{proposal} dh-group {ike.group}")
        if ike.integrity is not None:
            page.lines(f"{proposal} authentication-algorithm {ike.integrity}")
        page.lines(
            f"{proposal} encryption-algorithm {ike.encryption}", f"{proposal} lifetime-seconds {side.ike_seconds}"
        )
        page.lines(f"set security ike policy {label} proposals {label}-{number}")
    if side.ike_version == 1:
        page.lines(f"set security ike policy {label} mode main")
    page.lines(f"set security ike policy {label} pre-shared-key ascii-text {_quote(side.key_text)}")
    probes = within(side.probes_every, 2, 60, "seconds between DPD probes", "Junos", page)
    for number, address in side.tunnels:
        gateway = f"set security ike gateway {label}-{number}"
        page.lines(
            f"{gateway} ike-policy {label}",
            f"{gateway} address {address}",
            f"{gateway} local-identity inet {side.device_address}",
            f"{gateway} external-interface OUTSIDE_INTERFACE",
            f"{gateway} version v{side.ike_version}-only",
            f"{gateway} dead-peer-detection always-send",
            f"{gateway} dead-peer-detection interval {probes}",
            f"{gateway} dead-peer-detection threshold {DPD_TRIES}",
        )


def _phase_2(side: PeerSide, words: Words, label: str, page: Page) -> None:
    seconds = within(side.sa_seconds, 180, 86400, "seconds of an IPsec SA", "Junos", page)
    for number, esp in enumerate(words.esp, 1):
        proposal = f"set security ipsec proposal {label}-{number}"
        page.lines(f"{proposal} protocol esp")
        if esp.integrity is not None:
            page.lines(f"{proposal} authentication-algorithm {esp.integrity}")
        page.lines(f"{proposal} encryption-algorithm {esp.encryption}", f"{proposal} lifetime-seconds {seconds}")
        if side.sa_kilobytes:
            page.lines(f"{proposal} lifetime-kilobytes {side.sa_kilobytes}")
        page.lines(f"set security ipsec policy {label} proposals {label}-{number}")
    if words.esp[0].pfs is not None:
        page.lines(f"set security ipsec policy {label} perfect-forward-secrecy keys {words.esp[0].pfs}")


def _tunnel(side: PeerSide, number: int, label: str, page: Page) -> None:
    interface, vpn = f"st0.{number}", f"set security ipsec vpn {label}-{number}"
    page.lines(
        f"set interfaces st0 unit {number} family inet",
        f"{vpn} bind-interface {interface}",
        f"{vpn} ike gateway {label}-{number}",
        f"{vpn} ike ipsec-policy {label}",
        f"{vpn} establish-tunnels {_STARTING[side.initiation]}",
    )
    if side.is_policy_based:
        for count, selector in enumerate(side.selectors, 1):
            page.lines(f"{vpn} traffic-selector net-{count} local-ip {selector.device} remote-ip {selector.azure}")
    elif side.bgp is not None:
        page.lines(f"set routing-options static route {side.bgp.azure_addresses[number - 1]}/32 next-hop {interface}")
    else:
        for prefix in side.azure_prefixes:
            page.lines(
                f"set routing-options static route {prefix} qualified-next-hop {interface} preference {4 + number}"
            )


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
