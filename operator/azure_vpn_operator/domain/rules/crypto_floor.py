"""The least that a platform team accepts of encryption: three floors, each with the values that it takes and the document that says so.

Azure takes every policy that the schema takes, DES included, and nothing here changes that: a floor is what one
installation asks for besides. It is asked of new values only, by the API server (manifests/crypto-floor and the chart
have these rules in CEL) and by whoever checks manifests before they get there.

Lifetimes are no part of a floor, and neither is forward secrecy below cnsa: none of the documents requires it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from azure_vpn_operator.api.kinds import IPSEC_POLICY, VPN_CONNECTION
from azure_vpn_operator.domain.rules.identity import is_observe
from azure_vpn_operator.domain.rules.rule import Rule, check_rules
from azure_vpn_operator.domain.rules.violations import Violation


class CryptoFloor(StrEnum):
    """Names of the floors, as the chart's value has them; each takes no more than the one before."""

    RECOMMENDED = "recommended"
    """What the IETF neither forbids nor advises against nor phases out."""
    FIPS = "fips"
    """What NIST approves for IPsec."""
    CNSA = "cnsa"
    """The Commercial National Security Algorithm Suite 1.0."""


@dataclass(frozen=True, slots=True)
class AcceptedValues:
    """What a floor takes for one algorithm field of an IpsecPolicy."""

    values: tuple[str, ...]
    source: str
    """The document that draws the line here."""


_RFC8247: Final = "RFC 8247, RFC 9395"
_RFC8221: Final = "RFC 8221, RFC 9395"
_SP800_77: Final = "NIST SP 800-77r1"
_CNSA: Final = "CNSA 1.0, RFC 9206"
_AES: Final = ("AES128", "AES192", "AES256")
_MODERN_GROUPS: Final = ("ECP256", "ECP384")

FLOORS: Final[Mapping[CryptoFloor, Mapping[str, AcceptedValues]]] = {
    CryptoFloor.RECOMMENDED: {
        # SHA1 is MUST- in both documents: still to be there, and on its way out.
        "ikeEncryption": AcceptedValues((*_AES, "GCMAES128", "GCMAES256"), _RFC8247),
        "ikeIntegrity": AcceptedValues(("SHA256", "SHA384", "GCMAES128", "GCMAES256"), _RFC8247),
        "dhGroup": AcceptedValues(("DHGroup14", "DHGroup2048", *_MODERN_GROUPS), _RFC8247),
        "ipsecEncryption": AcceptedValues((*_AES, "GCMAES128", "GCMAES192", "GCMAES256"), _RFC8221),
        "ipsecIntegrity": AcceptedValues(("SHA256", "GCMAES128", "GCMAES192", "GCMAES256"), _RFC8221),
        "pfsGroup": AcceptedValues(("None", "PFS14", "PFS2048", "PFSMM", *_MODERN_GROUPS), _RFC8247),
    },
    CryptoFloor.FIPS: {
        "ikeEncryption": AcceptedValues((*_AES, "GCMAES128", "GCMAES256"), _SP800_77),
        # Without a hash it is Azure's choice which pseudo-random function is used, and Azure does not say which.
        "ikeIntegrity": AcceptedValues(("SHA256", "SHA384"), _SP800_77),
        "dhGroup": AcceptedValues(("DHGroup14", "DHGroup2048", *_MODERN_GROUPS), _SP800_77),
        "ipsecEncryption": AcceptedValues((*_AES, "GCMAES128", "GCMAES192", "GCMAES256"), _SP800_77),
        "ipsecIntegrity": AcceptedValues(("SHA256", "GCMAES128", "GCMAES192", "GCMAES256"), _SP800_77),
        "pfsGroup": AcceptedValues(("None", "PFS14", "PFS2048", "PFSMM", *_MODERN_GROUPS), _SP800_77),
    },
    CryptoFloor.CNSA: {
        "ikeEncryption": AcceptedValues(("AES256", "GCMAES256"), _CNSA),
        "ikeIntegrity": AcceptedValues(("SHA384",), _CNSA),
        "dhGroup": AcceptedValues(("ECP384",), _CNSA),
        "ipsecEncryption": AcceptedValues(("GCMAES256",), _CNSA),
        "ipsecIntegrity": AcceptedValues(("GCMAES256",), _CNSA),
        # PFSMM is the group of phase 1, which is asked about above.
        "pfsGroup": AcceptedValues(("PFSMM", "ECP384"), _CNSA),
    },
}
"""Floor -> field of an IpsecPolicy's spec -> what it may be."""

_IDS: Final = {
    "ikeEncryption": "floor-ike-encryption",
    "ikeIntegrity": "floor-ike-integrity",
    "dhGroup": "floor-dh-group",
    "ipsecEncryption": "floor-ipsec-encryption",
    "ipsecIntegrity": "floor-ipsec-integrity",
    "pfsGroup": "floor-pfs-group",
}
_IKEV2: Final = "floor-ikev2"
_OBSERVES: Final = "(has(self.managementPolicy) && self.managementPolicy == 'Observe')"


@cache
def floor_rules(floor: CryptoFloor, kind: str) -> tuple[Rule, ...]:
    """Return what the floor asks of an object of this kind; nothing of a kind it is not about."""
    if kind == IPSEC_POLICY:
        return tuple(_policy_rule(floor, field, accepted) for field, accepted in FLOORS[floor].items())
    return _connection_rules(floor) if kind == VPN_CONNECTION else ()


def check_floor(floor: CryptoFloor, document: Mapping[str, Any], broken: Sequence[str] = ()) -> tuple[Violation, ...]:
    """Return where an object is below the floor; `broken` are the paths that the schema does not take, which are left out."""
    return tuple(check_rules(floor_rules(floor, str(document["kind"])), document, broken))


def floor_source(floor: CryptoFloor, rule: str) -> str:
    """The document that draws the line of one of `floor_rules`, given the rule's id."""
    if rule == _IKEV2:
        return "RFC 9395"
    field = next((field for field, known in _IDS.items() if known == rule), "dhGroup")
    return FLOORS[floor][field].source


def _policy_rule(floor: CryptoFloor, field: str, accepted: AcceptedValues) -> Rule:
    values = accepted.values
    choice = values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
    listed = ", ".join(f"'{value}'" for value in values)
    return Rule(
        id=_IDS[field],
        at=(f"spec.{field}",),
        field="",
        message=f"`spec.{field}` must be {choice} for the crypto floor {floor} ({accepted.source})",
        cel=f"self in [{listed}]",
        holds=lambda value: value in values,
    )


def _connection_rules(floor: CryptoFloor) -> tuple[Rule, ...]:
    return (
        Rule(
            id="floor-policy",
            at=("spec",),
            field="ipsecPolicyRef",
            message=f"`spec.ipsecPolicyRef` must name a policy for the crypto floor {floor}: Azure's Default policy has "
            f"Diffie-Hellman group 2 ({FLOORS[floor]['dhGroup'].source})",
            cel=f"{_OBSERVES} || has(self.ipsecPolicyRef)",
            holds=lambda spec: is_observe(spec) or "ipsecPolicyRef" in spec,
        ),
        Rule(
            id=_IKEV2,
            at=("spec",),
            field="connectionProtocol",
            message=f"`spec.connectionProtocol` must be IKEv2 for the crypto floor {floor} (RFC 9395: IKEv1 is historic)",
            cel=f"{_OBSERVES} || !has(self.connectionProtocol) || self.connectionProtocol == 'IKEv2'",
            holds=lambda spec: is_observe(spec) or spec.get("connectionProtocol", "IKEv2") == "IKEv2",
        ),
    )
