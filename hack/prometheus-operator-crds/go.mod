// Only for the CRDs in its folder example/prometheus-operator-crd: nothing of it is built, so `go mod tidy` would empty this file.
module azvpn.dev/hack/prometheus-operator-crds

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
