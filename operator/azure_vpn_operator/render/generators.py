"""Which files are generated, and from what."""

from collections.abc import Callable, Mapping

from azure_vpn_operator.render.azure_role import render_azure_role
from azure_vpn_operator.render.crds import render_crds
from azure_vpn_operator.render.rbac import render_rbac
from azure_vpn_operator.render.reasons_page import render_reasons

GENERATORS: tuple[Callable[[], Mapping[str, str]], ...] = (
    render_crds,
    render_rbac,
    render_azure_role,
    render_reasons,
)
"""Each returns paths from the repository's root, and what the files there must say."""
