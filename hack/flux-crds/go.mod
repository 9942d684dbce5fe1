// Only for the CRDs in its folder config/crd: nothing of it is built, so `go mod tidy` would empty this file.
module azvpn.dev/hack/flux-crds

go 1.26.0

require github.com/fluxcd/source-controller v1.7.3
