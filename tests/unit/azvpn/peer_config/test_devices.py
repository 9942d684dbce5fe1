"""What each format says, read back by a parser of its own and compared with the policy: over all combinations, and in files."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.azvpn.peer_config.devices import DEVICES, render
from azure_vpn_operator.azvpn.peer_config.peer_side import PeerSide
from support.device_parsers import ANY, PARSERS, Configured, Esp, Ike
from support.peer_configs import (
    IKE_ENCRYPTIONS,
    IPSEC_ENCRYPTIONS,
    a_configuration,
    a_side,
    ike_combinations,
    in_azure,
    ipsec_combinations,
    recorded,
)

FORMATS = tuple(DEVICES)

LACKS: Mapping[str, set[tuple[str, str]]] = {
    "strongswan": set(),
    "table": set(),
    "cisco-ios-xe": set(),
    "cisco-asa": set(),
    "fortigate": {("group", "24"), ("ipsecEncryption", "GCMAES192"), ("prf", "MD5")},
    "juniper-srx": {("ipsecEncryption", "None")},
    "pfsense": {
        *(("ikeEncryption", name) for name in ("DES", "DES3")),
        *(("ipsecEncryption", name) for name in ("DES", "DES3", "None")),
        *(("ikeIntegrity", "MD5"), ("ipsecIntegrity", "MD5"), ("prf", "MD5")),
    },
    "vyos": {("ikeEncryption", "DES"), ("ipsecEncryption", "DES")},
    "mikrotik": {("group", "24"), ("ikeEncryption", "GCMAES128"), ("ikeEncryption", "GCMAES256")},
    "aws-terraform": {
        *(("ikeEncryption", name) for name in ("DES", "DES3", "AES192")),
        *(("ipsecEncryption", name) for name in ("DES", "DES3", "AES192", "GCMAES192", "None")),
        *(("ikeIntegrity", "MD5"), ("ipsecIntegrity", "MD5"), ("prf", "MD5"), ("group", "1"), ("pfs", "None")),
    },
}
"""What a device cannot do, of Azure's values."""
NUMBERS = {
    "DHGroup1": "1",
    "DHGroup2": "2",
    "DHGroup14": "14",
    "DHGroup2048": "14",
    "DHGroup24": "24",
    "PFS1": "1",
    "PFS2": "2",
    "PFS14": "14",
    "PFS2048": "14",
    "PFS24": "24",
    "ECP256": "19",
    "ECP384": "20",
}


def traits(policy: Mapping[str, Any]) -> set[tuple[str, str]]:
    """What a device has to be able to do for a policy."""
    is_gcm = policy["ikeEncryption"].startswith("GCM")
    found = {(name, policy[name]) for name in ("ikeEncryption", "ipsecEncryption", "ipsecIntegrity")}
    found.add(("prf" if is_gcm else "ikeIntegrity", policy["ikeIntegrity"]))
    pfs = policy["dhGroup"] if policy["pfsGroup"] == "PFSMM" else policy["pfsGroup"]
    found |= {("group", NUMBERS[group]) for group in (policy["dhGroup"], pfs) if group in NUMBERS}
    return found | ({("pfs", "None")} if policy["pfsGroup"] == "None" else set())


def can_be_negotiated(policy: Mapping[str, Any]) -> bool:
    """By IKE itself."""
    if policy["dhGroup"] == "None":
        return False
    return policy["ikeEncryption"].startswith("GCM") or not policy["ikeIntegrity"].startswith("GCM")


def expected(format_name: str, policy: Mapping[str, Any]) -> tuple[set[Ike], set[Esp]]:
    """The policy, as the parsers tell it."""
    hashes = ["SHA256", "SHA384"] if policy["ikeIntegrity"].startswith("GCM") else [policy["ikeIntegrity"]]
    group = policy["dhGroup"].replace("DHGroup2048", "DHGroup14")
    pfs = group if policy["pfsGroup"] == "PFSMM" else policy["pfsGroup"]
    pfs = pfs.replace("DHGroup", "PFS").replace("PFS14", "PFS2048")
    integrity = None if policy["ipsecEncryption"].startswith("GCM") else policy["ipsecIntegrity"]
    ike: set[Ike] = {(policy["ikeEncryption"], hash_, group) for hash_ in hashes}
    if format_name == "juniper-srx" and policy["ikeEncryption"].startswith("GCM"):
        ike = {(policy["ikeEncryption"], None, group)}
    return ike, {(policy["ipsecEncryption"], integrity, pfs)}


