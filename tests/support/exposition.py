"""The page of metrics, read as Prometheus does."""

from prometheus_client.parser import text_string_to_metric_families

from azure_vpn_operator.telemetry.fleet_samples import FleetSample
from azure_vpn_operator.telemetry.metrics import Metrics

_SUFFIXES = {"counter": "_total", "info": "_info"}


def series(metrics: Metrics, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """All samples of that exact name, by their labels."""
    page, _ = metrics.render()
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
        if sample.name == name
    }


def value(metrics: Metrics, series_name: str, /, **labels: str) -> float | None:
    """The sample of that exact name with exactly these labels; None if there is none."""
    return series(metrics, series_name).get(tuple(sorted(labels.items())))


def exported() -> dict[str, frozenset[str]]:
    """Every metric that the operator has, by the name that it has on the page (a histogram without its suffixes), with its labels."""
    metrics = Metrics(version="1")
    metrics.watch_fleet(FleetSample)
    found: dict[str, frozenset[str]] = {}
    for collector in list(metrics.registry._collector_to_names):
        own = getattr(collector, "_labelnames", None)
        for family in collector.collect():
            labels = {name for sample in family.samples for name in sample.labels} - {"le"}
            declared = own if own is not None else getattr(family, "_labelnames", labels)
            found[family.name + _SUFFIXES.get(family.type, "")] = frozenset(declared) | frozenset(labels)
    metrics.render()
    return found | {family.name: frozenset(family.labels) for family in metrics.families()}
