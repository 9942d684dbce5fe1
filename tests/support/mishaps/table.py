"""The mishaps: what goes wrong, played with other values and at other times for each seed, and which answers are true."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeCause
from support.mishaps.stage import KEY, POLICY, Stage

Play = Callable[[Stage], Awaitable[frozenset[Reason]]]
"""Plays a mishap, and returns its true causes."""

OTHERS: Final = {
    "ikeEncryption": ("AES128", "AES192", "GCMAES256"),
    "ikeIntegrity": ("SHA1", "SHA384"),
    "dhGroup": ("DHGroup2", "DHGroup24", "ECP256", "ECP384"),
    "ipsecEncryption": ("AES128", "AES192", "None"),
    "ipsecIntegrity": ("SHA1", "MD5"),
}
GROUPS: Final = ("None", "PFS24", "ECP256", "ECP384", "PFS2")
RANGES: Final = [{"localAddressRanges": ["10.1.0.0/16"], "remoteAddressRanges": ["10.6.0.0/16"]}]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mishap."""

    title: str
    count: int
    play: Play
    knowable: bool = True
    """Whether what Azure shows, and what the operator remembers, is enough; else only the gateway's log tells, or the device's."""


def policy(**changes: Any) -> dict[str, Any]:
    return {"ipsecPolicies": [{**POLICY, **changes}]}


def wanted(**changes: Any) -> list[dict[str, Any]]:
    """A device that takes exactly these values."""
    return [{name: value for name, value in {**POLICY, **changes}.items() if not name.startswith("sa")}]


def one_field(stage: Stage) -> dict[str, str]:
    name = stage.draw.choice(sorted(OTHERS))
    return {name: stage.draw.choice(OTHERS[name])}


def only(*reasons: Reason) -> frozenset[Reason]:
    return frozenset(reasons)


async def settle(stage: Stage) -> None:
    await stage.watch(stage.draw.uniform(600, 2400))


# Pairs


async def pair_keys(stage: Stage) -> frozenset[Reason]:
    if stage.draw.random() < 0.5:
        stage.pair(policy(), policy(), (KEY, "Another.Key.4711"))
    else:
        stage.pair(policy(), policy())
        await settle(stage)
        stage.set_key(stage.draw.choice(["C1", "C2"]), "Another.Key.4711")
    await settle(stage)
    return only(Reason.KEY_MISMATCH)


def pair_field(name: str) -> Play:
    async def play(stage: Stage) -> frozenset[Reason]:
        value = {name: stage.draw.choice(OTHERS[name])}
        stage.pair(policy(), policy(**value)) if stage.draw.random() < 0.5 else stage.pair(policy(**value), policy())
        await settle(stage)
        return only(Reason.POLICY_MISMATCH)

    return play


async def pair_default(stage: Stage) -> frozenset[Reason]:
    custom = policy(dhGroup=stage.draw.choice(["DHGroup14", "DHGroup24", "ECP256", "ECP384"]), pfsGroup="None")
    stage.pair({}, custom) if stage.draw.random() < 0.5 else stage.pair(custom, {})
    await settle(stage)
    return only(Reason.DEFAULT_POLICY_GROUP2)


async def pair_rekey(stage: Stage) -> frozenset[Reason]:
    lifetime = stage.draw.choice([900, 1800, 3600, 7200])
    one, other = policy(saLifeTimeSeconds=lifetime), policy(pfsGroup=stage.draw.choice(GROUPS))
    stage.pair(one, other) if stage.draw.random() < 0.5 else stage.pair(other, one)
    await stage.watch(7200 + stage.draw.uniform(600, 3600))
    return only(Reason.PFS_MISMATCH_AT_REKEY)


async def pair_protocol(stage: Stage) -> frozenset[Reason]:
    one, other = stage.draw.sample(["IKEv1", "IKEv2"], 2)
    stage.pair({**policy(), "connectionProtocol": one}, {**policy(), "connectionProtocol": other})
    await settle(stage)
    return only(Reason.PROTOCOL_MISMATCH)


