"""What operations people plug in: probes, metrics, logs, signals."""

import json
import re
import signal
import time
from datetime import datetime

from support.world.tenant import Tenant
from workbench.stack import Stack

NAMES = (
    "controller_runtime_reconcile_total",
    "controller_runtime_reconcile_errors_total",
    "controller_runtime_reconcile_time_seconds_bucket",
    "controller_runtime_active_workers",
    "controller_runtime_max_concurrent_reconciles",
    "workqueue_depth",
    "workqueue_adds_total",
    "workqueue_queue_duration_seconds_bucket",
    "workqueue_work_duration_seconds_bucket",
    "workqueue_unfinished_work_seconds",
    "workqueue_longest_running_processor_seconds",
    "workqueue_retries_total",
    "rest_client_requests_total",
    "rest_client_request_duration_seconds_bucket",
    "azure_requests_total",
    "azure_requests_time_seconds_bucket",
    "azure_vpn_operator_connection_condition",
    "azure_vpn_operator_tunnel_connected",
    "azure_vpn_operator_policy_references",
    "azure_vpn_operator_operations_in_progress",
    "azure_vpn_operator_cache_objects",
    "azure_vpn_operator_build_info",
)


async def test_the_probes_say_yes(tenant: Tenant):
    assert await tenant.scrape("/healthz") == (200, "ok\n")
    assert await tenant.scrape("/readyz") == (200, "ok\n")


async def test_metrics_have_their_well_known_names_and_series_go_with_their_object(tenant: Tenant):
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()

    status, text = await tenant.scrape()
    assert status == 200
    present = set(re.findall(r"^([a-z_0-9]+)[{ ]", text, re.MULTILINE))
    assert [name for name in NAMES if name not in present] == []
    mine = [line for line in text.splitlines() if f'namespace="{tenant.namespace}"' in line]
    assert [line for line in mine if line.startswith("azure_vpn_operator_tunnel_connected") and line.endswith(" 1.0")]
    assert [line for line in mine if line.startswith("azure_vpn_operator_policy_references") and line.endswith(" 1.0")]

    await tenant.delete()
    await tenant.until_gone()
    await tenant.delete("p1", "IpsecPolicy")
    await tenant.until_gone("p1", "IpsecPolicy")

    async def are_gone() -> bool:
        return f'namespace="{tenant.namespace}"' not in (await tenant.scrape())[1]

    await tenant.eventually(are_gone, what="no series is left")


async def test_every_line_of_the_log_is_a_json_object_with_the_same_keys(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()

    whole = tenant.log().rpartition("\n")[0]  # the operator may be in the middle of a line
    lines = [json.loads(line) for line in whole.splitlines()]
    for line in lines:
        assert {"ts", "level", "msg", "logger"} <= set(line)
        assert datetime.fromisoformat(line["ts"]).tzinfo is not None
    mine = [line for line in lines if line.get("namespace") == tenant.namespace and line.get("name") == "c1"]
    writes = [line for line in mine if line["msg"] == "wrote to Azure"]
    assert [line["step"] for line in writes] == ["Put"]
    assert writes[0]["reconcile_id"]


async def test_sigterm_ends_it_at_once_and_in_order(spare_stack: Stack):
    operator = spare_stack.operator
    started = time.monotonic()
    operator.send_signal(signal.SIGTERM)
    while operator.exit_code is None and time.monotonic() - started < 10:
        time.sleep(0.02)  # noqa: ASYNC251 (nothing else runs in this loop)

    assert operator.exit_code == 0, operator.last_words()
    assert time.monotonic() - started < 5
    await spare_stack.start_operator()


async def test_sigterm_during_operations_loses_nothing(spare_tenant: Tenant):
    await spare_tenant.apply(*(spare_tenant.connection(f"c{site}", site=site) for site in range(1, 5)))

    async def has_begun() -> bool:
        return len(await spare_tenant.writes()) >= 1

    await spare_tenant.eventually(has_begun, what="the first PUT")
    assert await spare_tenant.stack.operator.stop(grace_seconds=10) == 0
    await spare_tenant.stack.start_operator()
    await spare_tenant.until_ready("c1", "c2", "c3", "c4")

    assert sorted(await spare_tenant.writes()) == [("PUT", f"c{site}") for site in range(1, 5)]
