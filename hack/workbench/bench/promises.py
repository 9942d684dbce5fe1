"""What the operator promises, held against a report."""

from workbench.rest import Document

P99_LIMIT_MS = 250.0


def missed_promises(report: Document) -> list[str]:
    """What the report says that the operator should not have done, in words; empty if all is well."""
    found = []
    p99 = report["latencyMilliseconds"]["all"]["p99"]
    if p99 >= P99_LIMIT_MS:
        found.append(f"an edit reaches Azure within {P99_LIMIT_MS:g} ms at p99: it took {p99:g} ms")
    expected: dict[str, dict[str, int]] = {
        "create": {"PUT connection": 1},
        "connection edit": {"PUT connection": 1},
        "policy edit": {"PUT connection": 1},
        "tag edit": {"PATCH connection": 1},
        "alias only": {},
        "delete": {"DELETE connection": 1},
    }
    for change, writes in expected.items():
        seen = report["requestsPerChange"][change]["azure"]
        sent = {kind: count for kind, count in seen.items() if not kind.startswith(("GET", "LIST"))}
        if sent != writes:
            found.append(f"{change}: {writes or 'no write'} expected, {sent or 'none'} sent")
    found += [f"{name}: no write" for name in ("start", "idle") if report[name]["azureWrites"]]
    idle = report["idle"]["apiServerRequestsPerMinute"]
    if written := sorted(name for name in idle if not name.startswith(("list ", "get "))):
        found.append(f"idle: no write to the API server: {', '.join(written)}")
    return found
