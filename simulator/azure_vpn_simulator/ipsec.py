"""IPsec/IKE policies: their values, and whether two sides of a tunnel have a combination in common."""

from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict
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


class Proposal(BaseModel):
    """One combination that a device takes, in Azure's own words."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    ike_encryption: Literal["DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES256"]
    ike_integrity: Literal["MD5", "SHA1", "SHA256", "SHA384", "GCMAES128", "GCMAES256"]
    dh_group: Literal["None", "DHGroup1", "DHGroup2", "DHGroup14", "DHGroup2048", "ECP256", "ECP384", "DHGroup24"]
    ipsec_encryption: Literal[
        "None", "DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256"
    ]
    ipsec_integrity: Literal["MD5", "SHA1", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256"]
    pfs_group: Literal["None", "PFS1", "PFS2", "PFS2048", "ECP256", "ECP384", "PFS24", "PFS14", "PFSMM"]


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
    pfs = _canonical(policy["pfsGroup"])
    if pfs == "PFSMM":
        pfs = _PFS_OF_DH.get(group, "None")
    return Suite(
        Ike(str(policy["ikeEncryption"]), str(policy["ikeIntegrity"]), group),
        Esp(str(policy["ipsecEncryption"]), str(policy["ipsecIntegrity"])),
        pfs,
    )


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
        return Match(_DEFAULT_FIRST if _DEFAULT_FIRST in azure else min(azure, key=_order), pfs_fits=True)
    both = azure & other
    if both:
        return Match(_DEFAULT_FIRST if _DEFAULT_FIRST in both else min(both, key=_order), pfs_fits=True)
    phases = {(s.ike, s.esp) for s in other}
    near = [s for s in azure if (s.ike, s.esp) in phases]
    return Match(min(near, key=_order), pfs_fits=False) if near else None


def _order(each: Suite) -> tuple[str, ...]:
    return (*each.ike, *each.esp, each.pfs)
