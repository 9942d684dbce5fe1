"""`kubectl azvpn`: answers before and after a change, from the operator's own rules and decisions.

Each command is a room or module of its own, loaded when it is called (`cli.py` has the list). The cluster is reached through the
user's kubectl (`kubectl.py`), so that kubeconfig, context, namespace and sign-in are whatever they are there.
"""
