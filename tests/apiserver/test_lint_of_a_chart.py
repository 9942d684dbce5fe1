"""What the real Helm makes of a chart, given to the linter as people do."""

import io
import sys
from pathlib import Path

import pytest

from azure_vpn_operator.azvpn.lint.linting import lint
from support.packaging import Helm

TEMPLATE = """\
apiVersion: azvpn.dev/v1alpha1
kind: IpsecPolicy
metadata:
  name: {{ .Release.Name }}
spec:
  ikeEncryption: AES256
  ikeIntegrity: SHA384
  dhGroup: {{ .Values.group }}
  ipsecEncryption: GCMAES256
  ipsecIntegrity: GCMAES256
  pfsGroup: ECP384
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    (tmp_path / "net" / "templates").mkdir(parents=True)
    (tmp_path / "net" / "Chart.yaml").write_text("apiVersion: v2\nname: net\nversion: 1.0.0\n")
    (tmp_path / "net" / "values.yaml").write_text("group: Group14\n")
    (tmp_path / "net" / "templates" / "policy.yaml").write_text(TEMPLATE)
    (tmp_path / "net" / "templates" / "other.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    return tmp_path / "net"


def test_findings_name_the_template(helm: Helm, chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = helm.do("template", "site6", chart)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(made.encode())))

    report = lint(["-"], "recommended", "network")

    (finding,) = report.findings
    assert (finding.rule, finding.object) == ("enum", "IpsecPolicy network/site6")
    assert finding.place.template == "net/templates/policy.yaml"
    assert made.splitlines()[finding.place.line - 1][finding.place.column - 1 :] == "Group14"
    assert report.tally.others == 1


def test_the_chart_itself_is_said_to_be_none_of_manifests(chart: Path) -> None:
    report = lint([str(chart)], "recommended", "network")

    assert [finding.rule for finding in report.findings] == ["helm-template"]
    assert len(report.tally.skipped) == 2
