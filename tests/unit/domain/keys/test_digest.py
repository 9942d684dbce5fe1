import pytest

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.lookups import SharedKey
from azure_vpn_operator.domain.keys.digest import DigestKey, are_comparable

KEY = DigestKey(b"k" * 32)
ID = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/RG/providers/Microsoft.Network/connections/c1"
CONNECTION = ArmId.parse(ID)


def test_the_same_bytes_have_the_same_digest_however_azure_spells_the_connection():
    assert KEY.digest(CONNECTION, SharedKey("abc")) == KEY.digest(ArmId.parse(ID.lower()), SharedKey("abc"))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(KEY.digest(CONNECTION, SharedKey("abd")), id="another key"),
        pytest.param(KEY.digest(ArmId.parse(ID + "2"), SharedKey("abc")), id="another connection"),
        pytest.param(DigestKey(b"l" * 32).digest(CONNECTION, SharedKey("abc")), id="another digest key"),
    ],
)
def test_it_differs_for(other: str):
    assert KEY.digest(CONNECTION, SharedKey("abc")) != other


def test_a_known_digest_stays_as_it_is_over_releases():
    assert KEY.digest(CONNECTION, SharedKey("abc")) == "d18785ed:1b2e151962e52b179de0d25a6d2cd881"


def test_nothing_of_the_digest_key_is_in_a_repr():
    assert "kkk" not in repr(KEY)


@pytest.mark.parametrize(
    ("one", "other", "comparable"),
    [
        pytest.param("aa:11", "aa:22", True, id="made with one digest key: different digests are different keys"),
        pytest.param("aa:11", "bb:11", False, id="made with two digest keys: they tell nothing"),
        pytest.param(None, "aa:11", False, id="nothing is known"),
        pytest.param("random:11", "aa:22", True, id="a random key is nobody's Secret"),
    ],
)
def test_what_can_be_compared(one: str | None, other: str, comparable: bool):
    assert are_comparable(one, other) is comparable
