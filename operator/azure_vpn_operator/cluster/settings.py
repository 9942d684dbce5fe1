"""Where the API server is and who we are to it, as values; the sources are files that may change while we run."""

from dataclasses import dataclass, field
from pathlib import Path

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_kube_config
from kubernetes.aio.config.config_exception import ConfigException
from yaml import YAMLError

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


class NoClusterError(Exception):
    """The files that say where the API server is are missing or unusable; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """How to find the API server. Durations are seconds."""

    kubeconfig: str | None = None
    """A kubeconfig file, or several joined with a colon; None: we run in a pod, as its ServiceAccount."""
    context: str | None = None
    """Which context of the kubeconfig; None: its current one."""
    service_host: str = ""
    """What KUBERNETES_SERVICE_HOST says, for a pod."""
    service_port: str = "443"
    service_account_folder: str = _SERVICE_ACCOUNT
    connect_timeout: float = 10.0
    request_timeout: float = 30.0
    """The longest that one request may take."""
    user_agent: str = "azure-vpn-operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """What any client needs to reach the API server as us, as it is now."""

    server: str
    ca_path: str | None = None
    """PEM file of the authorities to trust; None: the system's."""
    insecure: bool = False
    scheme: str | None = None
    """`Bearer` or `Basic`, with a token."""
    token: str | None = field(default=None, repr=False)
    certificate_path: str | None = None
    private_key_path: str | None = None
    proxy_url: str | None = None
    tls_server_name: str | None = None

    @property
    def authorization(self) -> str | None:
        """The value of the Authorization header; None without a token."""
        return f"{self.scheme} {self.token}" if self.token else None

    @property
    def transport(self) -> tuple[object, ...]:
        """Everything that an open connection depends on; a new token alone does not change it."""
        return (
            self.server,
            self.ca_path,
            self.insecure,
            self.certificate_path,
            self.private_key_path,
            self.proxy_url,
            self.tls_server_name,
        )


async def read_connection_facts(settings: ClusterSettings) -> ConnectionFacts:
    """Read the files anew, running the kubeconfig's plugin if it names one; raises `NoClusterError`."""
    try:
        if settings.kubeconfig is None:
            return _read_service_account(settings)
        return await _read_kubeconfig(settings.kubeconfig, settings.context)
    except (ConfigException, OSError, YAMLError, ValueError) as error:
        raise NoClusterError(f"no access to a Kubernetes API server: {error}") from error


def _read_service_account(settings: ClusterSettings) -> ConnectionFacts:
    if not settings.service_host:
        raise ValueError("neither a kubeconfig nor KUBERNETES_SERVICE_HOST is given")
    folder = Path(settings.service_account_folder)
    token = (folder / "token").read_text(encoding="utf-8").strip()
    if not token:
        raise ValueError(f"{folder / 'token'} is empty")
    host = f"[{settings.service_host}]" if ":" in settings.service_host else settings.service_host
    return ConnectionFacts(
        server=f"https://{host}:{settings.service_port}",
        ca_path=str(folder / "ca.crt"),
        scheme="Bearer",
        token=token,
    )


async def _read_kubeconfig(path: str, context: str | None) -> ConnectionFacts:
    found = Configuration(host="")
    await load_kube_config(  # the package has types only in part
        config_file=path, context=context, client_configuration=found, persist_config=False
    )
    scheme, _, token = str(found.api_key.get("BearerToken", "")).partition(" ")
    return ConnectionFacts(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        scheme=scheme if token else None,
        token=token.strip() or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
        proxy_url=found.proxy,
        tls_server_name=found.tls_server_name,
    )
