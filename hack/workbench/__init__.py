"""The workbench: a real Kubernetes API server on loopback, for the demo, the tests and developers.

Reading order: `toolchain` (where etcd and kube-apiserver come from), `processes` (how a child is started and surely
stopped), `pki` and `kubeconfig` (who may log in), `control_plane` (all of it together), `manifests` (what is put in).
Nothing here is imported by the operator or by the simulator, and nothing here is shipped.
"""
