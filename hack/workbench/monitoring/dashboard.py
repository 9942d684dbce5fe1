"""The dashboard's panels and their questions to Prometheus."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.stack import ROOT

DASHBOARD = ROOT / "manifests" / "monitoring" / "dashboard.json"


@dataclass(frozen=True, slots=True)
class Question:
    """One expression of a panel, with Grafana's variables filled in, and how an answer is called."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. Place and size are in the dashboard's grid, which has 24 columns."""

    title: str
    kind: str
    unit: str
    left: int
    top: int
    width: int
    height: int
    questions: tuple[Question, ...] = ()


def panels(rate_interval: str = "1m") -> Iterator[Panel]:
    """All panels in order; a row is a panel of kind `row`."""
    for found in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        at = found["gridPos"]
        yield Panel(
            title=found["title"],
            kind=found["type"],
            unit=found.get("fieldConfig", {}).get("defaults", {}).get("unit", ""),
            left=at["x"],
            top=at["y"],
            width=at["w"],
            height=at["h"],
            questions=tuple(_question(target, rate_interval) for target in found.get("targets", ())),
        )


def _question(target: dict[str, Any], rate_interval: str) -> Question:
    expr = target["expr"].replace("$__rate_interval", rate_interval).replace("$namespace", ".*")
    return Question(expr, target["legendFormat"])
