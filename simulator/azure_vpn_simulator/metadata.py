"""What clients ask before they know a cloud: its endpoints (az, Terraform) and the aliases of its authority (MSAL)."""

from urllib.parse import urlsplit

from azure_vpn_simulator.topology import Topology
from azure_vpn_simulator.wire import Reply, Request, json_reply

_LIST_SINCE = "2019-05-01"
_ONE_SINCE = "2022-09-01"
_SUFFIXES = {"storage": "storage.azure-vpn-simulator.invalid", "keyVaultDns": "vault.azure-vpn-simulator.invalid"}
"""Names that nobody answers to, since neither service is played; some clients refuse a cloud without them."""


def graph_audience(base_url: str) -> str:
    """Return the resource that tokens for Microsoft Graph are for, in the cloud at an address."""
    return f"{base_url}/graph"


def cloud_metadata(topology: Topology, request: Request) -> Reply:
    """Answer /metadata/endpoints.

    Before api-version 2019-05-01 that is one cloud in an old form, from then on a list of clouds, and from 2022-09-01 on the
    one cloud again: that is what `az cloud register` and azurerm read. The tenant is the word that Azure's clouds have there:
    azurerm takes every other one for a sign of Azure Stack.
    """
    base = request.base_url
    audiences = topology.options.audiences
    authentication = {
        "loginEndpoint": base,
        "audiences": [*audiences, base],
        "tenant": "common",
        "identityProvider": "AAD",
    }
    version = request.query.get("api-version", "")
    if version < _LIST_SINCE:
        return json_reply(
            200,
            {
                "galleryEndpoint": f"{base}/gallery",
                "graphEndpoint": graph_audience(base),
                "portalEndpoint": base,
                "authentication": authentication,
            },
        )
    cloud = {
        "name": "AzureVpnSimulator",
        "portal": base,
        "resourceManager": base,
        "authentication": authentication,
        "graph": graph_audience(base),
        "graphAudience": graph_audience(base),
        "microsoftGraphResourceId": graph_audience(base),
        "gallery": f"{base}/gallery",
        "suffixes": _SUFFIXES,
    }
    return json_reply(200, cloud if version >= _ONE_SINCE else [cloud])


def instance_discovery(request: Request) -> Reply:
    """Answer /common/discovery/instance: the authority is this host under no other name."""
    host = urlsplit(request.base_url).netloc
    asked = urlsplit(request.query.get("authorization_endpoint", ""))
    tenant = next((p for p in asked.path.split("/") if p), "common")
    return json_reply(
        200,
        {
            "tenant_discovery_endpoint": f"{request.base_url}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": request.query.get("api-version", "1.1"),
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        },
    )
