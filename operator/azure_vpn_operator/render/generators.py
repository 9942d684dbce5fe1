"""Which files are generated, and from what."""

from collections.abc import Callable, Mapping

from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor
from azure_vpn_operator.render.azure_role import render_azure_role
from azure_vpn_operator.render.chart.readme import render_readme
from azure_vpn_operator.render.chart.values_files import CHART, render_values
from azure_vpn_operator.render.crds import render_crds
from azure_vpn_operator.render.crypto_floor import floor_path, render_crypto_floors
from azure_vpn_operator.render.lint_schemas import render_lint_schemas
from azure_vpn_operator.render.rbac import render_rbac
from azure_vpn_operator.render.reasons_page import render_reasons

GENERATORS: tuple[Callable[[], Mapping[str, str]], ...] = (
    render_crds,
    render_rbac,
    render_azure_role,
    render_crypto_floors,
    render_reasons,
    render_lint_schemas,
    render_values,
    render_readme,
)
"""Each returns paths from the repository's root, and what the files there must say."""

COPIES: Mapping[str, str] = {
    f"{CHART}/files/ipsecpolicies.yaml": "crds/azvpn.dev_ipsecpolicies.yaml",
    f"{CHART}/files/vpnconnections.yaml": "crds/azvpn.dev_vpnconnections.yaml",
    f"{CHART}/files/secret-access.yaml": "manifests/base/secret-access.yaml",
    f"{CHART}/files/prometheus-rule.yaml": "manifests/monitoring/prometheus-rule.yaml",
    f"{CHART}/files/dashboard.json": "manifests/monitoring/dashboard.json",
    **{f"{CHART}/files/crypto-floor-{floor}.yaml": floor_path(floor) for floor in CryptoFloor},
}
"""Files that must say what another one says, since a chart can read nothing outside its folder: copy -> original."""
