"""A whole Kubernetes without Docker: control plane, one node whose pods really run, and the simulated Azure beside it.

Everything lives in namespaces of its own (network, mounts, processes): the machine sees none of its addresses, rules and
mounts, and the kernel takes all of it back when the first process of them ends, whatever ended it.
"""
