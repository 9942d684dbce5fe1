"""The guide: what it shows is what the command prints, and its table of devices is what the formats know."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from azure_vpn_operator.api.algorithms import IkeEncryption, IkeIntegrity, IpsecEncryption, IpsecIntegrity
from azure_vpn_operator.azvpn.peer_config.devices import DEVICES, Device
from azure_vpn_operator.azvpn.peer_config.vocabulary import Vocabulary
from azure_vpn_operator.domain.azure.proposals import Encryption, Group, Hash
from support.pages import DOCS, ROOT

GUIDE = DOCS / "guides" / "configure-the-other-side.md"
SHOWN = re.compile(
    r"^<!-- run[^\n]* -->\n```bash\n(?P<code>.*?)```\n\n```text\n(?P<output>.*?)```", re.DOTALL | re.MULTILINE
)
ENCRYPTIONS = {
    "DES": Encryption.DES,
    "DES3": Encryption.DES3,
    **{f"AES{bits}": Encryption(f"AES-CBC-{bits}") for bits in (128, 192, 256)},
    **{f"GCMAES{bits}": Encryption(f"AES-GCM-16-{bits}") for bits in (128, 192, 256)},
    "None": Encryption.NULL,
}
HASHES = {"MD5": Hash.MD5, "SHA1": Hash.SHA1, "SHA256": Hash.SHA256, "SHA384": Hash.SHA384}
BESIDES = {
    "strongswan": "",
    "cisco-ios-xe": "DES, 3DES, MD5, groups 1, 2, 24 from 17.11 on only on request",
    "cisco-asa": "DES, 3DES, MD5, groups 1, 2, 24 not from 9.15 on; with IKEv1 only MD5, SHA1, groups 1, 2, 14 and no GCM",
    "fortigate": "",
    "juniper-srx": "at most 86,400 s for IPsec; no statement for the pseudo-random function with GCM",
    "pfsense": "IPsec by time only; OPNsense's fields at the end",
    "vyos": "",
    "mikrotik": "IPsec by time only; no tunnel interface: not with `InitiatorOnly` and any to any",
    "aws-terraform": "IPsec by time only, at most 3,600 s; one pair of ranges; keys of 8 to 64 letters, digits, `.` and `_`",
    "table": "",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell in which `kubectl azvpn` is the command, without a cluster."""
    program = tmp_path / "kubectl"
    program.write_text(
        f'#!/bin/sh\nshift\nexec {sys.executable} -c "from azure_vpn_operator.azvpn.cli import main; raise SystemExit(main())" "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o700)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}


@pytest.mark.slow
def test_output_on_the_page_is_what_the_command_prints(environment: Mapping[str, str]):
    shown = [(match["code"], match["output"]) for match in SHOWN.finditer(GUIDE.read_text(encoding="utf-8"))]

    assert len(shown) >= 2
    for code, output in shown:
        ended = subprocess.run(
            ["bash", "-ec", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert output == ended.stdout


def test_table_of_devices_is_what_the_formats_know():
    text = GUIDE.read_text(encoding="utf-8")
    table = "".join(row_of(name, device) for name, device in DEVICES.items())

    assert table in text, f"it should be:\n{table}"


def row_of(name: str, device: Device) -> str:
    words = device.vocabularies[2]
    return f"| `{name}` | {device.title} | {phase_1(words)} | {phase_2(words)} | {BESIDES[name]} |\n"


def phase_1(words: Vocabulary) -> str:
    lacking = [value for value in map(str, IkeEncryption) if ENCRYPTIONS[value] not in words.ike_encryption]
    lacking += [
        value for value in map(str, IkeIntegrity) if value in HASHES and HASHES[value] not in words.ike_integrity
    ]
    can_gcm = Encryption.AES_GCM_256 in words.ike_encryption
    lacking += [
        f"{value} with GCM"
        for value, hash_ in HASHES.items()
        if can_gcm and hash_ not in words.prf and hash_ in words.ike_integrity
    ]
    return told([*lacking, *groups(words.dh_group)])


def phase_2(words: Vocabulary) -> str:
    lacking = [value for value in map(str, IpsecEncryption) if ENCRYPTIONS[value] not in words.esp_encryption]
    lacking += [
        value for value in map(str, IpsecIntegrity) if value in HASHES and HASHES[value] not in words.esp_integrity
    ]
    no_pfs = ["pfsGroup None"] if words.requires_pfs else []
    return told([*lacking, *groups(words.pfs_group), *no_pfs])


def groups(known: Mapping[Group, str]) -> list[str]:
    return [f"group {group.value}" for group in Group if group not in known]


def told(values: Iterable[str]) -> str:
    return ", ".join("no encryption" if value == "None" else value for value in values) or "nothing"
