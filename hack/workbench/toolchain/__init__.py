"""Where programs in Go come from (etcd, kube-apiserver, helm and others): given, cached, or built by a Go that is found or installed."""
