"""Why a tunnel is down, from literal evidence: what is named, how sure, and what is admitted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy, canonical_policy
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.azure.live_connection import TrafficSelector
from azure_vpn_operator.domain.diagnosis.diagnose import diagnose
from azure_vpn_operator.domain.diagnosis.evidence import (
    DefaultPolicy,
    Device,
    Drops,
    End,
    Evidence,
    GatewayState,
    Keys,
    MissingHalf,
    NoLog,
    Quiet,
    UnseenHalf,
)
from azure_vpn_operator.domain.diagnosis.findings import Diagnosis, Sureness
from azure_vpn_operator.domain.diagnosis.policies import compare_policies

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VALUES = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA256",
    "dhGroup": "DHGroup14",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "PFS2048",
    "saLifeTimeSeconds": 3600,
    "saDataSizeKilobytes": 102400000,
}
CERTAIN, LIKELY, NOT_KNOWN = Sureness
DEVICE = Device("Site6", "203.0.113.6")


def a_policy(**changes: Any) -> CanonicalPolicy:
    return canonical_policy({**VALUES, **changes})


def an_end(name: str = "C1", **changes: Any) -> End:
    usual: dict[str, Any] = {
        "policy": a_policy(),
        "protocol": "IKEv2",
        "mode": "Default",
        "policy_based": False,
        "provisioning_state": "Succeeded",
        "gateway": GatewayState("GwA", "Succeeded"),
    }
    return End(name, **(usual | changes))


def down(other: Any = DEVICE, **changes: Any) -> Evidence:
    """A tunnel that is down since five minutes; the other end is a device unless one is given."""
    usual: dict[str, Any] = {"status": "NotConnected", "down_since": NOW - timedelta(minutes=5)}
    return Evidence(NOW, **{"own": an_end(), "other": other, **usual, **changes})


def pair(changes: dict[str, Any], *, own: dict[str, Any] | None = None, **evidence: Any) -> Evidence:
    return down(an_end("C2", **changes), own=an_end(**(own or {})), **evidence)


def named(found: Diagnosis) -> list[tuple[Reason, Sureness]]:
    return [(cause.reason, cause.sureness) for cause in found.known]


# Two halves


@pytest.mark.parametrize(
    ("evidence", "causes"),
    [
        pytest.param(pair({"protocol": "IKEv1"}), [(Reason.PROTOCOL_MISMATCH, CERTAIN)], id="two versions"),
        pytest.param(
            pair({"mode": "ResponderOnly"}, own={"mode": "ResponderOnly"}),
            [(Reason.BOTH_RESPONDER_ONLY, CERTAIN)],
            id="both wait",
        ),
        pytest.param(
            pair({"mode": "InitiatorOnly"}, own={"mode": "InitiatorOnly"}),
            [(Reason.BOTH_INITIATOR_ONLY, CERTAIN)],
            id="both call",
        ),
        pytest.param(
            pair({"mode": "ResponderOnly"}, own={"mode": "InitiatorOnly"}), [], id="one calls, the other answers"
        ),
        pytest.param(pair({}, keys=Keys.DIFFERENT), [(Reason.KEY_MISMATCH, CERTAIN)], id="two keys"),
        pytest.param(
            pair({"policy": a_policy(dhGroup="ECP384")}, keys=Keys.DIFFERENT),
            [(Reason.POLICY_MISMATCH, CERTAIN), (Reason.KEY_MISMATCH, CERTAIN)],
            id="both are said, that first to which IKE comes first",
        ),
        pytest.param(
            pair({"policy": DefaultPolicy()}), [(Reason.DEFAULT_POLICY_GROUP2, CERTAIN)], id="Default has group 2 only"
        ),
        pytest.param(
            pair({"policy": DefaultPolicy()}, own={"policy": a_policy(dhGroup="DHGroup2", pfsGroup="None")}),
            [],
            id="a policy that fits Default",
        ),
        pytest.param(
            pair({"policy": DefaultPolicy()}, own={"policy": a_policy(dhGroup="DHGroup2", ikeIntegrity="SHA384")}),
            [(Reason.POLICY_MISMATCH, CERTAIN)],
            id="a hash that Default does not have",
        ),
        pytest.param(
            pair({"policy": None}), [], id="a half whose policy is not known is compared in nothing that it may have"
        ),
        pytest.param(
            pair({"policy": a_policy(dhGroup="ECP384"), "provisioning_state": "Updating"}),
            [(Reason.POLICY_MISMATCH, LIKELY)],
            id="what a half shows while it is changed may not be in force",
        ),
        pytest.param(pair({"policy": a_policy(saLifeTimeSeconds=27000)}), [], id="lifetimes need not be equal"),
        pytest.param(
            pair({"policy": a_policy(pfsGroup="None"), "protocol": "IKEv1"}, own={"protocol": "IKEv1"}),
            [(Reason.POLICY_MISMATCH, CERTAIN)],
            id="under IKEv1 the PFS group counts from the start",
        ),
        pytest.param(
            pair(
                {"policy": a_policy(ikeEncryption="GCMAES256", ikeIntegrity="SHA384")},
                own={"policy": a_policy(ikeEncryption="GCMAES256", ikeIntegrity="GCMAES256")},
            ),
            [(Reason.POLICY_MISMATCH, LIKELY)],
            id="no document says which function a GCMAES as integrity stands for",
        ),
        pytest.param(down(MissingHalf("GwB")), [(Reason.PEER_HALF_MISSING, CERTAIN)], id="no other half"),
        pytest.param(down(UnseenHalf("it may not be read")), [], id="another half that nobody could read"),
    ],
)
def test_two_halves(evidence: Evidence, causes: list[tuple[Reason, Sureness]]):
    assert named(diagnose(evidence)) == causes


def test_of_somebody_elses_half_only_fields_are_told():
    theirs = an_end("theirs", policy=a_policy(dhGroup="ECP384"), protocol="IKEv1", private=True)
    found = diagnose(down(theirs))
    texts = " ".join(text for cause in found.causes for text in (cause.summary, *cause.evidence))
    assert "dhGroup" in texts
    assert "ECP384" not in texts
    assert "IKEv1" not in texts


ONE = TrafficSelector(frozenset({"10.1.0.0/16"}), frozenset({"10.2.0.0/16"}))
BACK = TrafficSelector(frozenset({"10.2.0.0/24"}), frozenset({"10.0.0.0/8"}))
ELSEWHERE = TrafficSelector(frozenset({"10.9.0.0/16"}), frozenset({"10.1.0.0/16"}))


@pytest.mark.parametrize(
    ("theirs", "keys", "expected"),
    [
        pytest.param(ELSEWHERE, Keys.EQUAL, [Reason.SELECTOR_MISMATCH], id="nothing in common"),
        pytest.param(BACK, Keys.EQUAL, [], id="IKE narrows what overlaps"),
        pytest.param(ELSEWHERE, Keys.UNKNOWN, [], id="the keys may be it: then nothing is said of ranges"),
    ],
)
def test_selectors(theirs: TrafficSelector, keys: Keys, expected: list[Reason]):
    evidence = pair(
        {"policy_based": True, "selectors": (theirs,)}, own={"policy_based": True, "selectors": (ONE,)}, keys=keys
    )
    assert [cause.reason for cause in diagnose(evidence).known] == expected


# PFS at a rekey

OTHER_PFS = {"policy": a_policy(pfsGroup="ECP256")}


def stayed(minutes: float, **changes: Any) -> Evidence:
    established = NOW - timedelta(minutes=5 + minutes)
    return pair(OTHER_PFS, last_established=established, **changes)


@pytest.mark.parametrize(
    ("evidence", "causes"),
    [
        pytest.param(
            stayed(60, keys=Keys.EQUAL), [(Reason.PFS_MISMATCH_AT_REKEY, CERTAIN)], id="all else is alike, and it fits"
        ),
        pytest.param(stayed(60), [(Reason.PFS_MISMATCH_AT_REKEY, LIKELY)], id="the keys could not be compared"),
        pytest.param(stayed(20, keys=Keys.EQUAL), [], id="it went down long before its keys ended"),
        pytest.param(stayed(60, keys=Keys.DIFFERENT), [(Reason.KEY_MISMATCH, CERTAIN)], id="different keys are enough"),
        pytest.param(pair(OTHER_PFS, keys=Keys.EQUAL), [], id="it never came up: a PFS group cannot do that"),
    ],
)
def test_pfs(evidence: Evidence, causes: list[tuple[Reason, Sureness]]):
    found = diagnose(evidence)
    assert named(found) == causes
    said = {cause.reason for cause in (*found.causes, *found.foreseen)}
    assert Reason.PFS_MISMATCH_AT_REKEY in said, "where it is not the cause, it will be"


def test_a_difference_is_foreseen_while_the_tunnel_is_up():
    up = replace(pair(OTHER_PFS), status="Connected", up=1)
    found = diagnose(up)
    assert not found.down
    assert found.causes == ()
    assert [cause.reason for cause in found.foreseen] == [Reason.PFS_MISMATCH_AT_REKEY]


# The gateway's log


def a_line(
    message: str, seconds_ago: float = 60, category: str = "IKEDiagnosticLog", operation: str = ""
) -> GatewayLogLine:
    time = NOW - timedelta(seconds=seconds_ago)
    if category == "IKEDiagnosticLog":
        message = f"SESSION_ID :{{1}} Remote 203.0.113.6:500: Local 20.0.0.1:500: {message}"
    return GatewayLogLine(time, category, operation or "IKELogEvent", message, "GatewayTenantWorker_IN_0")


def logged(*lines: GatewayLogLine, **changes: Any) -> Evidence:
    return down(log=lines, **changes)


DEFAULT_OWN = {"own": an_end(policy=DefaultPolicy())}
EVER_UP = {"last_established": NOW - timedelta(hours=2)}


@pytest.mark.parametrize(
    ("message", "changes", "causes", "fields"),
    [
        pytest.param(
            "[RECEIVED] IKE_SA_INIT response, notify NO_PROPOSAL_CHOSEN",
            {},
            [(Reason.POLICY_MISMATCH, LIKELY)],
            ("ikeEncryption", "ikeIntegrity", "dhGroup"),
            id="phase 1; a device that does not know the peer may answer so too",
        ),
        pytest.param(
            "[RECEIVED] IKE_AUTH response, notify NO_PROPOSAL_CHOSEN",
            {},
            [(Reason.POLICY_MISMATCH, CERTAIN)],
            ("ipsecEncryption", "ipsecIntegrity"),
            id="phase 2",
        ),
        pytest.param(
            "[SEND] CREATE_CHILD_SA response, notify NO_PROPOSAL_CHOSEN",
            EVER_UP,
            [(Reason.PFS_MISMATCH_AT_REKEY, CERTAIN)],
            ("pfsGroup",),
            id="a rekey of a tunnel that was up",
        ),
        pytest.param(
            "[RECEIVED] quick mode: NO-PROPOSAL-CHOSEN",
            {},
            [(Reason.POLICY_MISMATCH, CERTAIN)],
            ("ipsecEncryption", "ipsecIntegrity", "pfsGroup"),
            id="IKEv1's phase 2 has the PFS group from the start",
        ),
        pytest.param(
            "[RECEIVED] main mode: NO-PROPOSAL-CHOSEN",
            {},
            [(Reason.POLICY_MISMATCH, LIKELY)],
            ("ikeEncryption", "ikeIntegrity", "dhGroup"),
            id="IKEv1's phase 1",
        ),
        pytest.param(
            "[RECEIVED] NO_PROPOSAL_CHOSEN", EVER_UP, [], (), id="no exchange is named: phase 1, 2 or a rekey"
        ),
        pytest.param(
            "[RECEIVED] NO_PROPOSAL_CHOSEN",
            {},
            [(Reason.POLICY_MISMATCH, LIKELY)],
            ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity"),
            id="no exchange is named, and it was never up: then it is no rekey",
        ),
        pytest.param(
            "[SEND] IKE_AUTH response AUTHENTICATION_FAILED", {}, [(Reason.KEY_MISMATCH, LIKELY)], (), id="the key"
        ),
        pytest.param(
            "[RECEIVED] AUTHENTICATION-FAILED", {}, [(Reason.KEY_MISMATCH, LIKELY)], (), id="IKEv1's spelling"
        ),
        pytest.param(
            "[RECEIVED] IKE_AUTH response TS_UNACCEPTABLE",
            {},
            [(Reason.SELECTOR_MISMATCH, CERTAIN)],
            ("trafficSelectorPolicies",),
            id="address ranges",
        ),
        pytest.param(
            "[RECEIVED] quick mode INVALID-ID-INFORMATION",
            {},
            [(Reason.SELECTOR_MISMATCH, CERTAIN)],
            ("trafficSelectorPolicies",),
            id="IKEv1's identities of phase 2 are address ranges",
        ),
        pytest.param("[RECEIVED] main mode INVALID-ID-INFORMATION", {}, [], (), id="an identity is no address range"),
        pytest.param(
            "[RECEIVED] IKE_SA_INIT response INVALID_KE_PAYLOAD",
            {},
            [(Reason.POLICY_MISMATCH, LIKELY)],
            ("dhGroup",),
            id="another group",
        ),
        pytest.param(
            "[RECEIVED] IKE_SA_INIT response INVALID_KE_PAYLOAD",
            DEFAULT_OWN,
            [(Reason.DEFAULT_POLICY_GROUP2, LIKELY)],
            ("dhGroup",),
            id="another group than the one of the Default policy",
        ),
        pytest.param(
            "[RECEIVED] CREATE_CHILD_SA response INVALID_KE_PAYLOAD",
            EVER_UP,
            [(Reason.PFS_MISMATCH_AT_REKEY, LIKELY)],
            ("pfsGroup",),
            id="another group at a rekey",
        ),
        pytest.param(
            "[RECEIVED] INVALID_MAJOR_VERSION",
            {},
            [(Reason.PROTOCOL_MISMATCH, CERTAIN)],
            ("connectionProtocol",),
            id="the version",
        ),
        pytest.param(
            "[LOCAL] [ErrorCode] 0x35E9 [ErrorMessage] IKE authentication credentials are unacceptable",
            {},
            [(Reason.KEY_MISMATCH, LIKELY)],
            (),
            id="Azure's own summary of a refused key",
        ),
        pytest.param(
            "[LOCAL] [ErrorCode] 0x362C [ErrorMessage] Policy match error",
            {},
            [(Reason.POLICY_MISMATCH, LIKELY)],
            ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity"),
            id="Azure's own summary of a refused proposal, which names no phase",
        ),
        pytest.param(
            "[LOCAL] [ErrorCode] 0x362C [ErrorMessage] Policy match error",
            EVER_UP,
            [],
            (),
            id="the same where it was up before: it may be a rekey as well",
        ),
        pytest.param("[LOCAL] [ErrorCode] 0x35ED [ErrorMessage] Negotiation timed out", {}, [], (), id="no answer"),
        pytest.param("[RECEIVED] main mode PAYLOAD-MALFORMED", {}, [], (), id="what has many causes names none"),
        pytest.param("[RECEIVED] IKE_AUTH response", {}, [], (), id="nothing is refused"),
        pytest.param("[LOCAL] MY_NO_PROPOSAL_CHOSENX", {}, [], (), id="another word"),
    ],
)
def test_a_line_of_the_log(
    message: str, changes: dict[str, Any], causes: list[tuple[Reason, Sureness]], fields: tuple[str, ...]
):
    found = diagnose(logged(a_line(message), **changes))
    assert named(found) == causes
    assert [cause.fields for cause in found.known] == ([fields] if causes else [])
    if causes:
        assert any(message in text for text in found.known[0].evidence), "the line itself is the evidence"


def test_a_standards_name_says_more_than_azures_summary_of_the_same_attempt():
    summary = a_line("[LOCAL] [ErrorCode] 0x362C [ErrorMessage] Policy match error", 10)
    name = a_line("[RECEIVED] IKE_AUTH response, notify NO_PROPOSAL_CHOSEN", 11)
    assert named(diagnose(logged(summary, name))) == [(Reason.POLICY_MISMATCH, CERTAIN)]


def test_the_newest_telling_line_counts():
    newer = a_line("[RECEIVED] IKE_AUTH response TS_UNACCEPTABLE", 30)
    older = a_line("[RECEIVED] IKE_AUTH response AUTHENTICATION_FAILED", 300)
    assert named(diagnose(logged(older, newer))) == [(Reason.SELECTOR_MISMATCH, CERTAIN)]


def test_a_wrong_group_is_how_ike_finds_the_right_one():
    newest = a_line("[RECEIVED] IKE_SA_INIT response INVALID_KE_PAYLOAD", 1)
    telling = a_line("[RECEIVED] IKE_AUTH response AUTHENTICATION_FAILED", 2)
    assert named(diagnose(logged(newest, telling))) == [(Reason.KEY_MISMATCH, LIKELY)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"last_established": NOW - timedelta(seconds=30)}, id="from before it was last up, by Azure"),
        pytest.param(
            {"extra": a_line("", 30, "TunnelDiagnosticLog", "TunnelConnected")},
            id="from before it was last up, by the log",
        ),
    ],
)
def test_old_lines_say_nothing_of_this_outage(changes: dict[str, Any]):
    extra = changes.pop("extra", None)
    lines = [*([extra] if extra else []), a_line("[RECEIVED] IKE_AUTH response AUTHENTICATION_FAILED", 60)]
    assert diagnose(logged(*lines, **changes)).known == ()


NOTIFY = "[LOCAL] received NO_PROPOSAL_CHOSEN notify error"
IN_PHASE_2 = "[LOCAL] parsed IKE_AUTH response 1 [ N(NO_PROP) ]"


@pytest.mark.parametrize(
    ("older", "fields"),
    [
        pytest.param([IN_PHASE_2], ("ipsecEncryption", "ipsecIntegrity"), id="the line before names it"),
        pytest.param(
            ["[LOCAL] keeping IKE_SA", "[RECEIVED] received packet", IN_PHASE_2],
            ("ipsecEncryption", "ipsecIntegrity"),
            id="the newest one that names any",
        ),
        pytest.param(
            ["[LOCAL] parsed IKE_SA_INIT response 0", IN_PHASE_2],
            ("ikeEncryption", "ikeIntegrity", "dhGroup"),
            id="and not an older one",
        ),
        pytest.param(
            ["[LOCAL] generating QUICK_MODE request 1 [ HASH SA No ID ID ]"],
            ("ipsecEncryption", "ipsecIntegrity", "pfsGroup"),
            id="IKEv1's phase 2",
        ),
    ],
)
def test_a_line_without_its_exchange_belongs_to_the_one_that_its_session_was_in(
    older: list[str], fields: tuple[str, ...]
):
    lines = [a_line(text, 10 + number) for number, text in enumerate([NOTIFY, *older])]
    (cause,) = diagnose(logged(*lines)).known
    assert (cause.reason, cause.sureness, cause.fields) == (Reason.POLICY_MISMATCH, LIKELY, fields)
    assert NOTIFY in cause.evidence[0]
    assert len(cause.evidence) == 2, "both lines are the evidence"


@pytest.mark.parametrize(
    "older",
    [
        pytest.param(a_line(IN_PHASE_2, 5), id="it came later"),
        pytest.param(replace(a_line(IN_PHASE_2, 20), message=f"SESSION_ID :{{2}} {IN_PHASE_2}"), id="another session"),
        pytest.param(replace(a_line(IN_PHASE_2, 20), message=IN_PHASE_2), id="no session"),
        pytest.param(a_line("[LOCAL] after IKE_SA_INIT comes IKE_AUTH", 20), id="two exchanges in one line"),
    ],
)
def test_a_line_that_stands_alone_names_no_exchange(older: GatewayLogLine):
    (cause,) = diagnose(logged(a_line(NOTIFY, 10), older)).known
    assert cause.fields == ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity")


def test_a_line_does_not_outweigh_what_was_compared():
    lines = (a_line("[RECEIVED] IKE_AUTH response AUTHENTICATION_FAILED"),)
    assert diagnose(pair({}, keys=Keys.EQUAL, log=lines)).known == ()
    assert named(diagnose(pair({}, log=lines))) == [(Reason.KEY_MISMATCH, LIKELY)]


def test_a_device_that_does_not_answer():
    sent = [a_line("[SEND] IKE_SA_INIT request", seconds) for seconds in (10, 20, 30)]
    (cause,) = diagnose(logged(*sent)).causes
    assert cause.reason is Reason.UNKNOWN_PEER_SIDE
    assert cause.summary == "the device behind Site6 does not answer: 3 messages went out, and none came in"


# What it does


@pytest.mark.parametrize(
    ("count", "minutes", "flaps"),
    [
        pytest.param(3, 50, True, id="three times in an hour"),
        pytest.param(2, 10, False, id="twice"),
        pytest.param(3, 300, False, id="three times in five hours"),
    ],
)
def test_flapping_by_events(count: int, minutes: float, *, flaps: bool):
    drops = Drops(count, NOW - timedelta(minutes=minutes), NOW - timedelta(minutes=1))
    for evidence in (down(drops=drops), replace(down(drops=drops), status="Connected", up=1)):
        assert (Reason.FLAPPING in {cause.reason for cause in diagnose(evidence).causes}) == flaps


def test_flapping_by_the_log_is_of_one_instance():
    times = [a_line("", minutes * 60, "TunnelDiagnosticLog", "TunnelDisconnected") for minutes in (5, 20, 40)]
    assert named(diagnose(logged(*times))) == [(Reason.FLAPPING, CERTAIN)]
    elsewhere = [replace(line, instance=f"GatewayTenantWorker_IN_{number}") for number, line in enumerate(times)]
    assert diagnose(logged(*elsewhere)).known == (), "a failover takes each instance's tunnels down once"


def test_a_quiet_tunnel():
    up = replace(down(), status="Connected", up=1, quiet=Quiet(NOW - timedelta(hours=1)))
    found = diagnose(up)
    assert (found.down, named(found)) == (False, [(Reason.NO_TRAFFIC, CERTAIN)])


def test_a_gateway_at_work_is_not_blamed_where_a_cause_is_known():
    busy = {"gateway": GatewayState("GwA", "Updating")}
    assert named(diagnose(pair({}, own=busy))) == [(Reason.GATEWAY_UPDATING, LIKELY)]
    assert named(diagnose(pair({"protocol": "IKEv1"}, own=busy))) == [(Reason.PROTOCOL_MISMATCH, CERTAIN)]


# What is not known


def test_of_a_device_it_says_what_it_may_be_and_what_would_tell():
    found = diagnose(down())
    assert [cause.reason for cause in found.causes] == [Reason.UNKNOWN_PEER_SIDE]
    told = " ".join(found.possible)
    for reason in (Reason.KEY_MISMATCH, Reason.POLICY_MISMATCH, Reason.SELECTOR_MISMATCH, Reason.PROTOCOL_MISMATCH):
        assert reason in told
    assert Reason.DEFAULT_POLICY_GROUP2 not in told, "it has a policy"
    assert any("203.0.113.6" in item for item in found.would_tell)


def test_an_ike_sa_without_an_ipsec_sa_leaves_phase_2_and_ranges():
    found = diagnose(down(ike_sas=(IkeSa("20.0.0.1", "203.0.113.6", 60.0, has_child=False),)))
    (cause,) = found.causes
    assert "key and phase 1 fit" in cause.summary
    assert [item.partition(":")[0] for item in found.possible] == [Reason.POLICY_MISMATCH, Reason.SELECTOR_MISMATCH]


def test_without_azure_it_says_what_azure_would_tell():
    assert "--azure" in diagnose(down(azure_read=False)).would_tell[0]


def test_two_halves_that_agree_are_not_called_unknown():
    (cause,) = diagnose(pair({}, keys=Keys.EQUAL)).causes
    assert (cause.reason, cause.sureness) == (Reason.NOT_CONNECTED, NOT_KNOWN)


def test_one_tunnel_of_two():
    found = diagnose(down(status="Connected", up=1, total=2))
    assert found.down
    assert found.known == ()
    assert found.possible == (), "key and policy are those of the tunnel that is up"


@pytest.mark.parametrize("status", [None, "Unknown", "Melting"])
def test_where_azure_does_not_tell_neither_do_we(status: str | None):
    found = diagnose(replace(pair({"protocol": "IKEv1"}), status=status))
    assert found.known == ()
    assert found.would_tell


# Laws

VALUES_OF = {
    "ikeEncryption": ["AES128", "AES256", "DES3", "GCMAES256"],
    "ikeIntegrity": ["SHA1", "SHA256", "SHA384", "GCMAES256"],
    "dhGroup": ["DHGroup2", "DHGroup14", "DHGroup2048", "ECP384", "None"],
    "ipsecEncryption": ["AES256", "GCMAES256", "None"],
    "ipsecIntegrity": ["SHA1", "SHA256", "GCMAES256"],
    "pfsGroup": ["None", "PFS2", "PFS2048", "PFS14", "PFSMM", "ECP384", "Odd"],
}
policies = st.one_of(
    st.just(DefaultPolicy()),
    st.fixed_dictionaries({k: st.sampled_from(v) for k, v in VALUES_OF.items()}).map(lambda v: a_policy(**v)),
)


@given(policies, policies)
def test_comparing_is_the_same_from_both_sides(one: Any, other: Any):
    there, back = compare_policies(one, other), compare_policies(other, one)
    assert [(item.field, item.sure) for item in there.differences] == [
        (item.field, item.sure) for item in back.differences
    ]
    assert (there.group2 is None, there.pfs is None) == (back.group2 is None, back.pfs is None)


@given(policies)
def test_a_policy_agrees_with_itself(one: Any):
    found = compare_policies(one, one)
    assert (found.differences, found.group2, found.pfs) == ((), None, None)


@given(
    policies,
    policies,
    st.sampled_from(["Connected", "NotConnected", "Connecting", None]),
    st.sampled_from(list(Keys)),
    st.sampled_from([DEVICE, MissingHalf(), UnseenHalf("why"), UnseenHalf("why", ours=True), None]),
    st.sampled_from([None, 0, 30, 3600, 100000]),
)
def test_every_answer_is_whole(one: Any, other: Any, status: Any, keys: Keys, far: Any, up_for: Any):
    """Whatever is known: a tunnel that is down has a cause or an admission, and evidence for each cause that is named."""
    evidence = down(
        far or an_end("C2", policy=other),
        own=an_end(policy=one),
        status=status,
        up=int(status == "Connected"),
        keys=keys,
        last_established=None if up_for is None else NOW - timedelta(seconds=300 + up_for),
        log=NoLog("why"),
    )
    found = diagnose(evidence)
    assert found.causes or not found.down
    for cause in (*found.known, *found.foreseen):
        assert cause.evidence
        assert cause.actions
    if found.down and not found.known:
        assert len(found.causes) == 1
