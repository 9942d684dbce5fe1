"""Azure's algorithms as strongSwan has them: what is proposed, and what `swanctl --list-sas` shows of what has been agreed on."""

from collections.abc import Iterable, Mapping
from typing import Final

from azure_vpn_simulator.ipsec import Esp, Ike

IKE_ENCRYPTION: Final[Mapping[str, str]] = {
    "DES": "des",
    "DES3": "3des",
    "AES128": "aes128",
    "AES192": "aes192",
    "AES256": "aes256",
    "GCMAES128": "aes128gcm16",
    "GCMAES256": "aes256gcm16",
}
HASH: Final[Mapping[str, str]] = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384"}
UNNAMED_PRF: Final[Mapping[str, str]] = {"GCMAES128": "sha256", "GCMAES256": "sha384"}
"""The pseudo-random function where Azure's policy has a GCMAES as integrity of IKE. Nobody knows what Azure takes."""
GROUP: Final[Mapping[str, str]] = {
    "DHGroup1": "modp768",
    "DHGroup2": "modp1024",
    "DHGroup2048": "modp2048",
    "DHGroup24": "modp2048s256",
    "ECP256": "ecp256",
    "ECP384": "ecp384",
    "PFS1": "modp768",
    "PFS2": "modp1024",
    "PFS2048": "modp2048",
    "PFS24": "modp2048s256",
}
"""Of phase 1 and of perfect forward secrecy; the aliases DHGroup14 and PFS14 are resolved before."""
IPSEC: Final[Mapping[str, str]] = {
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
PRF: Final[Mapping[str, str]] = {name: f"prf{word}" for name, word in {**HASH, **UNNAMED_PRF}.items()}
"""The pseudo-random function for phase 1 with a cipher that needs no hash."""
_SHOWN: Final[Mapping[str, str]] = {
    "null": "NULL",
    "des": "DES_CBC",
    "3des": "3DES_CBC",
    "aes128": "AES_CBC_128",
    "aes192": "AES_CBC_192",
    "aes256": "AES_CBC_256",
    "aes128gcm16": "AES_GCM_16_128",
    "aes192gcm16": "AES_GCM_16_192",
    "aes256gcm16": "AES_GCM_16_256",
    "md5": "MD5_96",
    "sha1": "SHA1_96",
    "sha256": "SHA2_256_128",
    "sha384": "SHA2_384_192",
    "modp768": "MODP_768",
    "modp1024": "MODP_1024",
    "modp2048": "MODP_2048",
    "modp2048s256": "MODP_2048_256",
    "ecp256": "ECP_256",
    "ecp384": "ECP_384",
}


def ike_proposal(ike: Ike) -> str | None:
    """What is proposed for phase 1; None if IKE has no such thing: no group, or GCM as the integrity of another cipher."""
    aead = ike.encryption.startswith("GCM")
    if ike.group not in GROUP or (not aead and ike.integrity not in HASH):
        return None
    integrity = PRF[ike.integrity] if aead else HASH[ike.integrity]
    return f"{IKE_ENCRYPTION[ike.encryption]}-{integrity}-{GROUP[ike.group]}"


def esp_proposal(esp: Esp, pfs: str) -> str:
    """What is proposed for phase 2; the group counts from the first rekey on (IKEv1: at once)."""
    parts = [IPSEC[esp.encryption]]
    if not esp.encryption.startswith("GCM"):
        parts.append(HASH[esp.integrity])
    if pfs != "None":
        parts.append(GROUP[pfs])
    return "-".join(parts)


def shown(proposal: str) -> frozenset[str]:
    """The words that `swanctl --list-sas` has for a proposal: cipher with the length of its key, integrity, group."""
    return frozenset(_word(part) for part in proposal.split("-"))


def shown_of(words: Iterable[str]) -> frozenset[str]:
    """The same words from what it prints of an SA: the family of a hash (HMAC, PRF_HMAC) is left out."""
    return frozenset(word.removeprefix("PRF_").removeprefix("HMAC_") for word in words if word)


def _word(part: str) -> str:
    # A pseudo-random function is shown without the length of a checksum.
    if part.startswith("prf"):
        return _SHOWN[part.removeprefix("prf")].rpartition("_")[0]
    return _SHOWN[part]
