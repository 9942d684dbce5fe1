"""argocd-cm.yaml on a real API server: what is in Argo CD's configuration already stays, whoever wrote it."""

import yaml

from workbench.argocd import CONFIG_MAP
from workbench.control_plane.plane import ControlPlane
from workbench.rest import call


async def test_what_others_have_configured_stays(control_plane: ControlPlane) -> None:
    theirs = {"url": "https://argocd.example.com", "resource.customizations.health.apps_Deployment": "return {}"}
    metadata = {"name": "argocd-cm", "namespace": "argocd"}
    await control_plane.create_namespace("argocd")
    await control_plane.apply_objects({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": theirs})

    async with control_plane.client() as admin:
        ours = yaml.safe_load(CONFIG_MAP.read_text(encoding="utf-8"))
        path = "/api/v1/namespaces/argocd/configmaps/argocd-cm"
        query = {"fieldManager": "azure-vpn-operator"}
        applied = await call(admin, "PATCH", path, body=ours, query=query, content_type="application/apply-patch+yaml")

    assert applied["data"] == {**theirs, **ours["data"]}