async def pair_modes(stage: Stage) -> frozenset[Reason]:
    mode = stage.draw.choice(["ResponderOnly", "InitiatorOnly"])
    stage.pair({**policy(), "connectionMode": mode}, {**policy(), "connectionMode": mode})
    await settle(stage)
    return only(Reason.BOTH_RESPONDER_ONLY if mode == "ResponderOnly" else Reason.BOTH_INITIATOR_ONLY)


async def pair_missing(stage: Stage) -> frozenset[Reason]:
    if stage.draw.random() < 0.5:
        stage.pair(policy(), None)
    else:
        stage.pair(policy(), policy())
        await settle(stage)
        stage.arm.finish(stage.arm.call("DELETE", "connections/C2"))
    await settle(stage)
    return only(Reason.PEER_HALF_MISSING)


async def pair_two_things(stage: Stage) -> frozenset[Reason]:
    stage.pair(policy(), {**policy(**one_field(stage)), "connectionProtocol": "IKEv2"}, (KEY, "Another.Key.4711"))
    await settle(stage)
    return only(Reason.POLICY_MISMATCH, Reason.KEY_MISMATCH)


async def pair_gateway(stage: Stage) -> frozenset[Reason]:
    stage.pair(policy(), policy())
    return await update_gateway(stage)


async def update_gateway(stage: Stage) -> frozenset[Reason]:
    await settle(stage)
    name = "GwA"
    body = stage.arm.get(f"virtualNetworkGateways/{name}").body
    body["properties"]["sku"] = {"name": "VpnGw3AZ", "tier": "VpnGw3AZ"}
    stage.arm.put(f"virtualNetworkGateways/{name}", body)
    stage.arm.event("failover", f"virtualNetworkGateways/{name}", planned=False, forSeconds=600)
    await stage.watch(stage.draw.uniform(30, 90))
    return only(Reason.GATEWAY_UPDATING)


# Sites: what we change


async def our_field(stage: Stage) -> frozenset[Reason]:
    stage.set_device(proposals=wanted())
    stage.site(**policy())
    await settle(stage)
    await stage.edit(**policy(**one_field(stage)))
    await stage.watch(stage.draw.uniform(900, 3600))
    return only(Reason.POLICY_MISMATCH)


async def our_key(stage: Stage) -> frozenset[Reason]:
    stage.site(**policy())
    await settle(stage)
    await stage.edit(ChangeCause.KEY, key="Another.Key.4711")
    await stage.watch(stage.draw.uniform(900, 3600))
    return only(Reason.KEY_MISMATCH)


async def our_default(stage: Stage) -> frozenset[Reason]:
    group = stage.draw.choice(["DHGroup14", "DHGroup24", "ECP256"])
    stage.set_device(proposals=wanted(dhGroup=group, pfsGroup="None"))
    stage.site(**policy(dhGroup=group, pfsGroup="None"))
    await settle(stage)
    await stage.edit()
    await stage.watch(stage.draw.uniform(900, 3600))
    return only(Reason.DEFAULT_POLICY_GROUP2, Reason.POLICY_MISMATCH)


async def our_selectors(stage: Stage) -> frozenset[Reason]:
    selectors = {"usePolicyBasedTrafficSelectors": True, "trafficSelectorPolicies": RANGES}
    stage.set_device(requiresPolicyBasedTrafficSelectors=True)
    stage.site(**policy(), **selectors)
    await settle(stage)
    await stage.edit(ChangeCause.SPEC, **policy())
    await stage.watch(stage.draw.uniform(900, 3600))
    return only(Reason.SELECTOR_MISMATCH)


