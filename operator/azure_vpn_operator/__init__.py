"""Run Azure VPN connections from Git.

The layers, each of which may use only those below it (import contracts in pyproject.toml keep this):

- `render`: generated files, made of all that is below; not used by the program.
- `azvpn`: the tool `kubectl azvpn`; the program does not use it.
- `app`: settings, the command line, and the one place that builds everything; the only user of kopf.
- `reconcile`: the passes; `arm`: Azure's SDK; `cluster`: the Kubernetes client; `status_page`: the map for people.
  None uses another.
- `ports`: what the passes need from outside, as promises.
- `domain`: decisions as pure functions over frozen values, in rooms that stand on each other.
- `api`: the two kinds as users write and read them.

`runtime` (queue, store, clock) and `telemetry` (metrics, logs) know none of these.
"""
