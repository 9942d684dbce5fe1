"""Prometheus' own judgement of our alerts: series as an operator exports them, minute by minute, and what promtool says of them."""

import json
import math
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_operator.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "manifests" / "monitoring"

_COUNTED = ("azure_vpn_operator_arm_throttled_total",)
"""What alerts use beside the series that are made at each scrape."""


def find_promtool() -> str:
    """Where promtool is; skips the test without it, and fails it in CI."""
    found = shutil.which("promtool")
    if found is None:
        reason = "there is no promtool: apt-get install prometheus, or see prometheus.io"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def alerting_rules() -> dict[str, Any]:
    """The rule groups as Prometheus reads them: the spec of the object."""
    loaded: dict[str, Any] = yaml.safe_load((MONITORING / "prometheus-rule.yaml").read_text(encoding="utf-8"))["spec"]
    return loaded


def alerts() -> list[dict[str, Any]]:
    """All alerts."""
    return [rule for group in alerting_rules()["groups"] for rule in group["rules"]]


class Recording:
    """What Prometheus has stored of some processes, scraped once a minute."""

    def __init__(self) -> None:
        """Begin with nothing, at minute 0."""
        self._values: dict[str, list[str]] = {}
        self._minutes = 0

    def minute(self, pages: Mapping[str, Metrics | None]) -> None:
        """Scrape the processes, by pod; None: it does not answer."""
        found: dict[str, str] = {}
        for pod, metrics in pages.items():
            if metrics is not None:
                found |= _samples(metrics, pod)
        for name in found.keys() | self._values.keys():
            values = self._values.setdefault(name, ["_"] * self._minutes)
            # What is gone from the page is marked so; Prometheus does not go on for five minutes with what was there.
            gone = "stale" if values and values[-1] not in {"_", "stale"} else "_"
            values.append(found.get(name, gone))
        self._minutes += 1

    def series(self) -> list[dict[str, str]]:
        """The series as promtool takes them."""
        return [{"series": name, "values": " ".join(values)} for name, values in sorted(self._values.items())]


def _samples(metrics: Metrics, pod: str) -> dict[str, str]:
    metrics.render(names=_COUNTED)
    counted = metrics.registry.restricted_registry(_COUNTED).collect()
    rows = [(sample.name, sample.labels, sample.value) for family in counted for sample in family.samples]
    rows += [
        (family.name, dict(zip(family.labels, values, strict=True)), math.nan if number is None else float(number))
        for family in metrics.families()
        for values, number in family.rows
    ]
    target = {"job": "azure-vpn-system/azure-vpn-operator", "instance": pod}
    return {f"{name}{{{_text_of({**target, **labels})}}}": str(value) for name, labels, value in rows}


def _text_of(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items())


@dataclass(frozen=True, slots=True)
class Question:
    """What an alert makes of a recording."""

    recording: Recording
    alert: str
    minute: int
    firing: Mapping[str, str] | None
    """All labels of the one alert that is to fire; None: none is."""

    def _asked(self) -> dict[str, Any]:
        of_alert = {"alertname": self.alert, "alertstate": "firing"}
        samples = [{"labels": f"ALERTS{{{_text_of({**self.firing, **of_alert})}}}", "value": 1}] if self.firing else []
        expression = f"ALERTS{{{_text_of(of_alert)}}}"
        return {"expr": expression, "eval_time": f"{self.minute}m", "exp_samples": samples}

    def as_test(self) -> dict[str, Any]:
        """One test of promtool."""
        return {"interval": "1m", "input_series": self.recording.series(), "promql_expr_test": [self._asked()]}


def ask_promtool(folder: Path, questions: Iterable[Question]) -> str:
    """Ask promtool; returns what it finds wrong, or nothing."""
    ended = run_tests(folder, [question.as_test() for question in questions])
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def annotations_of(folder: Path, question: Question) -> str:
    """The alert that fires, with the texts that a person gets, as promtool prints it."""
    asked = {"eval_time": f"{question.minute}m", "alertname": question.alert, "exp_alerts": []}
    test = {"interval": "1m", "input_series": question.recording.series(), "alert_rule_test": [asked]}
    ended = run_tests(folder, [test])
    return (ended.stdout + ended.stderr).partition("got:")[2]


def run_tests(folder: Path, tests: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Run these tests of our rules."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(alerting_rules()), encoding="utf-8")
    file = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (folder / "test.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")
    command = [find_promtool(), "test", "rules", "test.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
