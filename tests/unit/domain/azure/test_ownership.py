"""Whose a connection is, and which tags a write carries."""

import pytest

from azure_vpn_operator.domain.azure.ownership import (
    Owner,
    find_tag,
    judge_ownership,
    same_tags,
    tags_without_owner,
    wanted_tags,
)

OURS = Owner("prod-1", "network", "site6")
HAND_OVER = {"azvpn.dev/adopt-from": "old/network/site6"}


@pytest.mark.parametrize(
    ("tags", "annotations", "expected"),
    [
        ({}, {}, "Nobodys"),
        ({"azvpn-owner": ""}, {}, "Nobodys"),
        ({"azvpn-owner": "prod-1/network/site6"}, {}, "Ours"),
        ({"AzVpn-OWNER": "prod-1/network/site6"}, HAND_OVER, "Ours"),
        ({"azvpn-owner": "prod-1/network/SITE6"}, {}, "Anothers"),
        ({"azvpn-owner": "prod-2/network/site6"}, {}, "Anothers"),
        ({"azvpn-owner": "old/network/site6"}, {}, "Anothers"),
        ({"azvpn-owner": "old/network/site6"}, HAND_OVER, "HandedOver"),
        ({"azvpn-owner": "old/network/site7"}, HAND_OVER, "Anothers"),
    ],
)
def test_ownership(tags: dict[str, str], annotations: dict[str, str], expected: str):
    assert judge_ownership(tags, OURS, annotations) == expected


@pytest.mark.parametrize(
    ("live", "spec", "formerly", "wanted"),
    [
        pytest.param({}, {}, (), {}, id="our owner tag is always there"),
        pytest.param({"cost": "1"}, {}, (), {"cost": "1"}, id="foreign tags stay"),
        pytest.param({"team": "x"}, {"team": "core"}, (), {"team": "core"}, id="the spec's value wins"),
        pytest.param({"TEAM": "x"}, {"team": "core"}, (), {"team": "core"}, id="without regard to case"),
        pytest.param({"team": "core"}, {}, ("team",), {}, id="what left the spec goes"),
        pytest.param({"Team": "core"}, {}, ("team",), {}, id="whatever its case"),
        pytest.param(
            {"team": "core"}, {"team": "core"}, ("team",), {"team": "core"}, id="unless the spec still has it"
        ),
        pytest.param({"azvpn-hold": "ann"}, {}, (), {"azvpn-hold": "ann"}, id="somebody's hold stays"),
    ],
)
def test_tags_of_a_write(live: dict[str, str], spec: dict[str, str], formerly: tuple[str, ...], wanted: dict[str, str]):
    assert wanted_tags(live, spec, formerly, OURS) == {**wanted, "azvpn-owner": "prod-1/network/site6"}


def test_another_owners_tag_is_replaced_and_not_doubled():
    assert wanted_tags({"Azvpn-Owner": "old/a/b"}, {}, (), OURS) == {"azvpn-owner": "prod-1/network/site6"}


def test_letting_go_takes_the_owner_and_nothing_else():
    assert tags_without_owner({"AZVPN-owner": "x", "azvpn-hold": "y", "team": "z"}) == {"azvpn-hold": "y", "team": "z"}


def test_names_of_tags_have_no_case_and_values_have():
    assert find_tag({"Team": "core"}, "tEAM") == "core"
    assert find_tag({"Team": "core"}, "tea") is None
    assert same_tags({"A": "1"}, {"a": "1"})
    assert not same_tags({"a": "x"}, {"a": "X"})
    assert not same_tags({"a": "x"}, {})
