"""etcd and kube-apiserver on loopback: their command lines, certificates and kubeconfigs, and what is put in."""
