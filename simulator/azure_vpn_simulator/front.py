"""Who answers a request: the token endpoints, the documents that clients read first, or Resource Manager."""

from collections.abc import Callable
from dataclasses import dataclass

from azure_vpn_simulator.azure import Azure
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.identity import Identity
from azure_vpn_simulator.metadata import cloud_metadata, instance_discovery
from azure_vpn_simulator.operations import Effects
from azure_vpn_simulator.wire import Reply, Request

Answer = Callable[[Effects], Reply]


@dataclass(frozen=True, slots=True)
class Turn:
    """A request about to be answered: the name of the principal that sent it, and whether its body is a form."""

    who: str | None
    answer: Answer
    form: bool = False


class Front:
    """Knows every address on the TLS port."""

    def __init__(self, azure: Azure, identity: Identity) -> None:
        self._azure = azure
        self._identity = identity

    def turn(self, request: Request) -> Turn:
        """Find out who sent a request and what answers it."""
        topology, identity = self._azure.world.topology, self._identity
        match [part for part in request.path.split("/") if part]:
            case [tenant, "oauth2", "v2.0", "token"] if request.method == "POST":
                who = identity.asking(topology, request)
                return Turn(who, lambda _: identity.token_endpoint(topology, request, tenant), form=True)
            case [tenant, "v2.0", ".well-known", "openid-configuration"]:
                return Turn(None, fixed(identity.openid_configuration(topology, request.base_url, tenant)))
            case [_, "discovery", "v2.0", "keys"]:
                return Turn(None, fixed(identity.keys()))
            case ["common", "discovery", "instance"]:
                return Turn(None, fixed(instance_discovery(request)))
            case ["metadata", "endpoints"]:
                return Turn(None, fixed(cloud_metadata(topology, request)))
            case ["msi", "token"]:
                reply, who = identity.managed_identity(topology, request)
                return Turn(who, fixed(reply))
            case ["v1", "workspaces", workspace, "query"] if request.method == "POST":
                return self._log_analytics(request, workspace)
            case _:
                return self._resource_manager(request)

    def _log_analytics(self, request: Request, workspace: str) -> Turn:
        topology, logs = self._azure.world.topology, self._azure.logs
        audiences = frozenset({topology.options.log_audience.rstrip("/")})
        try:
            principal = self._identity.authenticate(topology, request.headers, request.base_url, audiences)
        except ArmError as refusal:
            code = "InvalidTokenError" if request.headers.get("authorization") else "AuthorizationRequiredError"
            return Turn(None, fixed(logs.refused(401, code, refusal.message)))
        return Turn(principal.name, lambda _: logs.query(request, principal, workspace))

    def _resource_manager(self, request: Request) -> Turn:
        azure = self._azure
        try:
            principal = self._identity.authenticate(azure.world.topology, request.headers, request.base_url)
        except ArmError as refusal:
            return Turn(None, fixed(azure.refused(request, refusal)))
        return Turn(principal.name, lambda effects: azure.handle(request, principal, effects))


def fixed(reply: Reply) -> Answer:
    """Answer with a reply that no fault changes."""
    return lambda _: reply
