"""The device at the far end of a site's tunnels: what it takes, and how it behaves."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from azure_vpn_simulator.ipsec import Proposal
from azure_vpn_simulator.masking import SharedKey
from azure_vpn_simulator.spans import LONGEST_SECONDS, Seconds, Span

Protocol = Literal["IKEv2", "IKEv1"]


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class Flaps(_Part):
    """A tunnel that does not stay: up for `upSeconds`, down for `downSeconds`, `count` times (absent: for ever).

    It begins at once, and anew each time the tunnel has been negotiated; with `afterChange` only when that was because of other
    settings of the connection.
    """

    up_seconds: Seconds
    down_seconds: Seconds
    count: int | None = Field(default=None, ge=1)
    after_change: bool = False

    @model_validator(mode="after")
    def _not_endless(self) -> Self:
        if self.up_seconds.min < 1 or self.down_seconds.min < 1:
            raise ValueError("upSeconds and downSeconds must be at least 1")
        return self


class DeviceTunnel(_Part):
    """What is different at one tunnel of an active-active gateway; what is absent is as the device has it."""

    index: Literal[0, 1]
    key: SharedKey | None = Field(default=None, repr=False)
    proposals: Literal["any"] | list[Proposal] | None = None
    protocols: list[Protocol] | None = None
    delay_seconds: Seconds | None = None
    recovery_seconds: Seconds | None = None
    sa_life_time_seconds: float | None = Field(default=None, ge=1, le=LONGEST_SECONDS)
    flaps: Flaps | None = None


class Device(_Part):
    """The VPN device behind a local network gateway; everything but the key has a friendly default."""

    key: SharedKey = Field(repr=False)
    proposals: Literal["any"] | list[Proposal] = "any"
    protocols: list[Protocol] = ["IKEv2", "IKEv1"]
    mode: Literal["Default", "ResponderOnly", "InitiatorOnly"] = "Default"
    initiates: Literal["Always", "OnTraffic"] = "Always"
    requires_policy_based_traffic_selectors: bool = False
    delay_seconds: Seconds = Span.of(5)
    recovery_seconds: Seconds = Span.of(0)
    sa_life_time_seconds: float | None = Field(default=None, ge=1, le=LONGEST_SECONDS)
    flaps: Flaps | None = None
    outage: bool = False
    outage_tunnels: list[Literal[0, 1]] = []
    tunnels: list[DeviceTunnel] = []
    silent: bool = False
    ingress_bytes_per_second: int = Field(default=1250, ge=0)
    egress_bytes_per_second: int = Field(default=2500, ge=0)

    @model_validator(mode="after")
    def _each_tunnel_once(self) -> Self:
        if len({row.index for row in self.tunnels}) < len(self.tunnels):
            raise ValueError("tunnels: each index may be there once")
        return self

    def at(self, index: int) -> "Device":
        """Return the device as it behaves at one tunnel."""
        for row in self.tunnels:
            if row.index == index:
                names = set(type(row).model_fields) - {"index"}
                own = {name: value for name in names if (value := getattr(row, name)) is not None}
                return self.model_copy(update=own)
        return self