STRONG = {"ikeEncryption": "AES256", "ikeIntegrity": "SHA256", "dhGroup": "DHGroup14"}
STRONG |= {"ipsecEncryption": "AES256", "ipsecIntegrity": "SHA256", "pfsGroup": "ECP256"}
OLD = {**STRONG, "ikeIntegrity": "SHA1", "dhGroup": "DHGroup2", "ipsecIntegrity": "SHA1", "pfsGroup": "PFS2"}
"""What every device can do with IKEv1."""


def combinations(others: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """All of phase 1 with one of phase 2, and the other way round."""
    for encryption in IKE_ENCRYPTIONS:
        yield from ({**others, **values} for values in ike_combinations(encryption))
    for encryption in IPSEC_ENCRYPTIONS:
        yield from ({**others, **values} for values in ipsec_combinations(encryption))


@cache
def side_of(values: tuple[tuple[str, str], ...], version: int) -> PeerSide:
    """The same for all formats."""
    return a_side(dict(values), connectionProtocol=f"IKEv{version}")


def test_every_format_has_a_parser_and_says_what_it_lacks():
    assert set(FORMATS) == set(PARSERS) == set(LACKS)


LACKS_WITH_IKEV1 = {
    **LACKS,
    "cisco-asa": {
        *(("ikeIntegrity", "SHA256"), ("ikeIntegrity", "SHA384"), ("ipsecIntegrity", "SHA256")),
        *(("ipsecEncryption", f"GCMAES{bits}") for bits in (128, 192, 256)),
        *(("group", number) for number in ("19", "20", "24")),
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("format_name", FORMATS)
def test_every_combination_is_written_or_refused(format_name: str):
    """Nothing is dropped in silence: either the parser finds exactly the policy, or it is said what the device lacks."""
    assert written_of(format_name, combinations(STRONG), LACKS, version=2) > 40


@pytest.mark.slow
@pytest.mark.parametrize("format_name", FORMATS)
def test_every_combination_with_ikev1_too_where_it_differs(format_name: str):
    """GCM is none for phase 1 there; the Cisco devices have words of their own for it."""
    whole = combinations(OLD)
    some = whole if format_name.startswith("cisco") else itertools.islice(whole, 0, None, 12)

    assert written_of(format_name, some, LACKS_WITH_IKEV1, version=1) >= 5


def written_of(
    format_name: str,
    some: Iterable[dict[str, str]],
    lacks: Mapping[str, set[tuple[str, str]]],
    *,
    version: int,
) -> int:
    """Judge these; returns how many the device can do."""
    written = 0
    for values in some:
        policy = in_azure(values)
        rendered = render(side_of(tuple(values.items()), version), format_name)
        possible = can_be_negotiated(policy) and not traits(policy) & lacks[format_name]
        possible = possible and not (version == 1 and policy["ikeEncryption"].startswith("GCM"))
        assert bool(rendered.refusals) != possible, values
        if not possible:
            assert "No configuration is written" in rendered.text
            told = " ".join(line[2:] for line in rendered.text.splitlines())
            assert all(refusal in told for refusal in rendered.refusals)
            continue
        read = PARSERS[format_name](rendered.text)
        assert (read.ike, read.esp) == expected(format_name, policy), values
        written += 1
    return written


@pytest.mark.slow
@pytest.mark.parametrize("format_name", FORMATS)
@given(
    seconds=st.integers(300, 172799),
    kilobytes=st.one_of(st.just(0), st.integers(1024, 2147483647)),
    device=st.sets(st.integers(0, 255), min_size=1, max_size=4),
    azure=st.sets(st.integers(0, 255), min_size=1, max_size=4),
)
def test_lifetimes_and_ranges_are_those_of_the_connection(
    format_name: str, seconds: int, kilobytes: int, device: set[int], azure: set[int]
):
    """A lifetime that the device cannot have is another one, and a note says so; every pair of ranges is there."""
    here, there = [f"10.{number}.0.0/16" for number in device], [f"172.16.{number}.0/24" for number in azure]
    rendered = a_configuration(
        format_name,
        {"saLifeTimeSeconds": seconds, "saDataSizeKilobytes": kilobytes, "pfsGroup": "ECP256", "dhGroup": "ECP256"},
        usePolicyBasedTrafficSelectors=True,
        trafficSelectorPolicies=[{"localAddressRanges": there, "remoteAddressRanges": here}],
    )
    read = PARSERS[format_name](rendered.text)
    text = " ".join(rendered.notes)

    assert read.ike_seconds == 28800
    assert read.sa_seconds == seconds or f"{read.sa_seconds} stands for Azure's {seconds}" in text
    if read.sa_kilobytes is None:
        assert ("by time only" in text) == (kilobytes > 0)
    else:
        assert read.sa_kilobytes == kilobytes or f"{read.sa_kilobytes} stands for Azure's {kilobytes}" in text
    if format_name == "aws-terraform" and len(here) * len(there) > 1:
        assert any("one pair of ranges" in refusal for refusal in rendered.refusals)
    else:
        assert read.selectors == set(itertools.product(here, there))
        assert not rendered.refusals


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_route_based_connection_is_any_to_any_and_only_routeros_cannot(format_name: str):
    prefixes = {"azure_prefixes": ("10.1.0.0/16",), "device_prefixes": ("10.6.0.0/16",)}
    rendered = a_configuration(format_name, {"pfsGroup": "ECP256", "dhGroup": "ECP256"}, given=prefixes)

    read = PARSERS[format_name](rendered.text)

    assert read.selectors == {("10.6.0.0/16", "10.1.0.0/16") if format_name == "mikrotik" else ANY}


DEFAULT_IKE: set[Ike] = set(itertools.product(("AES256", "AES128"), ("SHA256", "SHA1"), ("DHGroup2",)))
DEFAULT_ESP: set[Esp] = {
    ("GCMAES256", None, "None"),
    ("AES256", "SHA256", "None"),
    ("AES256", "SHA1", "None"),
    ("AES128", "SHA1", "None"),
}


@pytest.mark.parametrize("format_name", FORMATS)
def test_default_policy_is_what_azure_offers_but_for_3des(format_name: str):
    read = PARSERS[format_name](a_configuration(format_name, default_policy=True).text)
    whole = Configured(frozenset(DEFAULT_IKE), frozenset(DEFAULT_ESP), 28800, 27000, 102400000, frozenset({ANY}))

    match format_name:
        case "mikrotik":  # one hash, and phase 2 as lists that multiply
            assert read.ike == {item for item in DEFAULT_IKE if item[1] == "SHA256"}
            assert read.esp == {*DEFAULT_ESP, ("AES128", "SHA256", "None")}
        case "aws-terraform":  # perfect forward secrecy always; phase 2 is shorter
            assert read.ike == DEFAULT_IKE
            assert read.esp == {
                (*pair, "PFS2048") for pair in itertools.product(("AES256", "AES128"), ("SHA256", "SHA1"))
            }
            assert read.sa_seconds == 3600
        case "pfsense":
            assert read == replace(whole, sa_kilobytes=None)
        case _:
            assert read == whole


def golden_files() -> list[Any]:
    return [pytest.param(path, content, id=path.name) for path, content in recorded()]


@pytest.mark.parametrize(("path", "content"), golden_files())
def test_configuration_is_as_recorded(path: Path, content: str):
    """`PYTHONPATH=hack:tests .venv/bin/python -m support.peer_configs` writes them anew: read the difference."""
    assert path.read_text(encoding="utf-8") == content


def test_no_recorded_configuration_is_left_over():
    folder = Path(__file__).parent / "golden"

    assert set(folder.iterdir()) == {path for path, _ in recorded()}
