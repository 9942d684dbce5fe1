"""What must hold for an IpsecPolicy beyond its schema."""

import re
from typing import Any, Final

from azure_vpn_operator.domain.rules.rule import Rule


def _has_matching_gcm(spec: Any) -> bool:
    encryption, integrity = spec["ipsecEncryption"], spec["ipsecIntegrity"]
    return bool(integrity == encryption if encryption.startswith("GCMAES") else not integrity.startswith("GCMAES"))


def _suggest_gcm_pair(spec: Any) -> str:
    encryption, integrity = spec["ipsecEncryption"], spec["ipsecIntegrity"]
    if encryption.startswith("GCMAES"):
        return f"set `ipsecIntegrity` to {encryption}"
    return f"set `ipsecEncryption` to {integrity}, or `ipsecIntegrity` to SHA256"


def _is_data_size(kilobytes: Any) -> bool:
    # CEL takes 1024.0 for no integer, although the schema does.
    return isinstance(kilobytes, int) and (kilobytes == 0 or kilobytes >= 1024)


def _is_share(value: Any) -> bool:
    if isinstance(value, int):
        return value >= 1
    return isinstance(value, str) and re.fullmatch("([1-9][0-9]?|100)%", value) is not None


def _has_short_name(document: Any) -> bool:
    return len(document["metadata"]["name"]) <= 63


NAME_LENGTH: Final = Rule(
    id="name-length",
    at=("",),
    field="metadata.name",
    message="`metadata.name` must have at most 63 characters",
    cel="size(self.metadata.name) <= 63",
    holds=_has_short_name,
)
"""Holds for both kinds: names appear in labels and tags."""

POLICY_RULES: Final = (
    NAME_LENGTH,
    Rule(
        id="ipsec-gcm-pair",
        at=("spec",),
        field="ipsecIntegrity",
        message="`ipsecEncryption` and `ipsecIntegrity` must name the same GCMAES algorithm as soon as one of them names "
        "a GCMAES algorithm",
        cel="self.ipsecEncryption.startsWith('GCMAES') ? self.ipsecIntegrity == self.ipsecEncryption : "
        "!self.ipsecIntegrity.startsWith('GCMAES')",
        holds=_has_matching_gcm,
        hint=_suggest_gcm_pair,
    ),
    Rule(
        id="sa-data-size",
        at=("spec.saDataSizeKilobytes",),
        field="",
        message="`saDataSizeKilobytes` must be 0 (no limit by volume) or at least 1024",
        cel="self == 0 || self >= 1024",
        holds=_is_data_size,
    ),
    Rule(
        id="rollout-max-unavailable",
        at=("spec.rollout.maxUnavailable",),
        field="",
        message="`maxUnavailable` must be a number from 1 on, or a percentage from 1% to 100%",
        cel="type(self) == int ? self >= 1 : type(self) == string && self.matches('^([1-9][0-9]?|100)%$')",
        holds=_is_share,
    ),
)
