import asyncio
import threading
from collections.abc import Iterator, Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from azure_vpn_operator.telemetry.fleet_samples import ChangesSample, ConnectionSample, FleetSample
from azure_vpn_operator.telemetry.metrics import Metrics
from support.exposition import series, value


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.2.3", commit="abc")


class Queue:
    def __init__(self) -> None:
        self.asked_in: list[str] = []

    def depth_by_priority(self) -> Mapping[int, int]:
        self.asked_in.append(threading.current_thread().name)
        return {0: 0, 1: 7}

    def unfinished_work_seconds(self) -> float:
        return 12.5

    def longest_running_processor_seconds(self) -> float:
        return 8.25


def test_the_page_has_the_names_and_labels_that_dashboards_use(metrics: Metrics):
    """Literals, as they stand in dashboards for controller-runtime, client-go and Azure Service Operator."""
    metrics.controller.reconciled("connections", "success", 0.2)
    metrics.controller.reconciled("connections", "error", 0.2, terminal=True)
    metrics.controller.set_workers("connections", 20)
    metrics.controller.set_leader("azvpn", leading=True)
    queue = metrics.controller.queue("connections")
    queue.watch(Queue())
    queue.on_add()
    queue.on_get(0.01)
    queue.on_done(0.02)
    queue.on_retry()
    metrics.kubernetes.responded("PATCH", "10.0.0.1:443", 200, 0.01)
    metrics.azure.responded("connections", "PUT", 201, 0.8)
    metrics.azure.responded("connections", "PUT", 409, 0.1)
    page, _ = metrics.render()
    found = {
        (sample.name, frozenset(sample.labels))
        for f in text_string_to_metric_families(page.decode())
        for sample in f.samples
    }
    assert {
        ("controller_runtime_reconcile_total", frozenset({"controller", "result"})),
        ("controller_runtime_reconcile_errors_total", frozenset({"controller"})),
        ("controller_runtime_terminal_reconcile_errors_total", frozenset({"controller"})),
        ("controller_runtime_reconcile_time_seconds_count", frozenset({"controller"})),
        ("controller_runtime_max_concurrent_reconciles", frozenset({"controller"})),
        ("controller_runtime_active_workers", frozenset({"controller"})),
        ("leader_election_master_status", frozenset({"name"})),
        ("workqueue_depth", frozenset({"name", "controller", "priority"})),
        ("workqueue_adds_total", frozenset({"name", "controller"})),
        ("workqueue_queue_duration_seconds_bucket", frozenset({"name", "controller", "le"})),
        ("workqueue_work_duration_seconds_sum", frozenset({"name", "controller"})),
        ("workqueue_unfinished_work_seconds", frozenset({"name", "controller"})),
        ("workqueue_longest_running_processor_seconds", frozenset({"name", "controller"})),
        ("workqueue_retries_total", frozenset({"name", "controller"})),
        ("rest_client_requests_total", frozenset({"code", "method", "host"})),
        ("rest_client_request_duration_seconds_count", frozenset({"verb", "host"})),
        ("azure_requests_total", frozenset({"resource", "requestType", "responseCode"})),
        ("azure_failed_requests_total", frozenset({"resource", "requestType"})),
        ("azure_requests_time_seconds_count", frozenset({"resource", "requestType"})),
        ("azure_vpn_operator_build_info", frozenset({"version", "commit"})),
        ("process_resident_memory_bytes", frozenset()),
    } <= found
    assert not [name for name, _ in found if name.endswith("_created")]


def test_passes_are_counted_by_result(metrics: Metrics):
    metrics.controller.reconciled("connections", "success", 0.2)
    metrics.controller.reconciled("connections", "requeue_after", 0.3)
    metrics.controller.reconciled("connections", "error", 0.1)
    metrics.controller.reconciled("connections", "error", 0.1, terminal=True)
    name = "controller_runtime_reconcile_total"
    assert value(metrics, name, controller="connections", result="success") == 1
    assert value(metrics, name, controller="connections", result="error") == 2
    assert value(metrics, "controller_runtime_reconcile_errors_total", controller="connections") == 2
    assert value(metrics, "controller_runtime_terminal_reconcile_errors_total", controller="connections") == 1
    assert value(metrics, "controller_runtime_reconcile_time_seconds_count", controller="connections") == 4
    assert value(metrics, "controller_runtime_reconcile_time_seconds_bucket", controller="connections", le="0.1") == 2


def test_error_counters_are_zero_before_the_first_error(metrics: Metrics):
    metrics.controller.set_workers("connections", 20)
    assert value(metrics, "controller_runtime_reconcile_errors_total", controller="connections") == 0
    assert value(metrics, "controller_runtime_max_concurrent_reconciles", controller="connections") == 20


def test_a_worker_is_active_during_its_pass_also_if_that_fails(metrics: Metrics):
    name = "controller_runtime_active_workers"

    def failing_pass() -> None:
        with metrics.controller.working("connections"):
            assert value(metrics, name, controller="connections") == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing_pass()
    assert value(metrics, name, controller="connections") == 0


