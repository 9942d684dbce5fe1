"""The README of the chart: how to install it, and the table of its values."""

from collections.abc import Iterator
from typing import Final

from azure_vpn_operator.render.chart.values_files import CHART, all_sections, table_of

_HEADER: Final = "<!-- Generated from operator/azure_vpn_operator/render/chart by `make generate`; do not edit. -->\n"
_INTRODUCTION: Final = """\
# azure-vpn-operator

Runs Azure VPN connections and their IPsec/IKE policies from Git. Needs Kubernetes 1.32 or newer; tested with Helm 4.3
and Helm 3.22.

No registry has the image or the chart: build and push the image (`docs/getting-started/real-subscription.md`), and install from
a checkout:

```console
$ helm install azure-vpn-operator charts/azure-vpn-operator --namespace azure-vpn-system --create-namespace \\
    --set installationId=prod-eu --set image.repository=registry.example.com/azure-vpn-operator \\
    --set azure.subscriptionId=00000000-0000-0000-0000-000000000000 \\
    --set azure.workloadIdentity.enabled=true --set azure.clientId=00000000-0000-0000-0000-000000000000
```

`installationId` names the installation in a tag of each connection in Azure. Choose it once and keep it, also when you rebuild the
cluster. Installing, upgrading, going back and uninstalling, in the order that loses nothing: `docs/guides/install.md`.

- **CustomResourceDefinitions** are upgraded with the chart and stay when it is uninstalled (`crds.keep`); so do your objects.
- **A second release** in the same cluster works in other namespaces and leaves alone what the cluster has once:
  `watchNamespaces`, `crds.enabled=false`, `admission.secretAccess.enabled=false`, `rbac.userRoles.create=false`
  (`ci/second-release-values.yaml`).
- **Without rights on the cluster**: the same values and `rbac.namespaceDeletion.create=false`; the chart then makes nothing but
  objects of namespaces (`ci/namespaced-values.yaml`). Before such a namespace is deleted, delete the connections in it: the
  deletion takes the operator's rights along first.
- Wrong or misspelt values are refused by `values.schema.json`.

# Values

Each setting of the operator is a value of the same name: `--max-disruptions`, `AZVPN_MAX_DISRUPTIONS` and `maxDisruptions`.
"""


def render_readme() -> dict[str, str]:
    """Return the page, path to text."""
    return {f"{CHART}/README.md": _HEADER + _INTRODUCTION + "".join(_tables())}


def _tables() -> Iterator[str]:
    for section in all_sections():
        yield f"\n## {section.title}\n\n{table_of(section)}"
