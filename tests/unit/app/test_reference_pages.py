"""The reference pages that people write name everything that there is, and nothing that is not."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from azure_vpn_operator.api.base import ApiModel
from azure_vpn_operator.api.conditions import ConditionType
from azure_vpn_operator.api.ipsec_policy import IpsecPolicySpec, IpsecPolicyStatus
from azure_vpn_operator.api.vpn_connection import VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.app.settings import Environment, Settings
from azure_vpn_operator.domain.azure.ownership import ADOPT_FROM, HOLD_TAG, OWNER_TAG
from azure_vpn_operator.domain.passes.annotations import (
    RECONCILE_AT,
    RESET,
    ROLLOUT_CONTINUE,
    ROLLOUT_RETRY,
    ROTATE_KEY,
)
from azure_vpn_operator.domain.passes.pauses import HOLD_UNTIL
from azure_vpn_operator.domain.rules.connection import CONNECTION_RULES
from azure_vpn_operator.domain.rules.identity import IDENTITY_RULES
from azure_vpn_operator.domain.rules.policy import POLICY_RULES
from azure_vpn_operator.domain.rules.rule import Rule, Transition
from support.exposition import exported

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "simulator" / "README.md"]


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def first_column(text: str) -> set[str]:
    rows = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def settings_table() -> str:
    lines = ["| flag | environment | default | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "**required**" if field.is_required() else f"`{default}`" if default not in {"", ()} else "empty"
        lines.append(f"| `--{name.replace('_', '-')}` | `AZVPN_{name.upper()}` | {shown} | {field.description} |")
    return "".join(f"{line}\n" for line in lines)


def test_settings_page_has_the_table_of_the_program():
    assert settings_table() in page("settings.md"), settings_table()


def test_settings_page_names_every_standard_variable():
    names = {name.upper() for name in Environment.model_fields}

    assert names == {name for name in first_column(page("settings.md")) if not name.startswith("--")}


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("ipsecpolicy.md", [IpsecPolicySpec, IpsecPolicyStatus]),
        ("vpnconnection.md", [VpnConnectionSpec, VpnConnectionStatus]),
    ],
)
def test_page_of_a_kind_has_every_field(name: str, models: list[type[ApiModel]]):
    fields = {field.alias for model in models for field in model.model_fields.values()}

    assert fields <= first_column(page(name))


@pytest.mark.parametrize(
    ("name", "rules"),
    [("ipsecpolicy.md", POLICY_RULES), ("vpnconnection.md", (*CONNECTION_RULES, *IDENTITY_RULES))],
)
def test_page_of_a_kind_has_every_rule(name: str, rules: Sequence[Rule | Transition]):
    assert {rule.id for rule in rules} <= first_column(page(name))


def test_pages_of_the_kinds_have_every_warning():
    rules = ROOT / "operator" / "azure_vpn_operator" / "domain" / "rules"
    code = (rules / "advice.py").read_text(encoding="utf-8") + (rules / "gateway.py").read_text(encoding="utf-8")
    given = set(re.findall(r"""_advice\("([a-z0-9-]+)"|Remark\(id="([a-z0-9-]+)\"""", code))

    assert len(given) > 15
    assert {one or other for one, other in given} <= first_column(page("vpnconnection.md")) | first_column(
        page("ipsecpolicy.md")
    )


def test_conditions_of_a_connection_are_all_explained():
    of_policies_only = {ConditionType.IN_USE, ConditionType.ROLLED_OUT}

    assert set(ConditionType) - of_policies_only <= first_column(page("vpnconnection.md"))


def test_annotations_and_tags_are_all_explained():
    names = {name.partition(":")[0] for name in first_column(page("annotations-and-tags.md"))}

    assert names == {
        RECONCILE_AT,
        ROTATE_KEY,
        RESET,
        ROLLOUT_RETRY,
        ROLLOUT_CONTINUE,
        HOLD_UNTIL,
        ADOPT_FROM,
        OWNER_TAG,
        HOLD_TAG,
    }


def test_metrics_are_all_explained_with_their_labels():
    own = {name: labels for name, labels in exported().items() if not name.startswith(("process_", "python_"))}
    rows = re.findall(r"^\| (`[^|]*) \| ([^|]*)\|", page("metrics.md"), re.MULTILINE)
    explained = {
        name: frozenset(re.findall(r"\w+", labels))
        for names, labels in rows
        for name in re.findall(r"`([^`]+)`", names)
    }

    assert explained == own


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, target
