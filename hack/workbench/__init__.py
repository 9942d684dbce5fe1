"""The workbench: a real Kubernetes API server on loopback, and what the demo, the tests and the bench do with it.

Rooms, from the ground up: `toolchain` (where etcd and kube-apiserver come from), `control_plane` (both of them, running),
`demo` and `bench` (each on the whole system). What all share lies beside them: `processes` (how a child is started and
surely stopped), `stack` (control plane, simulated Azure and operator together), `rest` (JSON calls), `progress`.
Nothing here is imported by the operator or by the simulator, and nothing here is shipped.
"""
