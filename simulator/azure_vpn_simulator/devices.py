"""The device at the far end of a site's tunnels: what it takes, and how it behaves."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from azure_vpn_simulator.ipsec import Proposal
from azure_vpn_simulator.masking import SharedKey


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class Device(_Part):
    """The VPN device behind a local network gateway; everything but the key has a friendly default."""

    key: SharedKey = Field(repr=False)
    proposals: Literal["any"] | list[Proposal] = "any"
    protocols: list[Literal["IKEv2", "IKEv1"]] = ["IKEv2", "IKEv1"]
    mode: Literal["Default", "ResponderOnly", "InitiatorOnly"] = "Default"
    requires_policy_based_traffic_selectors: bool = False
    delay_seconds: float = Field(default=5, ge=0)
    outage: bool = False
    outage_tunnels: list[Literal[0, 1]] = []
    silent: bool = False
    ingress_bytes_per_second: int = Field(default=1250, ge=0)
    egress_bytes_per_second: int = Field(default=2500, ge=0)
