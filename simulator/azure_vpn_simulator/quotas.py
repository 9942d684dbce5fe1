"""The quotas that a request meets, the headers that tell of them, and the refusal when one is used up."""

from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.clock import real_seconds
from azure_vpn_simulator.errors import ArmError
from azure_vpn_simulator.invented_codes import InventedCode
from azure_vpn_simulator.options import Throttling
from azure_vpn_simulator.resource_ids import NETWORK
from azure_vpn_simulator.throttling import FixedWindows, RequestKind, TokenBuckets
from azure_vpn_simulator.timeline import Timeline
from azure_vpn_simulator.topology import Principal
from azure_vpn_simulator.wire import Request

_GLOBAL_FACTOR = 15


class Quotas:
    """Resource Manager's buckets and the network provider's windows."""

    def __init__(self) -> None:
        self._buckets = TokenBuckets()
        self._windows = FixedWindows()

    def take(
        self, options: Throttling, timeline: Timeline, request: Request, principal: Principal, counters: dict[str, str]
    ) -> None:
        """Count a request and put what remains into `counters` (header names); ArmError 429 if nothing does."""
        kind = RequestKind.of(request.method)
        bucket = {"reads": options.reads, "writes": options.writes, "deletes": options.deletes}[kind.value]
        now = timeline.now
        parts = request.path.lower().split("/")
        subscription = parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""
        level = "subscription" if subscription else "tenant"
        own = self._buckets.take((level, subscription, principal.client_id, kind), bucket, now)
        everyone = self._buckets.take((level, subscription, "", kind), bucket, now, factor=_GLOBAL_FACTOR)
        counters[f"x-ms-ratelimit-remaining-{level}-{kind}"] = str(own.remaining)
        counters[f"x-ms-ratelimit-remaining-{level}-global-{kind}"] = str(everyone.remaining)
        wait = max(own.wait, everyone.wait)
        if wait:
            message = f"Number of '{kind}' requests of the client for the {level} exceeded the limit."
            raise _throttled(invented.QUOTA, message, real_seconds(timeline.clock, wait))
        if options.provider_limits and f"/providers/{NETWORK}/".lower() in request.path.lower():
            reads = kind is RequestKind.READS
            limit = options.provider_reads if reads else options.provider_writes
            key = (subscription, "reads" if reads else "writes")
            wait = self._windows.take(key, limit, options.provider_window_seconds, now)
            if wait:
                message = "The request limit of the resource provider is exceeded."
                raise _throttled(invented.PROVIDER_QUOTA, message, real_seconds(timeline.clock, wait))


def _throttled(row: InventedCode, message: str, seconds: int) -> ArmError:
    message += f" Please try again after '{seconds}' seconds."
    return ArmError(
        row.status, row.code, message, headers={"Retry-After": str(seconds), "x-ms-failure-cause": "gateway"}
    )
