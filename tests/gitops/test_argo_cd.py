"""Argo CD's health and actions over the recorded states, read from the files as Argo CD's own tests read them.

The tests of its repository go through health_test.yaml and action_test.yaml just so, which is what these folders are for.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.cases.actions import ACTED, IN_AN_HOUR, OFFERED, SOME_TIME, Acted
from support.cases.states import STATES
from support.git_tools import ArgoLua, Document, Verdict
from support.recordings import CUSTOMIZATIONS, actions_of, expected_output, read_recording, recording_of
from workbench.argocd import CONFIG_MAP, main, render

KINDS = ("IpsecPolicy", "VpnConnection")
CONDITIONLESS: Document = {
    "apiVersion": "azvpn.dev/v1alpha1",
    "kind": "VpnConnection",
    "metadata": {"name": "a", "generation": 1},
    "spec": {},
}


@pytest.mark.parametrize("kind", KINDS)
def test_health_of_each_recording_is_what_its_test_file_says(argo: ArgoLua, kind: str) -> None:
    folder = CUSTOMIZATIONS / kind
    cases = _read(folder / "health_test.yaml")["tests"]

    healths = argo.health([_read(folder / case["inputPath"]) for case in cases])

    assert {case["inputPath"]: case["healthStatus"] for case in cases} == {
        case["inputPath"]: {"status": health.status, "message": health.message}
        for case, health in zip(cases, healths, strict=True)
    }
    assert {case["inputPath"] for case in cases} == {f"testdata/{name}.yaml" for found, name in STATES if found == kind}


def test_health_is_what_is_meant(argo: ArgoLua) -> None:
    healths = argo.health([read_recording(*state) for state in STATES])

    assert [health.status for health in healths] == [state.argo for state in STATES.values()]
    assert all(health.message for health in healths)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "status",
    [
        pytest.param(None, id="no status at all"),
        pytest.param({"observedGeneration": -1}, id="the status that the CRD gives"),
        pytest.param({"observedGeneration": 1}, id="no conditions"),
        pytest.param({"observedGeneration": 1, "conditions": []}, id="not one condition"),
        pytest.param(
            {"observedGeneration": 1, "conditions": [{"type": "Foreign", "status": "True"}]},
            id="a stranger's condition",
        ),
    ],
)
def test_object_of_which_nothing_is_known_is_in_progress(argo: ArgoLua, kind: str, status: Document | None) -> None:
    document = {**CONDITIONLESS, "kind": kind} | ({} if status is None else {"status": status})

    assert argo.health([document]) == [Verdict("Progressing", "Waiting for the operator")]


def test_nothing_is_left_in_testdata_that_no_test_reads() -> None:
    files = {path for kind in KINDS for path in (CUSTOMIZATIONS / kind).rglob("testdata/*.yaml")}

    outputs = {CUSTOMIZATIONS / acted.kind / "actions" / "testdata" / f"{acted.name}.yaml" for acted in ACTED}
    assert files == {recording_of(*state) for state in STATES} | outputs


@pytest.mark.parametrize(("kind", "state"), [pytest.param(*found, id="/".join(found)) for found in OFFERED])
def test_actions_are_offered_where_they_do_something(argo: ArgoLua, kind: str, state: str) -> None:
    offered = argo.offered(read_recording(kind, state))

    assert {name for name, enabled in offered.items() if enabled} == OFFERED[kind, state]
    assert sorted(offered) == actions_of(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_action_test_file_says_what_is_offered(argo: ArgoLua, kind: str) -> None:
    folder = CUSTOMIZATIONS / kind / "actions"
    for case in _read(folder / "action_test.yaml")["discoveryTests"]:
        offered = argo.offered(_read(folder / case["inputPath"]))
        assert case["result"] == [{"name": name, "disabled": not enabled} for name, enabled in sorted(offered.items())]


@pytest.mark.parametrize("acted", ACTED, ids=lambda acted: f"{acted.kind}/{acted.name}")
def test_action_changes_what_it_says_and_nothing_else(argo: ArgoLua, acted: Acted) -> None:
    folder = CUSTOMIZATIONS / acted.kind / "actions"
    (case,) = [
        case
        for case in _read(folder / "action_test.yaml")["actionTests"]
        if (case["action"], case["inputPath"]) == (acted.action, f"../testdata/{acted.state}.yaml")
    ]
    begun = datetime.now(UTC)

    changed = argo.act(_read(folder / case["inputPath"]), acted.action)

    expected = _read(folder / case["expectedOutputPath"])
    assert expected == expected_output(acted), "renew them: make states"
    for name, value in (expected["metadata"].get("annotations") or {}).items():
        if value == SOME_TIME:
            later = timedelta(hours=1) if IN_AN_HOUR in str(acted.change) else timedelta()
            written = datetime.fromisoformat(changed["metadata"]["annotations"][name])
            assert timedelta(seconds=-2) < written - begun - later < timedelta(minutes=1)
            changed["metadata"]["annotations"][name] = SOME_TIME
    assert changed == expected


def test_every_action_has_a_test() -> None:
    assert {(acted.kind, acted.action) for acted in ACTED} == {
        (kind, name) for kind in KINDS for name in actions_of(kind)
    }


def test_argocd_cm_holds_the_same_scripts() -> None:
    data = _read(CONFIG_MAP)["data"]

    assert sorted(data) == [
        f"resource.customizations.{what}.azvpn.dev_{kind}" for what in ("actions", "health") for kind in KINDS
    ]
    for kind in KINDS:
        folder = CUSTOMIZATIONS / kind
        assert data[f"resource.customizations.health.azvpn.dev_{kind}"] == (folder / "health.lua").read_text()
        actions = yaml.safe_load(data[f"resource.customizations.actions.azvpn.dev_{kind}"])
        assert actions["discovery.lua"] == (folder / "actions" / "discovery.lua").read_text()
        assert {item["name"]: item["action.lua"] for item in actions["definitions"]} == {
            name: (folder / "actions" / name / "action.lua").read_text() for name in actions_of(kind)
        }


def test_stale_argocd_cm_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / "argocd-cm.yaml"
    stale.write_text("old")
    monkeypatch.setattr("workbench.argocd.CONFIG_MAP", stale)

    assert main(["--check"]) == 1
    assert main([]) == 0
    assert stale.read_text() == render() == CONFIG_MAP.read_text()


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
