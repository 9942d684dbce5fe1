from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionStatus
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import (
    BgpPeer,
    BgpState,
    ConnectionHalf,
    HalfRole,
    VpnConnectionStatus,
)
from azure_vpn_operator.domain.azure.bgp_sessions import BgpFacts, BgpSession, split_addresses
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Unreadable
from azure_vpn_operator.domain.passes.snapshot import Attempts
from support.builders import (
    CONNECTION_ID,
    NOW,
    a_broken_connection,
    a_connection,
    a_fault,
    a_gateway,
    a_live_connection,
    a_snapshot,
    an_open_operation,
)
from support.checkers import PassRecord, run_pass

SITE = "10.6.0.1"
PEERS = ("10.21.0.4", "10.21.0.5")


def a_session(
    neighbor: str = SITE, state: str = "Connected", local: str = "10.1.0.4", asn: int | None = 65100
) -> BgpSession:
    return BgpSession(local, neighbor, asn, state)


def told(*sessions: BgpSession, addresses: tuple[str, ...] = (SITE,)) -> BgpFacts:
    return BgpFacts(Present(addresses), Present(sessions))


def before(
    status: str = "True", reason: Reason = Reason.BGP_ESTABLISHED, *, bgp: BgpState | None = None
) -> VpnConnectionStatus:
    condition = Condition(
        type="BgpEstablished",
        status=ConditionStatus(status),
        reason=reason.value,
        message="as said before",
        observed_generation=3,
        last_transition_time=NOW - timedelta(hours=1),
    )
    half = ConnectionHalf(role=HalfRole.FORWARD, id=CONNECTION_ID, bgp=bgp)
    return VpnConnectionStatus(observed_generation=3, conditions=(condition,), halves=(half,))


def the_pass(bgp: BgpFacts | None, **changes: Any) -> PassRecord:
    live = {"live": a_live_connection(enableBgp=True)}
    subject = a_connection(enableBgp=True)
    return run_pass(a_snapshot(subject, **{**live, "gateway": a_gateway(enable_bgp=True), "bgp": bgp, **changes}))


def message(record: PassRecord) -> str:
    return next(c.message for c in record.status.conditions if c.type == "BgpEstablished")


def peers(record: PassRecord) -> list[tuple[str, int | None, str]] | None:
    bgp = record.status.halves[0].bgp
    return None if bgp is None else [(peer.address, peer.asn, peer.state) for peer in bgp.peers]


@pytest.mark.parametrize(
    ("facts", "expected", "says"),
    [
        pytest.param(told(a_session()), ("True", "BgpEstablished"), SITE, id="the one session is up"),
        pytest.param(
            told(a_session(), a_session("10.7.0.1", "Idle")),
            ("True", "BgpEstablished"),
            SITE,
            id="a session of another connection of the gateway is down, which is not ours",
        ),
        pytest.param(
            told(a_session(), a_session(local="10.1.0.5")),
            ("True", "BgpEstablished"),
            "all 2 sessions",
            id="both instances of an active-active gateway have one",
        ),
        pytest.param(
            told(a_session(), a_session(local="10.1.0.5", state="Connecting")),
            ("False", "BgpNotEstablished"),
            f"{SITE} is Connecting",
            id="one instance has lost its own",
        ),
        pytest.param(told(a_session(state="Idle")), ("False", "BgpNotEstablished"), f"{SITE} is Idle", id="down"),
        pytest.param(told(), ("False", "BgpNotEstablished"), f"{SITE} has no session", id="no session at all"),
        pytest.param(
            told(a_session(PEERS[0]), addresses=PEERS),
            ("False", "BgpNotEstablished"),
            f"{PEERS[1]} has no session",
            id="no session with the second instance of the peer",
        ),
        pytest.param(
            told(*(a_session(peer) for peer in PEERS), addresses=PEERS),
            ("True", "BgpEstablished"),
            "all 2 sessions",
            id="sessions with both instances of the peer",
        ),
        pytest.param(
            told(a_session("fd00:0:0::1"), addresses=("FD00::1",)),
            ("True", "BgpEstablished"),
            "fd00",
            id="the same address spelled otherwise",
        ),
        pytest.param(
            BgpFacts(Present(()), NotRead()),
            ("Unknown", "BgpPeerUnknown"),
            "no BGP peering address",
            id="the other end has no BGP",
        ),
        pytest.param(
            BgpFacts(Absent(), NotRead()), ("Unknown", "BgpPeerUnknown"), "no BGP", id="there is no other end"
        ),
        pytest.param(
            BgpFacts(Present((SITE,)), Unreadable(a_fault(FaultKind.FORBIDDEN, "AuthorizationFailed"))),
            ("Unknown", "BgpForbidden"),
            "Microsoft.Network/virtualNetworkGateways/getBgpPeerStatus/action",
            id="the right is missing",
        ),
        pytest.param(
            BgpFacts(Present((SITE,)), Unreadable(a_fault(FaultKind.UNAVAILABLE, "ServerTimeout"))),
            ("Unknown", "BgpNotRead"),
            "ServerTimeout",
            id="Azure does not answer",
        ),
        pytest.param(
            BgpFacts(Unreadable(a_fault(FaultKind.FORBIDDEN, "AuthorizationFailed")), NotRead()),
            ("Unknown", "BgpNotRead"),
            "AuthorizationFailed",
            id="the other end may not be read",
        ),
        pytest.param(
            BgpFacts(Present((SITE,)), NotRead()),
            ("Unknown", "BgpNotRead"),
            "not told yet",
            id="the answer is not there",
        ),
    ],
)
def test_condition_says_how_the_sessions_with_the_other_end_stand(
    facts: BgpFacts, expected: tuple[str, str], says: str
) -> None:
    record = the_pass(facts)
    assert record.condition("BgpEstablished") == expected
    assert says in message(record)
    assert record.condition("Ready") == ("True", "UpToDate"), "BGP is no part of it"


