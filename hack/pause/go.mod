// What holds a pod's namespaces together: a program that does nothing, in an image of its own (hack/workbench/cluster/pause.py).
module azvpn.dev/hack/pause

go 1.26.0
