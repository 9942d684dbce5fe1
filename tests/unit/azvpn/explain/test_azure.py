"""What is read of Azure for one question, from a simulated one by the product's own adapters; and what cannot be read is said."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.azvpn.explain.azure import NotInAzureError
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, Unreadable
from azure_vpn_operator.domain.diagnosis.diagnose import diagnose
from azure_vpn_operator.domain.diagnosis.evidence import Device, Keys, NoLog
from support.mishaps.stage import KEY, Stage
from support.mishaps.table import policy


class Log:
    """Answers with what it was given, and remembers what it was asked."""

    def __init__(self, answer: Read[Sequence[GatewayLogLine]]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, tuple[str, ...], datetime]] = []

    async def newest(
        self, gateway: ArmId, remote_addresses: Sequence[str], since: datetime
    ) -> Read[Sequence[GatewayLogLine]]:
        self.asked.append((gateway.name, tuple(remote_addresses), since))
        return self.answer


def a_stage(log: Log | None = None) -> Stage:
    return Stage(random.Random(1), log=log)


async def test_a_site_is_read_with_its_gateway_its_device_and_its_ike_sas():
    stage = a_stage()
    stage.site(**policy())
    await stage.watch(300)
    found = await stage.evidence()
    assert found.is_up
    assert found.other == Device("Site", "203.0.113.6")
    assert found.own.gateway is not None
    assert found.own.gateway.sku == "VpnGw2AZ"
    assert [sa.has_child for sa in found.ike_sas or ()] == [True]


@pytest.mark.parametrize(("other", "keys"), [(KEY, Keys.EQUAL), ("Another.Key.4711", Keys.DIFFERENT)])
async def test_keys_are_compared_and_never_kept(other: str, keys: Keys):
    stage = a_stage()
    stage.pair(policy(), policy(), (KEY, other))
    await stage.watch(300)
    found = await stage.evidence()
    assert found.keys is keys
    assert KEY not in repr(found)
    assert other not in repr(found)


async def test_a_connection_that_is_not_there_is_said():
    stage = a_stage()
    with pytest.raises(NotInAzureError, match="Azure has no connection C1"):
        await stage.evidence()


async def test_lines_of_the_log_decide_what_azure_does_not_tell():
    message = "[RECEIVED] IKE_AUTH response: AUTHENTICATION_FAILED"
    log = Log(Absent())
    stage = a_stage(log)
    stage.set_device(key="Other.Key")
    stage.site(**policy())
    await stage.watch(600)
    log.answer = Present([GatewayLogLine(stage.now - timedelta(minutes=1), "IKEDiagnosticLog", "", message)])
    found = await stage.evidence()
    assert [cause.reason for cause in diagnose(found).known] == [Reason.KEY_MISMATCH]
    (gateway, addresses, since) = log.asked[0]
    assert (gateway, addresses) == ("GwA", ("203.0.113.6",))
    assert found.down_since is not None
    assert since <= found.down_since


@pytest.mark.parametrize("there", [pytest.param(True, id="a half"), pytest.param(False, id="no other half")])
async def test_the_log_of_a_pair_is_asked_for_the_peers_gateway_while_no_tunnel_is_up(there: bool):
    log = Log(Absent())
    stage = a_stage(log)
    stage.pair(policy(), policy(dhGroup="ECP384") if there else None)
    await stage.watch(600)
    found = await stage.evidence()
    assert not found.ike_sas
    (gateway, addresses, _) = log.asked[0]
    assert (gateway, addresses) == ("GwA", addresses_of(stage, "GwB"))


def addresses_of(stage: Stage, gateway: str) -> tuple[str, ...]:
    settings = stage.arm.get(f"virtualNetworkGateways/{gateway}").body["properties"]["bgpSettings"]
    return tuple(address for row in settings["bgpPeeringAddresses"] for address in row["tunnelIpAddresses"])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(Absent(), "no Log Analytics workspace", id="none"),
        pytest.param(
            Unreadable(Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "no")), "AuthorizationFailed", id="no right"
        ),
    ],
)
async def test_a_log_that_cannot_be_read_makes_nothing_worse(answer: Read[Sequence[GatewayLogLine]], why: str):
    stage = a_stage(Log(answer))
    stage.set_device(outage=True)
    stage.site(**policy())
    await stage.watch(600)
    found = await stage.evidence()
    assert isinstance(found.log, NoLog)
    assert why in found.log.why
    assert any(why in item for item in diagnose(found).would_tell)
