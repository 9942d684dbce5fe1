from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec
from azure_vpn_operator.domain.azure.canonical import ArmId, canonical_policy

_WIRE = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
    "saLifeTimeSeconds": 30000,
    "saDataSizeKilobytes": 102400000,
}
_SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
_ID = f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/TestRG1/providers/Microsoft.Network/connections/VNet1toSite6"


def _wire(**changes: Any) -> dict[str, Any]:
    return _WIRE | changes


def test_spec_and_wire_of_the_same_policy_are_equal():
    canonical = canonical_policy(IpsecPolicySpec.model_validate(_WIRE))

    assert canonical == canonical_policy(_WIRE)
    assert canonical.wire() == _WIRE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"dhGroup": "DHGroup2048"}, {"dhGroup": "DHGroup14"}, id="two names of group 14 in phase 1"),
        pytest.param({"pfsGroup": "PFS14"}, {"pfsGroup": "PFS2048"}, id="two names of group 14 in phase 2"),
        pytest.param({"ikeEncryption": "aes256"}, {"ikeEncryption": "AES256"}, id="case"),
        pytest.param({"dhGroup": "dhgroup2048"}, {"dhGroup": "DHGroup14"}, id="case of an alias"),
    ],
)
def test_what_means_the_same_is_equal_and_has_one_hash(one: dict[str, Any], other: dict[str, Any]):
    assert canonical_policy(_wire(**one)) == canonical_policy(_wire(**other))
    assert canonical_policy(_wire(**one)).hash == canonical_policy(_wire(**other)).hash


def test_clients_are_sent_the_spelling_that_all_of_them_know():
    wire = canonical_policy(_wire(dhGroup="DHGroup14", pfsGroup="PFS14")).wire()

    assert (wire["dhGroup"], wire["pfsGroup"]) == ("DHGroup14", "PFS2048")


@pytest.mark.parametrize("field", sorted(_WIRE))
def test_every_value_counts(field: str):
    other = _WIRE[field] + 1024 if isinstance(_WIRE[field], int) else "GCMAES256"
    changed = canonical_policy(_wire(**{field: other}))

    assert changed != canonical_policy(_WIRE)
    assert changed.hash != canonical_policy(_WIRE).hash


def test_hash_is_the_same_in_every_release():
    assert canonical_policy(_WIRE).hash == "d5bb2d65afd7"


def test_pfs_of_the_main_mode_is_not_the_group_itself():
    assert canonical_policy(_wire(pfsGroup="PFSMM")) != canonical_policy(_wire(pfsGroup="PFS24"))


def test_value_of_a_newer_azure_is_kept():
    assert canonical_policy(_wire(ikeEncryption="ChaCha20")).ike_encryption == "ChaCha20"


@pytest.mark.parametrize("field", sorted(_WIRE))
@pytest.mark.parametrize("broken", [None, [], True, 1.5])
def test_broken_wire_element_is_an_error_not_a_policy(field: str, broken: Any):
    with pytest.raises((KeyError, TypeError)):
        canonical_policy({name: value for name, value in _WIRE.items() if name != field})
    with pytest.raises(TypeError):
        canonical_policy(_wire(**{field: broken}))


def test_id_is_read_in_its_parts():
    parsed = ArmId.parse(_ID)

    assert (parsed.subscription, parsed.resource_group, parsed.provider) == (
        _SUBSCRIPTION,
        "TestRG1",
        "Microsoft.Network",
    )
    assert (parsed.type, parsed.name) == ("connections", "VNet1toSite6")
    assert str(parsed) == _ID


def test_id_of_a_nested_resource_has_all_types():
    parsed = ArmId.parse(_ID.replace("connections/VNet1toSite6", "virtualNetworkGateways/VNet1GW/natRules/in"))

    assert parsed.types == (("virtualNetworkGateways", "VNet1GW"), ("natRules", "in"))
    assert (parsed.type, parsed.name) == ("natRules", "in")


def test_ids_are_equal_without_case_and_keep_their_spelling():
    one, other = ArmId.parse(_ID), ArmId.parse(_ID.upper())

    assert one == other
    assert hash(one) == hash(other)
    assert str(one) != str(other)
    assert one.key == other.key == _ID.lower()


def test_built_id_is_the_parsed_one():
    assert ArmId.build(_SUBSCRIPTION, "TestRG1", "connections", "VNet1toSite6") == ArmId.parse(_ID)
    assert str(ArmId.build(_SUBSCRIPTION, "TestRG1", "connections", "VNet1toSite6")) == _ID


@pytest.mark.parametrize(
    "part",
    [
        {"subscription": "x"},
        {"group": "a/b"},
        {"group": ".."},
        {"kind": "a/b"},
        {"name": "a%2fb"},
        {"name": "../x"},
        {"name": ""},
    ],
)
def test_nothing_unsafe_is_built(part: dict[str, str]):
    parts = {"subscription": _SUBSCRIPTION, "group": "TestRG1", "kind": "connections", "name": "a"} | part

    with pytest.raises(ValueError, match="not a"):
        ArmId.build(parts["subscription"], parts["group"], parts["kind"], parts["name"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "/",
        "/" * 100_000,
        _ID[1:],
        f"https://example.org{_ID}",
        _ID.rsplit("/", 1)[0],
        f"{_ID}/extra",
        _ID.replace("VNet1toSite6", ""),
        _ID.replace("VNet1toSite6", ".."),
        _ID.replace("VNet1toSite6", "a%2fb"),
        _ID.replace("VNet1toSite6", "a?api-version=1"),
        _ID.replace("VNet1toSite6", "a#b"),
        _ID.replace("VNet1toSite6", "a\nb"),
        _ID.replace("TestRG1", "."),
        _ID.replace("subscriptions", "tenants"),
        _ID.replace("providers", "provider"),
    ],
)
def test_text_that_is_no_safe_id_is_refused_without_being_quoted(text: str):
    with pytest.raises(ValueError, match=r"^not the id of a resource$"):
        ArmId.parse(text)
    assert ArmId.find(text) is None


def test_where_there_is_no_id_none_is_found():
    assert (ArmId.find(None), ArmId.find("")) == (None, None)
    assert ArmId.find(_ID) == ArmId.parse(_ID)


@given(text=st.text(alphabet="/ab.%?#\\ ", max_size=60) | st.text(max_size=60))
def test_whatever_is_parsed_stays_in_its_place_in_a_url(text: str):
    try:
        parsed = ArmId.parse(f"{_ID.rsplit('/', 1)[0]}/{text}")
    except ValueError:
        return
    assert not set(str(parsed)) & set("%?#\\\n")
    assert ".." not in str(parsed).split("/")
    assert ArmId.parse(str(parsed)) == parsed
