"""How strong the algorithms of a policy are, and which of them standards advise against.

Sources: RFC 8247 (IKEv2), RFC 8221 (ESP), NIST SP 800-57 and 800-77r1, RFC 9206 (CNSA 1.0).
"""

from enum import StrEnum
from typing import Final

from azure_vpn_operator.domain.rules.rule import Json


class Strength(StrEnum):
    """Grade of a policy: that of its weakest algorithm."""

    BROKEN = "Broken"
    """Can be broken with known means, or does not encrypt: DES, MD5, DH group 1, no encryption, no group in phase 1."""
    WEAK = "Weak"
    """Standards advise against it or phase it out: DES3, SHA1, DH groups 2 and 24."""
    GOOD = "Good"
    """Nothing wrong; about 112 bits (group 14), or no perfect forward secrecy."""
    STRONG = "Strong"
    """At least 128 bits everywhere, with perfect forward secrecy over an elliptic curve."""
    CNSA = "CNSA"
    """Within the Commercial National Security Algorithm Suite 1.0 for IPsec."""


ALGORITHMS: Final = ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity", "pfsGroup")
"""The fields of an IpsecPolicy's spec that have a grade."""
_ORDER: Final = tuple(Strength)
_CIPHERS: Final = {
    "None": Strength.BROKEN,
    "DES": Strength.BROKEN,
    "DES3": Strength.WEAK,
    "AES128": Strength.STRONG,
    "AES192": Strength.STRONG,
    "AES256": Strength.STRONG,
    "GCMAES128": Strength.STRONG,
    "GCMAES192": Strength.STRONG,
    "GCMAES256": Strength.CNSA,
}
_HASHES: Final = {
    "MD5": Strength.BROKEN,
    "SHA1": Strength.WEAK,
    "SHA256": Strength.STRONG,
    "SHA384": Strength.CNSA,
    "GCMAES128": Strength.STRONG,
    "GCMAES192": Strength.STRONG,
    "GCMAES256": Strength.CNSA,
}
_GROUPS: Final = {
    "1": Strength.BROKEN,
    "2": Strength.WEAK,
    "24": Strength.WEAK,
    "14": Strength.GOOD,
    "2048": Strength.GOOD,
    "ECP256": Strength.STRONG,
    "ECP384": Strength.CNSA,
}


def grade_field(spec: Json, field: str) -> Strength:
    """Return the grade of one algorithm of a valid spec; PFSMM has that of the phase 1 group."""
    value = spec[field]
    match field:
        case "ikeEncryption":
            # CNSA allows AES-256 in CBC mode for IKE.
            return Strength.CNSA if value == "AES256" else _CIPHERS[value]
        case "ipsecEncryption":
            return _CIPHERS[value]
        case "ikeIntegrity" | "ipsecIntegrity":
            return _HASHES[value]
        case "dhGroup" if value == "None":
            return Strength.BROKEN
        case "pfsGroup" if value == "None":
            return Strength.GOOD
        case "pfsGroup" if value == "PFSMM":
            return grade_field(spec, "dhGroup")
        case _:
            return _GROUPS[value.removeprefix("DHGroup").removeprefix("PFS")]


def strength(spec: Json) -> Strength:
    """Return the grade of the weakest of the six algorithms of a valid spec."""
    return min((grade_field(spec, field) for field in ALGORITHMS), key=_ORDER.index)


def weakest_fields(spec: Json) -> tuple[str, ...]:
    """Return the fields that have the grade of the whole; none if nothing can be better."""
    grade = strength(spec)
    if grade is _ORDER[-1]:
        return ()
    return tuple(field for field in ALGORITHMS if grade_field(spec, field) is grade)
