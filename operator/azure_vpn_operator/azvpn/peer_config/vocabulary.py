"""What a device calls the algorithms, and proposals in its words. What has no word there is said, never left out in silence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from azure_vpn_operator.azvpn.peer_config.page import Page
from azure_vpn_operator.azvpn.peer_config.peer_side import Initiation, PeerSide
from azure_vpn_operator.domain.azure.proposals import Encryption, EspProposal, Group, Hash, IkeProposal

_Value = TypeVar("_Value", Encryption, Hash, Group)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one device; a value without one is a value that the device cannot do."""

    ike_encryption: Mapping[Encryption, str]
    ike_integrity: Mapping[Hash, str]
    prf: Mapping[Hash, str]
    """The pseudo-random function with an AEAD; without one every device takes the integrity's hash."""
    dh_group: Mapping[Group, str]
    esp_encryption: Mapping[Encryption, str]
    esp_integrity: Mapping[Hash, str]
    pfs_group: Mapping[Group, str]
    requires_pfs: bool = False
    """Whether the device knows no IPsec SA without a group of its own."""


@dataclass(frozen=True, slots=True)
class IkeWords:
    """A proposal for the IKE SA in the device's words."""

    encryption: str
    integrity: str | None
    """None with an AEAD."""
    prfs: tuple[str, ...]
    """With an AEAD only."""
    group: str


@dataclass(frozen=True, slots=True)
class EspWords:
    """A proposal for the IPsec SAs in the device's words."""

    encryption: str
    integrity: str | None
    pfs: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """The proposals that the device can make; both lists have one at least."""

    ike: tuple[IkeWords, ...]
    esp: tuple[EspWords, ...]


def to_words(side: PeerSide, vocabulary: Vocabulary, device: str, page: Page) -> Words | None:
    """Translate what the device can do; None if nothing is left of a phase, which the page then says.

    Of several proposals one is enough, so one that has no words is only noted while others have.
    """
    for fault in side.proposals.unnegotiable:
        page.refuse(f"{fault.field}: {fault.why}")
    ike_faults: list[str] = []
    if side.ike_version == 1 and any(proposal.encryption.is_aead for proposal in side.proposals.ike):
        page.refuse("ikeEncryption: IKEv1 knows no AES-GCM in phase 1: choose AES256, or IKEv2")
        return None
    ike = tuple(filter(None, (_ike(proposal, vocabulary, ike_faults) for proposal in side.proposals.ike)))
    esp_faults: list[str] = []
    candidates = side.proposals.esp
    if vocabulary.requires_pfs and side.esp_with_pfs and side.initiation is not Initiation.AZURE:
        candidates = side.esp_with_pfs
        page.note(
            f"{device} always has perfect forward secrecy, which Azure's Default policy takes but never offers: the tunnel comes "
            "up if the device begins, and stays if the device renews the keys first"
        )
    esp = tuple(filter(None, (_esp(proposal, vocabulary, esp_faults) for proposal in candidates)))
    for faults, left, what in ((ike_faults, ike, "IKE"), (esp_faults, esp, "IPsec")):
        for missing in dict.fromkeys(faults):
            if left:
                page.note(f"{device} has no {missing}: not among its proposals for {what}; others are")
            else:
                page.refuse(f"{device} has no {missing}")
    return Words(ike, esp) if ike and esp else None


def _ike(proposal: IkeProposal, vocabulary: Vocabulary, faults: list[str]) -> IkeWords | None:
    before = len(faults)
    encryption = _word(proposal.encryption, vocabulary.ike_encryption, "encryption", "IKE", faults)
    group = _word(proposal.group, vocabulary.dh_group, "", "IKE", faults)
    integrity = None
    prfs: tuple[str, ...] = ()
    if proposal.integrity is not None:
        integrity = _word(proposal.integrity, vocabulary.ike_integrity, "integrity", "IKE", faults)
    elif encryption is not None:
        prfs = tuple(vocabulary.prf[prf] for prf in proposal.prfs if prf in vocabulary.prf)
        if not prfs:
            faults.append(f"pseudo-random function HMAC-{proposal.prfs[0]} for IKE")
    if len(faults) > before or encryption is None or group is None:
        return None
    return IkeWords(encryption, integrity, prfs, group)


def _esp(proposal: EspProposal, vocabulary: Vocabulary, faults: list[str]) -> EspWords | None:
    before = len(faults)
    encryption = _word(proposal.encryption, vocabulary.esp_encryption, "encryption", "IPsec", faults)
    integrity = pfs = None
    if proposal.integrity is not None:
        integrity = _word(proposal.integrity, vocabulary.esp_integrity, "integrity", "IPsec", faults)
    if proposal.pfs is not None:
        pfs = _word(proposal.pfs, vocabulary.pfs_group, "", "perfect forward secrecy", faults)
    elif vocabulary.requires_pfs:
        faults.append("way to do without perfect forward secrecy (pfsGroup None)")
    if len(faults) > before or encryption is None:
        return None
    return EspWords(encryption, integrity, pfs)


def _word(value: _Value, words: Mapping[_Value, str], kind: str, phase: str, faults: list[str]) -> str | None:
    found = words.get(value)
    if found is None:
        faults.append(f"{tell(value)} {kind} for {phase}".replace("  ", " "))
    return found


def tell(value: Encryption | Hash | Group) -> str:
    """The value for people."""
    match value:
        case Group():
            return f"Diffie-Hellman {value.description}"
        case Hash():
            return f"HMAC-{value.value}"
        case Encryption():
            return value.value
