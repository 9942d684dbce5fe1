"""One settings model: a flag of `run` and an environment variable for each field. Identity comes from the environment only.

Flags are the field names with hyphens, environment variables are the upper-case names behind `AZVPN_`. The standard variables of
azure-identity keep their own names, and have no flags: what is in argv can be read by everyone on the machine.
"""

import os
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from azure_vpn_operator.api.vpn_connection import (
    AdoptionPolicy,
    DeletionPolicy,
    DriftPolicy,
    ManagementPolicy,
    OnFailure,
)
from azure_vpn_operator.arm.settings import ArmSettings
from azure_vpn_operator.cluster.settings import ClusterSettings
from azure_vpn_operator.domain.azure.installation import Installation

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]
"""Goes into the value of a tag in Azure."""


class Settings(BaseSettings):
    """How the operator behaves. Durations are seconds."""

    model_config = SettingsConfigDict(
        env_prefix="AZVPN_",
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        frozen=True,
        env_ignore_empty=True,
        validate_default=True,
    )

    installation_id: Identifier
    """Names this installation in the owner tag azvpn-owner. Keep it when the cluster is rebuilt: it is what makes the connections ours."""
    management_policy: ManagementPolicy = ManagementPolicy.ENFORCE
    """For objects that do not say: Enforce, Plan or Observe."""
    max_management_policy: ManagementPolicy = ManagementPolicy.ENFORCE
    """The most that any object may ask for; Plan and Observe make the whole installation read-only."""
    adoption_policy: AdoptionPolicy = AdoptionPolicy.WHEN_EQUAL
    """For objects that do not say: Never, WhenEqual or Always."""
    drift_policy: DriftPolicy = DriftPolicy.CORRECT_SAFE
    """For objects that do not say: Correct, CorrectSafe or Report."""
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    """For objects that do not say: Delete or Retain."""
    confirm_within_seconds: float = Field(default=600.0, ge=1)
    """For objects that do not say: how long a tunnel has to come back after a change that takes it down."""
    on_failure: OnFailure = OnFailure.ROLLBACK
    """For objects that do not say: Rollback puts the values from before back if it does not, Pause leaves the change in Azure."""
    max_disruptions: int = Field(default=10, ge=0)
    """So many changes that take a tunnel down may be unconfirmed; a pair is one, a site has one at most. 0: no limit, no stop."""
    hold_down_seconds: float = Field(default=10.0, ge=0)
    """So long a tunnel has to be up before it counts as back."""
    watch_namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """Namespaces to work in, separated by commas; empty: the whole cluster."""
    namespace: str = Field(default="azure-vpn-system", pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """The operator's own namespace: its Secret azure-vpn-operator-digest is there."""
    leader_election: bool = True
    """Let one replica work and the others stand by, by a Lease; false: this process is the only one."""
    lease_name: str = Field(default="azure-vpn-operator", pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """The Lease, in the operator's own namespace. Installations that share a namespace need one each."""
    lease_duration: float = Field(default=30.0, ge=20, le=600)
    """So long after its last sign of life a leader is followed by another one."""
    watch_secrets: bool = False
    """Look for changes of Secrets labelled azvpn.dev/watch: "true" every few seconds; needs the right to list Secrets."""
    secrets_interval: float = Field(default=5.0, ge=1)
    """How often that is."""
    access_file: str = ""
    """A YAML file that says which namespaces may use what in Azure, and as whom; empty: all of them everything, as the operator."""
    log_analytics_workspace_id: str = Field(
        default="",
        pattern="^(none|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})?$",
    )
    """Where gateways' logs say why a tunnel is down: a workspace's id; empty: that of each diagnostic setting; none: not read."""
    workers: int = Field(default=10, ge=1, le=100)
    """Passes that may run at the same time."""
    status_interval: float = Field(default=300.0, ge=1)
    """How often a connection in peace is read. Longer by itself if the quota of reads asks for it."""
    recent_interval: float = Field(default=30.0, ge=1)
    """How often a connection is read that is not connected, waits for something, or has just changed. Stretched likewise."""
    drift_interval: float = Field(default=55.0, ge=1)
    """How often each resource group is listed to find drift."""
    azure_timeout: float = Field(default=60.0, ge=1)
    """How long to wait for Azure's answer to one request."""
    sweep_interval: float = Field(default=300.0, ge=10)
    """How often all objects are listed anew, to make up for what a watch may have lost."""
    metrics_address: str = "0.0.0.0:8080"
    """Where /metrics is served; empty: nowhere."""
    per_object_metrics: bool = True
    """Metrics for each connection and policy, about 3 kB each; false: only their numbers, and no alert that names a connection."""
    probe_address: str = "0.0.0.0:8081"
    """Where /healthz and /readyz are served."""
    status_page_address: str = ""
    """Where the status page is served, without a login: 127.0.0.1:8082 lets only kubectl port-forward reach it; empty: nowhere."""
    status_page_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names by which the status page may be called besides localhost and addresses, such as that of an Ingress, separated by commas."""
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    """DEBUG, INFO, WARNING or ERROR."""
    log_format: str = Field(default="json", pattern="^(json|text)$")
    """json: one object per line; text: for a terminal."""
    kubeconfig: str = ""
    """A kubeconfig file; empty: the pod's ServiceAccount."""
    kube_context: str = ""
    """A context of the kubeconfig; empty: its current one."""
    api_version: str = Field(default="2024-05-01", pattern=r"^\d{4}-\d{2}-\d{2}(-preview)?$")
    """Version of the Microsoft.Network API; one that your cloud knows."""

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """An empty variable is an absent one, but where being empty is a value of its own."""
        return init_settings, _MeantToBeEmpty(settings_cls), env_settings

    @field_validator("watch_namespaces", "status_page_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class _MeantToBeEmpty(PydanticBaseSettingsSource):
    """The variables of the environment that are empty on purpose: no metrics server."""

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        given = os.environ.get(f"AZVPN_{field_name.upper()}") if field_name == "metrics_address" else None
        return ("" if given == "" else None), field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Environment(BaseSettings):
    """The standard variables of azure-identity, of Azure Service Operator, of Kubernetes and of TLS; environment only."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True, env_ignore_empty=True)

    azure_tenant_id: str = ""
    azure_client_id: str = ""
    azure_client_secret: str = Field(default="", repr=False)
    azure_client_certificate_path: str = ""
    azure_client_certificate_password: str = Field(default="", repr=False)
    azure_client_send_certificate_chain: bool = False
    azure_federated_token_file: str = ""
    azure_token_credentials: str = ""
    azure_subscription_id: str | None = None
    azure_resource_manager_endpoint: str = "https://management.azure.com"
    azure_resource_manager_audience: str | None = None
    azure_authority_host: str | None = None
    azure_log_analytics_endpoint: str | None = None
    azure_log_analytics_audience: str | None = None
    ssl_cert_file: str = ""
    requests_ca_bundle: str = ""
    https_proxy: str = Field(default="", repr=False)
    no_proxy: str = ""
    kubeconfig: str | None = None
    kubernetes_service_host: str = ""
    kubernetes_service_port: str = "443"
    hostname: str = "azure-vpn-operator"


def installation_of(settings: Settings, environment: Environment) -> Installation:
    """What decisions depend on."""
    return Installation(
        id=settings.installation_id,
        subscription_id=environment.azure_subscription_id,
        management_policy=settings.management_policy,
        max_management_policy=settings.max_management_policy,
        adoption_policy=settings.adoption_policy,
        drift_policy=settings.drift_policy,
        deletion_policy=settings.deletion_policy,
        confirm_within_seconds=settings.confirm_within_seconds,
        on_failure=settings.on_failure,
        hold_down_seconds=settings.hold_down_seconds,
    )


def arm_settings_of(settings: Settings, environment: Environment, version: str) -> ArmSettings:
    """How to reach Azure; raises `ValueError` for an address that is not https."""
    return ArmSettings(
        endpoint=environment.azure_resource_manager_endpoint,
        audience=environment.azure_resource_manager_audience,
        authority=environment.azure_authority_host,
        log_analytics_endpoint=environment.azure_log_analytics_endpoint,
        log_analytics_audience=environment.azure_log_analytics_audience,
        api_version=settings.api_version,
        tenant_id=environment.azure_tenant_id,
        client_id=environment.azure_client_id,
        client_secret=environment.azure_client_secret,
        client_certificate_path=environment.azure_client_certificate_path,
        client_certificate_password=environment.azure_client_certificate_password,
        send_certificate_chain=environment.azure_client_send_certificate_chain,
        federated_token_file=environment.azure_federated_token_file,
        token_credentials=environment.azure_token_credentials,
        ca_file=environment.ssl_cert_file or environment.requests_ca_bundle,
        read_timeout=settings.azure_timeout,
        call_timeout=settings.azure_timeout * 2,
        https_proxy=environment.https_proxy,
        no_proxy=environment.no_proxy,
        user_agent=f"azure-vpn-operator/{version}",
    )


def cluster_settings_of(settings: Settings, environment: Environment) -> ClusterSettings:
    """How to reach the API server: the flag, else KUBECONFIG, else the pod's ServiceAccount."""
    return ClusterSettings(
        kubeconfig=settings.kubeconfig or environment.kubeconfig,
        context=settings.kube_context or None,
        service_host=environment.kubernetes_service_host,
        service_port=environment.kubernetes_service_port,
    )
