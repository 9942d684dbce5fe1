"""kind in a Docker engine of its own, for one command: with a node image made here, where no registry is asked.

Engine, nodes, addresses and rules are in namespaces (`workbench.namespaces`), as those of `workbench.cluster` are, and what
is wanted of the cluster is run in them.
"""
