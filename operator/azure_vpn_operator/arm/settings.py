"""How to reach Azure and as whom, as one value. Where the parts come from (environment, flags) is the caller's business."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # missing in typeshed, not in Python

_AUDIENCES: Final = {
    "management.usgovcloudapi.net": "https://management.core.usgovcloudapi.net",
}
"""Clouds in which tokens are not issued for the resource manager's own address."""

_AUTHORITIES: Final = {
    "management.azure.com": "https://login.microsoftonline.com",
    "management.usgovcloudapi.net": "https://login.microsoftonline.us",
    "management.chinacloudapi.cn": "https://login.chinacloudapi.cn",
}
_LOG_ANALYTICS: Final = {
    "management.azure.com": "https://api.loganalytics.io",
    "management.usgovcloudapi.net": "https://api.loganalytics.us",
    "management.chinacloudapi.cn": "https://api.loganalytics.azure.cn",
}
_PUBLIC_AUTHORITY: Final = "https://login.microsoftonline.com"
_DEFAULT_SCOPE: Final = "/.default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSettings:
    """Addresses, identity and time limits. Raises `ValueError` for an address that is not https. Durations are seconds."""

    endpoint: str = "https://management.azure.com"
    audience: str | None = None
    """For whom tokens are issued; None: what the cloud of the endpoint asks for."""
    authority: str | None = None
    """Where tokens come from, as an address or a bare host; None: the login host of the endpoint's cloud."""
    log_analytics_endpoint: str | None = None
    """Where workspaces are queried; None: that of the endpoint's cloud, and nowhere if the cloud is not known."""
    log_analytics_audience: str | None = None
    """For whom tokens for it are issued; None: itself."""
    api_version: str = "2024-05-01"
    """One version for all calls. It has every property of a VpnConnection, and national clouds have it too."""

    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_secret_file: str = ""
    """A file with the secret, read whenever the login begins anew."""
    client_certificate_path: str = ""
    client_certificate_password: str = field(default="", repr=False)
    client_certificate_password_file: str = ""
    """A file with the password, read like that of the secret."""
    send_certificate_chain: bool = False
    federated_token_file: str = ""
    token_credentials: str = ""
    """The value of AZURE_TOKEN_CREDENTIALS; if set, the choice is left to azure-identity, which reads the variable itself."""

    ca_file: str = ""
    """PEM file of the authorities to trust instead of the system's; empty: the system's."""
    https_proxy: str = field(default="", repr=False)
    """The proxy between us and Azure, as HTTPS_PROXY has it; empty: none. Managed identities are never asked through it."""
    no_proxy: str = ""
    """Hosts that are reached directly all the same, as NO_PROXY has it."""
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    call_timeout: float = 120.0
    """The longest that one call may take, getting a token included."""
    user_agent: str = "azure-vpn-operator"

    def __post_init__(self) -> None:
        """Refuse addresses to which a token must not be sent."""
        for address in (self.endpoint, self.login_authority, *([self.logs_url] if self.logs_url else [])):
            parts = urlsplit(address)
            if parts.scheme != "https" or not parts.hostname:
                raise ValueError(f"not an https address: {address}")

    @property
    def base_url(self) -> str:
        """The endpoint without a final slash."""
        return self.endpoint.rstrip("/")

    @property
    def scope(self) -> str:
        """What a token is asked for."""
        audience = self.audience or _AUDIENCES.get(self._host, self.base_url)
        return audience if audience.endswith(_DEFAULT_SCOPE) else audience.rstrip("/") + _DEFAULT_SCOPE

    @property
    def login_authority(self) -> str:
        """Where tokens are asked for."""
        address = (self.authority or _AUTHORITIES.get(self._host, _PUBLIC_AUTHORITY)).rstrip("/")
        return address if "://" in address else f"https://{address}"

    @property
    def logs_url(self) -> str:
        """Where workspaces are queried, without a final slash; empty: nowhere."""
        return (self.log_analytics_endpoint or _LOG_ANALYTICS.get(self._host, "")).rstrip("/")

    @property
    def logs_scope(self) -> str:
        """What a token for queries is asked for."""
        return (self.log_analytics_audience or self.logs_url).rstrip("/") + _DEFAULT_SCOPE

    @property
    def proxies(self) -> dict[str, str]:
        """The proxy for each address that is reached through one, as azure-core takes it."""
        if not self.https_proxy:
            return {}
        return {
            address: self.https_proxy
            for address in (self.base_url, self.login_authority, self.logs_url)
            if address and not proxy_bypass_environment(urlsplit(address).netloc, {"no": self.no_proxy})
        }

    @property
    def _host(self) -> str:
        return urlsplit(self.endpoint).hostname or ""


def same_origin(url: str, base: str) -> bool:
    """Whether a URL that a server handed out leads to the server itself: https, same host, same port, no user in it."""
    try:
        there, here = urlsplit(url), urlsplit(base)
        ports = (there.port or 443, here.port or 443)
    except ValueError:
        return False
    return (
        there.scheme == "https"
        and ports[0] == ports[1]
        and there.hostname == here.hostname
        and there.username is None
        and there.password is None
        and "\\" not in url
    )
