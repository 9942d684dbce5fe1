"""Azure's side of a connection as a strongSwan, typed from Azure's own tables and from nothing of the package.

Whatever negotiates with it does what those tables say, not what the package makes of them.
"""

from collections.abc import Mapping, Sequence

AZURE_ADDRESS = "203.0.113.1"
DEVICE_ADDRESS = "203.0.113.2"
KEY = "Tests.only.1234567890"

IKE_ENCRYPTION = {
    "DES": "des",
    "DES3": "3des",
    "AES128": "aes128",
    "AES192": "aes192",
    "AES256": "aes256",
    "GCMAES128": "aes128gcm16",
    "GCMAES256": "aes256gcm16",
}
HASH = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384"}
UNNAMED_PRF = {"GCMAES128": "sha256", "GCMAES256": "sha384"}
"""What this gateway takes where Azure's policy has a GCMAES as integrity of IKE. Nobody knows what Azure takes."""
DH_GROUP = {
    "DHGroup1": "modp768",
    "DHGroup2": "modp1024",
    "DHGroup14": "modp2048",
    "DHGroup2048": "modp2048",
    "DHGroup24": "modp2048s256",
    "ECP256": "ecp256",
    "ECP384": "ecp384",
}
IPSEC = {
    "None": "null",
    "DES": "des",
    "DES3": "3des",
    "AES128": "aes128",
    "AES192": "aes192",
    "AES256": "aes256",
    "GCMAES128": "aes128gcm16",
    "GCMAES192": "aes192gcm16",
    "GCMAES256": "aes256gcm16",
}
PFS_GROUP = {
    "PFS1": "modp768",
    "PFS2": "modp1024",
    "PFS14": "modp2048",
    "PFS2048": "modp2048",
    "PFS24": "modp2048s256",
    "ECP256": "ecp256",
    "ECP384": "ecp384",
}

DEFAULT_IKE = [
    f"{cipher}-{integrity}-modp1024" for cipher in ("aes256", "aes128", "3des") for integrity in ("sha1", "sha256")
]
DEFAULT_AS_INITIATOR = ["aes256gcm16", "aes256-sha1", "3des-sha1", "aes256-sha256", "aes128-sha1", "3des-sha256"]
DEFAULT_AS_RESPONDER = [
    *DEFAULT_AS_INITIATOR,
    *("des-sha1", "aes128-sha256"),
    *(f"{pair}-modp768" for pair in ("aes256-sha1", "aes128-sha1", "3des-sha1", "aes256-sha256", "aes128-sha256")),
    *(f"{pair}-modp1024" for pair in ("aes256-sha1", "aes128-sha1", "3des-sha1", "3des-sha256", "aes256-sha256")),
    "aes128-sha256-modp1024",
    *(f"{pair}-modp2048" for pair in ("aes256-sha1", "aes128-sha1", "aes256-sha256", "aes128-sha256", "3des-sha1")),
    *("aes256-sha1-modp2048s256", "aes256-sha256-modp2048s256"),
]


def ike_proposal(policy: Mapping[str, str]) -> str:
    """What Azure offers and accepts in phase 1 with a policy."""
    encryption, integrity, group = (policy[name] for name in ("ikeEncryption", "ikeIntegrity", "dhGroup"))
    if encryption.startswith("GCM"):
        return f"{IKE_ENCRYPTION[encryption]}-prf{ {**HASH, **UNNAMED_PRF}[integrity] }-{DH_GROUP[group]}".replace(
            " ", ""
        )
    return f"{IKE_ENCRYPTION[encryption]}-{HASH[integrity]}-{DH_GROUP[group]}"


def esp_proposal(policy: Mapping[str, str]) -> str:
    """What Azure offers and accepts in phase 2 with a policy."""
    parts = [IPSEC[policy["ipsecEncryption"]]]
    if not policy["ipsecEncryption"].startswith("GCM"):
        parts.append(HASH[policy["ipsecIntegrity"]])
    if policy["pfsGroup"] == "PFSMM":
        parts.append(DH_GROUP[policy["dhGroup"]])
    elif policy["pfsGroup"] != "None":
        parts.append(PFS_GROUP[policy["pfsGroup"]])
    return "-".join(parts)


def azure_side(
    ike: Sequence[str],
    esp: Sequence[str],
    *,
    selectors: Sequence[tuple[str, str]] = (("0.0.0.0/0", "0.0.0.0/0"),),
    version: int = 2,
    address: str = AZURE_ADDRESS,
    device: str = DEVICE_ADDRESS,
    key: str = KEY,
) -> str:
    """A swanctl.conf; of each selector the range on Azure's side comes first. Children are called `azure-1`, `azure-2` and so on."""
    children = "\n".join(
        f"azure-{number} {{\nlocal_ts = {local}\nremote_ts = {remote}\nesp_proposals = {', '.join(esp)}\n"
        "life_time = 27000s\nrekey_time = 0\n}"
        for number, (local, remote) in enumerate(selectors, 1)
    )
    secret = "0x" + key.encode().hex()
    return f"""connections {{
azure {{
version = {version}
local_addrs = {address}
remote_addrs = {device}
proposals = {", ".join(ike)}
rekey_time = 28800s
local {{
auth = psk
id = {address}
}}
remote {{
auth = psk
id = {device}
}}
children {{
{children}
}}
}}
}}
secrets {{
ike-azure {{
id-1 = {device}
secret = {secret}
}}
}}
"""
