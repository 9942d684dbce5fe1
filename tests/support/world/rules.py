"""A system whose CRDs have no schema and no rules for a while, as if objects had been made before there were any."""

import copy

import yaml

from support.world.tenant import Document, Tenant
from workbench.rest import ApiError, call
from workbench.stack import ROOT


async def drop_rules(tenant: Tenant) -> None:
    """From now on the API server takes any spec."""
    for path in sorted((ROOT / "crds").glob("azvpn.dev_*.yaml")):
        await tenant.apply(_open(yaml.safe_load(path.read_text(encoding="utf-8"))))
    await _until_rules_are(tenant, in_force=False)


async def restore_rules(tenant: Tenant) -> None:
    """The CRDs are again as they are shipped."""
    await tenant.stack.plane.apply(ROOT / "crds")
    await _until_rules_are(tenant, in_force=True)


async def _until_rules_are(tenant: Tenant, *, in_force: bool) -> None:
    """The server takes up a changed CRD a moment after it has stored it, each kind for itself."""
    for plural, document in (
        ("vpnconnections", tenant.connection("probe", azureName="..")),
        ("ipsecpolicies", tenant.policy("probe", dhGroup="DHGroup42")),
    ):
        path = f"/apis/azvpn.dev/v1alpha1/namespaces/{tenant.namespace}/{plural}"

        async def are_so(path: str = path, document: Document = document) -> bool:
            try:
                await call(tenant.cluster, "POST", path, body=document, query={"dryRun": "All"})
            except ApiError as error:
                if error.status != 422:
                    raise
                return in_force
            return not in_force

        await tenant.eventually(are_so, what=f"rules of {plural} in force: {in_force}")


def _open(crd: Document) -> Document:
    document = copy.deepcopy(crd)
    for version in document["spec"]["versions"]:
        version.pop("selectableFields", None)
        free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version["schema"]["openAPIV3Schema"]["properties"] |= {"spec": free}
        version["schema"]["openAPIV3Schema"].pop("x-kubernetes-validations", None)
    return document
