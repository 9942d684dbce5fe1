"""`explain --azure` where the controller's libraries are not installed."""

import sys

import pytest

from azure_vpn_operator.azvpn.explain import command
from azure_vpn_operator.azvpn.explain.cluster import evidence_of
from azure_vpn_operator.azvpn.explain.subject import subjects_of
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.fleet import fleet_of
from support.cases.maps import NOW, a_site


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "azure_vpn_operator.azvpn.explain.session", None)
    (subject,) = subjects_of(fleet_of([a_site("calm", "Site1")], []))
    with pytest.raises(ToolError, match=r"pip install 'azure-vpn-operator\[controller\]'"):
        command._ask([subject], [evidence_of(subject, None, NOW)])
