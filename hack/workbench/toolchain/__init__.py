"""Where etcd, kube-apiserver, kubectl, helm and kubeconform come from: given, cached, or built by a Go that is found or installed."""
