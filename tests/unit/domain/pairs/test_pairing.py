"""What two halves of one tunnel must agree on."""

from dataclasses import replace
from typing import Any

import pytest

from azure_vpn_operator.domain.pairs.pairing import PairView, judge_pair
from support.builders import a_half

A, B = a_half("a"), a_half("b")


@pytest.mark.parametrize(
    ("own", "partner", "agreed", "reason", "says"),
    [
        pytest.param({}, {}, True, "InSync", "a and b want and hold the same", id="agreed and held"),
        pytest.param(
            {}, {"policy_name": "copy"}, True, "InSync", "", id="two policies of equal values are one policy to Azure"
        ),
        pytest.param(
            {},
            {"policy_hash": "bbbbbbbbbbbb", "policy_name": "other"},
            False,
            "PairPolicyMismatch",
            "spec.ipsecPolicyRef differs: a has vnet-pair, b has other",
            id="another policy",
        ),
        pytest.param(
            {},
            {"policy_hash": None, "policy_name": None},
            False,
            "PairPolicyMismatch",
            "b has Azure's Default policy",
            id="only one has a policy",
        ),
        pytest.param(
            {"policy_hash": None, "policy_name": "missing"},
            {"policy_hash": None, "policy_name": None},
            False,
            "PairPolicyMismatch",
            "a has missing",
            id="a policy that is missing is not Azure's Default",
        ),
        pytest.param(
            {"policy_hash": None, "policy_name": "missing"},
            {"policy_hash": None, "policy_name": "missing"},
            False,
            "PartnerUpdating",
            "a, b",
            id="both wait for the same policy",
        ),
        pytest.param(
            {},
            {"key_reference": ("pair-key", "psk")},
            False,
            "PairKeyMismatch",
            "a has pair-key/sharedKey, b has pair-key/psk",
            id="another entry of the Secret",
        ),
        pytest.param({}, {"key_reference": None}, False, "PairKeyMismatch", "no reference", id="only one has a key"),
        pytest.param({}, {"protocol": "IKEv1"}, False, "PairProtocolMismatch", "IKEv1", id="another IKE version"),
        pytest.param(
            {"protocol": "IKEv1"},
            {"protocol": None},
            False,
            "PairProtocolMismatch",
            "b has IKEv2",
            id="who says nothing and is not there yet will be IKEv2",
        ),
        pytest.param(
            {"protocol": "IKEv1"},
            {"protocol": None, "known_protocol": "IKEv1"},
            True,
            "InSync",
            "",
            id="who says nothing has what Azure has",
        ),
        pytest.param(
            {"protocol": None, "known_protocol": "IKEv1"},
            {"protocol": None},
            True,
            "InSync",
            "",
            id="where neither says anything, the one that is not there yet follows",
        ),
        pytest.param(
            {"protocol": None, "known_protocol": "IKEv1"},
            {"protocol": None, "known_protocol": "IKEv2"},
            False,
            "PairProtocolMismatch",
            "a has IKEv1, b has IKEv2",
            id="two that Azure has with different versions",
        ),
        pytest.param(
            {"responder_only": True},
            {"responder_only": True},
            False,
            "PairBothResponders",
            "nobody starts",
            id="nobody starts the tunnel",
        ),
        pytest.param({"responder_only": True}, {}, True, "InSync", "", id="one responder is enough"),
        pytest.param(
            {}, {"synced": False}, False, "PartnerUpdating", "not in Azure yet: b", id="the other half is behind"
        ),
        pytest.param({"synced": False}, {}, False, "PartnerUpdating", "not in Azure yet: a", id="this half is behind"),
        pytest.param(
            {},
            {"held_policy_hash": "cccccccccccc"},
            False,
            "PartnerUpdating",
            "b",
            id="the other half holds an old policy",
        ),
        pytest.param(
            {"policy_hash": "bbbbbbbbbbbb"},
            {"key_reference": None, "protocol": "IKEv1"},
            False,
            "PairPolicyMismatch",
            "",
            id="the policy is named first",
        ),
    ],
)
def test_pair(own: dict[str, Any], partner: dict[str, Any], agreed: bool, reason: str, says: str):
    verdict = judge_pair(PairView(replace(A, **own), (replace(B, **partner),)))
    assert (verdict.agreed, verdict.reason) == (agreed, reason)
    assert says in verdict.message


def test_a_half_alone_cannot_be_told():
    verdict = judge_pair(PairView(A, ()))
    assert (verdict.agreed, verdict.reason) == (None, "PartnerNotManaged")


def test_several_partners_are_named():
    verdict = judge_pair(PairView(A, (a_half("c"), B)))
    assert (verdict.agreed, verdict.reason) == (False, "DuplicatePair")
    assert "b, c" in verdict.message
