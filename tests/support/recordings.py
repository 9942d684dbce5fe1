"""Objects recorded from the product, as Argo CD's repository keeps testdata: one YAML file for each state, and what is expected of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from support.cases.actions import ACTED, IN_AN_HOUR, NOW, OFFERED, SOME_TIME, Acted
from support.cases.states import STATES
from support.git_tools import ArgoLua, Document
from support.world.tenant import Tenant

GITOPS = Path(__file__).parents[2] / "gitops"
CUSTOMIZATIONS = GITOPS / "argocd" / "resource_customizations" / "azvpn.dev"


def recording_of(kind: str, name: str) -> Path:
    """Where a state is recorded."""
    return CUSTOMIZATIONS / kind / "testdata" / f"{name}.yaml"


def shape_of(document: Mapping[str, Any]) -> Any:
    """What must not change unnoticed: which fields there are, and each condition with its status and reason."""
    status = document.get("status") or {}
    conditions = [(item["type"], item["status"], item["reason"]) for item in status.get("conditions") or []]
    return sorted(status), sorted(document["spec"]), conditions, bool(document["metadata"].get("deletionTimestamp"))


def with_usual_names(document: Document, tenant: Tenant) -> Document:
    """With the names of the samples instead of those that the test made up."""
    text = json.dumps(document).replace(tenant.namespace, "network").replace(tenant.group, "TestRG1")
    found: Document = json.loads(text)
    return found


def write_recordings(kept: Mapping[tuple[str, str], Document], argo: ArgoLua) -> None:
    """Write testdata, and what is expected of it."""
    for kind, name in STATES:
        recording_of(kind, name).parent.mkdir(parents=True, exist_ok=True)
        recording_of(kind, name).write_text(_yaml(kept[kind, name]), encoding="utf-8")
    write_expectations(argo)


def write_expectations(argo: ArgoLua) -> None:
    """Write health_test.yaml and action_test.yaml: what is meant stands in tests/support/cases, the words are the script's."""
    for kind in sorted({kind for kind, _ in STATES}):
        names = [name for found, name in STATES if found == kind]
        healths = argo.health([read_recording(kind, name) for name in names])
        tests = [
            {
                "healthStatus": {"status": STATES[kind, name].argo, "message": health.message},
                "inputPath": f"testdata/{name}.yaml",
            }
            for name, health in zip(names, healths, strict=True)
        ]
        _write(CUSTOMIZATIONS / kind / "health_test.yaml", {"tests": tests})
        _write_actions(kind)


def read_recording(kind: str, name: str) -> Document:
    """The recorded object."""
    found: Document = yaml.safe_load(recording_of(kind, name).read_text(encoding="utf-8"))
    return found


def actions_of(kind: str) -> list[str]:
    """The names of all actions of the kind, in order."""
    return sorted(path.parent.name for path in (CUSTOMIZATIONS / kind / "actions").glob("*/action.lua"))


def expected_output(acted: Acted) -> Document:
    """The recording with the action's change, and a fixed time where the action takes the present one."""
    text = json.dumps(_merged(read_recording(acted.kind, acted.state), acted.change))
    found: Document = json.loads(text.replace(NOW, SOME_TIME).replace(IN_AN_HOUR, SOME_TIME))
    return found


def _write_actions(kind: str) -> None:
    folder = CUSTOMIZATIONS / kind / "actions"
    discoveries = [
        {
            "inputPath": f"../testdata/{state}.yaml",
            "result": [{"name": name, "disabled": name not in enabled} for name in actions_of(kind)],
        }
        for (found, state), enabled in OFFERED.items()
        if found == kind
    ]
    tests = []
    for acted in (acted for acted in ACTED if acted.kind == kind):
        output = f"testdata/{acted.name}.yaml"
        _write(folder / output, expected_output(acted))
        tests.append(
            {
                "action": acted.action,
                "inputPath": f"../testdata/{acted.state}.yaml",
                "expectedOutputPath": output,
            }
        )
    _write(folder / "action_test.yaml", {"discoveryTests": discoveries, "actionTests": tests})


def _merged(document: Any, change: Any) -> Any:
    if not isinstance(change, Mapping):
        return change
    before = document if isinstance(document, Mapping) else {}
    return {**before, **{name: _merged(before.get(name), value) for name, value in change.items()}}


def _write(path: Path, document: Document) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_yaml(document), encoding="utf-8")


def _yaml(document: Document) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