async def our_mode(stage: Stage) -> frozenset[Reason]:
    mode = stage.draw.choice(["ResponderOnly", "InitiatorOnly"])
    stage.set_device(mode=mode)
    stage.site(**policy())
    await settle(stage)
    await stage.edit(ChangeCause.SPEC, **policy(), connectionMode=mode)
    await stage.watch(stage.draw.uniform(900, 3600))
    return only(Reason.BOTH_RESPONDER_ONLY if mode == "ResponderOnly" else Reason.BOTH_INITIATOR_ONLY)


async def our_pfs(stage: Stage) -> frozenset[Reason]:
    stage.set_device(proposals=wanted())
    lifetime = stage.draw.choice([7200, 14400, 27000])
    stage.site(**policy(saLifeTimeSeconds=lifetime))
    await settle(stage)
    await stage.edit(**policy(pfsGroup=stage.draw.choice(GROUPS), saLifeTimeSeconds=lifetime))
    await stage.watch(lifetime + stage.draw.uniform(600, 3600))
    return only(Reason.PFS_MISMATCH_AT_REKEY)


async def our_change_and_then_an_outage(stage: Stage) -> frozenset[Reason]:
    """The change went well; what takes the tunnel down later is something else."""
    stage.site(**policy())
    await settle(stage)
    await stage.edit(**policy(dhGroup="ECP384"))
    await stage.watch(stage.draw.uniform(1200, 2400))
    stage.set_device(outage=True)
    await stage.watch(stage.draw.uniform(900, 3600))
    return only(Reason.UNKNOWN_PEER_SIDE)


async def our_pfs_and_an_outage(stage: Stage) -> frozenset[Reason]:
    """The new group would do; the line is cut before the first rekey, or after it."""
    lifetime = stage.draw.choice([7200, 14400])
    stage.site(**policy(saLifeTimeSeconds=lifetime))
    await settle(stage)
    await stage.edit(**policy(pfsGroup="ECP384", saLifeTimeSeconds=lifetime))
    await stage.watch(lifetime * stage.draw.choice([stage.draw.uniform(0.1, 0.9), stage.draw.uniform(1.1, 1.5)]))
    stage.set_device(outage=True)
    await stage.watch(stage.draw.uniform(900, 3600))
    return only(Reason.UNKNOWN_PEER_SIDE)


async def device_key_in_an_update(stage: Stage) -> frozenset[Reason]:
    """The tunnel is down for hours for its key, and now the gateway is updated: that is not why."""
    stage.set_device(key="Other.Key")
    stage.site(**policy())
    await stage.watch(7200)
    await update_gateway(stage)
    return only(Reason.KEY_MISMATCH)


# Sites: what the device has


def device_is(**device: Any) -> Callable[[frozenset[Reason]], Play]:
    def made(truth: frozenset[Reason]) -> Play:
        async def play(stage: Stage) -> frozenset[Reason]:
            if stage.draw.random() < 0.5:
                stage.set_device(**device)
                stage.site(**policy())
            else:
                stage.site(**policy())
                await settle(stage)
                stage.set_device(**device)
            await settle(stage)
            return truth

        return play

    return made


async def device_field(stage: Stage) -> frozenset[Reason]:
    stage.set_device(proposals=wanted(**one_field(stage)))
    stage.site(**policy())
    await settle(stage)
    return only(Reason.POLICY_MISMATCH)


async def device_group(stage: Stage) -> frozenset[Reason]:
    group = stage.draw.choice(["DHGroup14", "DHGroup24", "ECP256"])
    stage.set_device(proposals=wanted(dhGroup=group, pfsGroup="None"))
    stage.site()
    await settle(stage)
    return only(Reason.DEFAULT_POLICY_GROUP2, Reason.POLICY_MISMATCH)


async def device_mode(stage: Stage) -> frozenset[Reason]:
    mode = stage.draw.choice(["ResponderOnly", "InitiatorOnly"])
    stage.set_device(mode=mode)
    stage.site(**policy(), connectionMode=mode)
    await settle(stage)
    return only(Reason.BOTH_RESPONDER_ONLY if mode == "ResponderOnly" else Reason.BOTH_INITIATOR_ONLY)


