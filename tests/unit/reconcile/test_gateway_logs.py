"""Gateways' logs on the whole core: read once for each outage, within a budget, and never in peace."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.lookups import Absent, Unreadable
from azure_vpn_operator.reconcile.request_budget import LOG_QUERIES_AT_ONCE, LOG_QUERIES_PER_MINUTE
from support.fakes.gateway_logs import FakeGatewayLogs
from support.sweeps import A_FLEET
from support.world.core import CoreHarness, arm_id, site_spec

pytestmark = pytest.mark.slow

DELAY = 6 * 30.0
"""How long a tunnel is down before its log is read."""
KEY = "Remote 203.0.113.0:500: Local 198.18.0.1:500: [RECEIVED] IKE_AUTH response with notify AUTHENTICATION_FAILED"
PROPOSAL = KEY.replace("AUTHENTICATION_FAILED", "NO_PROPOSAL_CHOSEN")
FORBIDDEN = Fault(FaultKind.FORBIDDEN, "InsufficientAccessError", "The role Log Analytics Reader is missing.")
BUSY = Fault(FaultKind.UNAVAILABLE, "GatewayTimeout", "The query timed out.")


class LogWorld(CoreHarness):
    def __init__(self) -> None:
        super().__init__()
        self.answers = FakeGatewayLogs()
        self.logs = self.answers

    def say(self, message: str, site: str = "Site6") -> None:
        """Have the gateway log a line about a site now."""
        line = GatewayLogLine(self.clock.now(), "IKEDiagnosticLog", "IKELogEvent", message, "GatewayTenantWorker_IN_0")
        self.answers.lines.setdefault(self.address_of(site), []).append(line)

    def break_tunnel(self, site: str = "Site6", *, says: str = KEY) -> None:
        self.live(f"VNet1to{site}").tunnel = "NotConnected"
        if says:
            self.say(says, site)

    def mend_tunnel(self, site: str = "Site6") -> None:
        self.live(f"VNet1to{site}").tunnel = "Connected"

    @property
    def asked(self) -> int:
        return len(self.answers.asked)

    @property
    def told(self) -> str:
        return self.message("site6", "Connected")


@pytest.fixture
async def site() -> AsyncIterator[LogWorld]:
    """One connection in peace."""
    world = LogWorld()
    await world.start()
    world.set_up_site()
    await world.settle()
    assert world.condition("site6", "Connected") == ("True", "AllTunnelsUp")
    world.forget_journals()
    yield world
    await world.stop()


async def until_seen_down(world: LogWorld, name: str = "site6") -> None:
    for _ in range(40):
        if (world.condition(name, "Connected") or ("", ""))[0] == "False":
            return
        await world.advance(10)
    raise AssertionError("the outage was never seen")


async def test_peace_reads_no_log(site: LogWorld) -> None:
    await site.advance(3600)
    assert site.asked == 0
    assert site.cluster.writes == []


async def test_an_outage_is_explained_in_the_gateways_own_words_once(site: LogWorld) -> None:
    site.break_tunnel()
    await until_seen_down(site)
    await site.advance(DELAY - 60)
    assert site.asked == 0
    assert "log" not in site.told
    site.cluster.writes.clear()
    await site.advance(120)
    assert site.condition("site6", "Connected") == ("False", "KeyMismatch")
    assert site.told.endswith(
        f'(the gateway\'s log: "{KEY}" ({site.answers.lines["203.0.113.0"][0].time:%Y-%m-%dT%H:%M:%SZ}))'
    )
    assert len(site.cluster.writes) == 1
    await site.advance(4 * 3600)
    assert site.asked == 1
    assert len(site.cluster.writes) == 1


async def test_what_is_asked_for(site: LogWorld) -> None:
    site.break_tunnel()
    await until_seen_down(site)
    seen = site.clock.now()
    await site.advance(DELAY + 60)
    [asked] = site.answers.asked
    assert (asked.gateway, asked.addresses) == (site.gateway, ("203.0.113.0",))
    assert timedelta(minutes=10) <= seen - asked.since <= timedelta(minutes=11), "it may have begun before it was seen"


async def test_a_short_outage_reads_no_log(site: LogWorld) -> None:
    site.break_tunnel()
    await until_seen_down(site)
    await site.advance(DELAY - 60)
    site.mend_tunnel()
    await site.advance(3600)
    assert site.asked == 0


async def test_each_outage_has_its_own_read(site: LogWorld) -> None:
    for number, message in enumerate((KEY, PROPOSAL), 1):
        site.break_tunnel(says=message)
        await until_seen_down(site)
        assert "log" not in site.told
        await site.advance(DELAY + 60)
        assert message in site.told
        site.mend_tunnel()
        await site.advance(3600)
        assert site.told == "the tunnel is up"
        assert site.asked == number


async def test_lines_that_come_late_are_found_by_another_read(site: LogWorld) -> None:
    site.break_tunnel(says="")
    await until_seen_down(site)
    await site.advance(DELAY + 60)
    assert site.asked == 1
    site.say(KEY)
    await site.advance(2 * DELAY + 60)
    assert site.asked == 2
    assert KEY in site.told


async def test_the_word_that_the_tunnel_went_down_comes_first_and_is_not_enough(site: LogWorld) -> None:
    site.break_tunnel(says="")
    row = GatewayLogLine(site.clock.now(), "TunnelDiagnosticLog", "TunnelDisconnected", "", "GatewayTenantWorker_IN_0")
    site.answers.lines["203.0.113.0"] = [row]
    await until_seen_down(site)
    await site.advance(DELAY + 60)
    assert site.asked == 1
    site.say(KEY)
    await site.advance(2 * DELAY + 60)
    assert site.asked == 2
    assert KEY in site.told


async def test_a_log_that_stays_empty_is_read_three_times(site: LogWorld) -> None:
    site.break_tunnel(says="")
    await until_seen_down(site)
    await site.advance(6 * 3600)
    assert site.asked == 3
    assert "log" not in site.told


async def test_other_settings_make_it_another_outage(site: LogWorld) -> None:
    site.break_tunnel(says=PROPOSAL)
    await until_seen_down(site)
    await site.advance(DELAY + 60)
    assert PROPOSAL in site.told
    site.edit("IpsecPolicy", "site6", dhGroup="ECP256")
    await site.advance(90)
    assert site.accepted()["put"] == 1
    assert PROPOSAL not in site.told, "that was said of other values"
    site.say(KEY)
    await site.advance(DELAY + 90)
    assert site.asked == 2
    assert KEY in site.told


async def test_a_restart_leaves_what_was_quoted_and_reads_once_more(site: LogWorld) -> None:
    site.break_tunnel()
    await until_seen_down(site)
    await site.advance(DELAY + 60)
    told = site.told
    site.cluster.writes.clear()
    await site.restart()
    await site.advance(3600)
    assert site.asked == 2
    assert site.told == told
    assert site.cluster.writes == []


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        pytest.param(Absent(), 1, id="no workspace: once for the gateway and hour"),
        pytest.param(Unreadable(FORBIDDEN), 1, id="no right: likewise"),
        pytest.param(Unreadable(BUSY), 3, id="a failure that may pass is tried again"),
    ],
)
async def test_without_an_answer_all_is_as_it_was(site: LogWorld, answer: Absent | Unreadable, asked: int) -> None:
    site.answers.instead = answer
    site.break_tunnel()
    await until_seen_down(site)
    site.cluster.writes.clear()
    await site.advance(3000)
    assert site.asked == asked
    assert site.condition("site6", "Connected") == ("False", "UnknownPeerSide")
    assert site.told.endswith("see that it is reachable")
    assert site.ready() == ("True", "UpToDate")
    assert site.cluster.writes == []


async def test_one_gateway_without_a_workspace_is_asked_for_once_for_all_its_connections(site: LogWorld) -> None:
    site.set_up_site("Site7", "site7")
    await site.settle()
    site.answers.instead = Absent()
    site.break_tunnel("Site6")
    site.break_tunnel("Site7")
    await until_seen_down(site)
    await until_seen_down(site, "site7")
    await site.advance(1800)
    assert site.asked == 1


async def test_a_site_without_an_address_has_no_lines(site: LogWorld) -> None:
    site.azure.add_local_gateway(arm_id("localNetworkGateways", "Site7"))
    site.set_up_site("Site7", "site7")
    await site.settle()
    site.live("VNet1toSite7").tunnel = "NotConnected"
    await site.advance(3600)
    assert site.asked == 0


async def test_an_object_that_only_watches_is_told_too(site: LogWorld) -> None:
    site.edit("VpnConnection", "site6", managementPolicy="Observe")
    await site.settle()
    site.break_tunnel()
    await until_seen_down(site)
    await site.advance(DELAY + 60)
    assert KEY in site.told


async def test_the_peer_of_a_pair_is_named_by_its_own_addresses() -> None:
    world = LogWorld()
    world.add_gateway("VNet2GW", "TestRG2", public_addresses=("198.18.0.2", "198.18.0.3"))
    await world.start()
    world.set_up_site(
        localNetworkGateway=None, peerVirtualNetworkGateway={"name": "VNet2GW", "resourceGroup": "TestRG2"}
    )
    await world.settle()
    world.live("VNet1toSite6").tunnel = "NotConnected"
    await world.advance(1200)
    assert [asked.addresses for asked in world.answers.asked][:1] == [("198.18.0.2", "198.18.0.3")]
    await world.stop()


async def play_outage(*, logs: bool) -> list[tuple[str, str]]:
    """The journal of an outage of an hour, with or without somebody to ask about it."""
    world = LogWorld()
    world.logs = world.answers if logs else None
    await world.start()
    world.set_up_site()
    await world.settle()
    world.forget_journals()
    world.break_tunnel()
    await world.advance(3600)
    world.mend_tunnel()
    await world.advance(600)
    await world.stop()
    return list(world.calls)


async def test_without_a_workspace_there_is_not_one_request_more() -> None:
    without, with_logs = await play_outage(logs=False), await play_outage(logs=True)
    more = Counter(with_logs) - Counter(without)
    assert all(verb != "newest" for verb, _ in without)
    assert {verb for verb, _ in more} <= {"newest", "write_status"}
    assert sum(count for (verb, _), count in more.items() if verb == "newest") == 1


@pytest.mark.parametrize("size", A_FLEET)
async def test_an_outage_of_a_whole_fleet_stays_in_the_budget(size: int) -> None:
    world = LogWorld()
    world.azure.operation_seconds = 1.0
    names = [f"Fleet{number:03d}" for number in range(size)]
    for name in names:
        world.add_site(name)
    await world.start()
    world.set_up_site()
    for name in names:
        world.apply("VpnConnection", name.lower(), site_spec(name))
    await world.settle()
    times: list[float] = []
    for name in names:
        world.break_tunnel(name)
    seen = 0
    for _ in range(27):
        await world.advance(60)
        times.append(world.asked - seen)
        seen = world.asked
    assert max(times) <= LOG_QUERIES_AT_ONCE + LOG_QUERIES_PER_MINUTE
    assert all(
        sum(times[start : start + 10]) <= LOG_QUERIES_AT_ONCE + 10 * LOG_QUERIES_PER_MINUTE for start in range(17)
    )
    assert Counter(asked.addresses for asked in world.answers.asked) == {(world.address_of(n),): 1 for n in names}
    assert all(KEY in world.message(name.lower(), "Connected") for name in names)
    await world.stop()