def test_the_leader_is_one_and_a_standby_is_zero(metrics: Metrics):
    metrics.controller.set_leader("azvpn", leading=True)
    assert value(metrics, "leader_election_master_status", name="azvpn") == 1
    metrics.controller.set_leader("azvpn", leading=False)
    assert value(metrics, "leader_election_master_status", name="azvpn") == 0


def test_a_queue_is_asked_when_somebody_scrapes(metrics: Metrics):
    queue = metrics.controller.queue("connections")
    assert series(metrics, "workqueue_depth") == {}
    queue.watch(Queue())
    queue.on_get(0.5)
    labels = {"name": "connections", "controller": "connections"}
    assert value(metrics, "workqueue_depth", priority="1", **labels) == 7
    assert value(metrics, "workqueue_depth", priority="0", **labels) == 0
    assert value(metrics, "workqueue_unfinished_work_seconds", **labels) == 12.5
    assert value(metrics, "workqueue_longest_running_processor_seconds", **labels) == 8.25
    assert value(metrics, "workqueue_queue_duration_seconds_sum", **labels) == 0.5
    assert value(metrics, "workqueue_queue_duration_seconds_bucket", le="1.0", **labels) == 1
    assert value(metrics, "workqueue_queue_duration_seconds_bucket", le="0.1", **labels) == 0


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        pytest.param(200, 0, id="an answer"),
        pytest.param(202, 0, id="accepted"),
        pytest.param(304, 0, id="not modified"),
        pytest.param(404, 1, id="not found"),
        pytest.param(429, 1, id="throttled"),
        pytest.param(503, 1, id="unavailable"),
        pytest.param("timeout", 1, id="no answer"),
    ],
)
def test_which_requests_to_azure_count_as_failed(metrics: Metrics, code: int | str, failed: int):
    metrics.azure.responded("connections", "GET", code, 0.3)
    of = {"resource": "connections", "requestType": "GET"}
    assert value(metrics, "azure_requests_total", responseCode=str(code), **of) == 1
    assert value(metrics, "azure_failed_requests_total", **of) == (failed or None)
    assert value(metrics, "azure_requests_time_seconds_sum", **of) == 0.3


def test_limits_and_drift_of_azure(metrics: Metrics):
    metrics.azure.throttled("sub-1", "writes", "TooManyRequests")
    metrics.azure.remaining("sub-1", "reads", 1099)
    metrics.azure.remaining("sub-1", "reads", 1098)
    metrics.azure.drift_detected("network", "TunnelDrop")
    metrics.azure.change_judged("network", "Failed")
    name = "azure_vpn_operator_arm_throttled_total"
    assert value(metrics, name, subscription="sub-1", type="writes", code="TooManyRequests") == 1
    assert value(metrics, "azure_vpn_operator_arm_remaining", subscription="sub-1", type="reads") == 1098
    assert value(metrics, "azure_vpn_operator_drift_detected_total", namespace="network", effect="TunnelDrop") == 1
    assert value(metrics, "azure_vpn_operator_change_verdicts_total", namespace="network", verdict="Failed") == 1


def test_the_fleet_is_watched_once(metrics: Metrics):
    metrics.watch_fleet(FleetSample)
    with pytest.raises(ValueError, match="watched already"):
        metrics.watch_fleet(FleetSample)


def test_the_format_follows_the_accept_header(metrics: Metrics):
    _, plain = metrics.render()
    page, modern = metrics.render("application/openmetrics-text; version=1.0.0")
    assert plain.startswith("text/plain")
    assert modern.startswith("application/openmetrics-text")
    assert page.endswith(b"# EOF\n")


async def test_a_large_page_is_made_aside_but_read_in_the_event_loop(metrics: Metrics):
    queue, threads = Queue(), list[str]()

    def read() -> FleetSample:
        threads.append(threading.current_thread().name)
        return FleetSample(connections=(ConnectionSample("network", "a", connected=True),))

    metrics.controller.queue("connections").watch(queue)
    metrics.watch_fleet(read)
    pages = await asyncio.gather(metrics.render_aside(), metrics.render_aside())
    assert threads == queue.asked_in == ["MainThread", "MainThread"]
    assert all(b'tunnel_connected{namespace="network",name="a"} 1.0' in page for page, _ in pages)


def test_who_asks_for_a_number_of_the_fleet_does_not_pay_for_the_series_of_its_objects(metrics: Metrics):
    def connections() -> Iterator[ConnectionSample]:
        raise AssertionError("nobody has asked for these")
        yield ConnectionSample("network", "a")

    changes = ChangesSample(unchecked_connections=7)
    metrics.watch_fleet(lambda: FleetSample(connections=connections(), changes=changes))
    name = "azure_vpn_operator_unchecked_connections"
    page, _ = metrics.render(names=[name, "no_such_series"])
    lines = [line for line in page.decode().splitlines() if not line.startswith("#")]
    assert lines == [f"{name} 7.0"]


def test_two_sets_of_metrics_do_not_share_anything():
    first, second = Metrics(version="1"), Metrics(version="2")
    first.azure.responded("connections", "GET", 200, 0.1)
    assert series(second, "azure_requests_total") == {}