def test_status_shows_the_sessions_in_an_order_of_its_own() -> None:
    one, two = a_session(PEERS[0]), a_session(PEERS[1], "Connecting", asn=None)
    shown = [(PEERS[0], 65100, "Connected"), (PEERS[1], None, "Connecting")]
    assert peers(the_pass(told(one, two, addresses=PEERS))) == shown
    assert the_pass(told(two, one, addresses=PEERS)).status == the_pass(told(one, two, addresses=PEERS)).status


@pytest.mark.parametrize("asn", [-1, 2**32])
def test_number_that_is_no_as_number_is_left_out(asn: int) -> None:
    assert peers(the_pass(told(a_session(asn=asn)))) == [(SITE, None, "Connected")]


def test_long_lists_and_texts_are_cut() -> None:
    many = tuple(a_session(state="x" * 100, local=f"10.1.0.{number}") for number in range(40))
    shown = peers(the_pass(told(*many)))
    assert shown is not None
    assert (len(shown), shown[0][2]) == (16, "x" * 64)


def test_connection_without_bgp_has_no_condition() -> None:
    record = run_pass(a_snapshot(previous=before(bgp=BgpState(peers=(BgpPeer(address=SITE, state="Connected"),)))))
    assert record.condition("BgpEstablished") is None
    assert record.status.halves[0].bgp is None


def test_object_that_breaks_a_rule_has_no_condition() -> None:
    record = run_pass(a_snapshot(a_broken_connection(enableBgp=True)))
    assert record.condition("BgpEstablished") is None


LAST_STATE = BgpState(peers=(BgpPeer(address=SITE, asn=65100, state="Connected"),))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"bgp": BgpFacts(Present((SITE,)), NotRead())}, id="nothing was told since the start"),
        pytest.param({"bgp": BgpFacts(Unreadable(a_fault()), NotRead())}, id="the other end cannot be read right now"),
        pytest.param({"live": NotRead(), "operation": an_open_operation()}, id="an operation is open"),
        pytest.param({"live": Unreadable(a_fault())}, id="Azure cannot be read right now"),
    ],
)
def test_last_word_stands_for_a_while(changes: dict[str, Any]) -> None:
    record = the_pass(**{"bgp": None, "previous": before(bgp=LAST_STATE), **changes})
    assert record.condition("BgpEstablished") == ("True", "BgpEstablished")
    assert message(record) == "as said before"
    assert record.status.halves[0].bgp == LAST_STATE


def test_last_word_is_taken_back_after_three_intervals_without_a_read() -> None:
    attempts = Attempts(last_read=NOW - timedelta(minutes=16))
    live = Unreadable(a_fault())
    record = the_pass(None, live=live, attempts=attempts, previous=before(bgp=LAST_STATE))
    assert record.condition("BgpEstablished") == ("Unknown", "BgpNotRead")
    assert record.status.halves[0].bgp is None


