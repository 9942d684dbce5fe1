"""One notion of equal: policies without aliases, Azure ids without case."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from typing_extensions import override

from azure_vpn_operator.api.algorithms import (
    DhGroup,
    IkeEncryption,
    IkeIntegrity,
    IpsecEncryption,
    IpsecIntegrity,
    PfsGroup,
)
from azure_vpn_operator.domain.azure.names import AZURE_NAME, RESOURCE_GROUP_NAME, SUBSCRIPTION_ID, matches

if TYPE_CHECKING:
    from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec

_ALIASES = {"DHGroup2048": "DHGroup14", "PFS14": "PFS2048"}
"""Two spellings of group 14 each. The canonical one is the spelling that all of Azure's clients know."""

_SPELLINGS = {
    value.lower(): value.value
    for enum in (IkeEncryption, IkeIntegrity, DhGroup, IpsecEncryption, IpsecIntegrity, PfsGroup)
    for value in enum
}


@dataclass(frozen=True, slots=True)
class CanonicalPolicy:
    """The eight values of a policy. Two policies are equal exactly if they mean the same to Azure."""

    ike_encryption: str
    ike_integrity: str
    dh_group: str
    ipsec_encryption: str
    ipsec_integrity: str
    pfs_group: str
    sa_life_time_seconds: int
    sa_data_size_kilobytes: int

    def wire(self) -> dict[str, str | int]:
        """Return the element of Azure's `ipsecPolicies`."""
        return {
            "ikeEncryption": self.ike_encryption,
            "ikeIntegrity": self.ike_integrity,
            "dhGroup": self.dh_group,
            "ipsecEncryption": self.ipsec_encryption,
            "ipsecIntegrity": self.ipsec_integrity,
            "pfsGroup": self.pfs_group,
            "saLifeTimeSeconds": self.sa_life_time_seconds,
            "saDataSizeKilobytes": self.sa_data_size_kilobytes,
        }

    @property
    def hash(self) -> str:
        """Twelve hex digits of the values; the same in every release."""
        return _hash(self)


def canonical_policy(policy: "IpsecPolicySpec | Mapping[str, Any]") -> CanonicalPolicy:
    """Reduce a spec, or an element of Azure's `ipsecPolicies`, to its canonical values.

    Values that no release of this operator knows are kept as they are. A wire element in which a value is missing or
    has the wrong type raises `KeyError` or `TypeError`.
    """
    return _of_wire(policy) if isinstance(policy, Mapping) else _of_spec(policy)


# Every pass asks several times, and a few policies serve thousands of connections.
@lru_cache(maxsize=1024)
def _of_spec(spec: "IpsecPolicySpec") -> CanonicalPolicy:
    return _of_wire(spec.wire())


@lru_cache(maxsize=1024)
def _hash(policy: CanonicalPolicy) -> str:
    return sha256(json.dumps(policy.wire(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:12]


def _of_wire(document: Mapping[str, Any]) -> CanonicalPolicy:
    return CanonicalPolicy(
        ike_encryption=_algorithm(document["ikeEncryption"]),
        ike_integrity=_algorithm(document["ikeIntegrity"]),
        dh_group=_algorithm(document["dhGroup"]),
        ipsec_encryption=_algorithm(document["ipsecEncryption"]),
        ipsec_integrity=_algorithm(document["ipsecIntegrity"]),
        pfs_group=_algorithm(document["pfsGroup"]),
        sa_life_time_seconds=_number(document["saLifeTimeSeconds"]),
        sa_data_size_kilobytes=_number(document["saDataSizeKilobytes"]),
    )


def _algorithm(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("an algorithm must be a text")
    spelling = _SPELLINGS.get(value.lower(), value)
    return _ALIASES.get(spelling, spelling)


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a lifetime must be a whole number")
    return value


_NAME_SEGMENT = re.compile(r"(?!\.+$)[A-Za-z0-9._()~!$&'*+,;=:@ -]{1,260}")
_TYPE_SEGMENT = re.compile(r"[A-Za-z][A-Za-z0-9]{0,79}")
_PROVIDER_SEGMENT = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,79}")
_LONGEST_ID = 2048


@dataclass(frozen=True, slots=True)
class ArmId:
    """The id of one Azure resource. Ids are equal if Azure takes them for the same resource: case does not matter.

    No part contains a slash, a percent sign, a question mark or a number sign, and none is `.` or `..`.
    """

    subscription: str = field(compare=False)
    resource_group: str = field(compare=False)
    provider: str = field(compare=False)
    types: tuple[tuple[str, str], ...] = field(compare=False)
    """Type and name, from the outer resource to the inner one."""
    key: str = field(init=False, repr=False)
    """The id in lower case: what identity is compared by."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", str(self).lower())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the id of a resource in a resource group; raises `ValueError`, without the text, for anything else."""
        parts = text.removesuffix("/").split("/") if len(text) <= _LONGEST_ID else []
        if len(parts) < 9 or len(parts) % 2 == 0 or parts[0]:
            raise ValueError("not the id of a resource")
        keywords = (parts[1].lower(), parts[3].lower(), parts[5].lower())
        types = tuple(zip(parts[7::2], parts[8::2], strict=True))
        if (
            keywords != ("subscriptions", "resourcegroups", "providers")
            or not _PROVIDER_SEGMENT.fullmatch(parts[6])
            or not all(_TYPE_SEGMENT.fullmatch(kind) for kind, _ in types)
            or not all(_NAME_SEGMENT.fullmatch(name) for name in (parts[2], parts[4], *(name for _, name in types)))
        ):
            raise ValueError("not the id of a resource")
        return cls(parts[2], parts[4], parts[6], types)

    @classmethod
    def find(cls, text: str | None) -> Self | None:
        """Read an id where there may be none; None for anything that `parse` refuses."""
        try:
            return cls.parse(text) if text else None
        except ValueError:
            return None

    @classmethod
    def build(cls, subscription: str, resource_group: str, kind: str, name: str) -> Self:
        """Make the id of a Microsoft.Network resource; raises `ValueError` for names against Azure's naming rules."""
        if not matches(SUBSCRIPTION_ID, subscription) or not matches(RESOURCE_GROUP_NAME, resource_group):
            raise ValueError("not a subscription id or not a resource group name")
        if not matches(AZURE_NAME, name) or not _TYPE_SEGMENT.fullmatch(kind):
            raise ValueError("not a resource name")
        return cls(subscription, resource_group, "Microsoft.Network", ((kind, name),))

    @property
    def type(self) -> str:
        """The innermost type, such as `connections`."""
        return self.types[-1][0]

    @property
    def name(self) -> str:
        """The innermost name."""
        return self.types[-1][1]

    @override
    def __str__(self) -> str:
        """Return the id in the spelling it was given."""
        resource = "/".join(f"{kind}/{name}" for kind, name in self.types)
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/{self.provider}/{resource}"
