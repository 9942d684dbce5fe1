"""The plan as a person and as a program reads it."""

import json

from azure_vpn_operator.api.vpn_connection_status import Difference, DifferenceEffect
from azure_vpn_operator.azvpn.planning.asking import Answer
from azure_vpn_operator.azvpn.planning.foreseen import Action, Foreseen
from azure_vpn_operator.azvpn.planning.report import as_json, as_text

DROP = DifferenceEffect.TUNNEL_DROP
CHANGE = Foreseen(
    "network/c1",
    "/subscriptions/s/c1",
    Action.CHANGE,
    DROP,
    "Updating",
    "would change ipsecPolicies[0].dhGroup, tags[a]; the tunnel would drop for a moment",
    (
        Difference(path="ipsecPolicies[0].dhGroup", want="ECP384", have="DHGroup24", effect=DROP),
        Difference(path="tags[a]", want="b", have="", effect=DifferenceEffect.NONE),
    ),
)
SAME = Foreseen("network/c2", "/subscriptions/s/c2", Action.NOTHING, DifferenceEffect.NONE, "UpToDate", "equal")
REFUSED = Foreseen(
    "network/c3", "", Action.REFUSE, DifferenceEffect.NONE, "InvalidSpec", "spec.x: \x1b[31m is no value"
)


def test_text_says_what_changes_and_counts_the_rest():
    assert as_text(Answer([CHANGE, SAME, REFUSED], ["IpsecPolicy network/p1: its new values reach all"])) == (
        "~ network/c1  /subscriptions/s/c1\n"
        "    would change ipsecPolicies[0].dhGroup, tags[a]; the tunnel would drop for a moment\n"
        "      ipsecPolicies[0].dhGroup   DHGroup24 -> ECP384   the tunnel drops\n"
        "      tags[a]                    nothing -> b\n"
        "! network/c3\n"
        "    InvalidSpec: spec.x:  [31m is no value\n"
        "\n"
        "1 more: nothing would be written.\n"
        "\n"
        "IpsecPolicy network/p1: its new values reach all.\n"
        "\n"
        "Plan: 0 to create, 1 to change, 0 to delete, 1 refused, 1 unchanged. 1 tunnel drops for a moment.\n"
    )


def test_an_empty_plan_is_one_line():
    assert as_text(Answer([SAME], [])) == "Plan: 0 to create, 0 to change, 0 to delete, 1 unchanged. No tunnel drops.\n"


def test_json_has_all_of_it():
    (found,) = json.loads(as_json(Answer([CHANGE], [])))["connections"]
    assert found["action"] == "Change"
    assert found["effect"] == "TunnelDrop"
    assert found["differences"][0] == {
        "path": "ipsecPolicies[0].dhGroup",
        "want": "ECP384",
        "have": "DHGroup24",
        "effect": "TunnelDrop",
    }
