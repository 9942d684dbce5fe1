"""Every setting of the operator as a value of the chart: the same name in camelCase, its default and its description."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic.alias_generators import to_camel

from azure_vpn_operator.app.settings import Environment, Settings
from azure_vpn_operator.render.chart.value import STRING, Schema, Value

_KEPT: Final = ("type", "enum", "pattern", "minimum", "maximum", "items")

OVERRIDES: Final[Mapping[str, Mapping[str, Any]]] = {
    "installation_id": {"default": ""},
    "namespace": {
        "default": "",
        "text": "Where everything of the chart is, and so the operator's own namespace; empty: the release's.",
    },
    "lease_name": {
        "default": "",
        "text": "The Lease, in the operator's own namespace; empty: the full name of the release, so that two releases never share one.",
    },
    "watch_namespaces": {
        "text": "Namespaces to work in; empty: the whole cluster. With names, a Role in each of them takes the place of the ClusterRole.",
    },
    "access_file": {
        "text": "A YAML file, mounted by extraVolumes, that says which namespaces may use what in Azure, and as whom. "
        "access.rules or access.configMap do the mounting.",
    },
}
"""Where a cluster makes another default or another text than a shell: setting -> what is different."""

AZURE: Final[Mapping[str, str]] = {
    "azure_subscription_id": "The subscription of objects that name neither a subscription nor a gateway by its id.",
    "azure_tenant_id": "The tenant of the operator's identity. With workload identity it goes to the ServiceAccount.",
    "azure_client_id": "The client id of the operator's identity. With workload identity it goes to the ServiceAccount.",
    "azure_client_certificate_path": "A certificate to log in with, as a path that extraVolumes mounts.",
    "azure_token_credentials": "Which kind of credential to use, if more than one could be (AZURE_TOKEN_CREDENTIALS of azure-identity).",
    "azure_resource_manager_endpoint": "The Azure Resource Manager of another cloud, or the simulator; empty: the public cloud's.",
    "azure_resource_manager_audience": "The audience of tokens, where it is not the endpoint.",
    "azure_authority_host": "Another cloud's login; empty: the public cloud's.",
    "azure_log_analytics_endpoint": "Where Log Analytics is queried in another cloud, or the simulator; empty: in the endpoint's cloud.",
    "azure_log_analytics_audience": "The audience of tokens for it, where it is not that address.",
}
"""Variables of azure-identity and of Azure Service Operator that are values, and what they mean."""

NO_VALUES: Final[Mapping[str, str]] = {
    "azure_client_secret": "is secret: it comes from the Secret azure.credentialsSecret",
    "azure_client_certificate_password": "is secret: it comes from the Secret azure.credentialsSecret",
    "azure_client_send_certificate_chain": "is rare: extraEnv",
    "azure_federated_token_file": "is set by workload identity",
    "ssl_cert_file": "needs a volume: extraEnv with extraVolumes",
    "requests_ca_bundle": "needs a volume: extraEnv with extraVolumes",
    "https_proxy": "may hold a password: extraEnv, from a Secret",
    "no_proxy": "goes with https_proxy: extraEnv",
    "kubeconfig": "is the value kubeconfig",
    "kubernetes_service_host": "is set by Kubernetes",
    "kubernetes_service_port": "is set by Kubernetes",
    "hostname": "is set by Kubernetes",
}
"""Variables of the environment that are no values, and why."""


def settings_values() -> tuple[Value, ...]:
    """Return a value for each setting, in the order of the model."""
    document = Settings.model_json_schema()
    return tuple(
        _value(name, document["properties"][name], document.get("$defs", {})) for name in Settings.model_fields
    )


def azure_values() -> tuple[Value, ...]:
    """Return a value for each variable in `AZURE`."""
    return tuple(
        Value(f"azure.{azure_key(name)}", "", text, STRING)
        for name, text in AZURE.items()
        if name in Environment.model_fields
    )


def azure_key(variable: str) -> str:
    """Return the value's name below `azure`: `azure_client_id` is `clientId`."""
    return to_camel(variable.removeprefix("azure_"))


def _value(name: str, node: Schema, definitions: Mapping[str, Schema]) -> Value:
    different = OVERRIDES.get(name, {})
    schema = _plain(node, definitions)
    default = different.get("default", node.get("default"))
    if isinstance(default, float) and default.is_integer():
        default = int(default)
    if isinstance(default, tuple | list):
        default, schema = list(default), schema | {"uniqueItems": True}
    if default == "" and "pattern" in schema:
        # Absent is a value of its own here; what it means is decided in the templates.
        schema = schema | {"pattern": f"^$|{schema['pattern']}"}
    text = different.get("text") or " ".join((Settings.model_fields[name].description or "").split())
    return Value(to_camel(name), default, text, schema)


def _plain(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    flat = dict(node)
    if reference := flat.pop("$ref", None):
        flat = definitions[reference.removeprefix("#/$defs/")] | flat
    return {key: flat[key] for key in _KEPT if key in flat}
