"""Each alert fires for its reason and for nothing else.

The series are what the operator's own telemetry exports of connections as they are, minute by minute; who judges is promtool.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from azure_vpn_operator.telemetry.fleet_samples import (
    BgpSample,
    ChangesSample,
    ConditionSample,
    ConnectionInfo,
    ConnectionSample,
    FleetSample,
    HalfSample,
    PolicySample,
)
from azure_vpn_operator.telemetry.metrics import Metrics
from support.promtool import Question, Recording, alerts, annotations_of, ask_promtool

# In one worker: what all of them share takes as long as all of them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group(name="alerts")]

ID = "/subscriptions/s/resourceGroups/TestRG1/providers/Microsoft.Network/connections/VNet1toSite6"
WHO = {
    "namespace": "network",
    "name": "site6",
    "connection_id": ID,
    "gateway": "VNet1GW",
    "peer": "Site6",
    "site": "Berlin",
}


def conditions(**reasons: str) -> tuple[ConditionSample, ...]:
    """Those of a connection in peace, with others instead or besides: `Ready="False/Throttled"`."""
    peace = {
        "Ready": "True/UpToDate",
        "CredentialsResolved": "True/KeyFound",
        "Synced": "True/UpToDate",
        "Connected": "True/AllTunnelsUp",
        "Paused": "False/NotPaused",
    }
    return tuple(ConditionSample(kind, *text.split("/")) for kind, text in {**peace, **reasons}.items())


PEACE = ConnectionSample(
    "network",
    "site6",
    conditions(),
    connected=True,
    info=ConnectionInfo(ID, "VNet1GW", "Site6", "Berlin", "strong"),
    halves=(HalfSample("Forward", 2, 2, last_established=60.0, traffic=(1, 1)),),
    last_change=120.0,
    bgp=BgpSample(established=True, sessions=2, sessions_up=2, routes=7),
)
DOWN = replace(PEACE, connected=False, halves=(HalfSample("Forward", 0, 2),))
UNKNOWN = replace(PEACE, connected=None, halves=(HalfSample("Forward"),))
HALF_UP = replace(PEACE, halves=(HalfSample("Forward", 1, 2),))
NO_BGP = replace(PEACE, bgp=BgpSample(established=False, sessions=2, sessions_up=1, routes=0))
UNDOING = replace(DOWN, change=("Policy", "RollingBack"), changing=True)
QUIET = ChangesSample()
HELD = conditions(Paused="True/HeldInAzure")


def flapped(times: int) -> ConnectionSample:
    return replace(PEACE, halves=(HalfSample("Forward", 2, 2, flaps=times),))


def condition(**reasons: str) -> ConnectionSample:
    return replace(PEACE, conditions=conditions(**reasons))


def rollout(text: str) -> PolicySample:
    stages = {"waiting": 4, "unconfirmed": 0, "confirmed": 2, "skipped": 0}
    return PolicySample("network", "strong", 6, (ConditionSample("RolledOut", *text.split("/")),), stages)


FAILED = rollout("False/RolloutFailed")


@dataclass(frozen=True)
class Minutes:
    """So many minutes in which all stays as it is."""

    count: int
    connection: ConnectionSample | None = PEACE
    """None: there is no such object."""
    changes: ChangesSample = QUIET
    leading: bool = True
    scraped: bool = True
    policy: PolicySample | None = None
    throttled: bool = False
    """Azure refuses a request each minute."""
    looked_at: bool = True
    """The connection is read in each of them."""


@dataclass(frozen=True)
class Story:
    """What happens, and what an alert makes of it at the end."""

    alert: str
    history: Sequence[Minutes]
    labels: Mapping[str, str] | None = None
    """Of the alert that fires; None: it keeps silent."""


def silent(alert: str, *history: Minutes) -> Story:
    return Story(alert, history)


def fires(alert: str, *history: Minutes, **labels: str) -> Story:
    return Story(alert, history, labels or WHO)


def record(history: Sequence[Minutes]) -> tuple[Recording, int]:
    """What Prometheus has at the end, and the last minute."""
    recording, metrics, minute, read = Recording(), Metrics(version="1"), 0, 0.0
    sample = FleetSample()
    metrics.watch_fleet(lambda: sample)
    for part in history:
        for _ in range(part.count):
            read = minute * 60.0 if part.looked_at else read
            known = (
                [replace(part.connection, last_observed=read)] if part.connection is not None and part.leading else []
            )
            policies = [part.policy] if part.policy is not None else []
            sample = FleetSample("it", part.leading, known, policies, changes=part.changes if part.leading else None)
            if part.throttled:
                metrics.azure.throttled("sub-1", "reads", "TooManyRequests")
            recording.minute({"operator-0": metrics if part.scraped else None})
            minute += 1
    return recording, minute - 1


TUNNEL = "AzureVpnTunnelDown"
REDUNDANCY = "AzureVpnRedundancyLost"
BGP = "AzureVpnBgpDown"
FLAPPING = "AzureVpnFlapping"
STALE = "AzureVpnObservationStale"
ROLLED_BACK = "AzureVpnRolledBack"
ROLLOUT = "AzureVpnRolloutFailed"
UNDO = "AzureVpnUndoBlocked"
HALTED = "AzureVpnFleetHalted"
DRIFT = "AzureVpnDriftHeld"
KEY = "AzureVpnKeyUnverified"
STALLED = "AzureVpnStalled"
ABSENT = "AzureVpnOperatorAbsent"
THROTTLED = "AzureVpnThrottled"

STORIES = {
    # the tunnel
    "a tunnel in peace": silent(TUNNEL, Minutes(30)),
    "a tunnel that is down": fires(TUNNEL, Minutes(5), Minutes(7, DOWN)),
    "a tunnel that was down for a moment": silent(TUNNEL, Minutes(5), Minutes(3, DOWN), Minutes(5)),
    "a tunnel that is down for a change of ours": silent(TUNNEL, Minutes(5), Minutes(15, replace(DOWN, changing=True))),
    "a tunnel that stays down after a change of ours": fires(
        TUNNEL, Minutes(5), Minutes(15, replace(DOWN, changing=True)), Minutes(7, DOWN)
    ),
    "a tunnel of which nothing is known": silent(TUNNEL, Minutes(5), Minutes(60, UNKNOWN)),
    "a tunnel that was down, and then nothing is known": silent(TUNNEL, Minutes(5, DOWN), Minutes(7, UNKNOWN)),
    "a tunnel that is down, and the operator is started anew": fires(
        TUNNEL, Minutes(10, DOWN), Minutes(1, scraped=False), Minutes(9, DOWN)
    ),
    "a connection that was deleted while its tunnel was down": silent(TUNNEL, Minutes(10, DOWN), Minutes(2, None)),
    "a tunnel that is down, and one of two tunnels": silent(REDUNDANCY, Minutes(5), Minutes(30, DOWN)),
    # redundancy
    "both tunnels are up": silent(REDUNDANCY, Minutes(30)),
    "one of two tunnels is up": fires(REDUNDANCY, Minutes(5), Minutes(17, HALF_UP), role="Forward", **WHO),
    "one of two tunnels is up while the gateway is maintained": silent(
        REDUNDANCY, Minutes(5), Minutes(12, HALF_UP), Minutes(5)
    ),
    "one of two tunnels is up while a change is confirmed": silent(
        REDUNDANCY, Minutes(5), Minutes(20, replace(HALF_UP, changing=True))
    ),
    "redundancy of which nothing is known": silent(REDUNDANCY, Minutes(30, UNKNOWN)),
    "one of two tunnels is up is no tunnel that is down": silent(TUNNEL, Minutes(5), Minutes(17, HALF_UP)),
    # BGP
    "BGP in peace": silent(BGP, Minutes(30)),
    "BGP is down over a tunnel that is up": fires(BGP, Minutes(5), Minutes(12, NO_BGP)),
    "BGP is down with its tunnel": silent(BGP, Minutes(5), Minutes(20, replace(DOWN, bgp=NO_BGP.bgp))),
    "BGP comes up a little after its tunnel": silent(BGP, Minutes(5, DOWN), Minutes(4, NO_BGP), Minutes(5)),
    "BGP of which nothing is known": silent(BGP, Minutes(30, replace(PEACE, bgp=BgpSample()))),
    "a connection without BGP": silent(BGP, Minutes(30, replace(PEACE, bgp=None))),
    # flaps
    "no flap": silent(FLAPPING, Minutes(90)),
    "two flaps in an hour": silent(FLAPPING, Minutes(30), Minutes(10, flapped(1)), Minutes(30, flapped(2))),
    "three flaps in an hour": fires(
        FLAPPING, Minutes(30), Minutes(10, flapped(1)), Minutes(10, flapped(2)), Minutes(10, flapped(3))
    ),
    "three flaps in three hours": silent(
        FLAPPING, Minutes(10), Minutes(70, flapped(1)), Minutes(70, flapped(2)), Minutes(9, flapped(3))
    ),
    "a counter that begins anew": silent(
        FLAPPING, Minutes(30, flapped(20)), Minutes(1, scraped=False), Minutes(29, flapped(0))
    ),
    # what is not known
    "a connection that is read": silent(STALE, Minutes(90)),
    "a tunnel of which nothing is known for a while": fires(STALE, Minutes(5), Minutes(12, UNKNOWN)),
    "a tunnel of which nothing is known for a moment": silent(STALE, Minutes(5), Minutes(8, UNKNOWN), Minutes(5)),
    "a tunnel that is known to be down": silent(STALE, Minutes(5), Minutes(60, DOWN)),
    "an operator that has stopped reading without noticing": fires(STALE, Minutes(5), Minutes(75, looked_at=False)),
    "a connection that is read seldom": silent(STALE, Minutes(5), Minutes(40, looked_at=False), Minutes(5)),
    "an object that is gone is not stale": silent(STALE, Minutes(5), Minutes(12, UNKNOWN), Minutes(2, None)),
    # changes
    "a change that works": silent(
        ROLLED_BACK, Minutes(5), Minutes(10, replace(PEACE, change=("Policy", "Confirming"), changing=True)), Minutes(5)
    ),
    "a change that was undone": fires(
        ROLLED_BACK,
        Minutes(5),
        Minutes(3, UNDOING),
        Minutes(2, replace(PEACE, change=("Policy", "RolledBack"))),
        cause="Policy",
        state="RolledBack",
        **WHO,
    ),
    "a change that failed and stays": fires(
        ROLLED_BACK, Minutes(5), Minutes(2, replace(DOWN, change=("Key", "Failed"))), cause="Key", state="Failed", **WHO
    ),
    "a failed change that somebody took back": silent(
        ROLLED_BACK, Minutes(5, replace(PEACE, change=("Policy", "RolledBack"))), Minutes(2)
    ),
    "a rollout on its way": silent(ROLLOUT, Minutes(10, policy=rollout("False/RollingOut"))),
    "a rollout that has failed": fires(
        ROLLOUT,
        Minutes(3, policy=rollout("False/RollingOut")),
        Minutes(2, policy=FAILED),
        namespace="network",
        name="strong",
    ),
    "a rollout that was taken back": silent(
        ROLLOUT, Minutes(3, policy=FAILED), Minutes(2, policy=rollout("True/RolledOut"))
    ),
    "an undo on its way": silent(UNDO, Minutes(5), Minutes(6, UNDOING)),
    "an undo that a hold keeps back": fires(
        UNDO, Minutes(5), Minutes(3, replace(UNDOING, conditions=HELD)), cause="Policy", **WHO
    ),
    "an undo that does not end": fires(UNDO, Minutes(5), Minutes(18, UNDOING), cause="Policy", **WHO),
    "a hold with nothing to undo": silent(UNDO, Minutes(5), Minutes(20, replace(DOWN, conditions=HELD))),
    "two undos, one soon after the other": silent(UNDO, Minutes(3, UNDOING), Minutes(9), Minutes(4, UNDOING)),
    "changes go on": silent(HALTED, Minutes(30, changes=ChangesSample(unconfirmed=3))),
    "changes have stopped": fires(
        HALTED, Minutes(5), Minutes(2, changes=ChangesSample(halted=True)), installation="it"
    ),
    "changes had stopped": silent(HALTED, Minutes(5, changes=ChangesSample(halted=True)), Minutes(2)),
    "drift that is corrected": silent(DRIFT, Minutes(5), Minutes(3, condition(Synced="False/Updating")), Minutes(30)),
    "drift that is left": fires(DRIFT, Minutes(5), Minutes(32, condition(Synced="False/DriftDetected"))),
    "drift that somebody soon takes back": silent(
        DRIFT, Minutes(5), Minutes(20, condition(Synced="False/DriftDetected")), Minutes(20)
    ),
    "differences of one that only observes": silent(DRIFT, Minutes(60, condition(Synced="False/DifferencesObserved"))),
    "a key that is known": silent(KEY, Minutes(90)),
    "a key that could not be compared": fires(KEY, Minutes(62, condition(CredentialsResolved="True/KeyUnverified"))),
    "a key that could not be compared at first": silent(
        KEY, Minutes(30, condition(CredentialsResolved="True/KeyUnverified")), Minutes(60)
    ),
    "nobody is needed": silent(STALLED, Minutes(30, condition(Reconciling="True/Updating"))),
    "somebody is needed": fires(
        STALLED, Minutes(5), Minutes(17, condition(Stalled="True/AzureForbidden")), reason="AzureForbidden", **WHO
    ),
    "somebody was needed for a moment": silent(
        STALLED, Minutes(5), Minutes(8, condition(Stalled="True/AzureForbidden")), Minutes(10)
    ),
    "a failed change has an alert of its own": silent(STALLED, Minutes(30, condition(Stalled="True/RolledBack"))),
    "drift has an alert of its own": silent(STALLED, Minutes(60, condition(Stalled="True/DriftDetected"))),
    # the operator
    "an operator that works": silent(ABSENT, Minutes(30)),
    "an operator that is gone": fires(ABSENT, Minutes(10), Minutes(7, scraped=False), installation="it"),
    "an operator that is started anew": silent(ABSENT, Minutes(10), Minutes(3, scraped=False), Minutes(5)),
    "an operator that is there and does not lead": fires(
        ABSENT, Minutes(10), Minutes(7, leading=False), installation="it"
    ),
    "requests that Azure takes": silent(THROTTLED, Minutes(60)),
    "requests that Azure refuses on and on": fires(
        THROTTLED, Minutes(5), Minutes(20, throttled=True), subscription="sub-1", type="reads", code="TooManyRequests"
    ),
    "one burst of refusals": silent(THROTTLED, Minutes(5), Minutes(3, throttled=True), Minutes(20)),
}


def question(story: Story) -> Question:
    recording, last = record(story.history)
    severity = next(rule["labels"] for rule in alerts() if rule["alert"] == story.alert)
    return Question(recording, story.alert, last, {**story.labels, **severity} if story.labels is not None else None)


@pytest.fixture(scope="module")
def all_at_once(tmp_path_factory: pytest.TempPathFactory) -> bool:
    """Whether promtool agrees with all stories: one process, where each of its own would take a second."""
    return not ask_promtool(tmp_path_factory.mktemp("all"), [question(story) for story in STORIES.values()])


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_an_alert_fires_for_its_reason_and_for_nothing_else(story: Story, all_at_once: bool, tmp_path: Path):
    if not all_at_once:
        found = ask_promtool(tmp_path, [question(story)])
        assert not found, found


@pytest.mark.parametrize("alert", sorted({rule["alert"] for rule in alerts()}))
def test_what_a_person_gets_has_all_names_in_it_and_no_gap(alert: str, tmp_path: Path):
    story = next(story for story in STORIES.values() if story.alert == alert and story.labels is not None)
    text = annotations_of(tmp_path, question(story))
    assert "description=" in text
    assert not re.search(r"<no value>|error|NaN|\{\{", text), text
    if story.labels is not None and "peer" in story.labels:
        assert "network/site6" in text
        assert "kubectl -n network" in text
    for place in re.findall(r"(?:gateway|peer|site) ([^ .,)(]*)", text):
        assert place, text


def test_the_last_change_is_told_with_its_time(tmp_path: Path):
    story = STORIES["a tunnel that is down"]
    assert "Last change of the operator: 1970-01-01 00:02:00 +0000 UTC." in annotations_of(tmp_path, question(story))
    unknown = replace(
        story,
        history=[
            replace(part, connection=replace(part.connection, last_change=None))
            for part in story.history
            if part.connection
        ],
    )
    assert "Last change of the operator: none known." in annotations_of(tmp_path, question(unknown))


def test_every_alert_has_stories_in_which_it_fires_and_in_which_it_does_not():
    names = {rule["alert"] for rule in alerts()}
    assert {story.alert for story in STORIES.values() if story.labels is not None} == names
    assert {story.alert for story in STORIES.values() if story.labels is None} == names