def test_connection_that_is_gone_has_no_sessions() -> None:
    subject = a_connection(enableBgp=True, managementPolicy="Observe", finalizers=())
    record = run_pass(a_snapshot(subject, live=Absent(), previous=before(bgp=LAST_STATE)))
    assert record.condition("BgpEstablished") == ("Unknown", "BgpNotRead")
    assert record.status.halves[0].bgp is None


DOWN = told(a_session(state="Idle"))
UP = told(a_session())
FORBIDDEN = BgpFacts(Present((SITE,)), Unreadable(a_fault(FaultKind.FORBIDDEN, "AuthorizationFailed")))


@pytest.mark.parametrize(
    ("was", "facts", "expected"),
    [
        pytest.param(before(), DOWN, [(True, "BgpNotEstablished")], id="it goes down"),
        pytest.param(
            before("False", Reason.BGP_NOT_ESTABLISHED), UP, [(False, "BgpEstablished")], id="it comes up again"
        ),
        pytest.param(
            before("Unknown", Reason.BGP_NOT_READ),
            UP,
            [(False, "BgpEstablished")],
            id="it is seen up for the first time",
        ),
        pytest.param(before("Unknown", Reason.BGP_NOT_READ), DOWN, [], id="it has not come up yet"),
        pytest.param(before(), UP, [], id="it stays up"),
        pytest.param(before(), FORBIDDEN, [(True, "BgpForbidden")], id="the right is taken away"),
        pytest.param(before("Unknown", Reason.BGP_FORBIDDEN), FORBIDDEN, [], id="the right is still missing"),
    ],
)
def test_event_is_told_when_it_changes(
    was: VpnConnectionStatus, facts: BgpFacts, expected: list[tuple[bool, str]]
) -> None:
    notes = the_pass(facts, previous=was).events
    assert [(note.warning, note.reason.value) for note in notes if "Bgp" in note.reason] == expected


def in_peace() -> VpnConnectionStatus:
    """The status of a connection that has been up for long."""
    status = the_pass(UP).status
    old = {"last_transition_time": NOW - timedelta(hours=1)}
    return status.model_copy(update={"conditions": tuple(c.model_copy(update=old) for c in status.conditions)})


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        pytest.param(UP, 300.0, id="seldom while it is up"),
        pytest.param(
            BgpFacts(Present((SITE,)), Present((a_session(),)), look_in=11.0), 11.0, id="when the answer is due"
        ),
        pytest.param(DOWN, 30.0, id="often while it is down"),
    ],
)
def test_next_look_depends_on_it(facts: BgpFacts, seconds: float) -> None:
    assert the_pass(facts, previous=in_peace()).next_look == seconds


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        pytest.param(BgpFacts(Present((SITE,)), NotRead()), 30.0, id="soon, until Azure tells for the first time"),
        pytest.param(FORBIDDEN, 300.0, id="seldom, if someone has to grant a right first"),
        pytest.param(BgpFacts(Present(()), NotRead()), 300.0, id="seldom, if the other end has no BGP"),
    ],
)
def test_next_look_while_it_is_unknown(facts: BgpFacts, seconds: float) -> None:
    first = the_pass(facts).status
    old = {"last_transition_time": NOW - timedelta(hours=1)}
    previous = first.model_copy(update={"conditions": tuple(c.model_copy(update=old) for c in first.conditions)})
    assert the_pass(facts, previous=previous).next_look == seconds


def test_reason_column_names_bgp_while_only_that_is_down() -> None:
    record = the_pass(DOWN)
    assert record.status.summary is not None
    assert record.status.summary.reason == "BgpNotEstablished"
    tunnel_down = the_pass(DOWN, live=a_live_connection(enableBgp=True, connectionStatus="NotConnected"))
    assert tunnel_down.status.summary is not None
    assert tunnel_down.status.summary.reason == "UnknownPeerSide"


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        pytest.param("10.1.0.4", ("10.1.0.4",), id="one instance"),
        pytest.param("10.1.0.4, 10.1.0.5", ("10.1.0.4", "10.1.0.5"), id="two instances"),
        pytest.param("", (), id="no BGP"),
        pytest.param(" , ", (), id="nothing but signs"),
    ],
)
def test_peering_addresses_are_split(text: str, addresses: tuple[str, ...]) -> None:
    assert split_addresses(text) == addresses
