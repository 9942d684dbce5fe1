"""The devices for which there is a format, and how a configuration is put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Final, cast

from azure_vpn_operator.azvpn.peer_config import (
    aws_terraform,
    cisco_asa,
    cisco_ios_xe,
    fortigate,
    juniper_srx,
    mikrotik,
    pfsense,
    strongswan,
    table,
    vyos,
)
from azure_vpn_operator.azvpn.peer_config.page import Page, Rendered
from azure_vpn_operator.azvpn.peer_config.peer_side import PeerSide
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary, Words, to_words


@dataclass(frozen=True, slots=True)
class Device:
    """A device, and the module that knows it."""

    title: str
    comment: str
    vocabularies: Mapping[int, Vocabulary]
    """By the version of IKE."""
    write: Callable[[PeerSide, Words, Page], None]


def _device(title: str, module: ModuleType) -> Device:
    write = cast("Callable[[PeerSide, Words, Page], None]", module.write)
    words = {1: getattr(module, "VOCABULARY_IKEV1", module.VOCABULARY), 2: module.VOCABULARY}
    return Device(title, module.COMMENT, words, write)


DEVICES: Final[Mapping[str, Device]] = {
    "strongswan": _device("strongSwan", strongswan),
    "cisco-ios-xe": _device("Cisco IOS XE", cisco_ios_xe),
    "cisco-asa": _device("Cisco ASA", cisco_asa),
    "fortigate": _device("FortiGate", fortigate),
    "juniper-srx": _device("Juniper SRX", juniper_srx),
    "pfsense": _device("pfSense", pfsense),
    "vyos": _device("VyOS", vyos),
    "mikrotik": _device("MikroTik RouterOS", mikrotik),
    "aws-terraform": _device("AWS Site-to-Site VPN", aws_terraform),
    "table": _device("Any device", table),
}
"""By the value of `--format`."""


def render(side: PeerSide, format_name: str) -> Rendered:
    """Write the configuration; if the device cannot do what Azure asks for, only say why."""
    device = DEVICES[format_name]
    body = Page(device.comment)
    words = to_words(side, device.vocabularies[side.ike_version], device.title, body)
    if words is None:
        body.comment("No configuration is written: no tunnel would come up with it.")
    else:
        body.lines("")
        device.write(side, words, body)
    written = body.done()
    head = _head(side, device, written.text)
    return Rendered(head.text + written.text, (*head.notes, *written.notes), written.refusals)


def _head(side: PeerSide, device: Device, body: str) -> Rendered:
    page = Page(device.comment)
    page.comment(f"{device.title}: the other side of VpnConnection {side.name}")
    page.comment(f"Algorithms and lifetimes: {side.origin}")
    for remark in side.remarks:
        page.note(remark)
    missing = [place for place in side.placeholders if place.text in body]
    if missing:
        page.comment("To be filled in:")
        for place in missing:
            page.remark(f"  {place.text}: {place.where}")
    return page.done()
