"""Whatever happens to a fleet: what is shown, the IKE SAs, the counters and the history tell one and the same story."""

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azure_vpn_simulator.testing import ArmDriver

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
POLICY = {
    "saLifeTimeSeconds": 600,
    "saDataSizeKilobytes": 102400000,
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "pfsGroup": "None",
}
PROPOSAL = {k: v for k, v in POLICY.items() if not k.startswith("sa")}
NAMES = ("site", "active", "ab", "ba")

span = st.integers(0, 90) | st.tuples(st.integers(0, 60), st.integers(60, 300)).map(
    lambda pair: {"min": pair[0], "max": pair[1]}
)
flaps = st.none() | st.fixed_dictionaries(
    {"upSeconds": st.integers(1, 200), "downSeconds": st.integers(1, 100), "afterChange": st.booleans()},
    optional={"count": st.integers(1, 3)},
)
proposals = st.sampled_from(
    ["any", [], [PROPOSAL], [PROPOSAL | {"dhGroup": ["ECP384", "ECP256"]}], [PROPOSAL | {"pfsGroup": "PFS24"}]]
)
device = st.fixed_dictionaries(
    {},
    optional={
        "proposals": proposals,
        "delaySeconds": span,
        "recoverySeconds": span,
        "flaps": flaps,
        "outage": st.booleans(),
        "outageTunnels": st.lists(st.sampled_from([0, 1]), max_size=2),
        "silent": st.booleans(),
        "initiates": st.sampled_from(["Always", "OnTraffic"]),
        "saLifeTimeSeconds": st.none() | st.integers(30, 600),
        "tunnels": st.fixed_dictionaries({"index": st.sampled_from([0, 1])}, optional={"proposals": proposals}).map(
            lambda row: [row]
        ),
    },
)
edit = st.fixed_dictionaries(
    {},
    optional={
        "ipsecPolicies": st.sampled_from([[], [POLICY], [POLICY | {"dhGroup": "ECP384"}]]),
        "connectionMode": st.sampled_from(["Default", "ResponderOnly"]),
    },
)
event = st.one_of(
    st.tuples(
        st.just("failover"),
        st.sampled_from(["virtualNetworkGateways/GwA", "virtualNetworkGateways/GwActive"]),
        st.fixed_dictionaries({"planned": st.booleans()}),
    ),
    st.tuples(
        st.just("drop"),
        st.sampled_from([f"connections/{name}" for name in NAMES]),
        st.fixed_dictionaries({"forSeconds": span}),
    ),
    st.tuples(st.just("outage"), st.just("localNetworkGateways/Site"), st.fixed_dictionaries({"forSeconds": span})),
)
moves = st.lists(
    st.tuples(st.just("wait"), st.floats(0.1, 700))
    | st.tuples(st.just("device"), device)
    | st.tuples(st.just("edit"), st.tuples(st.sampled_from(["site", "active"]), edit))
    | st.tuples(st.just("event"), event)
    | st.tuples(st.just("reset"), st.sampled_from(NAMES)),
    max_size=12,
)

LAWS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fleet(document: dict[str, Any], **options: Any) -> ArmDriver:
    document = copy.deepcopy(document) | {"options": {"seed": 7, **options}}
    arm = ArmDriver(document, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Net")
    for name, body in (
        ("site", arm.site("GwA", "Site", "k1")),
        ("active", arm.site("GwActive", "Site", "k1")),
        ("ab", arm.half("GwA", "GwB", "p")),
        ("ba", arm.half("GwB", "GwA", "p")),
    ):
        arm.finish(arm.put(f"connections/{name}", body), 60)
    return arm


def play(arm: ArmDriver, kind: str, what: Any, steps: int) -> None:
    """Make one move; a wait is divided into so many steps."""
    match kind:
        case "wait":
            for _ in range(steps):
                arm.wait(what / steps)
        case "device":
            group = {"name": "Net", "localNetworkGateways": [{"name": "Site", "device": what}]}
            arm.change(subscriptions=[{"id": SUBSCRIPTION, "resourceGroups": [group]}])
        case "edit":
            name, properties = what
            gateway = {"site": "GwA", "active": "GwActive"}[name]
            arm.put(f"connections/{name}", arm.site(gateway, "Site", None, **properties))
        case "event":
            name, resource, how = what
            arm.event(name, resource, **how)
        case "reset":
            arm.call("POST", f"connections/{what}/resetconnection")


def last_moves(arm: ArmDriver) -> dict[tuple[str, int], bool]:
    """Whether each tunnel is up by the history, which has to go up and down in turn."""
    arm.azure.world.timeline.advance()
    up: dict[tuple[str, int], bool] = {}
    when = 0.0
    for entry in arm.azure.world.history.since(0)["entries"]:
        key = entry["connection"].rpartition("/")[2], entry["tunnel"]
        assert up.get(key, True) != entry["up"], "up and down in turn"
        assert entry["seconds"] >= when, "in order of time"
        up[key], when = entry["up"], entry["seconds"]
    return up


@LAWS
@given(moves=moves)
def test_what_is_shown_and_what_is_written_down_agree(document: dict[str, Any], moves: list[tuple[str, Any]]) -> None:
    arm = fleet(document)
    counted = dict.fromkeys(NAMES, 0)
    for kind, what in moves:
        play(arm, kind, what, 1)
        up = last_moves(arm)
        for name in NAMES:
            shown = arm.properties(name)
            own = [up[name, i] for i in range(2 if name == "active" else 1)]
            if "tunnelConnectionStatus" in shown:
                rows = shown["tunnelConnectionStatus"]
                assert [row["connectionStatus"] == "Connected" for row in rows] == own
                assert (shown["connectionStatus"] == "Connected") is any(own)
            assert shown["ingressBytesTransferred"] >= counted[name]
            counted[name] = shown["ingressBytesTransferred"]
        assert up["ab", 0] == up["ba", 0], "a pair's two halves are one tunnel"
    arm.wait(0.37)  # no tunnel goes up or down in the moment in which the gateway is asked
    asked = {name: arm.call("POST", f"connections/{name}/getikesas") for name in NAMES}
    arm.wait(5)
    up = last_moves(arm)
    for name, answer in asked.items():
        output = arm.get(answer.headers["Azure-AsyncOperation"]).body["properties"]["output"]
        assert output.count("InitiatorCookie") == sum(up[key] for key in up if key[0] == name)


@LAWS
@given(moves=moves, steps=st.integers(2, 9))
def test_nothing_depends_on_who_looks_when(document: dict[str, Any], moves: list[tuple[str, Any]], steps: int) -> None:
    def run(steps: int) -> Any:
        arm = fleet(document)
        for kind, what in moves:
            play(arm, kind, what, steps)
        arm.wait(1000 - arm.clock.seconds() % 1)
        return [
            (e["connection"], e["tunnel"], e["up"], e["cause"], round(e["seconds"], 6))
            for e in arm.azure.world.history.since(0)["entries"]
        ]

    assert run(1) == run(steps)
