"""Switches of the simulation: how long things take, and how Azure answers where it has been seen answering in two ways."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from azure_vpn_simulator.spans import Seconds, Span

TunnelStatus = Literal["full", "noTimes", "empty", "missing"]
"""How much of `tunnelConnectionStatus` a GET shows."""


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class BucketOptions(_Part):
    """A token bucket: how many tokens it holds and how many come back in a simulated second."""

    size: int = Field(ge=1)
    refill_per_second: float = Field(gt=0)


class Throttling(_Part):
    """Resource Manager's buckets per principal and subscription, and the provider's own limits (off)."""

    reads: BucketOptions = BucketOptions(size=250, refill_per_second=25)
    writes: BucketOptions = BucketOptions(size=200, refill_per_second=10)
    deletes: BucketOptions = BucketOptions(size=200, refill_per_second=10)
    provider_limits: bool = False
    provider_reads: int = Field(default=10000, ge=1)
    provider_writes: int = Field(default=1000, ge=1)
    provider_window_seconds: float = Field(default=300, gt=0)


class Durations(_Part):
    """How long operations run, in simulated seconds."""

    create: float = Field(default=30, ge=0)
    update: float = Field(default=45, ge=0)
    delete: float = Field(default=40, ge=0)
    shared_key: float = Field(default=10, ge=0)
    shared_key_settle: float = Field(default=8, ge=0)
    reset_connection: float = Field(default=20, ge=0)
    get_ike_sas: float = Field(default=5, ge=0)
    tags: float = Field(default=3, ge=0)
    gateway_update: float = Field(default=60, ge=0)
    gateway_create: float = Field(default=1800, ge=0)
    gateway_reset: float = Field(default=60, ge=0)
    local_gateway: float = Field(default=10, ge=0)
    planned_failover: Seconds = Span(min=10, max=15)
    unplanned_failover: Seconds = Span(min=60, max=180)


class ApiVersions(_Part):
    """The api-versions that Microsoft.Network answers, both ends included."""

    oldest: str = "2018-11-01"
    newest: str = "2026-12-31"


class Options(_Part):
    """All switches; the defaults are what is most often seen."""

    durations: Durations = Durations()
    throttling: Throttling = Throttling()
    api_versions: ApiVersions = ApiVersions()
    retry_after_seconds: list[int] = Field(default=[10, 10, 20, 20, 40], min_length=1)
    pair_locks: Literal["own", "both"] = "own"
    gateway_busy_answer: Literal["AnotherOperationInProgress", "RetryableError"] = "AnotherOperationInProgress"
    echo_shared_key: bool = False
    put_changes_key: bool = False
    shared_key_without_right: Literal["emptyArray", "error"] = "emptyArray"
    linked_authorization: bool = True
    tags_patch_answer: Literal[200, 202] = 200
    opaque_operation_urls: bool = False
    enforce_if_match: bool = False
    enforce_tunnel_limits: bool = True
    normalize_aliases: bool = False
    lifetime_edit: Literal["renegotiate", "nextRekey"] = "renegotiate"
    status_lag_seconds: Seconds = Span.of(0)
    tunnel_status: TunnelStatus = "full"
    log_ingestion_seconds: Seconds = Span(min=120, max=300)
    seed: int = 0
    page_size: int = Field(default=1000, ge=1)
    token_lifetime_seconds: int = Field(default=3600, ge=1)
    audiences: list[str] = ["https://management.azure.com", "https://management.core.windows.net"]
    log_audience: str = "https://api.loganalytics.io"
