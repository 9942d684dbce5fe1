"""Where etcd, kube-apiserver and kubectl come from: given, cached, or built by a Go that is found or installed."""
