"""The README's tables are the code's, and what it says can be sent."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from azure_vpn_simulator.devices import Device, DeviceTunnel, Flaps
from azure_vpn_simulator.faults import Action
from azure_vpn_simulator.invented_codes import INVENTED_CODES, INVENTED_LINES
from azure_vpn_simulator.options import Options
from azure_vpn_simulator.testing import ArmDriver
from azure_vpn_simulator.topology import (
    DiagnosticSetting,
    LocalNetworkGateway,
    Principal,
    VirtualNetworkGateway,
    Workspace,
)
from azure_vpn_simulator.tunnels.events import Event, EventSpec
from azure_vpn_simulator.tunnels.history import Cause

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return README.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def table(heading: str, number: int = 0) -> list[tuple[str, ...]]:
    """The cells of a table below a heading, without its two header lines."""
    lines = re.split(r"\n(?!\|)[^\n]*", section(heading))
    blocks = [rows for block in lines if (rows := [line for line in block.splitlines() if line.startswith("|")])]
    return [tuple(cell.strip().strip("`") for cell in row.strip("|").split("|")) for row in blocks[number][2:]]


def test_the_table_of_invented_codes_is_the_one_in_the_code() -> None:
    assert table("Invented codes") == [(row.code, str(row.status), row.when) for row in INVENTED_CODES]


def test_the_table_of_invented_lines_is_the_one_in_the_code() -> None:
    assert table("Invented codes", 1) == [(row.text, row.when) for row in INVENTED_LINES]


def test_no_code_is_invented_twice_and_every_row_is_used() -> None:
    assert len({row.code for row in INVENTED_CODES}) == len(INVENTED_CODES)
    package = Path(__file__).parents[1] / "azure_vpn_simulator"
    code = "\n".join(f.read_text() for f in package.rglob("*.py"))
    names = re.findall(r"^([A-Z0-9_]+) = Invented\w+", (package / "invented_codes.py").read_text(), re.MULTILINE)
    assert len(names) == len(INVENTED_CODES) + len(INVENTED_LINES)
    assert [name for name in names if f"invented.{name}" not in code] == []


def test_every_fault_action_is_explained() -> None:
    assert [row[0] for row in table("Faults")] == [str(action) for action in Action]


def written(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each:g}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else json.dumps(value) if isinstance(value, bool) else str(value)


def test_every_option_is_explained_with_its_default() -> None:
    expected = {}
    for name, value in Options().model_dump(mode="json", by_alias=True).items():
        if name in {"durations", "throttling", "apiVersions"}:
            expected.update({f"{name}.{inner}": written(each) for inner, each in value.items()})
        else:
            expected[name] = written(value)
    assert {row[0]: row[1] for row in table("Options")} == expected


def test_every_event_and_every_cause_is_explained() -> None:
    assert [row[0] for row in table("Events")] == [str(event) for event in Event]
    assert [row[0] for row in table("Events", 1)] == [str(cause) for cause in Cause]


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (Device, "Topology"),
        (DeviceTunnel, "Topology"),
        (Flaps, "Topology"),
        (LocalNetworkGateway, "Topology"),
        (VirtualNetworkGateway, "Topology"),
        (DiagnosticSetting, "Topology"),
        (Workspace, "Topology"),
        (Principal, "Topology"),
        (EventSpec, "Events"),
    ],
)
def test_every_field_is_named(model: type[BaseModel], heading: str) -> None:
    text = section(heading)
    names = [info.alias or name for name, info in model.model_fields.items()]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


STORIES = [
    pytest.param(code, id=f"{story}, {number}")
    for story, told in table("Stories")
    for number, code in enumerate(told.split("`, `"))
]


@pytest.mark.parametrize("code", STORIES)
def test_every_story_can_be_told(arm: ArmDriver, code: str) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwActive", "Site", "k1")))
    if code.startswith("POST /events "):
        document = json.loads(code.removeprefix("POST /events "))
        wanted, _, what = document["resource"].strip("<>").partition(" id")
        name = {"connections": "C1", "localNetworkGateways": "Site"}.get(wanted, "GwActive" if what else "GwA")
        assert arm.event(**document | {"resource": f"{wanted}/{name}"})["id"] == 1
        return
    [(kind, part)] = yaml.safe_load(code).items()
    before = arm.azure.installation.shown()
    rows: dict[str, Any] = {
        "device": {"localNetworkGateways": [{"name": "Site", "device": part}]},
        "virtualNetworkGateway": {"virtualNetworkGateways": [{"name": "GwA", **part}]},
    }
    if kind in rows:
        group = {"name": "Net", **rows[kind]}
        arm.change(subscriptions=[{"id": arm.group.split("/")[2], "resourceGroups": [group]}])
    elif kind == "principal":
        arm.change(principals=[{"name": "engineer", **part}])
    else:
        arm.change(options=part)
    assert arm.azure.installation.shown() != before


def test_the_example_of_a_change_is_one_of_the_demo() -> None:
    document = json.loads(section("Stories").partition("-d '")[2].partition("'")[0])
    arm = ArmDriver(
        yaml.safe_load((Path(__file__).parents[1] / "azure_vpn_simulator/topologies/demo.yaml").read_text()), ""
    )
    arm.azure.installation.update(document)
    text = json.dumps(arm.azure.installation.shown())
    assert text.count('"recoverySeconds": 480.0') == 1
