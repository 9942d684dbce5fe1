"""IPsec/IKE policies: their values, and whether two sides of a tunnel have a combination in common."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

IKE_ENCRYPTION = ("DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES256")
IKE_INTEGRITY = ("MD5", "SHA1", "SHA256", "SHA384", "GCMAES128", "GCMAES256")
DH_GROUP = ("None", "DHGroup1", "DHGroup2", "DHGroup14", "DHGroup2048", "ECP256", "ECP384", "DHGroup24")
IPSEC_ENCRYPTION = ("None", "DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256")
IPSEC_INTEGRITY = ("MD5", "SHA1", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256")
PFS_GROUP = ("None", "PFS1", "PFS2", "PFS2048", "ECP256", "ECP384", "PFS24", "PFS14", "PFSMM")

ALGORITHMS: dict[str, tuple[str, ...]] = {
    "ikeEncryption": IKE_ENCRYPTION,
    "ikeIntegrity": IKE_INTEGRITY,
    "dhGroup": DH_GROUP,
    "ipsecEncryption": IPSEC_ENCRYPTION,
    "ipsecIntegrity": IPSEC_INTEGRITY,
    "pfsGroup": PFS_GROUP,
}
LIFETIMES = ("saLifeTimeSeconds", "saDataSizeKilobytes")
ALIASES = {"DHGroup14": "DHGroup2048", "PFS14": "PFS2048"}

_PFS_OF_DH = {
    "DHGroup1": "PFS1",
    "DHGroup2": "PFS2",
    "DHGroup2048": "PFS2048",
    "ECP256": "ECP256",
    "ECP384": "ECP384",
    "DHGroup24": "PFS24",
}
IKE_LIFETIME_SECONDS = 28800
DEFAULT_SA_SECONDS = 27000
POLICY_BASED_SA_SECONDS = 3600


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _shown(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else values


_ALTERNATIVES = (Field(min_length=1), BeforeValidator(_listed), PlainSerializer(_shown))


class Proposal(BaseModel):
    """Combinations that a device takes, in Azure's own words: a value, or a list of alternatives, for each algorithm."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    ike_encryption: Annotated[
        list[Literal["DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES256"]], *_ALTERNATIVES
    ]
    ike_integrity: Annotated[list[Literal["MD5", "SHA1", "SHA256", "SHA384", "GCMAES128", "GCMAES256"]], *_ALTERNATIVES]
    dh_group: Annotated[
        list[Literal["None", "DHGroup1", "DHGroup2", "DHGroup14", "DHGroup2048", "ECP256", "ECP384", "DHGroup24"]],
        *_ALTERNATIVES,
    ]
    ipsec_encryption: Annotated[
        list[Literal["None", "DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256"]],
        *_ALTERNATIVES,
    ]
    ipsec_integrity: Annotated[
        list[Literal["MD5", "SHA1", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256"]], *_ALTERNATIVES
    ]
    pfs_group: Annotated[
        list[Literal["None", "PFS1", "PFS2", "PFS2048", "ECP256", "ECP384", "PFS24", "PFS14", "PFSMM"]],
        *_ALTERNATIVES,
    ]

    @property
    def groups(self) -> frozenset[str]:
        """The groups of main mode, aliases resolved."""
        return frozenset(map(_canonical, self.dh_group))

    @property
    def pfs_groups(self) -> frozenset[str]:
        """The groups of quick mode, aliases resolved; PFSMM is that of main mode."""
        return frozenset(_pfs(group, each) for group in self.groups for each in self.pfs_group)

    def takes_ike(self, offered: "Suite") -> bool:
        """Tell whether main mode is among the alternatives, whatever quick mode."""
        return (
            offered.ike.encryption in self.ike_encryption
            and offered.ike.integrity in self.ike_integrity
            and offered.ike.group in self.groups
        )

    def takes_phases(self, offered: "Suite") -> bool:
        """Tell whether main mode and quick mode are among the alternatives, whatever the PFS group."""
        return (
            self.takes_ike(offered)
            and offered.esp.encryption in self.ipsec_encryption
            and offered.esp.integrity in self.ipsec_integrity
        )

    def takes(self, offered: "Suite") -> bool:
        """Tell whether the whole suite is among the alternatives."""
        own = {_pfs(offered.ike.group, each) for each in self.pfs_group}
        return self.takes_phases(offered) and offered.pfs in own


class Ike(NamedTuple):
    """A main-mode (phase 1) combination, aliases resolved."""

    encryption: str
    integrity: str
    group: str


class Esp(NamedTuple):
    """A quick-mode (phase 2) combination without the PFS group."""

    encryption: str
    integrity: str


@dataclass(frozen=True, slots=True)
class Suite:
    """A full combination."""

    ike: Ike
    esp: Esp
    pfs: str


@dataclass(frozen=True, slots=True)
class Match:
    """What two sides have in common: the suite they start with, and whether it survives a rekey (the PFS group fits)."""

    suite: Suite
    pfs_fits: bool


Suites = frozenset[Suite]


def suite(policy: dict[str, object]) -> Suite:
    """Turn one complete wire policy into its canonical suite (DHGroup14 is DHGroup2048, PFS14 is PFS2048)."""
    group = _canonical(policy["dhGroup"])
    return Suite(
        Ike(str(policy["ikeEncryption"]), str(policy["ikeIntegrity"]), group),
        Esp(str(policy["ipsecEncryption"]), str(policy["ipsecIntegrity"])),
        _pfs(group, policy["pfsGroup"]),
    )


def _pfs(group: str, value: object) -> str:
    pfs = _canonical(value)
    return _PFS_OF_DH.get(group, "None") if pfs == "PFSMM" else pfs


def _canonical(value: object) -> str:
    return ALIASES.get(str(value), str(value))


def _default_suites() -> Suites:
    # The offers of a route-based gateway without a custom policy, as initiator and as responder, from the list that the
    # VPN Gateway documentation gives for validated devices; main mode knows only group 2.
    ike = [Ike(*pair, "DHGroup2") for pair in product(("AES256", "AES128", "DES3"), ("SHA1", "SHA256"))]
    aes256_1, aes256_2 = Esp("AES256", "SHA1"), Esp("AES256", "SHA256")
    aes128_1, aes128_2 = Esp("AES128", "SHA1"), Esp("AES128", "SHA256")
    des3_1, des3_2 = Esp("DES3", "SHA1"), Esp("DES3", "SHA256")
    groups = {
        Esp("GCMAES256", "GCMAES256"): ("None",),
        Esp("DES", "SHA1"): ("None",),
        aes256_1: ("None", "PFS1", "PFS2", "PFS2048", "PFS24"),
        aes256_2: ("None", "PFS1", "PFS2", "PFS2048", "PFS24"),
        aes128_1: ("None", "PFS1", "PFS2", "PFS2048"),
        aes128_2: ("None", "PFS1", "PFS2", "PFS2048"),
        des3_1: ("None", "PFS1", "PFS2", "PFS2048"),
        des3_2: ("None", "PFS2"),
    }
    return frozenset(Suite(i, esp, pfs) for i in ike for esp, each in groups.items() for pfs in each)


DEFAULT_SUITES = _default_suites()
"""What Azure's Default policy offers or takes."""

_DEFAULT_FIRST = Suite(Ike("AES256", "SHA256", "DHGroup2"), Esp("GCMAES256", "GCMAES256"), "None")


def match(azure: Suites, other: Suites | None) -> Match | None:
    """Find the best combination of Azure's suites and the other side's (None: takes anything); None if there is none."""
    if other is None:
        return _best(azure, azure)
    phases = {(s.ike, s.esp) for s in other}
    return _best(azure & other, [s for s in azure if (s.ike, s.esp) in phases])


def match_proposals(azure: Suites, proposals: Sequence[Proposal]) -> Match | None:
    """Find the best combination of Azure's suites that one of the proposals takes; None if there is none."""
    near = [s for s in azure if any(p.takes_phases(s) for p in proposals)]
    return _best([s for s in near if any(p.takes(s) for p in proposals)], near)


def _best(both: Collection[Suite], near: Collection[Suite]) -> Match | None:
    if both:
        return Match(min(both, key=preference), pfs_fits=True)
    return Match(min(near, key=preference), pfs_fits=False) if near else None


def preference(each: Suite) -> tuple[bool, tuple[str, ...]]:
    """Return by what suites are ordered: the one that Azure's Default policy names first, then the others."""
    return each != _DEFAULT_FIRST, (*each.ike, *each.esp, each.pfs)