async def device_pfs(stage: Stage) -> frozenset[Reason]:
    stage.set_device(proposals=wanted(pfsGroup=stage.draw.choice(GROUPS)))
    stage.site(**policy(saLifeTimeSeconds=stage.draw.choice([1800, 3600])))
    await stage.watch(3600 + stage.draw.uniform(600, 3600))
    return only(Reason.PFS_MISMATCH_AT_REKEY)


async def device_flaps(stage: Stage) -> frozenset[Reason]:
    up, down = stage.draw.uniform(200, 400), stage.draw.uniform(320, 500)
    stage.set_device(flaps={"upSeconds": up, "downSeconds": down})
    stage.site(**policy())
    await stage.watch(stage.draw.uniform(4000, 6000))
    return only(Reason.FLAPPING)


async def device_idle(stage: Stage) -> frozenset[Reason]:
    if stage.draw.random() < 0.5:
        stage.set_device(silent=True)
        stage.site(**policy())
        await stage.watch(stage.draw.uniform(1200, 3600))
    else:
        stage.site(**policy())
        await settle(stage)
        stage.set_device(silent=True)
        await stage.watch(stage.draw.uniform(1500, 3600))
    return only(Reason.NO_TRAFFIC)


async def site_gateway(stage: Stage) -> frozenset[Reason]:
    stage.site(**policy())
    return await update_gateway(stage)


KINDS: Final = (
    Kind("pair: two keys", 18, pair_keys),
    *(Kind(f"pair: another {name}", 6, pair_field(name)) for name in OTHERS),
    Kind("pair: Default policy on one half", 10, pair_default),
    Kind("pair: PFS groups, at the first rekey", 18, pair_rekey),
    Kind("pair: two IKE versions", 12, pair_protocol),
    Kind("pair: both wait, or both call", 12, pair_modes),
    Kind("pair: no other half", 14, pair_missing),
    Kind("pair: policy and key at once", 8, pair_two_things),
    Kind("gateway updating, pair", 8, pair_gateway),
    Kind("gateway updating, site", 8, site_gateway),
    Kind("site: we change a field of the policy", 16, our_field),
    Kind("site: we change the key", 10, our_key),
    Kind("site: we go back to the Default policy", 6, our_default),
    Kind("site: we change the PFS group, at the first rekey", 10, our_pfs),
    Kind("site: we turn the selectors off", 5, our_selectors),
    Kind("site: we change the mode", 5, our_mode),
    Kind("site: flapping", 12, device_flaps),
    Kind("site: up and idle", 12, device_idle),
    Kind("site: a change that went well, then an outage", 8, our_change_and_then_an_outage, knowable=False),
    Kind("site: another PFS group, and an outage", 8, our_pfs_and_an_outage, knowable=False),
    Kind("site: the device is silent", 10, device_is(outage=True)(only(Reason.UNKNOWN_PEER_SIDE)), knowable=False),
    Kind("site: an old trouble, and the gateway updating", 4, device_key_in_an_update, knowable=False),
    Kind("site: the device has another key", 10, device_is(key="Other.Key")(only(Reason.KEY_MISMATCH)), knowable=False),
    Kind("site: the device has another field", 16, device_field, knowable=False),
    Kind("site: Default policy, the device another group", 6, device_group, knowable=False),
    Kind("site: the device's PFS group, at the first rekey", 8, device_pfs, knowable=False),
    Kind(
        "site: the device speaks IKEv1 only",
        6,
        device_is(protocols=["IKEv1"])(only(Reason.PROTOCOL_MISMATCH)),
        knowable=False,
    ),
    Kind("site: the device waits, or calls, as we do", 4, device_mode, knowable=False),
    Kind(
        "site: the device is policy-based",
        6,
        device_is(requiresPolicyBasedTrafficSelectors=True)(only(Reason.SELECTOR_MISMATCH)),
        knowable=False,
    ),
)
