"""Alerts, runbooks and dashboard fit each other and what the operator exports."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from azure_vpn_operator.api.conditions import ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState
from support.exposition import exported
from support.promtool import MONITORING, ROOT, alerting_rules, alerts, find_promtool
from workbench.monitoring.dashboard import DASHBOARD, panels

RUNBOOKS = ROOT / "docs" / "runbooks"
URL = "https://runbooks.example.com/azure-vpn-operator/"
OURS = re.compile(r"\b(?:azure|controller_runtime|workqueue|rest_client|leader_election)_[a-z0-9_]+")
OF_THE_TARGET = {"job", "instance", "le"}
VALUES = {
    "type": {str(kind) for kind in ConditionType} | {"reads", "writes", "deletes"},
    "status": {"True", "False", "Unknown"},
    "reason": {str(reason) for reason in Reason},
    "state": {str(state) for state in ChangeState},
}


def expressions() -> Iterator[tuple[str, str]]:
    for rule in alerts():
        yield rule["alert"], rule["expr"]
        for text in rule["annotations"].values():
            yield from ((rule["alert"], found) for found in re.findall(r'printf "(azure[^"]*)"', text))
    for panel in panels():
        yield from ((panel.title, question.expr) for question in panel.questions)


EXPRESSIONS = [pytest.param(expr, id=where) for where, expr in expressions()]


def metric_of(name: str, known: dict[str, frozenset[str]]) -> str:
    """The metric that a series belongs to: those of a histogram have suffixes."""
    return next((base for base in (name, re.sub("_(bucket|count|sum)$", "", name)) if base in known), name)


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_all_metrics_labels_and_values_that_are_asked_for_are_exported(expr: str):
    known = exported()
    names = {metric_of(name, known) for name in OURS.findall(re.sub(r'"[^"]*"|\{[^}]*\}', "", expr))}
    assert names <= known.keys()
    assert names or re.search(r"\b(process_|ALERTS)", expr), "no metric of ours is in it"
    for name, selector in re.findall(r"\b([a-z_0-9]+)\{([^}]*)\}", expr):
        for label, text in re.findall(r"(\w+)(?:=~|!~|!=|=)[\"']([^\"']*)", selector):
            if name.startswith("process_"):
                continue
            assert label in known[metric_of(name, known)] | OF_THE_TARGET, name
            if label in VALUES and re.fullmatch(r"[A-Za-z|]+", text):
                assert set(text.split("|")) <= VALUES[label]
    used = {
        label for names in re.findall(r"(?:by|on|group_left) \(([^)]*)\)", expr) for label in re.findall(r"\w+", names)
    }
    assert used <= {label for name in names for label in known[name]} | OF_THE_TARGET


def test_promtool_takes_the_rules(tmp_path: Path):
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(alerting_rules()), encoding="utf-8")
    ended = subprocess.run(
        [find_promtool(), "check", "rules", "rules.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_promtool_takes_the_questions_of_the_dashboard(tmp_path: Path):
    questions = [question for panel in panels() for question in panel.questions]
    rules = [{"record": f"panel_{number}", "expr": question.expr} for number, question in enumerate(questions)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "d", "rules": rules}]}), encoding="utf-8")
    ended = subprocess.run(
        [find_promtool(), "check", "rules", "rules.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_alert_has_a_runbook_and_every_runbook_an_alert():
    linked = {rule["annotations"]["runbook_url"]: rule["alert"] for rule in alerts()}
    assert all(url.startswith(URL) for url in linked)
    pages = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert {url.removeprefix(URL) for url in linked} == pages
    for url, alert in linked.items():
        text = (RUNBOOKS / url.removeprefix(URL)).read_text(encoding="utf-8")
        assert text.startswith(f"# {alert}\n")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
            "What it means",
            "What to look at",
            "What to do",
            "When to escalate",
        ]


def test_a_runbook_tells_severity_and_time_of_its_alert():
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    words = {"s": "second", "m": "minute", "h": "hour"}
    for rule in alerts():
        page = rule["annotations"]["runbook_url"].removeprefix(URL)
        said = next(
            line for line in (RUNBOOKS / page).read_text().splitlines() if line.startswith("Severity and time: ")
        )
        said = said.removeprefix("Severity and time: ").removesuffix(".")
        hold = rule.get("for")
        unit = f"{hold[:-1]} {words[hold[-1]]}" if hold else "at once"
        assert said.startswith(f"{rule['labels']['severity']}, ")
        assert unit in said, (rule["alert"], said)
        assert f"| [{rule['alert']}]({page}) | {said} |" in index


def test_alerts_say_who_what_and_what_to_do_first():
    for rule in alerts():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description", "first_step", "runbook_url"}


def test_dashboard_is_one_that_grafana_can_import():
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    rows = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    assert rows == ["Fleet", "Tunnels", "Rollouts", "Azure quota", "Operator"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel.get("targets", ()))


def test_monitoring_folder_is_what_the_component_names():
    component = yaml.safe_load((MONITORING / "kustomization.yaml").read_text(encoding="utf-8"))
    named = {*component["resources"], *component["configMapGenerator"][0]["files"]}
    assert {path.name for path in MONITORING.iterdir()} == named | {"kustomization.yaml"}
    monitor = yaml.safe_load((MONITORING / "service-monitor.yaml").read_text(encoding="utf-8"))
    service = yaml.safe_load((ROOT / "manifests" / "base" / "metrics-service.yaml").read_text(encoding="utf-8"))
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["honorLabels"], "else `namespace` is the operator's own"
