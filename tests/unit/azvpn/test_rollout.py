import argparse
import json
from typing import Any

import pytest

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.azvpn import rollout
from azure_vpn_operator.azvpn.arguments import rollout as arguments
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.fleet import fleet_of
from azure_vpn_operator.azvpn.rollout import find_policy, history_of, progress_of, revision_to, table_of
from support.cases.maps import AFTER, BEFORE, NOW, a_policy, hash_of, small_fleet

OLDER = {**BEFORE, "dhGroup": "DHGroup14"}


def policy(states: list[tuple[dict[str, Any], str]], spec: dict[str, Any] = AFTER) -> dict[str, Any]:
    """A policy whose status has these revisions, the newest first."""
    document = a_policy("site6", target=spec)
    document["status"]["revisions"] = [
        {"hash": hash_of(values), "values": values, "generation": 1, "state": state, "since": "2026-01-01T00:00:00Z"}
        for values, state in states
    ]
    return document


@pytest.mark.parametrize(
    ("states", "named", "goal"),
    [
        pytest.param(
            [(AFTER, "Failed"), (BEFORE, "Current")], None, BEFORE, id="what failed goes back to what all have"
        ),
        pytest.param([(AFTER, "Target"), (BEFORE, "Current")], None, BEFORE, id="on its way"),
        pytest.param([(AFTER, "Current"), (BEFORE, "Superseded")], None, BEFORE, id="all have it and nobody wants it"),
        pytest.param(
            [(AFTER, "Failed"), (OLDER, "Superseded"), (BEFORE, "Current")],
            None,
            BEFORE,
            id="what all have before newer ones",
        ),
        pytest.param(
            [(AFTER, "Current"), (BEFORE, "Failed"), (OLDER, "Superseded")], None, OLDER, id="never to what failed"
        ),
        pytest.param([(AFTER, "Current"), (BEFORE, "Failed")], hash_of(BEFORE)[:8], BEFORE, id="unless it is named"),
    ],
)
def test_undo_goes_to_values_that_have_worked(states: Any, named: str | None, goal: dict[str, Any]):
    found = revision_to(IpsecPolicy.model_validate(policy(states)), named)

    assert found.values.wire() == goal


@pytest.mark.parametrize(
    ("states", "named", "words"),
    [
        pytest.param([(AFTER, "Current")], None, "no earlier values", id="there was nothing before"),
        pytest.param([(AFTER, "Target"), (BEFORE, "Failed")], None, "no earlier values", id="nothing has worked"),
        pytest.param([(AFTER, "Current")], "ffff", "0 revisions begin with ffff", id="a name that is none"),
        pytest.param([(AFTER, "Target"), (BEFORE, "Current")], "", "2 revisions begin", id="a name that is several"),
    ],
)
def test_undo_says_why_it_cannot(states: Any, named: str | None, words: str):
    with pytest.raises(ToolError, match=words):
        revision_to(IpsecPolicy.model_validate(policy(states)), named)


def test_history_says_what_each_edit_changed():
    revisions = IpsecPolicy.model_validate(policy([(AFTER, "Target"), (BEFORE, "Current")])).status.revisions
    lines = history_of(revisions, NOW).splitlines()

    assert lines[1].endswith("dhGroup: DHGroup24 -> ECP384")
    assert lines[1].startswith(hash_of(AFTER)[:10])
    assert "saLifeTimeSeconds=27000" in lines[2]
    assert history_of((), NOW) == "No revisions yet: no connection has used the policy.\n"


def test_status_shows_where_each_tunnel_stands():
    documents = small_fleet()
    fleet = fleet_of(
        [each for each in documents if each["kind"] == "VpnConnection"],
        [each for each in documents if each["kind"] == "IpsecPolicy"],
    )
    found = find_policy(fleet, "branches")

    assert "shop-turin       Moving" in table_of(found)
    assert progress_of(found).startswith("Wave: 2 of 6 connections have the values (1 done, 1 moving, 4 behind)")
    with pytest.raises(ToolError, match='"nobody" not found'):
        find_policy(fleet, "nobody")


@pytest.mark.parametrize(
    ("generation", "code", "line"),
    [
        pytest.param(2, 0, "AtRest: ", id="the operator has looked at it"),
        pytest.param(3, 2, "The operator has not seen the edit yet.", id="the status is about the edit before"),
    ],
)
def test_status_waits_until_the_operator_has_seen_the_edit(
    generation: int, code: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    document = a_policy("site6")
    document["metadata"]["generation"] = generation
    monkeypatch.setattr(rollout, "read_fleet", lambda *_, **__: fleet_of([], [document]))

    if code == 0:
        assert run("status", "site6", "--timeout", "0") == 0
    else:
        with pytest.raises(ToolError, match="has not rolled out within 0 s"):
            run("status", "site6", "--timeout", "0")

    assert capsys.readouterr().out.splitlines()[-1].startswith(line)


class Cluster:
    """A kubectl over one policy that keeps what is sent."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.sent: list[tuple[str, ...]] = []

    def get(self, _kind: str, _name: str) -> dict[str, Any]:
        return self.document

    def __call__(self, *arguments: str) -> str:
        self.sent.append(arguments)
        return ""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    found = Cluster(policy([(AFTER, "Failed"), (BEFORE, "Current")]))
    monkeypatch.setattr(rollout.kubectl, "Kubectl", lambda _options: found)
    return found


def run(*given: str) -> int:
    parser = argparse.ArgumentParser()
    arguments.add_arguments(parser)
    return rollout.run(parser.parse_args(given))


def test_undo_patches_the_values_and_leaves_the_strategy_alone(cluster: Cluster):
    assert run("undo", "site6") == 0

    ((verb, _, name, *flags),) = cluster.sent
    assert (verb, name) == ("patch", "site6")
    patch = json.loads(next(flag for flag in flags if flag.startswith("--patch=")).removeprefix("--patch="))
    assert patch == {"spec": BEFORE}


@pytest.mark.parametrize(
    ("marks", "owner"),
    [
        pytest.param({"labels": {"kustomize.toolkit.fluxcd.io/name": "vpn"}}, "Flux's Kustomization vpn", id="Flux"),
        pytest.param(
            {"annotations": {"argocd.argoproj.io/tracking-id": "vpn:azvpn.dev/IpsecPolicy:network/site6"}},
            "Argo CD's Application vpn",
            id="Argo CD",
        ),
    ],
)
def test_undo_of_what_comes_from_git_says_where_to_do_it(cluster: Cluster, marks: dict[str, Any], owner: str):
    cluster.document["metadata"] |= marks

    with pytest.raises(ToolError, match=owner):
        run("undo", "site6")
    assert cluster.sent == []
    assert run("undo", "site6", "--force") == 0
    assert len(cluster.sent) == 1


@pytest.mark.parametrize(
    ("action", "word"),
    [
        pytest.param("retry", "azvpn.dev/rollout-retry=", id="retry"),
        pytest.param("continue", "azvpn.dev/rollout-continue=", id="continue"),
        pytest.param("pause", '--patch={"spec": {"rollout": {"paused": true}}}', id="pause"),
        pytest.param("resume", '--patch={"spec": {"rollout": {"paused": null}}}', id="resume"),
    ],
)
def test_what_a_person_says_is_one_change_of_the_object(cluster: Cluster, action: str, word: str):
    assert run(action, "site6") == 0

    (sent,) = cluster.sent
    assert any(argument.startswith(word) for argument in sent)
